"""Pictures straight into memory, for a trainer that draws tens of thousands of them.

The same scene, beam and detector as the DICOM files, at the size that is asked for.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phantom import ct, truth, xray
from phantom.anatomy import Findings, Patient, Wanted, draw_anatomy, followed_up
from phantom.findings import draw_findings
from phantom.shapes import NODULE_LABELS

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Pair:
    """A prior and a current X-ray with their boxes, and how each finding has changed."""

    prior: Image
    prior_boxes: list[truth.Box]
    current: Image
    current_boxes: list[truth.Box]
    changes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Slices:
    """Axial CT slices (slices, rows, columns) in HU, head last, and where the nodule is.

    `nodule_slice` is the index that shows most of the first nodule, None when there is none;
    `boxes` holds the boxes of each slice.
    """

    hu: NDArray[np.float32]
    nodule_slice: int | None
    boxes: list[list[truth.Box]]


def xray_sample(
    seed: int, size_px: int, findings: Wanted | Findings
) -> tuple[Image, list[truth.Box], dict[str, bool]]:
    """One frontal X-ray of a seed (rows, columns), its boxes in pixels, its findings by name."""
    anatomy = draw_anatomy(seed)
    found = draw_findings(anatomy, findings) if isinstance(findings, Wanted) else findings
    image, boxes = _frontal(Patient(anatomy, found), size_px, study=1)
    return image, boxes, labels_of(found)


def pair_sample(seed: int, size_px: int, findings: Wanted | Findings) -> Pair:
    """The current X-ray of a seed and its prior, as `make_phantom.py --prior` draws them."""
    anatomy = draw_anatomy(seed)
    found = draw_findings(anatomy, findings) if isinstance(findings, Wanted) else findings
    before, changes = followed_up(found, np.random.default_rng((seed, 11)))
    prior, prior_boxes = _frontal(Patient(anatomy, before), size_px, study=0)
    current, current_boxes = _frontal(Patient(anatomy, found), size_px, study=1)
    return Pair(prior, prior_boxes, current, current_boxes, changes)


def ct_slices_sample(
    seed: int,
    size_px: int,
    findings: Wanted | Findings,
    *,
    slices: int = 12,
    slice_mm: float = 7.0,
    low_mm: float | None = None,
) -> Slices:
    """Axial slices through the lungs; they include the first nodule at a place that varies.

    With `low_mm` the lowest slice lies there, whatever it misses. Sphere and markers are in it, as
    in the files: who learns without them takes the sphere beside the patient for a nodule.
    """
    anatomy = draw_anatomy(seed)
    found = draw_findings(anatomy, findings) if isinstance(findings, Wanted) else findings
    rng = np.random.default_rng((seed, 14))
    scene = xray.make_scene(Patient(anatomy, found, "supine"))
    length = slices * slice_mm
    low = float(rng.uniform(-95.0, max(-94.0, 110.0 - length)))
    if found.nodules:
        inside = float(rng.uniform(0.12, 0.88)) * length
        low = found.nodules[0].centre_lps_mm[2] - inside
    low = low if low_mm is None else low_mm
    grid = ct.make_grid(size_px, slices, slice_mm=slice_mm, low_z=low)
    clean, labels = ct.scan(scene, grid, gates=ct.place_gates(scene))
    noisy = ct.acquired(clean, grid, (seed, 31))
    boxes = [truth.slice_boxes(scene, labels[index]) for index in range(slices)]
    area = np.count_nonzero(labels == NODULE_LABELS[0], axis=(1, 2))
    return Slices(noisy, int(area.argmax()) if area.any() else None, boxes)


def labels_of(findings: Findings) -> dict[str, bool]:
    """Which findings are there, by name."""
    return {
        "nodule": bool(findings.nodules),
        "effusion": findings.effusion > 0,
        "pneumothorax": findings.pneumothorax > 0,
        "consolidation": findings.consolidation > 0,
        "cardiomegaly": findings.cardiomegaly > 0,
        "fracture": findings.fracture,
    }


def _frontal(patient: Patient, size_px: int, *, study: int) -> tuple[Image, list[truth.Box]]:
    scene = xray.make_scene(patient)
    exposure = xray.draw_exposure(patient, study)
    projection = xray.project_frontal(scene, size_px, exposure)
    noise = (patient.anatomy.seed, 20, study, 1)
    picture = xray.develop(projection, noise, dose=exposure.dose)
    return np.round(picture * 255).astype(np.uint8), truth.frontal_boxes(scene, projection)
