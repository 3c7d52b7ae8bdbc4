"""Reference lines: where the image of another tile cuts through the one on the screen.

Only between images of one frame of reference (C.7.4.1), for only there coordinates mean the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from viewer.spaces import FramePoint
from viewer.tools.planes import Sheet, Vector, cross, dot, to_patient, to_plane, unit

_LEAST_SINE: Final = 0.17
"""Below about ten degrees images are as good as parallel, and a line would say nothing."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An image with its place in the patient, its size in px and its frame of reference."""

    sheet: Sheet
    columns: float
    rows: float
    frame_of_reference: str


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """A line in canvas px of the image it is drawn on, and the other image's normal, LPS."""

    ends: tuple[FramePoint, FramePoint]
    normal: Vector


def lines_on(image: Placed, others: Sequence[Placed]) -> tuple[ReferenceLine, ...]:
    """The lines of other images on an image; none of another frame of reference."""
    if not image.frame_of_reference:
        return ()
    known = [o for o in others if o.frame_of_reference == image.frame_of_reference]
    found = [(_crossing(image.sheet, other), other) for other in known]
    return tuple(ReferenceLine(ends, _normal(other.sheet)) for ends, other in found if ends)


def _crossing(sheet: Sheet, other: Placed) -> tuple[FramePoint, FramePoint] | None:
    """Where the other image's outline meets this one's plane, as far as it reaches."""
    turn = cross(_normal(sheet), _normal(other.sheet))
    if dot(turn, turn) < _LEAST_SINE**2:
        return None
    width, height = other.columns, other.rows
    outline = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height), (0.0, 0.0)]
    corners = [to_plane(sheet, to_patient(other.sheet, FramePoint(*at))) for at in outline]
    met = []
    for (start, before), (end, after) in pairwise(corners):
        if (before < 0) != (after < 0):
            part = before / (before - after)
            column = start.column + (end.column - start.column) * part
            met.append(FramePoint(column, start.row + (end.row - start.row) * part))
    return (met[0], met[1]) if len(met) == 2 else None


def _normal(sheet: Sheet) -> Vector:
    return unit(cross(sheet.across, sheet.along))
