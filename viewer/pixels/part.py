"""The part of a volume that lies round a place: parted from what surrounds it by a threshold.

The threshold lies half-way between what is inside and what is outside, where blurred edges keep an
object's volume. Which is which comes from the means of both sides (Ridler and Calvard, IEEE Trans.
SMC 8:630, 1978), the levels then from where no edge is near.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Voxels = NDArray[np.bool_]
_ROUNDS: Final = 100
_LEAST: Final = 8
_CLEAR: Final = 0.25
_SLANTED: Final = math.sqrt(3)


@dataclass(frozen=True, slots=True)
class Part:
    """A connected part: how many voxels, beyond which value, and the mean and spread inside.

    The mean is of the voxels that are the farthest from its edge. ``is_above`` tells on which side
    of ``threshold`` it lies; ``is_cut`` that it goes on beyond where was looked.
    """

    count: int
    threshold: float
    is_above: bool
    mean: float
    deviation: float
    is_cut: bool


def part_round_middle(values: NDArray[Any], within: Voxels) -> Part | None:
    """The part that holds the middle of a cube (n, n, n), looked for ``within`` a region of it.

    None where the values do not part: all are alike, or too few.
    """
    looked_at = values[within].astype(np.float64)
    threshold = half_way(looked_at)
    if threshold is None:
        return None
    middle = tuple((side - 1) // 2 for side in values.shape)
    near = values[tuple(slice(max(m - 1, 0), m + 2) for m in middle)]
    is_above = bool(np.median(near) > threshold)
    first = grown(within & ((values > threshold) == is_above), middle)
    others = within & ((values > threshold) != is_above)
    threshold = (_level(values, first) + _level(values, others)) / 2
    part = grown(within & ((values > threshold) == is_above), middle)
    if np.count_nonzero(part) < _LEAST:
        return None
    part = without_branches(part, middle)
    inside = values[clear_of_edges(part)].astype(np.float64)
    edge = within & ~shrunk(within)
    return Part(
        count=int(np.count_nonzero(part)),
        threshold=threshold,
        is_above=is_above,
        mean=float(inside.mean()),
        deviation=float(inside.std()),
        is_cut=bool((part & edge).any()),
    )


def without_branches(part: Voxels, middle: tuple[int, ...]) -> Voxels:
    """A part without what runs into it and is less than half as thick, such as vessels.

    Shrunk by half its depth it falls apart there; what holds the middle is grown again until the
    slanting sides are whole, which go slower by the root of three (the idea of Kostis et al., IEEE
    Trans. Med. Imaging 22:1259, 2003).
    """
    peeled = list(_peeled(part))
    depth = len(peeled) - 1
    core = grown(peeled[depth // 2], middle)
    for _ in range(math.ceil(_SLANTED * (depth // 2)) + 1):
        core = part & ~shrunk(~core)
    return core


def _level(values: NDArray[Any], region: Voxels) -> float:
    return float(np.median(values[clear_of_edges(region)]))


def clear_of_edges(region: Voxels) -> Voxels:
    """The share ``_CLEAR`` of a region's voxels, or more, that is the farthest from its edge."""
    enough = max(_LEAST, _CLEAR * np.count_nonzero(region))
    *_before, found = itertools.takewhile(
        lambda left: left is region or np.count_nonzero(left) >= enough, _peeled(region)
    )
    return found


def _peeled(region: Voxels) -> Iterator[Voxels]:
    """A region, then what is left of it each time its outermost voxels go, while any go."""
    while region.any():
        yield region
        smaller = shrunk(region)
        if np.array_equal(smaller, region):
            return
        region = smaller


def half_way(values: NDArray[np.float64]) -> float | None:
    """The value half-way between the means of those below and those above it."""
    if values.size < _LEAST or not np.isfinite(values).all() or np.ptp(values) == 0:
        return None
    threshold = float(values.min() + values.max()) / 2
    for _ in range(_ROUNDS):
        is_above = values > threshold
        found = float(values[is_above].mean() + values[~is_above].mean()) / 2
        if abs(found - threshold) <= 1e-6 * abs(np.ptp(values)):
            break
        threshold = found
    return threshold


def grown(candidates: Voxels, seed: tuple[int, ...]) -> Voxels:
    """Those candidates that faces connect with the one nearest to the seed."""
    part = np.zeros_like(candidates)
    places = np.argwhere(candidates)
    if not len(places):
        return part
    part[tuple(places[((places - seed) ** 2).sum(1).argmin()])] = True
    count = 0
    while count != (count := int(part.sum())):
        part = candidates & ~shrunk(~part)
    return part


def shrunk(region: Voxels) -> Voxels:
    """A region without the voxels whose neighbour across a face is not in it."""
    kept = region.copy()
    for axis in range(region.ndim):
        along, whole = np.moveaxis(kept, axis, 0), np.moveaxis(region, axis, 0)
        along[1:] &= whole[:-1]
        along[:-1] &= whole[1:]
    return kept


__all__ = ["Part", "part_round_middle"]
