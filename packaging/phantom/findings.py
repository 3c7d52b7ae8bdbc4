"""What is wrong with a phantom, drawn from its seed and from what is wanted."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from phantom import body, vessels
from phantom.anatomy import Anatomy, Findings, Nodule, Patient, Side, Wanted
from phantom.shapes import LABELS, NODULE_LABELS, Shapes


def draw_findings(anatomy: Anatomy, wanted: Wanted) -> Findings:
    """The wanted findings at places and of sizes that depend on the seed."""
    rng = np.random.default_rng((anatomy.seed, 7))
    sides: list[Side] = ["right" if rng.random() < 0.5 else "left" for _ in range(4)]
    amounts = rng.uniform(0.25, 0.9, 4)
    upper = bool(rng.random() < 0.4)
    rib = int(rng.integers(5, 9))
    # Never air and fluid in one chest, now or before.
    sides[1] = "left" if sides[0] == "right" else "right"
    findings = Findings(
        effusion=float(amounts[0]) if wanted.effusion else 0.0,
        effusion_side=sides[0],
        pneumothorax=float(amounts[1]) if wanted.pneumothorax else 0.0,
        pneumothorax_side=sides[1],
        consolidation=float(amounts[2]) if wanted.consolidation else 0.0,
        consolidation_side=sides[2],
        consolidation_upper=upper,
        cardiomegaly=float(0.5 + 0.5 * amounts[3]) if wanted.cardiomegaly else 0.0,
        fracture=wanted.fracture,
        fracture_side=sides[3],
        fracture_rib=rib,
    )
    return _with_nodules(anatomy, findings, wanted)


def _with_nodules(anatomy: Anatomy, findings: Findings, wanted: Wanted) -> Findings:
    if not wanted.nodules:
        return findings
    rng = np.random.default_rng((anatomy.seed, 8))
    shapes = body.build(Patient(anatomy, findings))
    nodules: list[Nodule] = []
    for _ in range(400):
        if len(nodules) == min(wanted.nodules, len(NODULE_LABELS)):
            break
        side: Side = "right" if rng.random() < 0.55 else "left"
        if findings.consolidation:
            # Within a consolidation nobody sees it.
            side = "left" if findings.consolidation_side == "right" else "right"
        size = wanted.nodule_mm or float(rng.uniform(11.0, 28.0))
        points = vessels.lung_points(shapes, side, rng, 12)
        if not len(points):
            continue
        centre = points[0]
        if _is_clear(shapes, centre, size) and all(
            np.linalg.norm(centre - np.array(n.centre_lps_mm)) > n.diameter_mm + size
            for n in nodules
        ):
            place = (float(centre[0]), float(centre[1]), float(centre[2]))
            nodules.append(Nodule(place, size, float(rng.uniform(15.0, 70.0))))
    return replace(findings, nodules=tuple(nodules))


def _is_clear(shapes: Shapes, centre: NDArray[np.float64], size_mm: float) -> bool:
    """Whether a nodule of this size lies within lung on all sides, seen from the front too."""
    reach = 0.5 * size_mm + 3.0
    around = centre + reach * np.concatenate([np.eye(3), -np.eye(3)])
    # On the X-ray it must not hide behind heart, dome or mediastinum.
    shadow = centre + np.array(
        [[0.0, y - centre[1], 0.0] for y in (-70.0, -45.0, -20.0, 20.0, 50.0)]
    )
    lungs = (LABELS["right lung"], LABELS["left lung"])
    inside = np.isin(shapes.labels(around), lungs).all()
    seen = ~np.isin(
        shapes.labels(shadow),
        [LABELS[n] for n in ("heart", "liver", "aorta", "spleen", "stomach", "effusion")],
    )
    return bool(inside and seen.all())
