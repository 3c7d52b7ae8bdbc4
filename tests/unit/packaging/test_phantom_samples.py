"""The trainer's pictures: the same as the files', deterministic, and true to the anatomy."""

from dataclasses import replace

import numpy as np
import phantom
import pytest
from phantom import ct, truth, xray
from phantom.anatomy import Findings, Patient, Wanted, draw_anatomy
from phantom.shapes import LABELS, WATER_PER_MM


def box(boxes, label):
    found = [b for b in boxes if b["label"] == label]
    assert len(found) == 1, f"{label}: {len(found)} boxes"
    return found[0]


def test_same_seed_draws_the_same_picture_and_another_seed_another() -> None:
    one = phantom.xray_sample(5, 96, Wanted(nodules=1))
    again = phantom.xray_sample(5, 96, Wanted(nodules=1))
    other = phantom.xray_sample(6, 96, Wanted(nodules=1))
    assert np.array_equal(one[0], again[0])
    assert one[1:] == again[1:]
    assert not np.array_equal(one[0], other[0])


def test_small_picture_looks_like_the_large_one_made_small() -> None:
    small, small_boxes, _ = phantom.xray_sample(8, 128, Wanted(effusion=True))
    large, large_boxes, _ = phantom.xray_sample(8, 512, Wanted(effusion=True))
    reduced = large.reshape(128, 4, 128, 4).mean((1, 3))
    assert np.corrcoef(small.ravel(), reduced.ravel())[0, 1] > 0.99
    for one, two in zip(small_boxes, large_boxes, strict=True):
        for edge in ("left", "top", "right", "bottom"):
            assert one[edge] * 4 == pytest.approx(two[edge], abs=8)


def test_patients_right_is_at_the_left_of_the_picture_and_heart_points_left() -> None:
    _, boxes, labels = phantom.xray_sample(9, 256, Wanted())
    right, left, heart = (box(boxes, n) for n in ("right lung", "left lung", "heart"))
    assert right["right"] < left["left"] + 20
    middle = (right["right"] + left["left"]) / 2
    assert heart["right"] - middle > middle - heart["left"]
    assert not any(labels.values())


@pytest.mark.parametrize("seed", [3, 4, 15, 16])
def test_nodule_box_holds_a_shadow_that_is_not_there_without_it(seed: int) -> None:
    anatomy = draw_anatomy(seed)
    found = phantom.draw_findings(anatomy, Wanted(nodules=1, nodule_mm=24.0))
    with_it, boxes, _ = phantom.xray_sample(seed, 256, found)
    without, _, _ = phantom.xray_sample(seed, 256, replace(found, nodules=()))
    b = box(boxes, "nodule")
    # Vessels that end in a nodule leave small traces outside its box; the shadow is inside.
    change = with_it.astype(float) - without
    rows, columns = np.unravel_index(np.argsort(change.ravel())[-40:], change.shape)
    assert b["left"] <= np.median(columns) < b["right"]
    assert b["top"] <= np.median(rows) < b["bottom"]
    inside = change[int(b["top"]) : int(b["bottom"]), int(b["left"]) : int(b["right"])]
    assert inside.mean() > 4


@pytest.mark.parametrize("name", ["effusion", "pneumothorax", "consolidation", "cardiomegaly"])
def test_finding_is_labelled_and_changes_the_picture_at_its_place(name: str) -> None:
    wanted = Wanted(**{name: True})
    image, boxes, labels = phantom.xray_sample(10, 160, wanted)
    plain, plain_boxes, _ = phantom.xray_sample(10, 160, Wanted())
    assert [n for n, there in labels.items() if there] == [name]
    assert np.abs(image.astype(float) - plain).max() > 30
    if name in {"effusion", "pneumothorax"}:
        assert box(boxes, name)
    if name == "cardiomegaly":
        wide, usual = box(boxes, "heart"), box(plain_boxes, "heart")
        assert wide["right"] - wide["left"] > 1.1 * (usual["right"] - usual["left"])


def test_pair_says_what_changed_between_its_pictures() -> None:
    words = set()
    for seed in range(30, 42):
        pair = phantom.pair_sample(seed, 64, Wanted(effusion=True))
        words.add(pair.changes["effusion"])
        before = [b for b in pair.prior_boxes if b["label"] == "effusion"]
        now = box(pair.current_boxes, "effusion")
        height = now["bottom"] - now["top"]
        earlier = before[0]["bottom"] - before[0]["top"] if before else 0.0
        if pair.changes["effusion"] == "worsened":
            assert height > earlier
        if pair.changes["effusion"] == "improved":
            assert height < earlier
    assert words == {"improved", "stable", "worsened"}


def test_ct_slices_hold_the_nodule_where_they_say() -> None:
    sample = phantom.ct_slices_sample(11, 128, Wanted(nodules=1, nodule_mm=20.0), slices=10)
    assert sample.hu.shape == (10, 128, 128)
    assert sample.nodule_slice is not None
    b = box(sample.boxes[sample.nodule_slice], "nodule")
    core = sample.hu[sample.nodule_slice][
        int((b["top"] + b["bottom"]) / 2), int((b["left"] + b["right"]) / 2)
    ]
    assert -60 < core < 160
    empty = phantom.ct_slices_sample(11, 128, Wanted(), slices=8)
    assert empty.nodule_slice is None


def test_ct_slices_hold_the_sphere_beside_the_patient_as_the_files_do() -> None:
    patient = Patient(draw_anatomy(11), Findings(), "supine")
    x, y, z = ct.place_gates(xray.make_scene(patient)).sphere_lps_mm
    sample = phantom.ct_slices_sample(11, 256, Wanted(), slices=1, low_mm=z)
    grid = ct.make_grid(256, 1)
    row, column = np.abs(grid.ys - y).argmin(), np.abs(grid.xs - x).argmin()
    core = sample.hu[0, row - 2 : row + 3, column - 2 : column + 3]
    assert core.mean() == pytest.approx(ct.INSERT_HU, abs=8)


def test_volume_of_a_lone_nodule_is_near_its_sphere_and_ct_agrees_with_the_rays() -> None:
    anatomy = draw_anatomy(13)
    found = phantom.draw_findings(anatomy, Wanted(nodules=1, nodule_mm=26.0))
    scene = xray.make_scene(Patient(anatomy, found, "supine"))
    by_rays = truth.volumes_mm3(scene.shapes)
    # Lobes stand out of the sphere a little.
    assert by_rays["nodule"] == pytest.approx(4 / 3 * np.pi * 13**3, rel=0.25)
    grid = ct.make_grid(128, 110, slice_mm=3.0, low_z=-170.0)
    _, labels = ct.scan(scene, grid)
    voxel = grid.pixel_mm**2 * grid.slice_mm
    for name in ("right lung", "left lung", "heart"):
        counted = float((labels == LABELS[name]).sum()) * voxel
        assert counted == pytest.approx(by_rays[name], rel=0.02)


def test_frontal_shadow_equals_the_sum_of_attenuation_through_the_voxels() -> None:
    scene = xray.make_scene(Patient(draw_anatomy(14), Findings(), "upright"))
    projection = xray.project_frontal(scene, 96, xray.Exposure())
    xs = np.arange(-220.0, 220.0, 4.0)
    grid = ct.Grid(xs, np.arange(-220.0, 220.0, 4.0), np.arange(-180.0, 180.0, 4.0))
    hu, _ = ct.scan(scene, grid)
    summed = (np.clip(hu, -1000, 200) / 1000 + 1).sum(1) * 4.0 * WATER_PER_MM
    # Rays diverge by a few per cent: compare along the middle of the body, coarsely.
    pixel = projection.pixel_mm
    us = (np.arange(96) + 0.5) * pixel - 48 * pixel
    at_x = np.clip(np.round((us * 0.93 - xs[0]) / 4).astype(int), 0, xs.size - 1)
    at_z = np.clip(np.round((4.0 - us * 0.93 + 180.0) / 4).astype(int), 0, 89)
    seen = summed[at_z][:, at_x]
    assert np.corrcoef(seen.ravel(), projection.integrals.ravel())[0, 1] > 0.96
