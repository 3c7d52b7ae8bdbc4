"""Square windows of X-rays round nodules and elsewhere in the lungs, for the tower's training.

A window is a part of the picture with its own positions, as if the tower saw nothing else. Five
windows cost what a picture costs, and every other one holds a nodule.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 6
"""Patches; even, as is every corner, so that pooling cuts windows as it cuts pictures."""
NODULE = 3


@dataclass(frozen=True, slots=True)
class Windows:
    """Grey windows (n, px, px), the picture of each, and its tokens' places (n, tokens)."""

    greys: NDArray[np.uint8]
    pictures: NDArray[np.int64]
    fine: NDArray[np.int64]
    coarse: NDArray[np.int64]


def cut(
    greys: NDArray[np.uint8],
    boxes: NDArray[np.float32],
    grid: int,
    classes: int,
    rng: np.random.Generator,
) -> Windows:
    """Two windows of each picture (n, px, px): round a nodule where there is one, and in a lung."""
    places, corners = [], []
    for index, known in enumerate(boxes):
        nodules = [b for b in (known[NODULE], *known[classes:]) if not np.isnan(b[0])]
        aims = [nodules[int(rng.integers(len(nodules)))]] if nodules else []
        lung = known[int(rng.integers(2))]
        spot = rng.uniform(lung[:2], lung[2:])
        for aim in (*aims, np.concatenate([spot, spot])):
            middle = (aim[:2] + aim[2:]) / 2 * grid
            low = np.floor(middle - rng.uniform(0.5, SIDE - 2.0, 2)).astype(int)
            corners.append(np.clip(low - low % 2, 0, grid - SIDE))
            places.append(index)
    patch = greys.shape[1] // grid
    cuts = [
        greys[i, r * patch : (r + SIDE) * patch, c * patch : (c + SIDE) * patch]
        for i, (r, c) in zip(places, corners, strict=True)
    ]
    at = np.array(corners)
    return Windows(
        np.stack(cuts), np.array(places), _places(at, SIDE, grid),
        _places(at // 2, SIDE // 2, grid // 2),
    )  # fmt: skip


def _places(corners: NDArray[np.int64], side: int, grid: int) -> NDArray[np.int64]:
    """Numbers of the tokens in a window, in raster order of the whole grid."""
    rows = corners[:, 0, None, None] + np.arange(side)[:, None]
    columns = corners[:, 1, None, None] + np.arange(side)
    return (rows * grid + columns).reshape(len(corners), -1)
