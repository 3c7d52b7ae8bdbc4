"""The lateral X-ray: the same body seen from its right side, the left against the detector.

Bulk organs are summed through a volume, bones and vessels are drawn sharp on top. The picture's
columns run to the back, its rows to the feet.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from phantom import bones, kernels, vessels
from phantom.shapes import LABELS, NODULE_LABELS, Shapes
from phantom.truth import Box, box_of
from phantom.tubes import BONE_WEIGHT, Beads
from phantom.xray import LUNG_HU, SOURCE_TO_DETECTOR_MM, Exposure, Projection, Scene, sampled

_VOXEL_MM = 1.6
_DETECTOR_MM = 230.0
_SEEN_MM = 6.0


def project_lateral(scene: Scene, size_px: int, exposure: Exposure) -> tuple[Projection, list[Box]]:
    """Line integrals on a square detector at the patient's left, and boxes of what it shows."""
    grow = SOURCE_TO_DETECTOR_MM / (SOURCE_TO_DETECTOR_MM - _DETECTOR_MM)
    field_mm = exposure.field_mm * grow
    pixel = field_mm / size_px
    vs = (np.arange(size_px, dtype=np.float64) + 0.5) * pixel - field_mm / 2
    us = vs + 5.0
    xs = np.arange(-240.0, 240.0, _VOXEL_MM)
    ys = np.arange(-220.0, 220.0, _VOXEL_MM)
    zs = np.arange(-270.0, 270.0, _VOXEL_MM)
    mu, labels = _volume(scene.shapes, xs, ys, zs)
    # Volume rows are z ascending; a picture point maps to y and z at the middle of the body.
    rows = ((exposure.centre_z_mm - vs / grow) - zs[0]) / _VOXEL_MM
    columns = (us / grow - ys[0]) / _VOXEL_MM
    total = sampled(mu.sum(2) * np.float32(_VOXEL_MM), rows, columns)
    beam = np.array(
        [SOURCE_TO_DETECTOR_MM - _DETECTOR_MM, SOURCE_TO_DETECTOR_MM, exposure.centre_z_mm]
    )
    total = np.ascontiguousarray(total, np.float32)
    _add_tubes(scene, total, us, vs, beam)
    total = np.maximum(total, 0.0).astype(np.float32)
    boxes = _boxes(scene, labels, rows, columns)
    return Projection(total, np.zeros((1, 1, 1), np.float32), pixel), boxes


def _volume(
    shapes: Shapes, xs: NDArray[np.float64], ys: NDArray[np.float64], zs: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Attenuation per mm and label (slices, rows, columns)."""
    table = shapes.table.copy()
    table[:, kernels.HU] = table[:, kernels.MU]
    like = replace(shapes, table=table)
    filled: tuple[NDArray[np.float32], NDArray[np.uint8]] = kernels.fill_shapes(
        like.table, like.ellipsoids, like.profiles, xs, ys, zs, 1, 0.0
    )
    return filled


def _add_tubes(
    scene: Scene,
    total: NDArray[np.float32],
    us: NDArray[np.float64],
    vs: NDArray[np.float64],
    beam: NDArray[np.float64],
) -> None:
    bone, trees = scene.skeleton, scene.trees
    for beads, mass in (
        (bone.compact, bone.compact.shadow(40.0)),
        (bone.marrow, bone.marrow.shadow(bones.COMPACT_HU) * BONE_WEIGHT),
        (trees.walls, trees.walls.shadow(trees.wall_over_hu)),
        (trees.lumens, trees.lumens.shadow(vessels.WALL_HU)),
        (trees.vessels, trees.vessels.shadow(LUNG_HU)),
    ):
        kernels.splat_beads(total, _turned(beads), mass, us, -vs, beam)
    if trees.clouds is not None:
        weight = trees.clouds.shadow(LUNG_HU) * 0.45
        kernels.splat_beads(total, _turned(trees.clouds), weight, us, -vs, beam)
    drums = bone.drum_shadows()
    turned = drums.copy()
    turned[:, 0], turned[:, 1] = drums[:, 1], -drums[:, 0]
    turned[:, 3], turned[:, 4] = drums[:, 4], drums[:, 3]
    kernels.splat_drums(total, turned, us, -vs, beam)


def _turned(beads: Beads) -> NDArray[np.float64]:
    """Beads seen from the side: the new x is y, the new y is -x."""
    x, y, z, xx, xy, xz, yy, yz, zz = beads.rows.T
    return np.ascontiguousarray(np.stack([y, -x, z, yy, -xy, yz, xx, -xz, zz], 1))


def _boxes(
    scene: Scene,
    labels: NDArray[np.uint8],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
) -> list[Box]:
    boxes = []
    names = {name: LABELS[name] for name in ("heart", "effusion", "pneumothorax")}
    found = [("nodule", label) for label in NODULE_LABELS[: len(scene.patient.findings.nodules)]]
    for name, label in (*names.items(), *found):
        thick = (labels == label).sum(2).astype(np.float32) * np.float32(_VOXEL_MM)
        seen = 0.8 if name == "nodule" else _SEEN_MM
        boxes += box_of(name, sampled(thick, rows, columns) > seen)
    return boxes
