"""What a code stream says of itself, checked before any decoder is called.

A 141-byte JPEG 2000 frame may claim 40,000 x 40,000 pixels; with this check first, thousands of
mutated streams neither exhausted memory nor crashed a decoder.
"""

from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is an exception
from typing import Final, Literal

from viewer.parsing.faults import Fault
from viewer.study import PixelFormat, SkipReason
from viewer.words import _

_SOF_JPEG: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3})
_SOF_LS: Final = frozenset({0xF7})
_SOF_OTHER: Final = frozenset({0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_SIZ: Final = Struct(">HHIIIIIIIIH")
_MIN_TILE: Final = 16

Colour = Literal["", "RGB", "YBR"]


@dataclass(frozen=True, slots=True)
class StreamHead:
    """Size, components and precision of a code stream; ``colour`` where it names its colours.

    ``transformed`` means that the decoder itself undoes a colour transform (JPEG 2000).
    """

    rows: int
    columns: int
    components: int
    precision: int
    signed: bool = False
    colour: Colour = ""
    transformed: bool = False


def read_jpeg(data: bytes) -> StreamHead:
    """The frame header of a JPEG stream (ISO 10918-1 B.2.2)."""
    return _read_markers(data, _SOF_JPEG)


def read_jpegls(data: bytes) -> StreamHead:
    """The frame header of a JPEG-LS stream (ISO 14495-1 annex C)."""
    return _read_markers(data, _SOF_LS)


def read_jpeg2000(data: bytes) -> StreamHead:
    """The SIZ and COD segments of a JPEG 2000 code stream (ISO 15444-1 A.5, A.6)."""
    start = 0 if data.startswith(b"\xff\x4f\xff\x51") else data.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start < 0:
        raise _not_a_stream()
    try:
        fields = _SIZ.unpack_from(data, start + 4)
        _length, _caps, width, height, left, top, tile_w, tile_h, _tx, _ty, count = fields
        sizes = {data[start + 42 + 3 * i : start + 45 + 3 * i] for i in range(count)}
        (first,) = sizes
    except (StructError, ValueError):
        raise _not_a_stream() from None
    if (left, top) != (0, 0) or first[1:] != b"\x01\x01" or len(first) != 3:
        raise Fault(SkipReason.UNSUPPORTED, _("Its JPEG 2000 data has an unusual layout."))
    if min(tile_w, tile_h) < min(_MIN_TILE, width, height):
        raise Fault(SkipReason.INVALID, _("Its JPEG 2000 data is cut into far too small tiles."))
    code = data.find(b"\xff\x52", start, start + 4096)
    transformed = code >= 0 and count == 3 and data[code + 8 : code + 9] == b"\x01"
    return StreamHead(
        height, width, count, (first[0] & 0x7F) + 1, bool(first[0] & 0x80), transformed=transformed
    )


def read_jpegxl_size(data: bytes) -> tuple[int, int]:
    """Rows and columns of a JPEG XL stream, bare or in its container (ISO 18181-1, -2)."""
    bare = _bare_jpegxl(data)
    bits = _Bits(bare[2:32])
    is_small = bool(bits.take(1))
    height = _jpegxl_side(bits, is_small)
    ratio = bits.take(3)
    if ratio:
        up, down = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
        return height, height * up // down
    return height, _jpegxl_side(bits, is_small)


def check_head(head: StreamHead, pixels: PixelFormat) -> tuple[str, ...]:
    """Fault when a stream claims more than its file; a note when it holds less (edge tiles)."""
    check_size(head.rows, head.columns, pixels)
    if head.components != pixels.samples:
        raise Fault(
            SkipReason.INVALID, _("Its header and its pixel data disagree about its colours.")
        )
    if head.precision > pixels.bits_allocated or not head.precision:
        raise Fault(SkipReason.INVALID, _("Its pixel data has more bits than its header says."))
    if (head.rows, head.columns) != (pixels.rows, pixels.columns):
        return (
            _("This frame is {columns} × {rows} pixels, smaller than its header says.").format(
                columns=head.columns, rows=head.rows
            ),
        )
    return ()


def check_size(rows: int, columns: int, pixels: PixelFormat) -> None:
    """Fault when a stream is larger than its file says, or empty."""
    if not rows or not columns:
        raise Fault(SkipReason.INVALID, _("Its pixel data is damaged."))
    if rows > pixels.rows or columns > pixels.columns:
        raise Fault(
            SkipReason.INVALID,
            _("Its pixel data claims {columns} × {rows} pixels, its header says less.").format(
                columns=columns, rows=rows
            ),
        )


def check_end(data: bytes) -> None:
    """Fault when the end marker of a JPEG family stream is missing: it was cut off."""
    if data.rstrip(b"\0")[-2:] != b"\xff\xd9" and b"\xff\xd9" not in data[-16:]:
        raise Fault(SkipReason.TRUNCATED, _("The end of its pixel data is missing."))


def _read_markers(data: bytes, wanted: frozenset[int]) -> StreamHead:
    """Walk the marker segments up to the frame header."""
    if not data.startswith(b"\xff\xd8"):
        raise _not_a_stream()
    colour: Colour = ""
    position = 2
    try:
        while True:
            while data[position] == 0xFF:
                position += 1
            marker = data[position]
            position += 1
            if marker in _ALONE:
                continue
            length = int.from_bytes(data[position : position + 2], "big")
            body = data[position + 2 : position + length]
            if marker in wanted:
                return _frame_header(body, colour)
            if marker in _SOF_OTHER:
                raise Fault(SkipReason.UNSUPPORTED, _("Its pixels are in a retired JPEG variant."))
            if marker in {0xD9, 0xDA} or length < 2 or data[position + length] != 0xFF:
                raise _not_a_stream()
            colour = _named_colour(marker, body) or colour
            position += length
    except IndexError:
        raise _not_a_stream() from None


def _frame_header(body: bytes, colour: Colour) -> StreamHead:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise _not_a_stream()
    ids = body[6 : 6 + 3 * body[5] : 3]
    if not colour and ids == b"RGB":
        colour = "RGB"
    rows, columns = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    return StreamHead(rows, columns, body[5], body[0], colour=colour)


def _named_colour(marker: int, body: bytes) -> Colour:
    """What a JFIF or Adobe segment says of the colours."""
    if marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
        return "RGB" if body[11] == 0 else "YBR"
    return "YBR" if marker == 0xE0 and body.startswith(b"JFIF\0") else ""


def _bare_jpegxl(data: bytes) -> bytes:
    if data.startswith(b"\xff\x0a"):
        return data
    if not data.startswith(b"\0\0\0\x0cJXL "):
        raise _not_a_stream()
    position = 0
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        if kind in {b"jxlc", b"jxlp"}:
            body = data[position + (8 if kind == b"jxlc" else 12) :]
            if body.startswith(b"\xff\x0a"):
                return body
        if length < 8:
            break
        position += length
    raise _not_a_stream()


def _jpegxl_side(bits: "_Bits", is_small: bool) -> int:
    if is_small:
        return (bits.take(5) + 1) * 8
    return bits.take((9, 13, 18, 30)[bits.take(2)]) + 1


class _Bits:
    """Bits of a JPEG XL header, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        part = self._value & ((1 << count) - 1)
        self._value >>= count
        return part


def _not_a_stream() -> Fault:
    return Fault(SkipReason.INVALID, _("Its pixel data is damaged."))
