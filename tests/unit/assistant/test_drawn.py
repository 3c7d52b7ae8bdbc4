"""What surely is a phantom's image, and that nothing else is."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from assistant.drawn import is_drawn
from assistant.subjects import frame_look, volume_looks
from resources import path as resource
from viewer.reading.grouping import group
from viewer.reading.workers import Found, Workers
from viewer.study import Instance, Library, Series

ROOT = Path(__file__).resolve().parents[3]


def read(*paths: Path) -> Library:
    workers = Workers(count=1)
    try:
        scanned = workers.scan([str(path) for path in paths])
        return group([one.instance for one in scanned if isinstance(one, Found)])
    finally:
        workers.close()


def all_of(library: Library) -> list[Series]:
    return [series for _patient, _study, series in library.all_series()]


@pytest.fixture(scope="module")
def demo() -> Library:
    return read(resource("demo_study"))


@pytest.fixture(scope="module")
def film(demo: Library) -> Series:
    return next(series for series in all_of(demo) if series.modality == "DX")


def with_instance(series: Series, instance: Instance) -> Series:
    return replace(series, instances=(instance, *series.instances[1:]))


def test_the_demo_study_is_drawn(demo) -> None:
    found = {(series.modality, is_drawn(series)) for series in all_of(demo)}
    assert found == {("CT", True), ("DX", True)}


def test_a_phantom_of_any_other_seed_and_kind_is_drawn(tmp_path) -> None:
    command = [
        sys.executable, ROOT / "packaging" / "make_phantom.py", "--seed", "20260518", "--out",
        tmp_path, "--ct", "--mr", "--xray", "--lateral", "--prior", "--xray-px", "64",
        "--ct-px", "32", "--ct-slices", "12", "--ct-slice-mm", "25.6",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    series = all_of(read(tmp_path))
    assert {one.modality for one in series} == {"CT", "MR", "DX"}
    assert all(map(is_drawn, series))


def test_no_real_or_damaged_image_is_drawn(shared_data) -> None:
    series = all_of(read(shared_data))
    assert len(series) > 100
    assert not any(map(is_drawn, series))


@pytest.mark.parametrize(
    "names",
    [
        {"id": "PHANTOM-1181"},
        {"id": "PHANTOM-01180"},
        {"id": "phantom-1180"},
        {"id": "PHANTOM-1180-2"},
        {"id": ""},
        {"name": "Doe^Jane"},
        {"name": "Phantom^Seed 1181"},
        {"id": "PHANTOM-7", "name": "Phantom^Seed 7"},
    ],
)
def test_another_patient_is_not_drawn(film, names) -> None:
    patient = replace(film.first.patient, **names)
    assert not is_drawn(with_instance(film, replace(film.first, patient=patient)))


@pytest.mark.parametrize(
    "facts",
    [
        {"extra": ()},
        {"extra": (("Manufacturer", "Second Read phantom"),)},
        {"extra": (("Manufacturer", "GE"), ("ManufacturerModelName", "make_phantom"))},
        {"study_description": "Phantom chest X-ray of another day"},
        {"modality": "CR"},
        {"series_number": None},
        {"study_uid": "2.25.1"},
        {"series_uid": "2.25.1"},
    ],
)
def test_a_changed_study_or_series_is_not_drawn(film, facts) -> None:
    study = replace(film.first.study, **facts)
    assert not is_drawn(with_instance(film, replace(film.first, study=study)))


@pytest.mark.parametrize(
    "facts",
    [{"sop_instance_uid": "2.25.1"}, {"instance_number": 2}, {"pixel_digest": "0" * 64}],
)
def test_a_changed_image_is_not_drawn(film, facts) -> None:
    assert not is_drawn(with_instance(film, replace(film.first, **facts)))


def test_a_real_file_under_a_phantoms_names_is_not_drawn(shared_data, tmp_path) -> None:
    """All four names of a phantom, over a real image."""
    real = pydicom.dcmread(next(sorted_files(shared_data / "cr_dx")))
    real.PatientID, real.PatientName = "PHANTOM-1180", "Phantom^Seed 1180"
    real.Manufacturer, real.ManufacturerModelName = "Second Read phantom", "make_phantom"
    real.save_as(tmp_path / "real.dcm")
    (series,) = all_of(read(tmp_path))
    assert not is_drawn(series)


def test_one_foreign_image_makes_a_series_no_phantoms(demo) -> None:
    ct = next(series for series in all_of(demo) if series.modality == "CT")
    foreign = replace(ct.instances[-1], sop_instance_uid="1.2.3")
    assert not is_drawn(replace(ct, instances=(*ct.instances[:-1], foreign)))
    assert not is_drawn(replace(ct, instances=()))


def test_looks_say_whether_they_are_drawn(demo, film) -> None:
    _patient, study, ct = next(one for one in demo.all_series() if one[2].modality == "CT")
    assert all(look.is_drawn for look in volume_looks(study, ct))
    assert frame_look(study, ct, 3).is_drawn
    renamed = replace(film.first, patient=replace(film.first.patient, name="Doe^Jane"))
    assert not frame_look(study, with_instance(film, renamed), 0).is_drawn


def sorted_files(folder: Path):
    return iter(sorted(path for path in folder.rglob("*.dcm")))
