"""What people measure and what models find, as frozen records on a frame or on a plane.

Points are edge coordinates (``FramePoint``) of the canvas that ``where`` names: a stored frame, or
a plane cut through a volume. Numbers are made by ``viewer.measure`` when shown, never stored.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

from viewer.spaces import FrameBox, FramePoint, PatientPoint
from viewer.study import FrameRef

Kind = Literal["length", "angle", "ellipse", "box", "sphere", "finding"]
Status = Literal["open", "confirmed", "rejected"]

POINTS: dict[Kind, int] = {
    "length": 2, "angle": 3, "ellipse": 2, "box": 2, "sphere": 2, "finding": 2,
}  # fmt: skip
"""How many points each kind has; ellipse, box and finding are given by two opposite corners, a
sphere by its centre and a place on its circle in the plane."""


@dataclass(frozen=True, slots=True)
class PlaneRef:
    """A cut through a volume: its upper left corner and unit directions, LPS mm, and its pixels.

    ``right`` runs along a row of the picture, ``down`` along a column; ``mm_per_px`` is the same
    in both directions; ``columns`` and ``rows`` its size in px.
    """

    series_uid: str
    origin: PatientPoint
    right: tuple[float, float, float]
    down: tuple[float, float, float]
    mm_per_px: float
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """One mark: a measurement by a person or a finding by a model.

    ``series_uid`` is where it is listed and ``pixel_digest`` binds it to the pixels it was made
    on, so that a changed file is noticed. ``confirmed_by`` names the person.
    """

    id: str
    kind: Kind
    series_uid: str
    where: FrameRef | PlaneRef
    points: tuple[FramePoint, ...]
    label: str = ""
    note: str = ""
    status: Status = "open"
    changed: bool = False
    confirmed_by: str = ""
    provenance_id: str = ""
    model_name: str = ""
    pixel_digest: str = ""
    created_utc: str = ""

    @property
    def by_model(self) -> bool:
        """Whether a model said it."""
        return self.kind == "finding"

    @property
    def box(self) -> FrameBox:
        """The upright rectangle round all points; round its circle for a sphere."""
        if self.kind == "sphere":
            centre, radius = self.points[0], math.dist(*self.points)
            return FrameBox(
                centre.column - radius,
                centre.row - radius,
                centre.column + radius,
                centre.row + radius,
            )
        columns = [p.column for p in self.points]
        rows = [p.row for p in self.points]
        return FrameBox(min(columns), min(rows), max(columns), max(rows))

    def with_point(self, index: int, point: FramePoint) -> "Annotation":
        """Move one point; a finding that was moved is changed."""
        points = (*self.points[:index], point, *self.points[index + 1 :])
        return replace(self, points=points, changed=self.by_model or self.changed)

    def moved(self, columns: float, rows: float) -> "Annotation":
        """Shift every point by so many px."""
        points = tuple(FramePoint(p.column + columns, p.row + rows) for p in self.points)
        return replace(self, points=points, changed=self.by_model or self.changed)


def finding_points(box: FrameBox) -> tuple[FramePoint, FramePoint]:
    """The two corners that make a box's points."""
    return FramePoint(box.left, box.top), FramePoint(box.right, box.bottom)
