"""The inner wall of the chest, which lungs, ribs and skin follow."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phantom.anatomy import Anatomy
from phantom.shapes import HEIGHTS, smooth


@dataclass(frozen=True, slots=True)
class Chest:
    """The wall that lungs and ribs share, per height."""

    half_width: NDArray[np.float64]
    front: NDArray[np.float64]
    back: NDArray[np.float64]
    centre_y: NDArray[np.float64]
    spine_x: NDArray[np.float64]
    spine_y: NDArray[np.float64]

    def at(self, z: NDArray[np.float64] | float) -> tuple[NDArray[np.float64], ...]:
        """Half width, front, back, centre y, spine x, spine y at heights `z`."""
        parts = (
            self.half_width, self.front, self.back, self.centre_y, self.spine_x, self.spine_y
        )  # fmt: skip
        return tuple(np.asarray(np.interp(z, HEIGHTS, part)) for part in parts)


def chest_wall(anatomy: Anatomy) -> Chest:
    """Inner chest wall of a body."""
    a = anatomy
    width = {
        -140: 146,
        -80: 146,
        -30: 143,
        20: 135,
        60: 124,
        100: 106,
        125: 95,
        150: 82,
        168: 56,
        180: 40,
        230: 32,
    }
    front = {-140: 104, -80: 100, -20: 94, 40: 82, 80: 68, 110: 52, 140: 40, 175: 36}
    back = {-140: 96, -80: 100, 0: 97, 60: 86, 110: 66, 150: 46, 175: 36}
    curve = {-240: 22, -140: 26, -60: 34, 0: 36, 60: 34, 110: 26, 150: 14, 180: 0, 230: -8}
    bend = a.scoliosis_mm * np.sin((HEIGHTS + 150.0) / 300.0 * math.tau)
    return Chest(
        half_width=smooth(width, scale=a.width, stretch=a.height),
        front=smooth(front, scale=a.depth, stretch=a.height),
        back=smooth(back, scale=a.depth, stretch=a.height),
        centre_y=smooth({-140: 0, 0: 0, 80: 12, 150: 24, 230: 16}, stretch=a.height),
        spine_x=bend,
        spine_y=smooth(curve, scale=a.depth, stretch=a.height) + 26.0 * a.depth,
    )
