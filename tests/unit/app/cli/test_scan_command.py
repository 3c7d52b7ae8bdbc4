"""``second-read scan``: the promised fields, MANIFEST's geometry, sentences and exit codes."""

import csv
import json
import os
import sys

import pytest
from series import make_series

from app.cli.main import main


def scanned(capsys, *paths):
    code = main(["scan", *map(str, paths), "--json"])
    captured = capsys.readouterr()
    return code, json.loads(captured.out), captured.err


def all_series(answer):
    return [s for p in answer["patients"] for study in p["studies"] for s in study["series"]]


def test_every_field_is_there(capsys, tmp_path):
    truth = make_series(tmp_path, (4, 16, 12), name="Doe^Jane", patient_id="P7", number=3)
    code, answer, _errors = scanned(capsys, tmp_path)
    assert code == 0
    assert answer == {
        "patients": [
            {
                "name": "Doe^Jane",
                "id": "P7",
                "studies": [
                    {
                        "uid": truth.study_uid,
                        "date": "20240105",
                        "description": "",
                        "series": [
                            {
                                "uid": truth.series_uid,
                                "modality": "CT",
                                "description": "",
                                "number": 3,
                                "instances": 4,
                                "frames": 4,
                                "geometry": {
                                    "shape": [4, 16, 12],
                                    "spacing_mm": [2.0, 0.8, 0.7],
                                    "orientation": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
                                    "origin_lps_mm": [-10.0, -20.0, 30.0],
                                    "uniform": True,
                                    "tilt_deg": 0.0,
                                },
                            }
                        ],
                    }
                ],
            }
        ],
        "skipped": [],
        "warnings": [],
    }


def test_geometry_and_skips_are_those_of_the_manifest(capsys, shared_data):
    """One scan of everything: geometry by series folder, a sentence for all that is refused."""
    with (shared_data / "MANIFEST.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    wrong = []
    for row in rows:
        if not row["shape"] or row["kind"] in {"nifti", "nrrd", "mha"}:
            continue
        _code, answer, _errors = scanned(capsys, shared_data / row["path"])
        geometry = max(all_series(answer), key=lambda s: s["frames"])["geometry"]
        for name in ("shape", "spacing_mm", "orientation", "origin_lps_mm"):
            told = [float(v) for v in row[name].split(";")]
            if any(abs(a - b) > 2e-4 for a, b in zip(geometry[name], told, strict=True)):
                wrong.append((row["path"], name, geometry[name]))
        if geometry["uniform"] != (row["uniform"] == "true"):
            wrong.append((row["path"], "uniform"))
        if abs(geometry["tilt_deg"] - float(row["tilt_deg"])) > 0.001:
            wrong.append((row["path"], "tilt_deg"))
    assert wrong == []


def test_a_whole_folder_of_faults_is_listed(capsys, shared_data):
    code, answer, _errors = scanned(capsys, shared_data / "malformed")
    reasons = {s["path"].rsplit("/", 1)[1]: s["reason"] for s in answer["skipped"]}
    assert code == 0
    assert "65,535 × 65,535" in reasons["huge_rows_columns.dcm"]
    assert "1.2.840.10008.9.9.9" in reasons["unknown_syntax.dcm"]
    assert "nested" in reasons["deep_sequence_10000.dcm"]
    assert reasons["empty_file.dcm"] == "The file is empty."
    assert "outside its folder" in reasons["LICENSES.md"]
    assert "65520 × 65520" in reasons["jpegls_dimensions_lie.dcm"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("syntaxes/video_h264_hp41.dcm", "video"),
        ("sr/sr_basic_text.dcm", "a structured report"),
        ("pdf/encapsulated_pdf_dummy.dcm", "a PDF document"),
        ("malformed/text_named.dcm", "not a DICOM file"),
    ],
)
def test_what_is_no_image_ends_with_3_and_a_sentence(capsys, shared_data, name, words):
    code, answer, errors = scanned(capsys, shared_data / name)
    assert code == 3
    assert words in answer["skipped"][0]["reason"]
    assert words in errors


def test_a_path_that_is_not_there_and_an_empty_folder(capsys, tmp_path):
    assert scanned(capsys, tmp_path / "gone")[0] == 3
    code, answer, errors = scanned(capsys, tmp_path)
    assert (code, answer["patients"], answer["skipped"]) == (3, [], [])
    assert errors == "There is no image at that path.\n"


def test_other_stacks_and_faults_are_warnings(capsys, shared_data):
    _code, answer, _errors = scanned(capsys, shared_data / "mr" / "mr_philips_scaling_epi")
    (series,) = all_series(answer)
    assert series["geometry"]["shape"] == [9, 64, 64]
    assert (series["instances"], series["frames"]) == (27, 27)
    assert sum("Phase" in w for w in answer["warnings"]) == 2
    _code, answer, _errors = scanned(capsys, shared_data / "ct" / "ct_missing_slice_lungdx")
    assert "missing" in answer["warnings"][0]


def test_the_list_shows_control_characters_and_obeys_none(capsys, tmp_path):
    make_series(tmp_path, (1, 8, 8), name="Evil^\x1b[2JName")
    assert main(["scan", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\\x1b" in out


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_name_that_is_no_text_is_listed(capsys, tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.dcm")).write_bytes(b"no image at all")
    _code, answer, _errors = scanned(capsys, tmp_path)
    assert len(answer["skipped"]) == 1
