"""Extra nodules on drawn X-rays, for the tower's first half: many and plain, then few and faint.

One nodule a picture says little: a thousand pictures went by before the tower saw any. A disc laid
onto the finished picture is no projection, so that the second half is taught by drawn ones alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 6
RADIUS_PX = (3.0, 11.0)
AT_SIDE = 224
"""The side of the pictures in which radii are given."""
LEVELS_PER_PX = 4.4
"""Brightness of a drawn nodule's middle over its surroundings, by its radius at 224 px."""
DARK = 125
"""Lung is darker than this; elsewhere nobody would see a nodule."""


@dataclass(frozen=True, slots=True)
class Course:
    """How the discs change while ``share`` of the training, 0 to 1, goes by."""

    fewer_from: float = 0.3
    none_from: float = 0.7
    plain: float = 1.5

    def count(self, share: float, rng: np.random.Generator) -> int:
        """How many discs the next picture gets."""
        left = np.clip((self.none_from - share) / (self.none_from - self.fewer_from), 0.0, 1.0)
        return int(rng.binomial(MOST, 0.65 * left))

    def strength(self, share: float, rng: np.random.Generator) -> float:
        """How bright a disc is, as a multiple of a drawn nodule's brightness."""
        most = 1.0 + (self.plain - 1.0) * max(0.0, 1.0 - share / self.fewer_from)
        return float(most * rng.uniform(0.7, 1.3))


COURSE = Course()


def pasted(
    picture: NDArray[np.uint8],
    lungs: NDArray[np.float32],
    share: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A picture (px, px) with more nodules, and their boxes (MOST, 4), NaN where there is none.

    ``lungs`` (2, 4) are the boxes (top, left, bottom, right) in shares of the picture.
    """
    side = len(picture)
    boxes = np.full((MOST, 4), np.nan, np.float32)
    levels = picture.astype(np.float32)
    for index in range(COURSE.count(share, rng)):
        top, left, bottom, right = lungs[int(rng.integers(2))] * side
        row, column = rng.uniform(top, bottom), rng.uniform(left, right)
        radius = rng.uniform(*RADIUS_PX) * side / AT_SIDE
        edges = np.array([row - radius, column - radius, row + radius, column + radius])
        if edges.min() < 0 or edges.max() > side or levels[int(row), int(column)] > DARK:
            continue
        _lay(levels, edges, COURSE.strength(share, rng))
        boxes[index] = edges / side
    return np.clip(levels, 0, 255).astype(np.uint8), boxes


def _lay(levels: NDArray[np.float32], edges: NDArray[np.float64], strength: float) -> None:
    """Brighten a ball's shadow: as much as a beam is long in it."""
    first, last = np.floor(edges[:2]).astype(int), np.ceil(edges[2:]).astype(int)
    radius = (edges[2] - edges[0]) / 2
    rows, columns = (
        (np.arange(first[axis], last[axis]) + 0.5 - edges[axis] - radius) / radius
        for axis in (0, 1)
    )
    depth = np.sqrt(np.clip(1.0 - rows[:, None] ** 2 - columns[None] ** 2, 0.0, 1.0))
    at_224 = radius * AT_SIDE / len(levels)
    place = levels[first[0] : last[0], first[1] : last[1]]
    place += strength * LEVELS_PER_PX * at_224 * depth
