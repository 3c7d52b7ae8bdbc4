"""The crosshair tool: move the place where the planes meet, shift a plane, turn it, its slab.

On the screen a plane crosses another one as a line through the crosshair, with a dot near each
end that turns it and a bar on each edge of its slab.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from viewer.annotations import PlaneRef
from viewer.edits import set_crosshair, set_slab, set_turn
from viewer.spaces import FramePoint, PatientPoint, ViewPoint
from viewer.state import Edit, Slab, State, TileKind
from viewer.tools.planes import Grid, cross, dot, normal_of, to_patient, to_plane, turned, vector
from viewer.tools.surface import Pointer, Surface
from viewer.tools.transform import Area

Part = Literal["centre", "line", "turn", "slab", "none"]
HIT_PX: Final = 8.0
DOT_INSET_PX: Final = 40.0
BAR_AT: Final = 0.62
"""Where a slab's bars sit between the crosshair and the end of its line."""
THICKEST_MM: Final = 200.0


@dataclass(frozen=True, slots=True)
class Grip:
    """What of the crosshair is under the pointer; ``tile`` and ``kind`` name the line's plane."""

    part: Part
    kind: TileKind = "axial"
    tile: int = -1


@dataclass(frozen=True, slots=True)
class Cut:
    """Another plane as a line on this one, in view px.

    ``ends`` lie on the area's edge; ``across`` is a unit vector at right angles to the line, and
    ``half_slab_px`` half the slab's thickness along it.
    """

    kind: TileKind
    tile: int
    centre: ViewPoint
    along: tuple[float, float]
    ends: tuple[ViewPoint, ViewPoint]
    half_slab_px: float

    @property
    def across(self) -> tuple[float, float]:
        """At right angles to the line."""
        return -self.along[1], self.along[0]

    @property
    def dots(self) -> tuple[ViewPoint, ViewPoint]:
        """The dots that turn it, a little inside both ends; clear of the centre."""
        return _inset(self.ends[0], self.centre), _inset(self.ends[1], self.centre)

    @property
    def bars(self) -> tuple[ViewPoint, ViewPoint]:
        """The bars on both edges of the slab."""
        end, centre = self.ends[0], self.centre
        x = centre.x + (end.x - centre.x) * BAR_AT
        y = centre.y + (end.y - centre.y) * BAR_AT
        across, half = self.across, self.half_slab_px
        return (
            ViewPoint(x + across[0] * half, y + across[1] * half),
            ViewPoint(x - across[0] * half, y - across[1] * half),
        )


def cuts_on(state: State, surface: Surface) -> tuple[Cut, ...]:
    """The other planes of the same volume that are on the screen, as lines on this one."""
    plane, point = surface.where, surface.crosshair
    if not isinstance(plane, PlaneRef) or point is None:
        return ()
    seen: dict[TileKind, int] = {}
    for index, tile in enumerate(state.doc.tiles):
        if tile.is_plane and tile.series_uid == surface.series_uid and tile.kind != surface.kind:
            seen.setdefault(tile.kind, index)
    return tuple(
        _cut(state, surface, plane, (kind, tile), point) for kind, tile in sorted(seen.items())
    )


def grip_at(cuts: tuple[Cut, ...], at: ViewPoint, *, radius: float = HIT_PX) -> Grip:
    """What the pointer would take hold of: the centre first, then bars, dots and lines."""
    if not cuts:
        return Grip("none")
    if math.dist(at, cuts[0].centre) <= radius * 1.5:
        return Grip("centre")
    for cut in cuts:
        if cut.half_slab_px > 0 and min(math.dist(at, bar) for bar in cut.bars) <= radius:
            return Grip("slab", cut.kind, cut.tile)
    for cut in cuts:
        if min(math.dist(at, dot) for dot in cut.dots) <= radius:
            return Grip("turn", cut.kind, cut.tile)
    for cut in cuts:
        if abs(_offset(cut, at)) <= radius / 2:
            return Grip("line", cut.kind, cut.tile)
    return Grip("none")


def drag(
    state: State, surface: Surface, grip: Grip, start: Pointer, now: Pointer, *, grid: Grid
) -> Edit | None:
    """Do what the grip does; without one the crosshair jumps to the pointer."""
    plane, point = surface.where, surface.crosshair
    if not isinstance(plane, PlaneRef) or point is None:
        return None
    if grip.part == "line":
        return _shift(state, surface, grip, start, now, grid)
    if grip.part == "turn":
        return _turn(state, surface, plane, start, now)
    if grip.part == "slab":
        return _thicken(state, surface, grip, now)
    wanted = to_patient(plane, surface.clamped(surface.frame_point(now)))
    return set_crosshair(surface.series_uid, within(grid, wanted))


def within(grid: Grid, point: PatientPoint) -> PatientPoint:
    """The nearest place in the volume, centres of its outer voxels included."""
    voxel = np.linalg.solve(grid.voxel_to_patient, [*point, 1.0])
    voxel[:3] = np.clip(voxel[:3], 0, np.asarray(grid.shape) - 1.0)
    return PatientPoint(*vector((grid.voxel_to_patient @ voxel)[:3]))


def with_thickness(slab: Slab, thickness_mm: float) -> Slab:
    """A slab of whole millimetres; below one it is a single sample."""
    return replace(slab, thickness_mm=float(round(min(max(thickness_mm, 0.0), THICKEST_MM))))


def _shift(
    state: State, surface: Surface, grip: Grip, start: Pointer, now: Pointer, grid: Grid
) -> Edit | None:
    plane, point = surface.where, surface.crosshair
    if not isinstance(plane, PlaneRef) or point is None:
        return None
    normal = np.asarray(normal_of(grip.kind, state.doc.turn))
    before = np.asarray(to_patient(plane, surface.frame_point(start)))
    after = np.asarray(to_patient(plane, surface.frame_point(now)))
    moved = np.asarray(point) + normal * float((after - before) @ normal)
    return set_crosshair(surface.series_uid, within(grid, PatientPoint(*vector(moved))))


def _turn(
    state: State, surface: Surface, plane: PlaneRef, start: Pointer, now: Pointer
) -> Edit | None:
    point = surface.crosshair
    if point is None:
        return None
    centre, _off = to_plane(plane, point)
    first = _angle(centre, surface.frame_point(start))
    angle = math.degrees(_angle(centre, surface.frame_point(now)) - first)
    # From the canvas's right to its down is positive about right x down.
    about = cross(plane.right, plane.down)
    return set_turn(turned(state.doc.turn, about, angle))


def _thicken(state: State, surface: Surface, grip: Grip, now: Pointer) -> Edit | None:
    cut = next((c for c in cuts_on(state, surface) if c.tile == grip.tile), None)
    if cut is None or not isinstance(surface.where, PlaneRef):
        return None
    mm_per_px = surface.where.mm_per_px / surface.transform.view_px_per_column
    thickness = 2 * abs(_offset(cut, now.at)) * mm_per_px
    slab = state.doc.tiles[grip.tile].slab
    return set_slab(grip.tile, with_thickness(slab, max(1.0, thickness)))


def _cut(
    state: State,
    surface: Surface,
    plane: PlaneRef,
    other: tuple[TileKind, int],
    point: PatientPoint,
) -> Cut:
    kind, tile = other
    line = cross(cross(plane.right, plane.down), normal_of(kind, state.doc.turn))
    centre, _off = to_plane(plane, point)
    transform = surface.transform
    middle = transform.to_view(centre)
    ahead = transform.to_view(
        FramePoint(
            centre.column + dot(line, plane.right),
            centre.row + dot(line, plane.down),
        )
    )
    length = math.dist(middle, ahead) or 1.0
    along = ((ahead.x - middle.x) / length, (ahead.y - middle.y) / length)
    half_mm = state.doc.tiles[tile].slab.thickness_mm / 2
    half_px = half_mm / plane.mm_per_px * transform.view_px_per_column
    return Cut(kind, tile, middle, along, _ends(middle, along, surface.area), half_px)


def _ends(middle: ViewPoint, along: tuple[float, float], area: Area) -> tuple[ViewPoint, ViewPoint]:
    """Where a line through a place leaves an area; both ends in the place itself if outside."""
    low, high = -math.inf, math.inf
    sides = (
        (middle.x, along[0], area.left, area.left + area.width),
        (middle.y, along[1], area.top, area.top + area.height),
    )
    for place, step, first, last in sides:
        if abs(step) < 1e-9:
            continue
        near, far = sorted(((first - place) / step, (last - place) / step))
        low, high = max(low, near), min(high, far)
    if high <= low:
        return middle, middle
    return (
        ViewPoint(middle.x + along[0] * low, middle.y + along[1] * low),
        ViewPoint(middle.x + along[0] * high, middle.y + along[1] * high),
    )


def _inset(end: ViewPoint, centre: ViewPoint) -> ViewPoint:
    length = math.dist(end, centre)
    part = max(length - DOT_INSET_PX, length / 2) / length if length else 0.0
    return ViewPoint(centre.x + (end.x - centre.x) * part, centre.y + (end.y - centre.y) * part)


def _offset(cut: Cut, at: ViewPoint) -> float:
    """Signed distance of a place from a line, view px."""
    across = cut.across
    return (at.x - cut.centre.x) * across[0] + (at.y - cut.centre.y) * across[1]


def _angle(centre: FramePoint, point: FramePoint) -> float:
    return math.atan2(point.row - centre.row, point.column - centre.column)
