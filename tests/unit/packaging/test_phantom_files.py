"""The phantom's DICOM files and truth.json, read by others than their writer."""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "resources" / "demo_study"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study with everything, made by the command a person runs."""
    out = tmp_path_factory.mktemp("phantom")
    command = [
        sys.executable, ROOT / "packaging" / "make_phantom.py", "--seed", "5", "--out", out,
        "--ct", "--mr", "--xray", "--lateral", "--prior", "--nodules", "1", "--nodule-mm", "24",
        "--effusion", "--fracture", "--xray-px", "256", "--ct-px", "128", "--ct-slices", "48",
        "--ct-slice-mm", "6.4",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def told(study: Path) -> dict:
    return json.loads((study / "truth.json").read_text())


def instances(study: Path) -> dict[str, pydicom.Dataset]:
    read = [pydicom.dcmread(path) for path in sorted(study.rglob("*.dcm"))]
    return {str(ds.SOPInstanceUID): ds for ds in read}


def test_every_instance_in_truth_is_on_disk_under_its_series(study: Path, told: dict) -> None:
    on_disk = instances(study)
    listed = [uid for series in told["series"].values() for uid in series["instances"]]
    assert sorted(listed) == sorted(on_disk)
    for series_uid, series in told["series"].items():
        for uid in series["instances"]:
            assert on_disk[uid].SeriesInstanceUID == series_uid
            assert on_disk[uid].StudyInstanceUID == series["study_uid"]


def test_identifiers_names_and_dates_say_phantom(study: Path) -> None:
    read = instances(study).values()
    for ds in read:
        assert str(ds.PatientName) == "Phantom^Seed 5"
        assert ds.BurnedInAnnotation == "NO"
        assert ds.SOPInstanceUID.startswith("2.25.")
        assert pydicom.uid.UID(ds.SOPInstanceUID).is_valid
    days = {ds.StudyDate for ds in read if ds.Modality == "DX"}
    assert len(days) == 2


def test_boxes_lie_on_their_frames_and_the_nodule_is_brighter_than_its_surroundings(
    study: Path, told: dict
) -> None:
    on_disk = instances(study)
    for uid, boxes in told["boxes"].items():
        ds = on_disk[uid]
        for box in boxes:
            assert 0 <= box["left"] < box["right"] <= ds.Columns
            assert 0 <= box["top"] < box["bottom"] <= ds.Rows
    largest = told["slices"]["nodule"]["largest_sop_instance_uid"]
    box = next(b for b in told["boxes"][largest] if b["label"] == "nodule")
    hu = on_disk[largest].pixel_array.astype(float) - 1024
    row, column = (box["top"] + box["bottom"]) / 2, (box["left"] + box["right"]) / 2
    nominal = told["hu"]["nodule"]["nominal"]
    assert hu[int(row), int(column)] == pytest.approx(nominal, abs=60)
    ds = on_disk[largest]
    x = float(ds.ImagePositionPatient[0]) + (column - 0.5) * float(ds.PixelSpacing[1])
    y = float(ds.ImagePositionPatient[1]) + (row - 0.5) * float(ds.PixelSpacing[0])
    centre = told["centres_lps_mm"]["nodule"]
    assert (x, y) == pytest.approx(centre[:2], abs=float(ds.PixelSpacing[0]) * 1.5)
    assert float(ds.ImagePositionPatient[2]) == pytest.approx(centre[2], abs=6.4)


def test_sphere_measured_by_another_reader_has_the_density_area_and_place_in_truth(
    study: Path, told: dict
) -> None:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(sorted(map(str, (study / "ct").glob("*.dcm")), reverse=True))
    image = reader.Execute()
    hu = SimpleITK.GetArrayFromImage(image).astype(float)
    x, y, z = told["centres_lps_mm"]["sphere"]
    index = image.TransformPhysicalPointToContinuousIndex((x, y, z))
    k, j, i = np.meshgrid(*map(np.arange, hu.shape), indexing="ij", sparse=True)
    sx, sy, sz = image.GetSpacing()
    away = ((i - index[0]) * sx) ** 2 + ((j - index[1]) * sy) ** 2 + ((k - index[2]) * sz) ** 2
    gate = told["hu"]["sphere"]
    core = hu[away < gate["core_radius_mm"] ** 2]
    assert core.mean() == pytest.approx(gate["core_mean"], abs=0.01)
    assert core.std() == pytest.approx(gate["core_sd"], abs=0.01)
    assert core.mean() == pytest.approx(gate["nominal"], abs=8)
    assert gate["area_mm2"] == pytest.approx(math.pi * gate["radius_mm"] ** 2, abs=0.01)


def test_markers_are_as_far_apart_and_at_the_angle_that_truth_says(told: dict) -> None:
    a, b, c = (np.array(told["centres_lps_mm"][f"marker {name}"]) for name in "abc")
    assert np.linalg.norm(a - b) == pytest.approx(told["distances_mm"]["marker a to b"], abs=0.01)
    cosine = (a - b) @ (c - b) / np.linalg.norm(a - b) / np.linalg.norm(c - b)
    angle = math.degrees(math.acos(cosine))
    assert angle == pytest.approx(told["angles_deg"]["markers a b c"], abs=0.02)


def test_highdicom_reads_ct_and_mr_as_regular_volumes(study: Path, told: dict) -> None:
    for folder in ("ct", "mr_t1", "mr_t2"):
        series = [pydicom.dcmread(path) for path in sorted((study / folder).glob("*.dcm"))]
        volume = highdicom.get_volume_from_series(series)
        expected = next(s for s in told["series"].values() if s["folder"] == folder)
        assert list(volume.spatial_shape) == expected["shape"]
        assert volume.spacing == pytest.approx(expected["spacing_mm"], rel=1e-4)


def test_xrays_tell_their_sides_spacing_and_view(study: Path, told: dict) -> None:
    frontal = pydicom.dcmread(study / "xray_current" / "pa.dcm")
    lateral = pydicom.dcmread(study / "xray_current" / "ll.dcm")
    assert list(frontal.PatientOrientation) == ["L", "F"]
    assert list(lateral.PatientOrientation) == ["P", "F"]
    assert (frontal.ViewPosition, lateral.ViewPosition) == ("PA", "LL")
    assert frontal.PresentationIntentType == "FOR PRESENTATION"
    spacing = told["series"][frontal.SeriesInstanceUID]["imager_pixel_spacing_mm"]
    assert float(frontal.ImagerPixelSpacing[0]) == pytest.approx(spacing, rel=1e-6)


def test_files_are_the_same_bytes_when_made_again(study: Path, tmp_path: Path) -> None:
    command = [
        sys.executable, ROOT / "packaging" / "make_phantom.py", "--seed", "5", "--out", tmp_path,
        "--xray", "--nodules", "1", "--nodule-mm", "24", "--effusion", "--fracture",
        "--xray-px", "256",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    again = (tmp_path / "xray_current" / "pa.dcm").read_bytes()
    assert again == (study / "xray_current" / "pa.dcm").read_bytes()


@pytest.mark.parametrize(
    ("tool", "arguments", "complaints"),
    [
        ("dcmdump", ["-q"], ("E:", "W:")),
        ("gdcminfo", [], ("Error", "Warning", "not able")),
        ("dciodvfy", [], ("Error", "Warning")),
    ],
)
def test_other_readers_do_not_complain(
    study: Path, tool: str, arguments: list[str], complaints: tuple[str, ...]
) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    for name in ("ct/0001.dcm", "mr_t1/0001.dcm", "mr_t2/0001.dcm", "xray_current/pa.dcm",
                 "xray_current/ll.dcm", "xray_prior/pa.dcm"):  # fmt: skip
        done = subprocess.run(
            [tool, *arguments, study / name], capture_output=True, text=True, check=False
        )
        said = [line for line in (done.stdout + done.stderr).splitlines()
                if line.startswith(complaints)]  # fmt: skip
        assert done.returncode == 0, name
        assert said == [], name


def test_dcm2niix_converts_ct_to_the_grid_in_truth(study: Path, told: dict, tmp_path: Path) -> None:
    if shutil.which("dcm2niix") is None:
        pytest.skip("dcm2niix is not installed")
    subprocess.run(
        ["dcm2niix", "-f", "ct", "-o", tmp_path, study / "ct"], check=True, capture_output=True
    )
    image = SimpleITK.ReadImage(str(tmp_path / "ct.nii"))
    ct = next(s for s in told["series"].values() if s["modality"] == "CT")
    assert list(image.GetSize()[::-1]) == ct["shape"]
    corner = image.TransformIndexToPhysicalPoint((0, image.GetSize()[1] - 1, 0))
    assert corner == pytest.approx(ct["origin_lps_mm"], abs=0.01)


def test_demo_study_is_small_whole_and_describes_itself() -> None:
    files = [path for path in DEMO.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 25_000_000
    told = json.loads((DEMO / "truth.json").read_text())
    for series in told["series"].values():
        on_disk = {str(pydicom.dcmread(p, stop_before_pixels=True).SOPInstanceUID)
                   for p in (DEMO / series["folder"]).glob("*.dcm")}  # fmt: skip
        assert on_disk == set(series["instances"])
    assert set(told["changes"].values()) <= {"improved", "stable", "worsened"}
    assert "make_phantom.py --seed" in (DEMO / "README.md").read_text()
