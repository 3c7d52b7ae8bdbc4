"""Digital X-rays of a patient: line integrals, scatter, noise, and the detector's picture.

One path for every size: the trainer's 224 pixels and the 2,000 of a DICOM file differ in
`size_px` alone.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phantom import body, bones, kernels, vessels
from phantom.anatomy import Findings, Patient
from phantom.shapes import LABEL_COUNT, LABELS, SOFT_PER_MM, Shapes
from phantom.tubes import BONE_WEIGHT

SOURCE_TO_DETECTOR_MM = 1800.0
DETECTOR_Y_MM = -150.0
FIELD_MM = 430.0
STORED_LEVELS = 4095
LUNG_HU = -850.0
_SHOULDER = 0.9


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a beam or a scanner meets: shapes, bones, trees of one patient."""

    patient: Patient
    shapes: Shapes
    skeleton: bones.Skeleton
    trees: vessels.Trees


@dataclass(frozen=True, slots=True)
class Projection:
    """Line integrals (rows, columns), thickness per label (labels, rows, columns) in mm."""

    integrals: NDArray[np.float32]
    thickness: NDArray[np.float32]
    pixel_mm: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a frontal X-ray is taken: side of the square field, what lies in its middle, and dose."""

    field_mm: float = FIELD_MM
    centre_x_mm: float = 0.0
    centre_z_mm: float = 4.0
    dose: float = 1.0


def draw_exposure(patient: Patient, study: int) -> Exposure:
    """The exposure of one study: no two pictures of a patient are framed alike."""
    a = patient.anatomy
    rng = np.random.default_rng((a.seed, 12, study))
    field = 368.0 * max(a.width, 0.96 * a.height)
    return Exposure(
        field_mm=float(field * rng.uniform(0.97, 1.10)),
        centre_x_mm=float(rng.normal(0.0, 4.0)),
        centre_z_mm=float(a.height * (6.0 + rng.normal(0.0, 5.0))),
        dose=float(rng.uniform(0.7, 1.4)),
    )


def make_scene(patient: Patient) -> Scene:
    """Build the body once for any number of pictures."""
    shapes = body.build(patient)
    healthy = shapes
    if patient.findings != Findings():
        healthy = body.build(Patient(patient.anatomy, posture=patient.posture))
    return Scene(patient, shapes, bones.build(patient), vessels.build(patient, shapes, healthy))


def project_frontal(scene: Scene, size_px: int, exposure: Exposure) -> Projection:
    """PA line integrals on a square detector in front of the chest."""
    # The field is given at the middle of the body; the detector lies in front of it.
    grow = SOURCE_TO_DETECTOR_MM / (SOURCE_TO_DETECTOR_MM + DETECTOR_Y_MM)
    field_mm = exposure.field_mm * grow
    pixel = field_mm / size_px
    vs = (np.arange(size_px, dtype=np.float64) + 0.5) * pixel - field_mm / 2
    # The patient's right is at the left of the picture, so columns run to the patient's left.
    us = vs + exposure.centre_x_mm * grow
    beam = np.array(
        [DETECTOR_Y_MM + SOURCE_TO_DETECTOR_MM, SOURCE_TO_DETECTOR_MM, exposure.centre_z_mm]
    )
    s = scene.shapes
    total, thick = kernels.project_shapes(
        s.table, s.ellipsoids, s.profiles, s.middles, us, -vs, beam, LABEL_COUNT
    )
    bone = scene.skeleton
    for beads, over in (
        (bone.compact, 40.0),
        (bone.cartilage, 40.0),
        (scene.trees.walls, scene.trees.wall_over_hu),
    ):
        kernels.splat_beads(total, beads.rows, beads.shadow(over), us, -vs, beam)
    marrow = bone.marrow
    kernels.splat_beads(
        total, marrow.rows, marrow.shadow(bones.COMPACT_HU) * BONE_WEIGHT, us, -vs, beam
    )
    kernels.splat_drums(total, bone.drum_shadows(), us, -vs, beam)
    trees = scene.trees
    kernels.splat_beads(
        total, trees.lumens.rows, trees.lumens.shadow(vessels.WALL_HU), us, -vs, beam
    )
    kernels.splat_beads(total, trees.vessels.rows, trees.vessels.shadow(LUNG_HU), us, -vs, beam)
    if trees.clouds is not None:
        weight = trees.clouds.shadow(LUNG_HU) * 0.45
        kernels.splat_beads(total, trees.clouds.rows, weight, us, -vs, beam)
    total += _mottle(scene, thick, us, vs)
    return Projection(total, thick, pixel)


def _mottle(
    scene: Scene, thick: NDArray[np.float32], us: NDArray[np.float64], vs: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The web of vessels too small to draw, fixed to the lung and not to the detector."""
    rng = np.random.default_rng((scene.patient.anatomy.seed, 13))
    lung = thick[LABELS["right lung"]] + thick[LABELS["left lung"]]
    total = np.zeros_like(lung)
    for cell_mm, weight in ((2.6, 0.9), (6.0, 1.0)):
        cells = int(640 / cell_mm)
        field = rng.standard_normal((cells, cells)).astype(np.float32)
        columns, rows = (us + 320) / cell_mm, (vs + 320) / cell_mm
        total += weight * sampled(field, rows, columns)
    web: NDArray[np.float32] = total * lung * np.float32(SOFT_PER_MM * 0.012)
    return web


def sampled(
    field: NDArray[np.float32], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Bilinear samples of a field on a grid of places."""
    for axis, at in ((0, rows), (1, columns)):
        low = np.clip(at.astype(np.int64), 0, field.shape[axis] - 2)
        part = (at - low).astype(np.float32)
        part = part[:, None] if axis == 0 else part[None, :]
        field = np.take(field, low, axis) * (1 - part) + np.take(field, low + 1, axis) * part
    return field


def blurred(image: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """Gaussian blur; wide ones are done on a smaller picture."""
    if sigma_px < 0.25:
        return image
    shrink = max(1, int(sigma_px / 3.0))
    if shrink > 1 and min(image.shape) >= 8 * shrink:
        rows, columns = (n // shrink * shrink for n in image.shape)
        small = image[:rows, :columns].reshape(rows // shrink, shrink, columns // shrink, shrink)
        return _grown(_gauss(small.mean((1, 3)), sigma_px / shrink), image.shape, shrink)
    return _gauss(image, sigma_px)


def _gauss(image: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    half = max(1, math.ceil(3.0 * sigma_px))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma_px) ** 2).astype(np.float32)
    kernel /= kernel.sum()
    once = kernels.blur_rows(np.ascontiguousarray(image, np.float32), kernel)
    twice = kernels.blur_rows(np.ascontiguousarray(once.T), kernel)
    return np.ascontiguousarray(twice.T)


def _grown(small: NDArray[np.float32], shape: tuple[int, ...], factor: int) -> NDArray[np.float32]:
    """Bilinear enlargement to `shape`."""
    rows, columns = (
        np.clip((np.arange(shape[axis]) + 0.5) / factor - 0.5, 0, small.shape[axis] - 1)
        for axis in (0, 1)
    )
    return sampled(small, rows, columns)


def develop(
    projection: Projection, seed: tuple[int, ...], *, dose: float = 1.0
) -> NDArray[np.float32]:
    """The detector's picture, 0 (air) to 1 (dense): scatter, noise, blur, harmonized contrast."""
    rng = np.random.default_rng(seed)
    mm = projection.pixel_mm
    primary = np.exp(-projection.integrals)
    # Behind the grid, scatter is a third of the light in the lungs, most of it in the belly.
    scatter = (
        0.20 * blurred(primary, 30.0 / mm)
        + 0.05 * blurred(np.sqrt(primary), 12.0 / mm) * primary**0.5
    )
    light = primary + scatter * np.clip(projection.integrals / 1.5, 0.0, 1.0)
    # Quanta per pixel grow with its area; the phosphor smears them a little.
    quanta = 9000.0 * dose * light * mm * mm / 0.04
    noise = rng.standard_normal(light.shape, np.float32) / np.sqrt(quanta + 30.0)
    noise = blurred(noise, 0.12 / mm) if mm < 0.48 else noise
    density = -np.log(np.maximum(light * (1.0 + noise), 1e-4))
    density = blurred(density, 0.14 / mm)
    broad = blurred(density, 30.0 / mm)
    detail = density - blurred(density, 2.5 / mm)
    tuned = density - 0.50 * (broad - broad.mean()) + 0.6 * detail
    side = tuned.shape[0]
    chest = tuned[side // 5 : side * 4 // 5 : 4, side // 6 : side * 5 // 6 : 4]
    is_body = (
        projection.integrals[side // 5 : side * 4 // 5 : 4, side // 6 : side * 5 // 6 : 4] > 0.5
    )
    low, high = np.percentile(chest[is_body], [1.0, 99.0]).astype(np.float32)
    low, high = low - 0.06 * (high - low), high + 0.22 * (high - low)
    tone = np.clip((tuned - low) / (high - low), 0.0, 1.0)
    # A film's shoulder: dense parts are pressed together, the lungs get the room.
    picture: NDArray[np.float32] = (1.0 - np.exp(-_SHOULDER * tone)) / (1.0 - math.exp(-_SHOULDER))
    return picture.astype(np.float32)
