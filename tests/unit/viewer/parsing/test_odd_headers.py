"""Headers that only pydicom can place, and what must not reach it."""

import struct

import numpy as np
import pytest
from series import write_image

from viewer import limits
from viewer.parsing.elements import BIG_ENDIAN, EXPLICIT, Encoding
from viewer.parsing.facts import Memory
from viewer.parsing.faults import Fault
from viewer.parsing.files import open_source
from viewer.parsing.headers import read_header
from viewer.parsing.odd import is_too_deep

ITEM, ITEM_END, UNDEFINED = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), 0xFFFFFFFF


def implicit(tag, value):
    return struct.pack("<HHI", *tag, len(value)) + value


def read(path):
    with open_source(str(path)) as source:
        return read_header(source, str(path), "", Memory())


def with_element(path, element):
    """A file with bytes put in before Rows."""
    write_image(path, np.arange(64, dtype=np.uint16).reshape(8, 8), RescaleSlope=3)
    raw = path.read_bytes()
    at = raw.index(struct.pack("<HH2s", 0x0028, 0x0010, b"US"), 132)
    path.write_bytes(raw[:at] + element + raw[at:])
    return path


@pytest.mark.parametrize("length", [0, 4, 6, 14, 300, 70_000])
def test_an_implicit_element_among_explicit_ones_is_passed(tmp_path, length):
    path = with_element(tmp_path / "a.dcm", implicit((0x0019, 0x1010), b"A" * length))
    instance = read(path)
    assert (instance.pixels.rows, instance.pixels.columns, instance.grey.slope) == (8, 8, 3)
    assert any("breaks the rules" in note for note in instance.notes)
    offset = instance.location.offset
    pixels = np.frombuffer(path.read_bytes()[offset : offset + 128], np.uint16)
    np.testing.assert_array_equal(pixels, np.arange(64))


def test_an_implicit_sequence_among_explicit_elements_is_kept(tmp_path):
    region = b"".join(
        implicit(tag, value)
        for tag, value in [
            ((0x0018, 0x6018), struct.pack("<I", 1)),
            ((0x0018, 0x601A), struct.pack("<I", 2)),
            ((0x0018, 0x601C), struct.pack("<I", 5)),
            ((0x0018, 0x601E), struct.pack("<I", 6)),
            ((0x0018, 0x6024), struct.pack("<H", 3)),
            ((0x0018, 0x6026), struct.pack("<H", 3)),
            ((0x0018, 0x602C), struct.pack("<d", 0.1)),
            ((0x0018, 0x602E), struct.pack("<d", 0.2)),
        ]
    )
    element = implicit((0x0018, 0x6011), implicit(ITEM, region))
    instance = read(with_element(tmp_path / "a.dcm", element))
    (found,) = instance.regions
    assert (found.left, found.top, found.right, found.bottom) == (1, 2, 6, 7)
    assert (found.delta_x, found.delta_y) == (0.1, 0.2)


def test_a_header_that_neither_can_place_keeps_its_reason(tmp_path):
    path = with_element(tmp_path / "a.dcm", struct.pack("<HH2sH", 0x0019, 0x1010, b"LO", 0xFFF0))
    with pytest.raises(Fault, match="ends in the middle"):
        read(path)


def nested(depth, *, said, encoding=EXPLICIT):
    """Items in items; their length is said or not."""
    order = "<" if encoding.little else ">"
    data = b""
    for _level in range(depth):
        length = len(data) if said else UNDEFINED
        end = b"" if said else struct.pack(order + "HHI", *ITEM_END, 0)
        data = struct.pack(order + "HHI", *ITEM, length) + data + end
    return data


@pytest.mark.parametrize("encoding", [EXPLICIT, BIG_ENDIAN])
@pytest.mark.parametrize("said", [True, False])
def test_depth_is_seen_without_parsing(encoding: Encoding, said):
    most = limits.SEQUENCE_DEPTH
    assert not is_too_deep(nested(most, said=said, encoding=encoding) * 3, encoding)
    assert is_too_deep(nested(most + 1, said=said, encoding=encoding), encoding)
    assert is_too_deep(nested(5000, said=said, encoding=encoding), encoding)


def test_a_deep_file_with_odd_elements_never_reaches_pydicom(tmp_path, monkeypatch):
    deep = implicit((0x0019, 0x1010), b"ABCD") + implicit((0x0019, 0x1011), nested(40, said=True))
    monkeypatch.setattr("viewer.parsing.odd.announce_import", lambda: pytest.fail("imported"))
    path = with_element(tmp_path / "a.dcm", deep)
    with pytest.raises(Fault):
        read(path)
