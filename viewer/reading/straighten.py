"""Tilted and uneven stacks on a right-angled, even grid, by linear interpolation.

Each slice is moved in its own plane to where the normal through the first slice needs it, and
slices are mixed where the even grid lies between two of them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.geometry import slice_normal
from viewer.study import Geometry


def straighten(
    voxels: NDArray[Any], positions: NDArray[np.float64], geometry: Geometry
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The voxels on an even grid along the normal, and its (4, 4) voxel-to-patient matrix.

    ``positions`` is (slices, 3), LPS mm, ascending along the normal. The grid is as much wider as
    the slices wander; what no slice covers takes the lowest value.
    """
    normal = slice_normal(geometry.orientation)
    row = np.asarray(geometry.orientation[:3])
    column = np.asarray(geometry.orientation[3:])
    step, between_rows, between_columns = geometry.spacing_mm
    offsets = positions - positions[0]
    along = offsets @ normal
    down, across = offsets @ column / between_rows, offsets @ row / between_columns
    top, left = np.floor(down.min()), np.floor(across.min())
    height = voxels.shape[1] + int(np.ceil(down.max()) - top)
    width = voxels.shape[2] + int(np.ceil(across.max()) - left)
    count = round(float(along[-1]) / step) + 1
    out = np.empty((count, height, width), voxels.dtype)
    fill = float(voxels.min())
    moved: dict[int, NDArray[np.float32]] = {}
    for index in range(count):
        below, share = _bracket(along, min(index * step, float(along[-1])))
        needed = (below,) if share == 0 else (below, below + 1)
        moved = {
            i: moved.get(i, _moved(voxels[i], down[i] - top, across[i] - left, out.shape[1:], fill))
            for i in needed
        }
        mixed = moved[below]
        if share:
            mixed = mixed * np.float32(1 - share) + moved[below + 1] * np.float32(share)
        out[index] = np.rint(mixed) if out.dtype.kind != "f" else mixed
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = (
        normal * step,
        column * between_rows,
        row * between_columns,
    )
    matrix[:3, 3] = positions[0] + top * matrix[:3, 1] + left * matrix[:3, 2]
    return out, matrix


def _bracket(along: NDArray[np.float64], distance: float) -> tuple[int, float]:
    """The slice at or below a distance along the normal, and the share of the next one."""
    below = int(np.searchsorted(along, distance + 1e-6, side="right")) - 1
    below = min(max(below, 0), len(along) - 1)
    if below == len(along) - 1:
        return below, 0.0
    share = (distance - along[below]) / (along[below + 1] - along[below])
    return below, float(share) if share > 1e-4 else 0.0


def _moved(
    plane: NDArray[Any], down: float, across: float, shape: tuple[int, ...], fill: float
) -> NDArray[np.float32]:
    """A slice moved by parts of pixels within a larger plane; its rim mixes with ``fill``."""
    out = np.full(shape, np.float32(fill))
    whole_down, whole_across = int(np.floor(down)), int(np.floor(across))
    part_down, part_across = down - whole_down, across - whole_across
    relative = plane.astype(np.float32) - np.float32(fill)
    rows, columns = plane.shape
    for extra_down, weight_down in ((0, 1 - part_down), (1, part_down)):
        for extra_across, weight_across in ((0, 1 - part_across), (1, part_across)):
            weight = weight_down * weight_across
            if weight < 1e-6:
                continue
            top, left = whole_down + extra_down, whole_across + extra_across
            out[top : top + rows, left : left + columns] += relative * np.float32(weight)
    return out
