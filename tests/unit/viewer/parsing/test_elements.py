"""Data elements: lengths that lie, sequences that never end, and the same values as pydicom."""

import struct

import pytest

from viewer import limits
from viewer.parsing.elements import EXPLICIT, IMPLICIT, Source, read_items, read_top
from viewer.parsing.faults import Fault
from viewer.study import SkipReason

NAME, ROWS, SEQUENCE = 0x00100010, 0x00280010, 0x00081140
WANTED = frozenset({NAME, ROWS})


def element(tag, vr, value, *, length=None):
    size = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    if vr in {b"SQ", b"OB", b"OW", b"UN"}:
        return head + struct.pack("<HI", 0, size) + value
    return head + struct.pack("<H", size) + value


def source(data, *, first=None):
    rest = iter([data[first:]] if first is not None else [])

    def more(count):
        nonlocal left
        piece, left = left[:count], left[count:]
        return piece

    left = next(rest, b"")
    return Source(data[:first] if first is not None else data, len(data), more)


def top(data, **options):
    return read_top(source(data, **options), 0, EXPLICIT, WANTED, frozenset({SEQUENCE}))


UNDEFINED = 0xFFFFFFFF
ITEM = struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED)
ITEM_END = struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
SEQUENCE_END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
PERSON = element(NAME, b"PN", b"Doe^Jane")
PIXELS = element(0x7FE00010, b"OW", b"\1\2\3\4")


def test_wanted_elements_and_the_pixels_place_are_found():
    found = top(PERSON + element(ROWS, b"US", b"\x10\0") + PIXELS)
    assert found.elements[NAME].raw == b"Doe^Jane"
    assert found.pixels is not None
    assert (found.pixels.length, found.pixels.start) == (4, len(PERSON) + 10 + 12)


@pytest.mark.parametrize("first", range(1, 40))
def test_a_buffer_may_end_anywhere(first):
    data = PERSON + element(ROWS, b"US", b"\x10\0") + PIXELS
    found = top(data, first=first)
    assert found.elements[ROWS].raw == b"\x10\0"
    assert found.pixels is not None


def test_sequences_of_undefined_length_are_kept_with_their_items():
    nested = element(SEQUENCE, b"SQ", ITEM + PERSON + ITEM_END + SEQUENCE_END, length=UNDEFINED)
    found = top(nested + PIXELS)
    items = read_items(found.elements[SEQUENCE], EXPLICIT)
    assert [item[NAME].raw for item in items] == [b"Doe^Jane"]
    assert found.pixels is not None


def test_a_length_beyond_the_file_is_a_truncation():
    with pytest.raises(Fault) as caught:
        top(element(NAME, b"PN", b"Doe", length=65534))
    assert caught.value.reason is SkipReason.TRUNCATED


@pytest.mark.parametrize("tag", [SEQUENCE, 0x00091140])
def test_deep_nesting_is_refused_without_deep_recursion(tag):
    opening = element(tag, b"SQ", ITEM, length=UNDEFINED)
    with pytest.raises(Fault) as caught:
        top(opening * 10_000 + (ITEM_END + SEQUENCE_END) * 10_000)
    assert str(limits.SEQUENCE_DEPTH) in caught.value.sentence


def test_a_sequence_that_never_ends_is_a_truncation():
    with pytest.raises(Fault) as caught:
        top(element(SEQUENCE, b"SQ", ITEM + PERSON, length=UNDEFINED))
    assert caught.value.reason is SkipReason.TRUNCATED


def test_implicit_sequences_are_recognised_by_their_items():
    inner = struct.pack("<HHI", 0x0010, 0x0010, 8) + b"Doe^Jane"
    item = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
    data = struct.pack("<HHI", 0x0008, 0x1140, len(item)) + item
    found = read_top(source(data), 0, IMPLICIT, WANTED, frozenset({SEQUENCE}))
    items = read_items(found.elements[SEQUENCE], IMPLICIT)
    assert items[0][NAME].raw == b"Doe^Jane"


def test_zero_bytes_behind_the_last_element_are_no_fault():
    assert top(PERSON + b"\0\0\0\0").elements[NAME].raw == b"Doe^Jane"
