"""Positions, orientations and spacings as a header writes them (PS3.3 C.7.6.2, 10.7.1)."""

from typing import Final

from viewer import limits
from viewer.parsing.values import Header
from viewer.study import FramePlane, Spacing, UltrasoundRegion

SPACING_TAGS: Final = (
    0x00181110, 0x00181111, 0x00181114, 0x00181164, 0x00182010, 0x00280030, 0x00280034, 0x00280A02,
)  # fmt: skip
_DISTANCES: Final = (0x00280030, 0x00181164, 0x00182010)
Vector = tuple[float, float, float]
Cosines = tuple[float, float, float, float, float, float]
_MAX_REGIONS: Final = 64


def read_position(header: Header) -> Vector | None:
    """Image Position (Patient), LPS mm; None unless it is three numbers."""
    numbers = header.numbers(0x00200032)
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def read_orientation(header: Header) -> Cosines | None:
    """Image Orientation (Patient); None unless it is six numbers with two directions in them."""
    n = header.numbers(0x00200037)
    if len(n) != 6 or not any(n[:3]) or not any(n[3:]):
        return None
    return (n[0], n[1], n[2], n[3], n[4], n[5])


def read_plane(header: Header) -> FramePlane:
    """Where a frame lies in the patient."""
    return FramePlane(read_position(header), read_orientation(header))


def is_bad_pair(header: Header, tag: int) -> bool:
    """Whether a spacing is written and is none: 0, negative, no number, or not two of them."""
    return bool(header.raw(tag).strip(b" \0")) and read_pair(header, tag) is None


def read_pair(header: Header, tag: int) -> tuple[float, float] | None:
    """Two positive numbers, for example Pixel Spacing (between rows, between columns)."""
    numbers = header.numbers(tag)
    if len(numbers) != 2 or min(numbers) <= 0:
        return None
    return (numbers[0], numbers[1])


def read_spacing(header: Header) -> Spacing:
    """All spacings of an instance; which of them holds is decided where it is measured."""
    return Spacing(
        pixel=read_pair(header, 0x00280030),
        imager=read_pair(header, 0x00181164),
        nominal=read_pair(header, 0x00182010),
        aspect=read_pair(header, 0x00280034),
        calibration_type=header.text(0x00280A02)[:64],
        magnification=header.number(0x00181114),
        distance_source_detector_mm=header.number(0x00181110),
        distance_source_patient_mm=header.number(0x00181111),
        is_invalid=any(is_bad_pair(header, tag) for tag in _DISTANCES),
    )


def read_regions(header: Header) -> tuple[UltrasoundRegion, ...]:
    """Sequence of Ultrasound Regions (PS3.3 C.8.5.5); items without numbers are left out."""
    regions = (_region(item) for item in header.items(0x00186011)[:_MAX_REGIONS])
    return tuple(region for region in regions if region is not None)


def _region(item: Header) -> UltrasoundRegion | None:
    places = [item.integer(tag) for tag in (0x00186018, 0x0018601A, 0x0018601C, 0x0018601E)]
    units = [item.integer(tag) for tag in (0x00186024, 0x00186026)]
    deltas = [item.number(tag) for tag in (0x0018602C, 0x0018602E)]
    left, top, right, bottom = places
    if left is None or top is None or right is None or bottom is None:
        return None
    if units[0] is None or units[1] is None or deltas[0] is None or deltas[1] is None:
        return None
    if max(left, top, right, bottom) > limits.ROWS_COLUMNS or right < left or bottom < top:
        return None
    # Location Max is the last pixel inside; edges end one further
    return UltrasoundRegion(
        left, top, right + 1, bottom + 1, units[0], units[1], deltas[0], deltas[1]
    )
