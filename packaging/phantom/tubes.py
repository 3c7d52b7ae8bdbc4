"""Tubes and lumps as rows of ellipsoidal beads: bones, airways, vessels.

A bead keeps the tube's volume, so its shadow on a detector has the right weight; the same beads are
painted into a volume. Matrices are xx xy xz yy yz zz of semi-axes squared, mm^2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phantom.body import SOFT_PER_MM

# Bone weighs more in an X-ray than its HU say, for calcium absorbs at low energies.
BONE_WEIGHT = 1.25


@dataclass(frozen=True, slots=True)
class Beads:
    """Ellipsoids (n, 9), the volume each stands for (n,), and their HU."""

    rows: NDArray[np.float64]
    volumes_mm3: NDArray[np.float64]
    hu: float

    def shadow(self, over_hu: float) -> NDArray[np.float64]:
        """Attenuation times volume above what lies there already (n,), mm^2."""
        extra = self.hu - over_hu
        weight = BONE_WEIGHT if self.hu > 150 else 1.0
        return self.volumes_mm3 * extra * weight * SOFT_PER_MM / 1040.0

    def kept(self, keep: NDArray[np.bool_]) -> "Beads":
        """Those beads where `keep` is true."""
        return Beads(self.rows[keep], self.volumes_mm3[keep], self.hu)

    def inverse(self) -> NDArray[np.float64]:
        """Inverse matrices (n, 6) in the same order."""
        full = np.linalg.inv(_full(self.rows))
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
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    along = np.linspace(0.0, lengths[-1], max(2, round(lengths[-1] / step_mm) + 1))
    return np.stack([np.interp(along, lengths, points[:, k]) for k in range(3)], 1)


def tube(
    points: NDArray[np.float64],
    *,
    up_mm: NDArray[np.float64] | float,
    out_mm: NDArray[np.float64] | float,
    normals: NDArray[np.float64] | None,
    hu: float,
) -> Beads:
    """A bent tube along `points` (n, 3), evenly spaced.

    Its cross-section is an ellipse with semi-axes `out_mm` along `normals` (n, 3) and `up_mm` across;
    round when `normals` is None (then `up_mm` counts).
    """
    count = len(points)
    tangent = np.gradient(points, axis=0)
    step = np.linalg.norm(tangent, axis=1)
    tangent /= step[:, None]
    up = np.broadcast_to(np.asarray(up_mm, np.float64), (count,))
    if normals is None:
        full = np.square(up)[:, None, None] * np.eye(3)
        area = np.pi * np.square(up)
    else:
        out = np.broadcast_to(np.asarray(out_mm, np.float64), (count,))
        normal = normals - (normals * tangent).sum(1, keepdims=True) * tangent
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        across = np.cross(tangent, normal)
        full = (
            np.square(out)[:, None, None] * _outer(normal)
            + np.square(up)[:, None, None] * _outer(across)
            + np.square(out)[:, None, None] * _outer(tangent)
        )
        area = np.pi * up * out
    return Beads(_rows(points, full), area * step, hu)


def lump(
    centre: NDArray[np.float64], radii: tuple[float, float, float], *, hu: float,
    axes: NDArray[np.float64] | None = None,
) -> Beads:
    """One ellipsoid; `axes` holds its unit axes as columns."""
    turn = np.eye(3) if axes is None else axes
    full = turn @ np.diag(np.square(radii)) @ turn.T
    volume = 4.0 / 3.0 * np.pi * radii[0] * radii[1] * radii[2]
    return Beads(_rows(np.asarray(centre)[None], full[None]), np.array([volume]), hu)


def _outer(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    product: NDArray[np.float64] = vectors[:, :, None] * vectors[:, None, :]
    return product


def _rows(points: NDArray[np.float64], full: NDArray[np.float64]) -> NDArray[np.float64]:
    upper = full[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
    return np.concatenate([points, upper], axis=1)


def _full(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    xx, xy, xz, yy, yz, zz = rows[:, 3:].T
    flat = np.stack([xx, xy, xz, xy, yy, yz, xz, yz, zz], 1)
    return flat.reshape(-1, 3, 3)
