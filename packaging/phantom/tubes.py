"""Tubes and lumps as rows of ellipsoidal beads: bones, airways, vessels.

A bead keeps the tube's volume, so its shadow on a detector has the right weight; the same beads are
painted into a volume. Matrices are xx xy xz yy yz zz of semi-axes squared, mm^2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phantom import kernels
from phantom.shapes import SOFT_PER_MM

# Bone weighs more in an X-ray than its HU say, for calcium absorbs at low energies.
BONE_WEIGHT = 1.7


@dataclass(frozen=True, slots=True)
class Beads:
    """Ellipsoids (n, 9), the volume each stands for (n,), and their HU."""

    rows: NDArray[np.float64]
    volumes_mm3: NDArray[np.float64]
    hu: float

    def shadow(self, over_hu: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Attenuation times volume above what lies there already (n,), mm^2."""
        weight = BONE_WEIGHT if self.hu > 150 else 1.0
        over = np.asarray(over_hu, np.float64)
        extra = (self.hu - over) * (weight * SOFT_PER_MM / 1040.0)
        mass: NDArray[np.float64] = np.multiply(self.volumes_mm3, extra)
        return mass

    def kept(self, keep: NDArray[np.bool_]) -> "Beads":
        """Those beads where `keep` is true."""
        return Beads(self.rows[keep], self.volumes_mm3[keep], self.hu)

    def inverse(self) -> NDArray[np.float64]:
        """Inverse matrices (n, 6) in the same order."""
        full = np.linalg.inv(_full(self.rows)).astype(np.float64)
        picked: NDArray[np.float64] = full[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
        return picked


def joined(parts: list[Beads]) -> Beads:
    """Beads of one HU together."""
    return Beads(
        np.concatenate([p.rows for p in parts]),
        np.concatenate([p.volumes_mm3 for p in parts]),
        parts[0].hu,
    )


def resampled(points: NDArray[np.float64], step_mm: float) -> NDArray[np.float64]:
    """A polyline (n, 3) at even distances along its length."""
    even: NDArray[np.float64] = kernels.resample(np.ascontiguousarray(points, np.float64), step_mm)
    return even


def tube(
    points: NDArray[np.float64],
    *,
    up_mm: NDArray[np.float64] | float,
    out_mm: NDArray[np.float64] | float,
    normals: NDArray[np.float64] | None,
    hu: float,
) -> Beads:
    """A bent tube along `points` (n, 3), evenly spaced.

    Its cross-section is an ellipse with semi-axes `out_mm` along `normals` (n, 3), `up_mm` across;
    round when `normals` is None (then `up_mm` counts).
    """
    count = len(points)
    up = np.full(count, up_mm, np.float64)
    out = np.full(count, out_mm, np.float64)
    is_round = normals is None
    normal = np.zeros((1, 3)) if normals is None else np.array(normals, np.float64)
    rows, volumes = kernels.tube_beads(np.array(points, np.float64), up, out, normal, is_round)
    return Beads(rows, volumes, hu)


def lump(
    centre: NDArray[np.float64],
    radii: tuple[float, float, float],
    *,
    hu: float,
    axes: NDArray[np.float64] | None = None,
) -> Beads:
    """One ellipsoid; `axes` holds its unit axes as columns."""
    turn = np.eye(3) if axes is None else axes
    full = turn @ np.diag(np.square(radii)) @ turn.T
    volume = 4.0 / 3.0 * np.pi * radii[0] * radii[1] * radii[2]
    return Beads(_rows(np.asarray(centre)[None], full[None]), np.array([volume]), hu)


def _rows(points: NDArray[np.float64], full: NDArray[np.float64]) -> NDArray[np.float64]:
    upper = full[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
    return np.concatenate([points, upper], axis=1)


def _full(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    xx, xy, xz, yy, yz, zz = rows[:, 3:].T
    flat = np.stack([xx, xy, xz, xy, yy, yz, xz, yz, zz], 1)
    return flat.reshape(-1, 3, 3)
