"""The vocabulary of the body: ellipsoids and stacks of cross-sections, labels, attenuation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from phantom import kernels

LABELS: Final = {
    "body": 0, "right lung": 1, "left lung": 2, "heart": 3, "effusion": 4, "pneumothorax": 5,
    "liver": 6, "aorta": 7, "spleen": 8, "stomach": 9, "blood": 10, "fat": 11, "muscle": 12,
    "air": 13, "nodule": 14,
}  # fmt: skip
NODULE_LABELS: Final = tuple(range(14, 18))
LABEL_COUNT: Final = 20
WATER_PER_MM: Final = 0.0180
HEIGHTS: Final = kernels.PROFILE_BOTTOM_MM + kernels.PROFILE_STEP_MM * np.arange(
    kernels.PROFILE_LEVELS
)
Knots = Mapping[int, float] | Mapping[float, float] | Mapping[int, int]
Vector = Sequence[float] | NDArray[np.float64]


def attenuation(hu: float) -> float:
    """Attenuation per mm of soft matter at the X-ray's mean energy."""
    return WATER_PER_MM * (1.0 + hu / 1000.0)


SOFT_PER_MM: Final = attenuation(40.0)


@dataclass(frozen=True, slots=True)
class Shapes:
    """The tables `kernels` reads: shapes, ellipsoids, profiles, middle y of each shape."""

    table: NDArray[np.float64]
    ellipsoids: NDArray[np.float64]
    profiles: NDArray[np.float64]
    middles: NDArray[np.float64]

    def labels(self, points: NDArray[np.float64]) -> NDArray[np.int32]:
        """Label under each point (n, 3)."""
        found: NDArray[np.int32] = kernels.labels_at(
            self.table, self.ellipsoids, self.profiles, points
        )
        return found


class Stack:
    """Collects shapes, bottom first."""

    def __init__(self) -> None:
        self._rows: list[list[float]] = []
        self._ellipsoids: list[list[float]] = []
        self._profiles: list[NDArray[np.float64]] = []
        self._middles: list[float] = []

    def ellipsoid(
        self,
        centre: Vector,
        radii: Vector,
        *,
        hu: float,
        xray_hu: float | None = None,
        label: int = 0,
        axes: NDArray[np.float64] | None = None,
        z: tuple[float, float] = (-1e6, 1e6),
        y: tuple[float, float] = (-1e6, 1e6),
    ) -> None:
        """Add an ellipsoid; `axes` holds its unit axes as columns."""
        turn = np.eye(3) if axes is None else axes
        m = turn @ np.diag(1.0 / np.square(np.asarray(radii, np.float64))) @ turn.T
        upper = [m[0, 0], m[0, 1], m[0, 2], m[1, 1], m[1, 2], m[2, 2]]
        self._ellipsoids.append([*centre, *upper])
        at = len(self._ellipsoids) - 1
        reach = np.sqrt(np.square(turn * np.asarray(radii)[None, :]).sum(1))
        z = (max(z[0], centre[2] - reach[2]), min(z[1], centre[2] + reach[2]))
        x = (centre[0] - reach[0], centre[0] + reach[0])
        self._add(kernels.ELLIPSOID, at, hu, xray_hu, label, (*z, *y, *x), middle=float(centre[1]))

    def profile(
        self,
        levels: NDArray[np.float64],
        *,
        hu: float,
        xray_hu: float | None = None,
        label: int = 0,
        z: tuple[float, float] = (-1e6, 1e6),
        y: tuple[float, float] = (-1e6, 1e6),
    ) -> None:
        """Add a stack of cross-sections (levels, 7) as `section` makes it."""
        self._profiles.append(levels)
        middle = float(np.mean(levels[:, 1]))
        at = len(self._profiles) - 1
        x = (np.min(levels[:, 0] - levels[:, 2]), np.max(levels[:, 0] + levels[:, 3]))
        # The part of the stack that is not closed.
        open_at = HEIGHTS[(levels[:, 2] + levels[:, 3]) > 0]
        z = (max(z[0], open_at[0] - 4.0), min(z[1], open_at[-1] + 4.0))
        self._add(kernels.PROFILE, at, hu, xray_hu, label, (*z, *y, *x), middle=middle)

    def _add(
        self,
        kind: int,
        index: int,
        hu: float,
        xray_hu: float | None,
        label: int,
        bounds: tuple[float, ...],
        *,
        middle: float,
    ) -> None:
        mu = attenuation(hu if xray_hu is None else xray_hu)
        self._rows.append([kind, index, mu, hu, label, *bounds])
        self._middles.append(middle)

    def done(self) -> Shapes:
        """The finished tables."""
        return Shapes(
            np.array(self._rows, np.float64),
            np.array(self._ellipsoids, np.float64),
            np.array(self._profiles, np.float64),
            np.array(self._middles, np.float64),
        )


def smooth(knots: Knots, *, scale: float = 1.0, stretch: float = 1.0) -> NDArray[np.float64]:
    """A measure at every height from a few, rounded over 12 mm; `stretch` multiplies heights."""
    heights, measures = zip(*sorted(knots.items()), strict=True)
    values = np.interp(HEIGHTS, np.array(heights) * stretch, measures)
    padded = np.pad(values, 3, mode="edge")
    kernel = np.array([1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0])
    rounded: NDArray[np.float64] = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    return scale * rounded


def section(
    *,
    x: NDArray[np.float64] | float,
    y: NDArray[np.float64] | float,
    right: NDArray[np.float64] | float,
    left: NDArray[np.float64] | float,
    front: NDArray[np.float64] | float,
    back: NDArray[np.float64] | float,
    square: float = 0.0,
) -> NDArray[np.float64]:
    """Levels of a profile (levels, 7): centre, reach to each side, squareness."""
    parts = (x, y, right, left, front, back, square)
    return np.stack([np.broadcast_to(np.asarray(p, np.float64), HEIGHTS.shape) for p in parts], 1)
