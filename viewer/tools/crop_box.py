"""The crop tool of a 3D tile: a box round what is kept of the volume, with a handle on each face.

A handle is dragged along its own axis as that lies on the screen; a face that is looked at from
straight ahead has none, for no drag on the screen says how deep.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from viewer.edits import set_volume
from viewer.render.camera import patient_to_view, volume_corners
from viewer.spaces import ViewPoint
from viewer.state import Edit, VolumeView
from viewer.tools.planes import Grid
from viewer.tools.volume_view import LEAST_CROP, Axis, camera_of, cropped_ends

End = Literal[0, 1]
HIT_PX: Final = 12.0
_LEAST_AXIS_PX: Final = 24.0
_AXES: Final[tuple[Axis, ...]] = (0, 1, 2)
_ENDS: Final[tuple[End, ...]] = (0, 1)


@dataclass(frozen=True, slots=True)
class Handle:
    """The handle of a face: the low (0) or high (1) end of an axis, its place on the screen.

    ``along`` is where the whole axis of the volume leads on the screen there, px.
    """

    axis: Axis
    end: End
    at: ViewPoint
    along: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """What is kept, on the screen: edges as pairs of places, and the handles."""

    edges: tuple[tuple[ViewPoint, ViewPoint], ...]
    handles: tuple[Handle, ...]


def box_on(view: VolumeView, grid: Grid, size: tuple[float, float]) -> Box:
    """The box of a view of a volume in a tile of (width, height) px."""
    low, high = cropped_ends(view.crop, grid.shape)
    ends = np.array([low, high])
    voxels = [*_edge_ends(ends), *_axis_ends(ends, grid)]
    places = _on_screen(view, grid, size, np.array(voxels))
    edges = tuple(zip(places[0:24:2], places[1:24:2], strict=True))
    handles = []
    faces = [(axis, end) for axis in _AXES for end in _ENDS]
    for (axis, end), at, a, b in zip(faces, *(places[24 + k :: 3] for k in range(3)), strict=True):
        along = (b.x - a.x, b.y - a.y)
        if math.hypot(*along) >= _LEAST_AXIS_PX:
            handles.append(Handle(axis, end, at, along))
    return Box(edges, tuple(handles))


def handle_at(box: Box, at: ViewPoint) -> Handle | None:
    """The handle under the pointer, if any."""
    nearest = min(box.handles, key=lambda handle: math.dist(handle.at, at), default=None)
    return nearest if nearest is not None and math.dist(nearest.at, at) <= HIT_PX else None


def drag(tile: int, view: VolumeView, handle: Handle, start: ViewPoint, now: ViewPoint) -> Edit:
    """Move the face of a handle with the pointer; ``view`` is that of the press."""
    x, y = handle.along
    by = ((now.x - start.x) * x + (now.y - start.y) * y) / (x * x + y * y)
    low, high = view.crop[handle.axis]
    if handle.end == 0:
        low = min(max(low + by, 0.0), high - LEAST_CROP)
    else:
        high = max(min(high + by, 1.0), low + LEAST_CROP)
    parts = list(view.crop)
    parts[handle.axis] = (low, high)
    return set_volume(tile, replace(view, crop=(parts[0], parts[1], parts[2])))


def is_cropped(view: VolumeView) -> bool:
    """Whether a part of the volume is left out."""
    return any(part != (0.0, 1.0) for part in view.crop)


def _edge_ends(ends: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Both ends of each of the twelve edges, voxel coordinates; ``ends`` (2, 3) low and high."""
    for axis in _AXES:
        others = [other for other in _AXES if other != axis]
        for sides in product(_ENDS, repeat=2):
            corner = np.empty(3)
            corner[others] = ends[sides, others]
            for end in _ENDS:
                corner[axis] = ends[end, axis]
                yield corner.copy()


def _axis_ends(ends: NDArray[np.float64], grid: Grid) -> Iterator[NDArray[np.float64]]:
    """For each face: its middle, and the ends of the whole axis through there."""
    for axis in _AXES:
        for end in _ENDS:
            middle = ends.mean(axis=0)
            for place in (ends[end, axis], 0.0, grid.shape[axis] - 1.0):
                middle[axis] = place
                yield middle.copy()


def _on_screen(
    view: VolumeView, grid: Grid, size: tuple[float, float], voxels: NDArray[np.float64]
) -> list[ViewPoint]:
    """Where voxel coordinates (n, 3) appear in the tile."""
    corners = volume_corners(grid.voxel_to_patient, grid.shape)
    camera = camera_of(view, corners, aspect=size[0] / max(size[1], 1.0))
    points = np.column_stack([voxels, np.ones(len(voxels))]) @ grid.voxel_to_patient.T
    pixels = (max(round(size[0]), 1), max(round(size[1]), 1))
    return [ViewPoint(x, y) for x, y, _ in patient_to_view(camera, points[:, :3], pixels).tolist()]
