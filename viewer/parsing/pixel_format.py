"""How pixels are stored and where (PS3.3 C.7.6.3), checked before anything is allocated."""

from typing import Final

from viewer import limits
from viewer.parsing.elements import UNDEFINED, Head
from viewer.parsing.faults import Fault
from viewer.parsing.part10 import DataSet
from viewer.parsing.syntaxes import DEFLATED_UID, SYNTAXES, Syntax
from viewer.parsing.values import Header
from viewer.study import PixelFormat, PixelLocation, SkipReason
from viewer.words import _

_RETIRED: Final = frozenset({"ARGB", "CMYK", "HSV"})
PIXEL_TAGS: Final = (
    0x00280002, 0x00280004, 0x00280006, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102,
    0x00280103,
)  # fmt: skip
_FLOAT_TAGS: Final = {0x7FE00008: 32, 0x7FE00009: 64}


def read_pixel_format(header: Header, head: Head, syntax: str) -> PixelFormat:
    """The pixel format; Fault naming what is missing or impossible."""
    rows, columns = _size(header, 0x00280010, "Rows"), _size(header, 0x00280011, "Columns")
    photometric = header.text(0x00280004).upper() or "MONOCHROME2"
    if photometric in _RETIRED:
        raise Fault(
            SkipReason.UNSUPPORTED,
            _("Its colours are stored as {kind}, which is retired.").format(kind=photometric),
        )
    samples = header.integer(0x00280002) if header.has(0x00280002) else 1
    if samples not in limits.SAMPLES_PER_PIXEL:
        raise Fault(
            SkipReason.INVALID,
            _("It claims {count} samples a pixel.").format(count=_said(samples)),
        )
    if head.tag in _FLOAT_TAGS:
        bits = _FLOAT_TAGS[head.tag]
        return PixelFormat(
            rows, columns, 1, bits, bits, bits - 1, True, "float", photometric, 0, syntax
        )
    allocated, stored, high = _bits(header)
    return PixelFormat(
        rows=rows,
        columns=columns,
        samples=samples or 1,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high,
        signed=header.integer(0x00280103) == 1,
        photometric=photometric,
        planar=header.integer(0x00280006) or 0,
        transfer_syntax=syntax,
    )


def supported_syntax(uid: str) -> Syntax:
    """The syntax's row; Fault naming it when its pixels are not read here."""
    syntax = SYNTAXES.get(uid)
    if syntax is None:
        raise Fault(
            SkipReason.UNSUPPORTED, _("Its transfer syntax {uid} is unknown.").format(uid=uid[:64])
        )
    if syntax.codec == "refused":
        raise Fault(
            SkipReason.UNSUPPORTED,
            _("Not shown: {why} ({name}).").format(why=_(syntax.why), name=syntax.name),
        )
    return syntax


def frame_bits(pixels: PixelFormat) -> int:
    """Bits of one native frame; 4:2:2 has two samples a pixel (PS3.3 C.7.6.3.1.2)."""
    samples = 2 if pixels.photometric == "YBR_FULL_422" and pixels.samples == 3 else pixels.samples
    return pixels.rows * pixels.columns * samples * pixels.bits_allocated


def check_memory(pixels: PixelFormat, frames: int) -> None:
    """Fault when a decoded frame or instance would be larger than the limits."""
    width = max(pixels.bits_allocated, 8)
    size = pixels.rows * pixels.columns * pixels.samples * (16 if width == 12 else width) // 8
    if size > limits.FRAME_BYTES or size * frames > limits.INSTANCE_BYTES:
        one = _("It says {columns} × {rows} pixels, which is too large.")
        many = _("It says {columns} × {rows} pixels and {frames} frames, which is too large.")
        sentence = (one if frames == 1 else many).format(
            columns=f"{pixels.columns:,}", rows=f"{pixels.rows:,}", frames=f"{frames:,}"
        )
        raise Fault(SkipReason.TOO_LARGE, sentence)


def locate(
    dataset: DataSet, pixels: PixelFormat, frames: int
) -> tuple[PixelLocation, int, tuple[str, ...]]:
    """Where native pixels are, how many frames are whole, and notes about what is missing.

    Encapsulated pixels have no location. Fault when not even one frame is there.
    """
    head = dataset.pixels
    if head is None:
        raise Fault(SkipReason.INVALID, _("It is an image without pixels."))
    syntax = supported_syntax(dataset.syntax)
    if syntax.encapsulated != (head.length == UNDEFINED):
        raise Fault(
            SkipReason.INVALID,
            _("Its pixels are not stored as its transfer syntax says ({name}).").format(
                name=syntax.name
            ),
        )
    if syntax.encapsulated:
        return PixelLocation(None, None), frames, ()
    whole, notes = frames, tuple[str, ...]()
    if dataset.syntax != DEFLATED_UID:  # its length is known only after inflating it
        whole, notes = _whole_frames(dataset.source.size - head.start, head, pixels, frames)
    return _plain_location(dataset, head, pixels, whole), whole, notes


def _whole_frames(
    left: int, head: Head, pixels: PixelFormat, frames: int
) -> tuple[int, tuple[str, ...]]:
    present = min(head.length, left)
    bits = frame_bits(pixels)
    if present * 8 >= bits * frames:
        return frames, ()
    whole = present * 8 // bits
    if not whole:
        raise Fault(
            SkipReason.TRUNCATED,
            _(
                "It says {columns} × {rows} pixels, which needs {need} bytes, and holds {have}."
            ).format(columns=pixels.columns, rows=pixels.rows, need=-(-bits // 8), have=present),
        )
    note = _("It says {said} frames and holds {have}.").format(said=frames, have=whole)
    return whole, (note,)


def _plain_location(
    dataset: DataSet, head: Head, pixels: PixelFormat, frames: int
) -> PixelLocation:
    """A location only where frames are whole bytes in this machine's way of writing them."""
    plain = (
        pixels.bits_allocated in {8, 16, 32, 64}
        and (pixels.samples == 1 or (pixels.planar == 0 and pixels.photometric != "YBR_FULL_422"))
        and dataset.syntax != DEFLATED_UID
        and dataset.header.little
    )
    if not plain:
        return PixelLocation(None, None)
    return PixelLocation(head.start, frame_bits(pixels) // 8 * frames)


def _size(header: Header, tag: int, name: str) -> int:
    value = header.integer(tag)
    if value is None:
        raise Fault(
            SkipReason.INVALID, _("Its number of {name} is missing or no number.").format(name=name)
        )
    if not 1 <= value <= limits.ROWS_COLUMNS:
        raise Fault(
            SkipReason.INVALID, _("It claims {count} {name}.").format(count=value, name=name)
        )
    return value


def _bits(header: Header) -> tuple[int, int, int]:
    allocated = header.integer(0x00280100) if header.has(0x00280100) else 16
    if allocated not in limits.BITS_ALLOCATED or allocated is None:
        raise Fault(
            SkipReason.INVALID, _("It claims {count} bits a pixel.").format(count=_said(allocated))
        )
    stored = header.integer(0x00280101)
    if stored is None:
        stored = allocated
    if not 1 <= stored <= allocated:
        raise Fault(
            SkipReason.INVALID,
            _("It claims {stored} bits in pixels of {allocated} bits.").format(
                stored=stored, allocated=allocated
            ),
        )
    high = header.integer(0x00280102)
    if high is None or not stored - 1 <= high < allocated:
        high = stored - 1
    return allocated, stored, high


def _said(number: int | None) -> str:
    return _("an unreadable number of") if number is None else str(number)
