"""A volume at several resolutions, each with the bounds of its bricks, for the CPU ray caster."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

LevelName: TypeAlias = Literal["full", "half", "quarter"]
Reduction: TypeAlias = Literal["mean", "max", "min"]
Work: TypeAlias = Callable[[Callable[[int, int], None], int], None]

# Level: (voxels joined within the slice, slices joined, brick edge as a power of two).
_LEVELS: Final[dict[LevelName, tuple[int, int, int]]] = {
    "full": (1, 1, 3),
    "half": (2, 1, 2),
    "quarter": (4, 2, 2),
}
_KINDS: Final[dict[Reduction, int]] = {"mean": 0, "max": 1, "min": -1}
_SMALLEST: Final = 16


@dataclass(frozen=True, slots=True)
class Level:
    """One resolution: voxels (slices, rows, columns), its grid and its bricks' bounds.

    `joined` tells how many voxels of the full volume one voxel here stands for along each axis.
    `patient_to_voxel` is (3, 4); `metric` the squared length of a gradient in 1/mm: three squares,
    three mixed terms. `lowest` and `highest` are the bricks' bounds, one voxel of overlap included.
    """

    voxels: NDArray[np.int16]
    joined: tuple[int, int, int]
    patient_to_voxel: NDArray[np.float64]
    metric: NDArray[np.float32]
    shift: int
    lowest: NDArray[np.int16]
    highest: NDArray[np.int16]


def make_level(
    full: NDArray[np.int16],
    voxel_to_patient: NDArray[np.float64],
    name: LevelName,
    *,
    reduction: Reduction,
    spread: Work,
) -> Level:
    """Reduce the full volume and bound its bricks; `spread(work, count)` shares the slices out.

    An axis too short to be joined keeps its resolution.
    """
    factor, depth, shift = _LEVELS[name]
    if min(full.shape[1:]) < _SMALLEST * factor:
        factor = 1
    if full.shape[0] < _SMALLEST * depth:
        depth = 1
    voxels = _reduced(full, factor=factor, depth=depth, kind=_KINDS[reduction], spread=spread)
    lowest, highest = _bounds(voxels, shift=shift, spread=spread)
    joined = (depth, factor, factor)
    inverse = np.linalg.inv(voxel_to_patient @ _joining(joined))[:3].astype(np.float64)
    return Level(voxels, joined, inverse, _metric(inverse), shift, lowest, highest)


def in_slabs(count: int, parts: int) -> Iterator[tuple[int, int]]:
    """Split `count` layers into at most `parts` runs [first, last)."""
    edges = np.linspace(0, count, min(parts, count) + 1).astype(int)
    yield from ((int(first), int(last)) for first, last in pairwise(edges))


def _reduced(
    full: NDArray[np.int16], *, factor: int, depth: int, kind: int, spread: Work
) -> NDArray[np.int16]:
    from viewer.render import brick_kernels

    if factor == 1 and depth == 1:
        return full
    slices, rows, columns = full.shape
    target = np.empty((slices // depth, rows // factor, columns // factor), np.int16)
    spread(
        lambda first, last: brick_kernels.reduce_volume(
            full, target, factor, depth, kind, first, last
        ),
        target.shape[0],
    )
    return target


def _bounds(
    voxels: NDArray[np.int16], *, shift: int, spread: Work
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    from viewer.render import brick_kernels

    edge = 1 << shift
    shape = tuple(-(-count // edge) for count in voxels.shape)
    lowest, highest = np.empty(shape, np.int16), np.empty(shape, np.int16)
    spread(
        lambda first, last: brick_kernels.bound_bricks(voxels, shift, lowest, highest, first, last),
        shape[0],
    )
    return lowest, highest


def _joining(joined: Iterable[int]) -> NDArray[np.float64]:
    """Map voxel coordinates of a reduced grid to the full one: centres of blocks. (4, 4)."""
    matrix = np.eye(4)
    for axis, count in enumerate(joined):
        matrix[axis, axis] = count
        matrix[axis, 3] = (count - 1) / 2
    return matrix


def _metric(patient_to_voxel: NDArray[np.float64]) -> NDArray[np.float32]:
    form = patient_to_voxel[:, :3] @ patient_to_voxel[:, :3].T
    squares = [form[0, 0], form[1, 1], form[2, 2]]
    return np.array([*squares, 2 * form[0, 1], 2 * form[0, 2], 2 * form[1, 2]], np.float32)
