"""What is known of a phantom: boxes in frame pixels, centres, volumes, densities."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from phantom import kernels
from phantom.shapes import LABELS, NODULE_LABELS, Shapes
from phantom.xray import Projection, Scene

Box = dict[str, str | float]
# A shadow counts from this thickness on (mm): thinner films are not seen by anybody.
_SEEN_MM: Mapping[str, float] = {
    "right lung": 6.0, "left lung": 6.0, "heart": 4.0, "effusion": 8.0, "pneumothorax": 8.0,
    "nodule": 0.8,
}  # fmt: skip


def frontal_boxes(scene: Scene, projection: Projection) -> list[Box]:
    """Boxes of what an X-ray shows, half-open pixel edges, in a fixed order."""
    thick = projection.thickness
    air = thick[LABELS["pneumothorax"]]
    boxes = []
    for side in ("right", "left"):
        lung = thick[LABELS[f"{side} lung"]]
        if scene.patient.findings.pneumothorax_side == side:
            lung = lung + air
        boxes += box_of(f"{side} lung", lung > _SEEN_MM[f"{side} lung"])
    for name in ("heart", "effusion", "pneumothorax"):
        boxes += box_of(name, thick[LABELS[name]] > _SEEN_MM[name])
    for number, _ in enumerate(scene.patient.findings.nodules):
        boxes += box_of("nodule", thick[NODULE_LABELS[number]] > _SEEN_MM["nodule"])
    return boxes


def slice_boxes(scene: Scene, labels: NDArray[np.uint8]) -> list[Box]:
    """Boxes on one axial slice of labels (rows, columns)."""
    boxes = []
    for name in ("right lung", "left lung", "heart", "effusion", "pneumothorax"):
        boxes += box_of(name, labels == LABELS[name])
    for number, _ in enumerate(scene.patient.findings.nodules):
        boxes += box_of("nodule", labels == NODULE_LABELS[number])
    return boxes


def box_of(label: str, mask: NDArray[np.bool_]) -> list[Box]:
    """The box round a mask (rows, columns) in half-open pixel edges; none when it is empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return []
    return [
        {
            "label": label,
            "left": float(columns[0]),
            "top": float(rows[0]),
            "right": float(columns[-1] + 1),
            "bottom": float(rows[-1] + 1),
        }
    ]


def volumes_mm3(shapes: Shapes, *, step_mm: float = 1.0) -> dict[str, float]:
    """Volume of each organ and finding by exact intervals on parallel lines `step_mm` apart."""
    us = np.arange(-250.0, 250.0, step_mm) + step_mm / 2
    vs = np.arange(-300.0, 300.0, step_mm) + step_mm / 2
    far = np.array([1e9, 1e9, 0.0])
    _, thick = kernels.project_shapes(
        shapes.table, shapes.ellipsoids, shapes.profiles, shapes.middles, us, vs, far, 20
    )
    found = {name: float(thick[LABELS[name]].sum(dtype=np.float64)) * step_mm**2
             for name in ("right lung", "left lung", "heart", "effusion", "pneumothorax", "liver",
                          "spleen")}  # fmt: skip
    for number, label in enumerate(NODULE_LABELS):
        volume = float(thick[label].sum(dtype=np.float64)) * step_mm**2
        if volume > 0:
            found["nodule" if number == 0 else f"nodule {number + 1}"] = volume
    return {name: round(volume, 1) for name, volume in found.items() if volume > 0}


def centres_lps_mm(scene: Scene) -> dict[str, list[float]]:
    """Centres of the findings that have one place."""
    found = scene.patient.findings
    centres = {
        "nodule" if number == 0 else f"nodule {number + 1}": list(nodule.centre_lps_mm)
        for number, nodule in enumerate(found.nodules)
    }
    if scene.skeleton.gap_lps_mm is not None:
        centres["rib fracture"] = list(scene.skeleton.gap_lps_mm)
    if scene.trees.cloud_centre_lps_mm is not None:
        centres["consolidation"] = list(scene.trees.cloud_centre_lps_mm)
    return {name: [round(value, 3) for value in centre] for name, centre in centres.items()}
