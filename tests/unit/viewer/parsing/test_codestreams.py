"""Code streams and native layouts: what they claim is checked first, what they hold comes out."""

import struct

import imagecodecs
import numpy as np
import pytest

from viewer.parsing.codestream import (
    check_end,
    check_head,
    read_jpeg,
    read_jpeg2000,
    read_jpegls,
    read_jpegxl_size,
)
from viewer.parsing.decode import DECODERS
from viewer.parsing.decoders import rle
from viewer.parsing.decoders.native import decode_native, swap_pairs
from viewer.parsing.elements import EXPLICIT, Value
from viewer.parsing.faults import Fault
from viewer.parsing.fragments import find_fragments, frames_of
from viewer.parsing.syntaxes import SYNTAXES
from viewer.parsing.tables import read_palette
from viewer.parsing.values import Header
from viewer.study import PixelFormat, SkipReason

GREY = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64)


def pixels(rows=48, columns=64, **changes):
    return PixelFormat(rows, columns, **changes)


def test_heads_of_all_families():
    jpeg2000 = read_jpeg2000(imagecodecs.jpeg2k_encode(GREY, level=0, codecformat="j2k"))
    assert (jpeg2000.rows, jpeg2000.columns, jpeg2000.precision) == (48, 64, 16)
    jpegls = read_jpegls(imagecodecs.jpegls_encode(GREY))
    assert (jpegls.rows, jpegls.columns, jpegls.components) == (48, 64, 1)
    jpeg = read_jpeg(imagecodecs.jpeg8_encode(GREY.astype(np.uint8)))
    assert (jpeg.rows, jpeg.columns, jpeg.precision) == (48, 64, 8)


@pytest.mark.parametrize("shape", [(8, 8), (256, 256), (48, 64), (1, 1000), (4000, 17), (300, 400)])
def test_jpeg_xl_sizes(shape):
    data = imagecodecs.jpegxl_encode(np.zeros(shape, np.uint8))
    assert read_jpegxl_size(data) == shape


def test_a_stream_larger_than_its_header_is_refused_before_decoding():
    with pytest.raises(Fault, match="64 × 48"):
        check_head(read_jpegls(imagecodecs.jpegls_encode(GREY)), pixels(rows=40))


def test_a_smaller_stream_is_shown_with_a_note():
    assert check_head(read_jpegls(imagecodecs.jpegls_encode(GREY)), pixels(rows=50)) != ()


@pytest.mark.parametrize("change", [{"samples": 3}, {"bits_allocated": 8}])
def test_other_disagreements_are_refused(change):
    with pytest.raises(Fault):
        check_head(read_jpegls(imagecodecs.jpegls_encode(GREY)), pixels(**change))


@pytest.mark.parametrize("codec", ["jpeg", "jpegls", "jpeg2000", "jpegxl", "rle", "deflate"])
@pytest.mark.parametrize("data", [b"", b"\0\0", b"\xff\xd8\xff", b"\x93" * 200, b"\xff" * 100])
def test_noise_is_a_fault_and_nothing_else(codec, data):
    with pytest.raises(Fault):
        DECODERS[codec](data, pixels())


def test_a_stream_without_its_end_is_a_truncation():
    data = imagecodecs.jpegls_encode(GREY)
    check_end(data + b"\0")
    with pytest.raises(Fault) as caught:
        check_end(data[: len(data) // 2])
    assert caught.value.reason is SkipReason.TRUNCATED


def test_every_syntax_has_a_decoder_or_a_reason():
    for syntax in SYNTAXES.values():
        assert (syntax.codec in DECODERS) != bool(syntax.why), syntax.uid


def test_two_twelve_bit_pixels_lie_in_three_bytes():
    values = np.array([[0xABC, 0x123], [0xFFF, 0x001]], np.uint16)
    packed = bytes([0xBC, 0x3A, 0x12, 0xFF, 0x1F, 0x00])
    told = pixels(2, 2, bits_allocated=12, bits_stored=12, high_bit=11)
    np.testing.assert_array_equal(decode_native(packed, told).values, values)


def test_single_bits_may_begin_inside_a_byte():
    told = pixels(1, 6, bits_allocated=1, bits_stored=1, high_bit=0)
    frame = decode_native(bytes([0b11010110, 0b10]), told, skip_bits=4)
    assert frame.values.tolist() == [[1, 0, 1, 1, 0, 1]]


def test_planes_of_colour_are_interleaved():
    told = pixels(1, 2, samples=3, bits_allocated=8, planar=1, photometric="RGB")
    assert decode_native(bytes([1, 2, 3, 4, 5, 6]), told).values.tolist() == [
        [[1, 3, 5], [2, 4, 6]]
    ]


def test_shared_chroma_is_given_to_both_pixels():
    told = pixels(1, 2, samples=3, bits_allocated=8, photometric="YBR_FULL_422")
    frame = decode_native(bytes([10, 20, 128, 130]), told)
    assert frame.values.tolist() == [[[10, 128, 130], [20, 128, 130]]]
    assert frame.photometric == "YBR_FULL"


def test_big_endian_words_are_turned():
    told = pixels(1, 2)
    assert decode_native(b"\x01\x02\x03\x04", told, little=False).values.tolist() == [[258, 772]]
    assert swap_pairs(b"\1\2\3\4\5") == b"\2\1\4\3\5"


def test_rle_planes_hold_the_high_bytes_first():
    segments = [imagecodecs.packbits_encode(plane.tobytes()) for plane in (GREY >> 8, GREY & 255)
                for plane in [plane.astype(np.uint8)]]  # fmt: skip
    offsets = [64, 64 + len(segments[0])]
    header = struct.pack("<16I", 2, *offsets, *([0] * 13))
    np.testing.assert_array_equal(rle.decode(header + b"".join(segments), pixels()).values, GREY)


@pytest.mark.parametrize("header", [(0,), (16,), (2, 64, 60), (2, 10, 80), (1, 5000)])
def test_rle_headers_that_lie_are_refused(header):
    words = (*header, *([0] * 16))[:16]
    with pytest.raises(Fault):
        rle.decode(struct.pack("<16I", *words) + bytes(100), pixels())


def item(body):
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body


END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def frames(table, bodies, count):
    data = item(table) + b"".join(map(item, bodies)) + END
    offsets, found = find_fragments(lambda at, size: data[at : at + size], 0, len(data))
    grouped = frames_of(offsets, found, count, lambda at, size: data[at : at + size])
    return [b"".join(data[f.offset : f.offset + f.length] for f in parts) for parts in grouped]


def test_fragments_are_joined_by_table_by_marks_or_one_by_one():
    assert frames(b"", [b"ab", b"cd"], 1) == [b"abcd"]
    assert frames(b"", [b"ab", b"cd"], 2) == [b"ab", b"cd"]
    assert frames(struct.pack("<2I", 0, 20), [b"ab", b"cd", b"ef"], 2) == [b"abcd", b"ef"]
    marked = [b"\xff\xd8ab", b"cd", b"\xff\xd8ef"]
    assert frames(b"", marked, 2) == [b"\xff\xd8abcd", b"\xff\xd8ef"]
    assert frames(struct.pack("<2I", 0, 9999), marked, 2) == [b"\xff\xd8abcd", b"\xff\xd8ef"]


def test_frames_that_cannot_be_told_apart_are_refused():
    with pytest.raises(Fault, match="begins"):
        frames(b"", [b"ab", b"cd", b"ef"], 2)


def test_a_segmented_palette_is_unrolled():
    """PS3.3 C.7.9.2.2: a discrete, a linear and an indirect segment."""
    words = [0, 2, 0, 10, 1, 5, 60]
    data = struct.pack(f"<{len(words)}H", *words)
    elements = {}
    for offset in range(3):
        elements[0x00281101 + offset] = Value(b"US", struct.pack("<3H", 7, 0, 16))
        elements[0x00281221 + offset] = Value(b"OW", data)
    palette = read_palette(Header(elements, EXPLICIT), signed=False)
    assert palette is not None
    assert palette.green.values == (0, 10, 20, 30, 40, 50, 60)
