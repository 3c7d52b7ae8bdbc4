"""Taking hold of a mark: what is under the pointer, and the mark after the drag."""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from viewer.annotations import Annotation
from viewer.spaces import FramePoint, ViewPoint
from viewer.tools.transform import Transform

HIT_PX: Final = 8.0
TOUCH_HIT_PX: Final = 14.0
LINE_HIT_PX: Final = 6.0
ELLIPSE_STEPS: Final = 64
_BY_POINTS: Final = frozenset({"length", "angle", "sphere"})
Side = Literal["left", "top", "right", "bottom"]
_CORNERS: Final[tuple[tuple[Side, Side], ...]] = (
    ("left", "top"),
    ("right", "top"),
    ("right", "bottom"),
    ("left", "bottom"),
)
_SIDES: Final[tuple[tuple[Side, ...], ...]] = (("left",), ("top",), ("right",), ("bottom",))


@dataclass(frozen=True, slots=True)
class Hold:
    """What of a mark is held: a point of a line or angle, sides of a box, or all of it."""

    mark_id: str
    point: int | None = None
    sides: tuple[Side, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the whole mark is moved."""
        return self.point is None and not self.sides


def handles(mark: Annotation) -> tuple[FramePoint, ...]:
    """Where a selected mark shows its handles: its points, or the middles of a box's sides."""
    if mark.kind in _BY_POINTS:
        return mark.points
    box = mark.box
    column, row = box.centre
    return (
        FramePoint(box.left, row),
        FramePoint(column, box.top),
        FramePoint(box.right, row),
        FramePoint(column, box.bottom),
    )


def corners(mark: Annotation) -> tuple[FramePoint, ...]:
    """The four corners of the rectangle round a mark, clockwise from the upper left."""
    box = mark.box
    return (
        FramePoint(box.left, box.top),
        FramePoint(box.right, box.top),
        FramePoint(box.right, box.bottom),
        FramePoint(box.left, box.bottom),
    )


def outline(mark: Annotation) -> tuple[FramePoint, ...]:
    """The places that the mark's line connects; closed for all that have an inside."""
    if mark.kind in {"length", "angle"}:
        return mark.points
    if mark.kind not in {"ellipse", "sphere"}:
        return (*corners(mark), corners(mark)[0])
    box = mark.box
    steps = (math.tau * i / ELLIPSE_STEPS for i in range(ELLIPSE_STEPS + 1))
    return tuple(
        FramePoint(
            box.centre.column + box.width / 2 * math.cos(t),
            box.centre.row + box.height / 2 * math.sin(t),
        )
        for t in steps
    )


def hold_at(
    marks: Iterable[Annotation],
    transform: Transform,
    at: ViewPoint,
    *,
    selected: str = "",
    radius: float = HIT_PX,
) -> Hold | None:
    """What the pointer would take hold of; the selected mark first, then the one drawn last."""
    newest_first = list(marks)[::-1]
    ordered = sorted(newest_first, key=lambda mark: mark.id != selected)
    for mark in ordered:
        hold = _handle_at(mark, transform, at, radius)
        if hold is not None:
            return hold
    for mark in ordered:
        if _is_on_line(outline(mark), transform, at):
            return Hold(mark.id)
    return None


def dragged(mark: Annotation, hold: Hold, start: FramePoint, now: FramePoint) -> Annotation:
    """The mark after what was held went from ``start`` to ``now``."""
    columns, rows = now.column - start.column, now.row - start.row
    if hold.is_whole or (mark.kind == "sphere" and hold.point == 0):
        return mark.moved(columns, rows)
    if hold.point is not None:
        old = mark.points[hold.point]
        return mark.with_point(hold.point, FramePoint(old.column + columns, old.row + rows))
    return _resized(mark, hold.sides, columns, rows)


def nudged(mark: Annotation, hold: Hold, columns: float, rows: float) -> Annotation:
    """Arrow keys: what is held goes by whole image pixels."""
    return dragged(mark, hold, FramePoint(0.0, 0.0), FramePoint(columns, rows))


def _resized(mark: Annotation, sides: tuple[Side, ...], columns: float, rows: float) -> Annotation:
    box = mark.box
    edges = {"left": box.left, "top": box.top, "right": box.right, "bottom": box.bottom}
    for side in sides:
        edges[side] += columns if side in {"left", "right"} else rows
    points = (
        FramePoint(edges["left"], edges["top"]),
        FramePoint(edges["right"], edges["bottom"]),
    )
    return replace(mark, points=points, changed=mark.by_model or mark.changed)


def _handle_at(mark: Annotation, transform: Transform, at: ViewPoint, radius: float) -> Hold | None:
    if mark.kind in _BY_POINTS:
        for index, point in enumerate(mark.points):
            if math.dist(transform.to_view(point), at) <= radius:
                return Hold(mark.id, point=index)
        return None
    places = [*zip(corners(mark), _CORNERS, strict=True), *zip(handles(mark), _SIDES, strict=True)]
    near = [
        (math.dist(transform.to_view(place), at), sides)
        for place, sides in places
        if math.dist(transform.to_view(place), at) <= radius
    ]
    return Hold(mark.id, sides=min(near)[1]) if near else None


def _is_on_line(line: tuple[FramePoint, ...], transform: Transform, at: ViewPoint) -> bool:
    seen = [transform.to_view(point) for point in line]
    return any(_distance(at, a, b) <= LINE_HIT_PX for a, b in itertools.pairwise(seen))


def _distance(at: ViewPoint, a: ViewPoint, b: ViewPoint) -> float:
    """From a place to a stretch of line."""
    x, y = b.x - a.x, b.y - a.y
    square = x * x + y * y
    part = 0.0 if square == 0 else ((at.x - a.x) * x + (at.y - a.y) * y) / square
    part = min(max(part, 0.0), 1.0)
    return math.dist(at, (a.x + part * x, a.y + part * y))
