"""Trees in the lungs: arteries, veins, airways; and what clouds a lung."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phantom import kernels
from phantom.anatomy import Anatomy, Patient, Side
from phantom.shapes import LABELS, Shapes
from phantom.tubes import Beads, joined, resampled, tube

BLOOD_HU, WALL_HU, AIR_HU, CLOUD_HU = 45.0, -80.0, -995.0, -40.0
CONTRAST_HU = 165.0
# Knots and radius, mm, of windpipe, right main, right upper, left main and left upper bronchus.
_AIRWAYS = (
    (((0, 14, 215), (0, 14, 150), (1, 8, 100), (-2, 6, 46)), 8.4),
    (((-2, 6, 46), (-24, 6, 28), (-36, 8, 6), (-46, 16, -24)), 6.2),
    (((-20, 6, 32), (-44, 4, 48), (-62, 4, 66)), 4.0),
    (((-2, 6, 46), (22, 10, 26), (42, 14, 10), (52, 24, -22)), 5.8),
    (((38, 12, 14), (54, 2, 30), (66, -4, 52)), 3.6),
)


@dataclass(frozen=True, slots=True)
class Trees:
    """Vessels of both lungs, airways (lumen, wall) and clouds of consolidation."""

    vessels: Beads
    walls: Beads
    lumens: Beads
    wall_over_hu: NDArray[np.float64]
    clouds: Beads | None
    cloud_centre_lps_mm: tuple[float, float, float] | None


def build(patient: Patient, shapes: Shapes, healthy: Shapes) -> Trees:
    """Trees grown in the `healthy` body and kept where `shapes` still has lung."""
    anatomy = patient.anatomy
    vessels = joined([_vessel_tree(anatomy, healthy, side) for side in ("right", "left")])
    labels = shapes.labels(vessels.rows[:, :3])
    is_lung = (labels == LABELS["right lung"]) | (labels == LABELS["left lung"])
    walls, lumens = _airways(anatomy)
    around = shapes.labels(walls.rows[:, :3])
    in_lung = (around == LABELS["right lung"]) | (around == LABELS["left lung"])
    over = np.where(in_lung, -850.0, 40.0)
    clouds, centre = _clouds(patient, shapes)
    return Trees(vessels.kept(is_lung), walls, lumens, over, clouds, centre)


def lung_points(
    shapes: Shapes, side: Side, rng: np.random.Generator, count: int
) -> NDArray[np.float64]:
    """Up to `count` points evenly spread in a lung (n, 3)."""
    sign = -1.0 if side == "right" else 1.0
    points = rng.uniform([4.0, -105.0, -140.0], [150.0, 105.0, 165.0], size=(count * 3, 3))
    points[:, 0] *= sign
    inside: NDArray[np.float64] = points[shapes.labels(points) == LABELS[f"{side} lung"]]
    return inside[:count]


def _vessel_tree(anatomy: Anatomy, shapes: Shapes, side: Side) -> Beads:
    rng = np.random.default_rng((anatomy.seed, 2 if side == "right" else 3))
    sign = -1.0 if side == "right" else 1.0
    w, h = anatomy.width, anatomy.height
    parts = []
    for root, count, leaf in (
        ((sign * 26 * w, 0.0, (18.0 if sign < 0 else 30.0) * h), 340, 0.82),
        ((sign * 22 * w, 12.0, -6.0 * h), 190, 0.82),
    ):
        targets = lung_points(shapes, side, rng, count)
        start = np.array(root)
        # Vessels fill the lung evenly but thin out towards its surface.
        targets = start + (targets - start) * rng.uniform(0.55, 0.97, (len(targets), 1))
        targets = targets[np.argsort(np.linalg.norm(targets - start, axis=1))]
        jitter = rng.normal(size=(len(targets), 3))
        nodes, parents = kernels.grow_tree(start, targets, jitter, 5.0)
        radii = kernels.tree_radii(parents, leaf * anatomy.vessel_scale, 2.45)
        parts.append(_segments(nodes, parents, radii))
    return joined(parts)


def _segments(
    nodes: NDArray[np.float64], parents: NDArray[np.int32], radii: NDArray[np.float64]
) -> Beads:
    """Three beads on every link of a tree."""
    child = np.arange(1, len(nodes))
    parent = parents[1:]
    radius = np.minimum(radii[1:], 8.5)
    length = np.linalg.norm(nodes[child] - nodes[parent], axis=1) + 1e-6
    rows, volumes = [], []
    pieces = 3
    for piece in range(pieces):
        part = (piece + 0.5) / pieces
        centre = nodes[parent] * (1 - part) + nodes[child] * part
        along = (nodes[child] - nodes[parent]) / length[:, None]
        # Stretched along the branch, so that beads overlap into an even tube.
        stretch = np.maximum((length / pieces * 0.9) ** 2 - radius**2, 0.0)
        full = radius[:, None, None] ** 2 * np.eye(3)
        full = full + stretch[:, None, None] * (along[:, :, None] * along[:, None, :])
        rows.append(np.concatenate([centre, full[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]], 1))
        volumes.append(np.pi * radius**2 * length / pieces)
    return Beads(np.concatenate(rows), np.concatenate(volumes), BLOOD_HU)


def _airways(anatomy: Anatomy) -> tuple[Beads, Beads]:
    """Windpipe, main and first lobar bronchi: walls and lumens."""
    w, h = anatomy.width, anatomy.height
    walls, lumens = [], []
    for knots, radius in _AIRWAYS:
        points = resampled(np.array(knots) * np.array([w, 1.0, h]), 2.0)
        taper = np.linspace(1.0, 0.62 if radius < 8 else 1.0, len(points)) * radius
        walls.append(tube(points, up_mm=taper + 1.3, out_mm=0.0, normals=None, hu=WALL_HU))
        lumens.append(tube(points, up_mm=taper, out_mm=0.0, normals=None, hu=AIR_HU))
    return joined(walls), joined(lumens)


def _clouds(
    patient: Patient, shapes: Shapes
) -> tuple[Beads | None, tuple[float, float, float] | None]:
    found, a = patient.findings, patient.anatomy
    if found.consolidation <= 0:
        return None, None
    rng = np.random.default_rng((a.seed, 4))
    sign = -1.0 if found.consolidation_side == "right" else 1.0
    z = (74.0 if found.consolidation_upper else -28.0) * a.height
    spread = 0.75 + 0.5 * found.consolidation
    centre = np.array([sign * 78.0 * a.width, 22.0, z])
    count = int(70 + 150 * found.consolidation)
    points = centre + rng.normal(size=(count, 3)) * np.array([17.0, 24.0, 17.0]) * spread
    radii = rng.uniform(5.0, 11.0, count)
    labels = shapes.labels(points)
    keep = labels == LABELS[f"{found.consolidation_side} lung"]
    full = np.square(radii)[:, None, None] * np.eye(3)
    rows = np.concatenate([points, full[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]], 1)
    volumes = 4.0 / 3.0 * np.pi * radii**3
    beads = Beads(rows[keep], volumes[keep], CLOUD_HU)
    middle = np.mean(points[keep], axis=0) if keep.any() else centre
    return beads, (float(middle[0]), float(middle[1]), float(middle[2]))
