"""Placing a measurement: press, drag, release; or click, move, click. An angle has 3 points."""

import math
from dataclasses import dataclass, replace

from viewer.annotations import POINTS, Annotation, Kind, PlaneRef
from viewer.spaces import FramePoint
from viewer.study import FrameRef


@dataclass(frozen=True, slots=True)
class Placing:
    """A measurement half done; the last point follows the pointer until it is ``fixed``."""

    kind: Kind
    where: FrameRef | PlaneRef
    points: tuple[FramePoint, ...]
    fixed: int = 1

    @property
    def is_complete(self) -> bool:
        """Whether all points are placed."""
        return self.fixed >= POINTS[self.kind]

    def mark(self, mark_id: str, series_uid: str) -> Annotation:
        """The measurement as drawn so far."""
        return Annotation(mark_id, self.kind, series_uid, self.where, self.points)


def begin(kind: Kind, where: FrameRef | PlaneRef, point: FramePoint) -> Placing:
    """The button went down: the first point stands, the second follows."""
    return Placing(kind, where, (point, point))


def moved(placing: Placing, point: FramePoint) -> Placing:
    """The pointer moved: the open point goes with it."""
    if placing.is_complete:
        return placing
    return replace(placing, points=(*placing.points[: placing.fixed], point))


def pressed(placing: Placing, point: FramePoint) -> Placing:
    """The button went down again: the open point stands; an angle opens its third."""
    if placing.is_complete:
        return placing
    points = (*placing.points[: placing.fixed], point)
    fixed = placing.fixed + 1
    if fixed < POINTS[placing.kind]:
        points = (*points, point)
    return replace(placing, points=points, fixed=fixed)


def released(placing: Placing, point: FramePoint, *, was_dragged: bool) -> Placing:
    """The button came up: after a drag this places a point, after a click nothing."""
    return pressed(placing, point) if was_dragged else placing


def is_worth_keeping(mark: Annotation, *, least_px: float = 1.0) -> bool:
    """Whether a mark has an extent; a slip of less than a pixel of the image is dropped."""
    if mark.kind in {"ellipse", "box"}:
        return mark.box.width >= least_px and mark.box.height >= least_px
    pairs = zip(mark.points, mark.points[1:], strict=False)
    return all(math.dist(a, b) >= least_px for a, b in pairs)
