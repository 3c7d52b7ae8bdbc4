"""``second-read ask``: JSON as promised, exit codes, the real engine with the stand-in model."""

import json
from pathlib import Path

import pytest
from phantom_model import write_phantom_model
from series import make_series

from app.cli.main import main
from resources import path as resource

NOT_DRAWN = "This is no drawn patient. The demo model knows nothing of it."


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    return make_series(folder, (1, 60, 80), modality="CR").folder


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = main(["ask", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_the_json_has_the_promised_fields(capsys, film) -> None:
    code, out, err = run(capsys, film, "Where is the heart?", "--task", "find", "--json")
    report = json.loads(out)
    assert code == 0
    assert "Encoding image 1 of 1" in err
    assert set(report) == {
        "warnings", "answer", "thought", "boxes", "model", "template_sha256", "seen", "timings_s",
        "cache",
    }  # fmt: skip
    assert set(report["model"]) == {"name", "sha256", "projector_sha256"}
    assert all(len(report["model"][key]) == 64 for key in ("sha256", "projector_sha256"))
    (seen,) = report["seen"]
    assert set(seen) == {"sop_instance_uid", "frame_number", "window", "size_px", "sha256"}
    assert seen["size_px"] == [224, 224]
    assert set(report["timings_s"]) == {"load", "encode", "prompt", "first_token", "total"}
    assert set(report["cache"]) == {
        "images_encoded", "images_reused", "tokens_reused", "tokens_evaluated",
    }  # fmt: skip
    assert report["cache"]["images_encoded"] == 1


@pytest.fixture(scope="module")
def phantom_only(tmp_path_factory) -> list[object]:
    model, projector = write_phantom_model(tmp_path_factory.mktemp("demo"))
    return ["--model", model, "--projector", projector]


def test_a_model_of_drawn_patients_says_so_of_another_image(capsys, film, phantom_only) -> None:
    code, out, err = run(capsys, film, "?", *phantom_only, "--json")
    lines = err.splitlines()
    assert code == 0
    assert json.loads(out)["warnings"] == [NOT_DRAWN]
    assert lines.count(NOT_DRAWN) == 1
    assert lines.index(NOT_DRAWN) < lines.index("Encoding image 1 of 1")
    code, out, err = run(capsys, film, "?", *phantom_only)
    assert NOT_DRAWN in err
    assert NOT_DRAWN not in out
    assert err.splitlines()[-1].endswith(
        "Phantom demo model: knows drawn patients only, nothing of real ones"
    )


def test_of_a_drawn_patient_it_says_nothing(capsys, phantom_only) -> None:
    film = resource("demo_study") / "xray_current"
    code, out, err = run(capsys, film, "?", *phantom_only, "--json")
    assert (code, json.loads(out)["warnings"]) == (0, [])
    assert NOT_DRAWN not in err


def test_the_stand_in_says_nothing_of_a_drawn_patient(capsys, film) -> None:
    tiny = resource("tiny_model")
    pair = ["--model", tiny / "tiny.gguf", "--projector", tiny / "tiny-mmproj.gguf"]
    code, out, err = run(capsys, film, "?", *pair, "--json")
    assert (code, json.loads(out)["warnings"]) == (0, [])
    assert "drawn" not in err


def test_another_patients_prior_is_refused_in_json(capsys, film, tmp_path) -> None:
    other = make_series(tmp_path / "o", (1, 60, 80), modality="CR", name="Roe^R", patient_id="2")
    code, out, err = run(capsys, film, "--prior", other.folder, "--json")
    assert code == 4
    assert json.loads(out)["refused"] == [err.strip()]
    assert "different patients" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--task", "find"], 2, "needs a question"),
        (["--task", "compare"], 2, "--prior PATH"),
        (["--task", "volume", "--slices", "0"], 2, "1 to 85 slices"),
        (["--task", "volume", "--slices", "86"], 2, "1 to 85 slices"),
        (["--slices", "8"], 2, "--task volume alone"),
        (["where?", "--task", "find", "--slices", "8"], 2, "--task volume alone"),
        (["--task", "volume", "--index", "0"], 2, "Leave out --index"),
        (["--index", "-1"], 2, "count from 0"),
        (["--task", "describe", "--prior", "older"], 2, "--task compare alone"),
        (["x" * 2001], 2, "2,000 are allowed"),
        (["--model", "m.gguf"], 2, "Name both files"),
        (["--series", "1.2.3"], 4, "no series 1.2.3"),
        (["--index", "7"], 2, "There is no image 7"),
        (["--task", "volume"], 4, "Only CT and MR"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(capsys, film, arguments, code, said) -> None:
    found, out, err = run(capsys, film, *arguments)
    assert (found, out) == (code, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [["x" * 2001], ["--task", "volume", "--slices", "86"], ["--task", "volume", "--index", "1"]],
)
def test_wrong_arguments_end_before_the_path_is_read(capsys, tmp_path, arguments) -> None:
    assert run(capsys, tmp_path / "absent", *arguments)[0] == 2


def test_nothing_readable_is_exit_3(capsys, tmp_path) -> None:
    assert run(capsys, tmp_path, "?")[0] == 3
    assert run(capsys, tmp_path / "absent", "?")[0] == 3


def test_a_file_that_is_no_model_is_exit_5(capsys, film, tmp_path) -> None:
    wrong = tmp_path / "wrong.gguf"
    wrong.write_text("not a model")
    code, out, err = run(capsys, film, "?", "--model", wrong, "--projector", wrong, "--json")
    assert (code, out) == (5, "")
    assert err.strip()
    assert "Traceback" not in err
