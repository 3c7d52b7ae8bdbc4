"""Tilted and uneven stacks brought onto a right-angled, even grid by the resampling child."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from viewer.arena import Arena
from viewer.channel import ChannelError
from viewer.children import Child
from viewer.errors import UserError
from viewer.geometry import slice_normal
from viewer.jobs import Cancel
from viewer.resampling.messages import ANSWERS, Cut, Resample
from viewer.study import Geometry
from viewer.words import _

MODULE: Final = "viewer.resampling.child"
_BASE_S: Final = 30.0
_VOXELS_PER_S: Final = 2e6
_ALIGNED: Final = 64
_ON_SLICE: Final = 1e-4


class Resampler:
    """A resampling child; it starts at once, so that it is ready when the slices are read."""

    def __init__(self) -> None:
        self._child = Child(MODULE, what=_("The resampling of slices"), known=ANSWERS)

    def close(self) -> None:
        """End the child."""
        self._child.kill()
        self._child.outcome()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def straighten(
        self,
        voxels: NDArray[Any],
        positions: NDArray[np.float64],
        geometry: Geometry,
        cancel: Cancel | None = None,
    ) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """The voxels on an even grid along the normal, and its (4, 4) voxel-to-patient matrix.

        ``positions`` is (slices, 3), LPS mm, ascending along the normal. The grid is as much wider
        as the slices wander; what no slice covers takes the lowest value. UserError when the child
        fails, Cancelled when ``cancel`` says so; the child is gone then.
        """
        cuts, (rows, columns), matrix = even_grid(voxels.shape, positions, geometry)
        offset = -(-voxels.nbytes // _ALIGNED) * _ALIGNED
        size = len(cuts) * rows * columns * voxels.itemsize
        with Arena.create(offset + size) as arena:
            np.copyto(arena.array(voxels.dtype, voxels.shape), voxels)
            request = Resample(
                arena=arena.name,
                dtype=voxels.dtype.str,
                shape=(voxels.shape[0], voxels.shape[1], voxels.shape[2]),
                cuts=cuts,
                size=(rows, columns),
                offset=offset,
                fill=float(voxels.min()),
            )
            self._run(request, cancel)
            made = arena.array(voxels.dtype, (len(cuts), rows, columns), offset).copy()
        return made, matrix

    def _run(self, request: Resample, cancel: Cancel | None) -> None:
        count = len(request.cuts)
        limit_s = _BASE_S + count * request.size[0] * request.size[1] / _VOXELS_PER_S
        with _ended_after(self._child, limit_s):
            try:
                self._child.channel.send(request)
                for _slice in range(count):
                    if self._child.channel.receive() is None:
                        raise UserError(self._child.outcome().sentence)
                    if cancel is not None:
                        cancel.check()
            except ChannelError:
                raise UserError(self._child.outcome().sentence) from None


def even_grid(
    shape: tuple[int, ...], positions: NDArray[np.float64], geometry: Geometry
) -> tuple[tuple[Cut, ...], tuple[int, int], NDArray[np.float64]]:
    """Where an even grid cuts slices at ``positions``: cuts, (rows, columns), (4, 4) to LPS mm.

    ``shape`` is (slices, rows, columns). The first cut lies at the first slice.
    """
    normal = slice_normal(geometry.orientation)
    row, column = np.asarray(geometry.orientation[:3]), np.asarray(geometry.orientation[3:])
    step, between_rows, between_columns = geometry.spacing_mm
    offsets = positions - positions[0]
    along = offsets @ normal
    down, across = offsets @ column / between_rows, offsets @ row / between_columns
    top, left = float(np.floor(down.min())), float(np.floor(across.min()))
    rows = shape[1] + int(np.ceil(down.max()) - top)
    columns = shape[2] + int(np.ceil(across.max()) - left)
    count = round(float(along[-1]) / step) + 1
    heights = np.minimum(np.arange(count) * step, along[-1])
    places = np.interp(heights, along, np.arange(len(along)))
    nearest = np.rint(places)
    places = np.where(np.abs(places - nearest) < _ON_SLICE, nearest, places)
    below = np.floor(places)
    downs = np.interp(places, np.arange(len(along)), down) - top
    acrosses = np.interp(places, np.arange(len(along)), across) - left
    numbers = np.column_stack([below, places - below, downs, acrosses]).tolist()
    cuts = tuple(Cut(int(b), share, d, a) for b, share, d, a in numbers)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = normal * step, column * between_rows
    matrix[:3, 2] = row * between_columns
    matrix[:3, 3] = positions[0] + top * matrix[:3, 1] + left * matrix[:3, 2]
    return cuts, (rows, columns), matrix


@contextmanager
def _ended_after(child: Child, seconds: float) -> Iterator[None]:
    """Kill a child that takes longer than it can need."""
    timer = threading.Timer(seconds, child.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
