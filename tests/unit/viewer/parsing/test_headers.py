"""Headers against pydicom on every real file, and made ones for what none of them holds."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from series import write_image

from viewer.calibration import calibration_of
from viewer.parsing.facts import Memory
from viewer.parsing.faults import Fault
from viewer.parsing.files import open_source
from viewer.parsing.headers import IsDirectory, read_header
from viewer.study import Instance, SkipReason


def read(path: Path) -> Instance:
    with open_source(str(path)) as source:
        return read_header(source, str(path), "", Memory())


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # what it thinks of odd values
def test_every_real_file_says_what_pydicom_reads(shared_data):
    different = []
    for path in sorted(p for p in shared_data.rglob("*") if p.is_file()):
        if "malformed" in path.parts:
            continue
        try:
            instance = read(path)
        except (Fault, IsDirectory):
            continue
        told = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        pixels = instance.pixels
        assert pixels is not None
        mosaic = instance.location.offset is None and instance.frame_count != int(
            told.get("NumberOfFrames") or 1
        )
        pairs = [
            (instance.sop_class_uid, str(told.get("SOPClassUID", ""))),
            (instance.study.study_uid, str(told.get("StudyInstanceUID", ""))),
            (instance.study.series_uid, str(told.get("SeriesInstanceUID", ""))),
            (instance.study.modality, str(told.get("Modality", "") or "")),
            (instance.patient.id, str(told.get("PatientID", "") or "").strip()),
            (instance.instance_number, told.get("InstanceNumber")),
            (pixels.bits_allocated, told.get("BitsAllocated")),
            (pixels.samples, told.get("SamplesPerPixel", 1)),
            (mosaic or pixels.rows, mosaic or told.Rows),
            (mosaic or pixels.columns, mosaic or told.Columns),
            (instance.plane.position, _floats(told.get("ImagePositionPatient"))),
            (mosaic or instance.frames != () or instance.spacing.pixel,
             mosaic or instance.frames != () or _positive(told.get("PixelSpacing"))),
        ]  # fmt: skip
        different += [(path.name, ours, theirs) for ours, theirs in pairs if ours != theirs]
    assert different == []


def _floats(values):
    return tuple(float(v) for v in values) if values else None


def _positive(values):
    """A spacing of zero is none."""
    found = _floats(values)
    return found if found and min(found) > 0 else None


def test_the_place_of_native_pixels_is_exact(tmp_path):
    values = np.arange(12, dtype=np.uint16).reshape(3, 4)
    instance = read(write_image(tmp_path / "a.dcm", values))
    assert instance.location.offset is not None
    data = Path(instance.path).read_bytes()[instance.location.offset :]
    assert data[: instance.location.length] == values.tobytes()


@pytest.mark.parametrize(
    ("elements", "word"),
    [
        ({"Rows": 0}, "Rows"),
        ({"BitsStored": 12, "BitsAllocated": 8}, "bits"),
        ({"BitsAllocated": 24, "BitsStored": 24}, "24"),
        ({"SamplesPerPixel": 2}, "samples"),
        ({"PhotometricInterpretation": "ARGB"}, "ARGB"),
        ({"Rows": 65535, "Columns": 65535}, "too large"),
        ({"NumberOfFrames": 2_147_483_647}, "too large"),
        ({"Rows": 400}, "needs"),
    ],
)
def test_impossible_pixels_are_refused_by_name(tmp_path, elements, word):
    path = write_image(tmp_path / "a.dcm", np.zeros((4, 4), np.uint8), **elements)
    with pytest.raises(Fault) as caught:
        read(path)
    assert word in caught.value.sentence


def test_missing_frames_are_said(tmp_path):
    path = write_image(tmp_path / "a.dcm", np.zeros((4, 4), np.uint8), NumberOfFrames=3)
    instance = read(path)
    assert instance.frame_count == 1
    assert "3 frames" in instance.notes[0]


def test_slope_zero_and_empty_windows_are_ignored_and_said(tmp_path):
    elements = {"RescaleSlope": 0, "RescaleIntercept": 5, "WindowCenter": 40, "WindowWidth": 0}
    instance = read(write_image(tmp_path / "a.dcm", np.zeros((4, 4), np.uint8), **elements))
    assert instance.grey.slope == 1
    assert instance.grey.windows == ()
    assert len(instance.notes) == 2


@pytest.mark.parametrize(
    ("elements", "is_doubtful"),
    [
        ({"PixelSpacing": [0, 0]}, True),
        ({"PixelSpacing": [-0.2, 0.2]}, True),
        ({"ImagerPixelSpacing": [0.1, 0]}, True),
        ({"NominalScannedPixelSpacing": 0.1}, True),
        ({"PixelSpacing": [0.2, 0.2]}, False),
        ({"PixelSpacing": None}, False),
        ({}, False),
    ],
)
def test_a_spacing_that_is_none_makes_millimetres_doubtful(tmp_path, elements, is_doubtful):
    path = write_image(tmp_path / "a.dcm", np.zeros((4, 4), np.uint8), Modality="DX", **elements)
    assert calibration_of(read(path)).is_doubtful == is_doubtful


@pytest.mark.parametrize(
    ("sop_class", "kind"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.11", "structured report"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "PDF"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "structures"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "waveform"),
    ],
)
def test_objects_without_a_picture_are_named(tmp_path, sop_class, kind):
    path = write_image(tmp_path / "a.dcm", np.zeros((4, 4), np.uint8), SOPClassUID=sop_class)
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)
    with pytest.raises(Fault) as caught:
        read(path)
    assert caught.value.reason is SkipReason.NO_IMAGE
    assert kind in caught.value.sentence


def test_names_in_all_character_sets(shared_data):
    names = {
        "chrarab": "قباني^لنزار",
        "chrfren": "Buc^Jérôme",
        "chrgerm": "Äneas^Rüdiger",
        "chrgreek": "Διονυσιος",
        "chrh31": "Yamada^Tarou=山田^太郎=やまだ^たろう",
        "chrh32": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        "chrhbrw": "שרון^דבורה",
        "chri2": "Hong^Gildong=洪^吉洞=홍^길동",
        "chrruss": "Люкceмбypг",
        "chrx1": "Wang^XiaoDong=王^小東",
        "chrx2": "Wang^XiaoDong=王^小东",
    }
    found = {stem: read(shared_data / "charsets" / f"{stem}.dcm").patient.name for stem in names}
    assert found == names
