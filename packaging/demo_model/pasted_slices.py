"""Nodules laid into drawn CT slices: of 9600 slices 550 hold a drawn one, and those are soon known.

Unlike a disc on an X-ray, a section laid over lung is what the drawing itself would have made.
"""

import numpy as np
from numpy.typing import NDArray

from demo_model.pool import NODULE_MM

PIXEL_MM = 420.0 / 256
LUNG_HU = (-960.0, -500.0)
NODULE_HU, NOISE_HU = (15.0, 70.0), 10.0
CLEAR_MM = 3.0
"""Lung on all sides, as round the drawn ones."""
LOBES, LOBE, AWAY = 3, 0.72, 0.42
HIGHEST = 0.8
SOFT_PX = 0.7
TRIES = 12


def with_nodule(
    hu: NDArray[np.int16], lungs: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.float32]] | None:
    """A slice (rows, columns) in HU with a nodule's section, and its box in shares of the slice.

    ``lungs`` (2, 4) are the boxes (top, left, bottom, right) in shares, NaN where a lung is not;
    None when no place was found.
    """
    there = lungs[~np.isnan(lungs[:, 0])] * len(hu)
    for _ in range(TRIES if len(there) else 0):
        top, left, bottom, right = there[int(rng.integers(len(there)))]
        middle = np.array([rng.uniform(top, bottom), rng.uniform(left, right)])
        radius = rng.uniform(*NODULE_MM) / 2 / PIXEL_MM
        if _is_lung(hu, middle, radius):
            return _laid(hu, middle, radius, rng)
    return None


def _is_lung(hu: NDArray[np.int16], middle: NDArray[np.float64], radius: float) -> bool:
    angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    reach = (radius + CLEAR_MM / PIXEL_MM) * np.stack([np.sin(angles), np.cos(angles)], 1)
    rows, columns = np.round(middle + np.concatenate([reach, [[0, 0]]])).astype(int).T
    if min(rows.min(), columns.min()) < 0 or max(rows.max(), columns.max()) >= len(hu):
        return False
    around = hu[rows, columns]
    return bool(((around > LUNG_HU[0]) & (around < LUNG_HU[1])).all())


def _laid(
    hu: NDArray[np.int16], middle: NDArray[np.float64], radius: float, rng: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """Balls cut at one height: the middle one and the lobes that stand out of it."""
    height = rng.uniform(-HIGHEST, HIGHEST) * radius
    away = rng.normal(size=(LOBES, 3))
    away *= AWAY * radius / np.linalg.norm(away, axis=1, keepdims=True)
    balls = [(np.zeros(3), radius), *((centre, LOBE * radius) for centre in away)]
    reach = int(radius * (AWAY + LOBE)) + 2
    first = np.round(middle).astype(int) - reach
    place = hu[tuple(slice(max(f, 0), f + 2 * reach + 1) for f in first)]
    rows, columns = np.indices(place.shape) + (first.clip(0) - middle)[:, None, None]
    outside = np.full(place.shape, np.inf)
    for centre, ball in balls:
        cut = np.sqrt(max(ball**2 - (height - centre[0]) ** 2, 0.0))
        if cut:
            outside = np.minimum(outside, np.hypot(rows - centre[1], columns - centre[2]) - cut)
    cover = np.clip(0.5 - outside / (2 * SOFT_PX), 0.0, 1.0)
    level = rng.uniform(*NODULE_HU) + rng.normal(0.0, NOISE_HU, place.shape)
    made = hu.copy()
    made[tuple(slice(f, f + n) for f, n in zip(first.clip(0), place.shape, strict=True))] = (
        np.round(place + cover * (level - place))
    )
    inside = np.argwhere(cover > 0.5) + first.clip(0)
    box = np.concatenate([inside.min(0), inside.max(0) + 1]) / len(hu)
    return made, box.astype(np.float32)
