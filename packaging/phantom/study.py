"""Whole studies of a phantom on disk, and the truth beside them."""

import json
import math
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from phantom import ct, dicom, lateral, truth, xray
from phantom.anatomy import Findings, Patient, Wanted, draw_anatomy, followed_up
from phantom.findings import draw_findings
from phantom.shapes import NODULE_LABELS

CURRENT_DATE = date(2026, 5, 18)
STUDIES = ("prior", "current")


@dataclass(frozen=True, slots=True)
class Order:
    """What to make."""

    seed: int
    wanted: Wanted
    ct: bool = False
    mr: bool = False
    xray: bool = False
    lateral: bool = False
    prior: bool = False
    xray_px: int = 1024
    ct_px: int = 256
    ct_slices: int = 96
    ct_slice_mm: float = 3.2


@dataclass(slots=True)
class Truth:
    """What truth.json will say; filled as series are written."""

    seed: int
    patient: dict[str, Any]
    boxes: dict[str, list[truth.Box]] = field(default_factory=dict)
    changes: dict[str, str] = field(default_factory=dict)
    findings: dict[str, Any] = field(default_factory=dict)
    centres_lps_mm: dict[str, list[float]] = field(default_factory=dict)
    volumes_mm3: dict[str, float] = field(default_factory=dict)
    hu: dict[str, Any] = field(default_factory=dict)
    distances_mm: dict[str, Any] = field(default_factory=dict)
    angles_deg: dict[str, Any] = field(default_factory=dict)
    slices: dict[str, Any] = field(default_factory=dict)
    series: dict[str, Any] = field(default_factory=dict)

    def add(self, series: dicom.Series, folder: str, instances: list[str], **more: Any) -> None:
        """Say that a series was written."""
        self.series[series.series_uid] = {
            "modality": series.modality, "study_uid": series.study_uid, "folder": folder,
            "study": series.study, "study_date": series.study_date.isoformat(),
            "description": series.description, "instances": instances, **more,
        }  # fmt: skip


def write(order: Order, out: Path) -> Path:
    """Write the ordered series under `out` and truth.json beside them; its path."""
    anatomy = draw_anatomy(order.seed)
    found = draw_findings(anatomy, order.wanted)
    rng = np.random.default_rng((order.seed, 11))
    prior, changes = followed_up(found, rng)
    days = int(rng.integers(90, 320))
    told = Truth(
        order.seed, {"sex": "F" if anatomy.is_female else "M", "age_years": anatomy.age_years}
    )
    told.findings = {"current": asdict(found)}
    if order.xray or order.lateral:
        _write_xrays(order, told, out, found, study="current", day=CURRENT_DATE)
    if order.prior:
        told.findings["prior"] = asdict(prior)
        told.changes = changes
        earlier = CURRENT_DATE - timedelta(days=days)
        _write_xrays(order, told, out, prior, study="prior", day=earlier)
    supine = Patient(anatomy, found, "supine")
    if order.ct or order.mr:
        scene = xray.make_scene(supine)
        told.centres_lps_mm = truth.centres_lps_mm(scene)
        told.volumes_mm3 = truth.volumes_mm3(scene.shapes)
        if order.ct:
            _write_ct(order, told, out, scene)
        if order.mr:
            _write_mr(order, told, out, scene)
    else:
        scene = xray.make_scene(supine.held("upright"))
        told.centres_lps_mm = truth.centres_lps_mm(scene)
        told.volumes_mm3 = truth.volumes_mm3(scene.shapes)
    path = out / "truth.json"
    path.write_text(json.dumps(asdict(told), indent=1, sort_keys=True) + "\n")
    return path


def stored_xray(picture: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The detector's picture as 12-bit values."""
    return np.round(picture * xray.STORED_LEVELS).astype(np.uint16)


def _write_xrays(
    order: Order, told: Truth, out: Path, found: Findings, *, study: str, day: date
) -> None:
    anatomy = draw_anatomy(order.seed)
    scene = xray.make_scene(Patient(anatomy, found, "upright"))
    number = STUDIES.index(study)
    exposure = xray.draw_exposure(scene.patient, number)
    views = ["PA"] if order.xray or study == "prior" else []
    views += ["LL"] if order.lateral and study == "current" else []
    for at, view in enumerate(views, start=1):
        if view == "PA":
            projection = xray.project_frontal(scene, order.xray_px, exposure)
            boxes = truth.frontal_boxes(scene, projection)
        else:
            aside = xray.make_scene(Patient(anatomy, found, "upright", arms_up=True))
            projection, boxes = lateral.project_lateral(aside, order.xray_px, exposure)
        picture = xray.develop(projection, (order.seed, 20, number, at), dose=exposure.dose)
        series = dicom.Series(anatomy, f"chest X-ray {study}", day, "DX", at, f"Chest {view}")
        path = out / f"xray_{study}" / f"{view.lower()}.dcm"
        pixel = projection.pixel_mm
        sop = dicom.write_xray(path, series, stored_xray(picture), view=view, pixel_mm=pixel)
        told.boxes[sop] = boxes
        told.add(
            series, path.parent.name, [sop], imager_pixel_spacing_mm=pixel, role=study, view=view
        )


def _write_ct(order: Order, told: Truth, out: Path, scene: xray.Scene) -> None:
    grid = ct.make_grid(order.ct_px, order.ct_slices, slice_mm=order.ct_slice_mm)
    gates = ct.place_gates(scene)
    clean, labels = ct.scan(scene, grid, gates=gates)
    hu = np.round(ct.acquired(clean, grid, (order.seed, 30))).astype(np.int16)
    series = dicom.Series(
        scene.patient.anatomy, "CT chest", CURRENT_DATE, "CT", 1, "Chest 3.2 soft"
    )
    instances = dicom.write_volume(out / "ct", series, hu, grid, center=40, width=400)
    told.add(
        series, "ct", instances,
        shape=list(hu.shape), spacing_mm=[grid.slice_mm, grid.pixel_mm, grid.pixel_mm],
        origin_lps_mm=[float(grid.xs[0]), float(grid.ys[0]), float(grid.zs[0])],
        order="instances ascend towards the head",
    )  # fmt: skip
    for index, sop in enumerate(instances):
        told.boxes[sop] = truth.slice_boxes(scene, labels[index])
    _tell_nodules(told, scene, labels, instances)
    _tell_gates(told, gates, hu, grid)


def _tell_nodules(
    told: Truth, scene: xray.Scene, labels: NDArray[np.uint8], instances: list[str]
) -> None:
    for number, nodule in enumerate(scene.patient.findings.nodules):
        name = "nodule" if number == 0 else f"nodule {number + 1}"
        area = np.count_nonzero(labels == NODULE_LABELS[number], axis=(1, 2))
        inside = np.flatnonzero(area)
        if inside.size:
            told.slices[name] = {
                "first": int(inside[0]), "last": int(inside[-1]), "largest": int(area.argmax()),
                "largest_sop_instance_uid": instances[int(area.argmax())],
            }  # fmt: skip
        told.hu[name] = {"nominal": round(nodule.hu, 2)}


def _tell_gates(told: Truth, gates: ct.Gates, hu: NDArray[np.int16], grid: ct.Grid) -> None:
    """Sphere, distances and angle to measure against."""
    x, y, z = gates.sphere_lps_mm
    dz, dy, dx = np.meshgrid(grid.zs - z, grid.ys - y, grid.xs - x, indexing="ij", sparse=True)
    core = hu[dz**2 + dy**2 + dx**2 < (0.7 * ct.INSERT_MM) ** 2]
    told.centres_lps_mm["sphere"] = [round(v, 3) for v in gates.sphere_lps_mm]
    told.volumes_mm3["sphere"] = round(4 / 3 * math.pi * ct.INSERT_MM**3, 1)
    told.hu["sphere"] = {
        "nominal": ct.INSERT_HU, "radius_mm": ct.INSERT_MM,
        "area_mm2": round(math.pi * ct.INSERT_MM**2, 2),
        "core_radius_mm": 0.7 * ct.INSERT_MM, "core_mean": round(float(core.mean()), 3),
        "core_sd": round(float(core.std()), 3), "core_voxels": int(core.size),
    }  # fmt: skip
    a, b, c = (np.array(marker) for marker in gates.markers_lps_mm)
    for name, marker in (("marker a", a), ("marker b", b), ("marker c", c)):
        told.centres_lps_mm[name] = [round(float(v), 3) for v in marker]
    for name, one, two in (
        ("marker a to b", a, b),
        ("marker b to c", b, c),
        ("marker a to c", a, c),
    ):
        told.distances_mm[name] = round(float(np.linalg.norm(one - two)), 3)
    one, two = a - b, c - b
    cosine = one @ two / np.linalg.norm(one) / np.linalg.norm(two)
    told.angles_deg["markers a b c"] = round(math.degrees(math.acos(cosine)), 3)


def _write_mr(order: Order, told: Truth, out: Path, scene: xray.Scene) -> None:
    grid = ct.make_grid(192, 40, field_mm=420.0, slice_mm=7.0, low_z=-140.0)
    weightings: tuple[Literal["T1", "T2"], ...] = ("T1", "T2")
    for number, weighting in enumerate(weightings, start=1):
        signal = ct.mr_signal(scene, grid, (order.seed, 40 + number), weighting=weighting)
        series = dicom.Series(
            scene.patient.anatomy, "MR chest", CURRENT_DATE, "MR", number, f"{weighting} axial"
        )
        folder = f"mr_{weighting.lower()}"
        stored = np.clip(np.round(signal), 0, 4095).astype(np.int16)
        instances = dicom.write_volume(out / folder, series, stored, grid, center=450, width=900)
        told.add(
            series, folder, instances,
            shape=list(stored.shape), spacing_mm=[grid.slice_mm, grid.pixel_mm, grid.pixel_mm],
            origin_lps_mm=[float(grid.xs[0]), float(grid.ys[0]), float(grid.zs[0])],
            order="instances ascend towards the head",
        )  # fmt: skip
