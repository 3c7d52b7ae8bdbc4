"""``second-read evaluate`` over the road of ``ask``: exact figures from an engine that is scripted,
the real engine on a few items, exit codes, and going on after an end."""

import functools
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import series

from app.cli import evaluate as command
from app.cli.main import main
from assistant.engines.process import Engine
from assistant.tasks.volume import sampled, which_slice
from resources import path as resource

SCRIPTED = Path(__file__).resolve().parents[3] / "support" / "scripted_engine.py"
BOX = {"left": 100, "top": 100, "right": 250, "bottom": 200}
# A frame of 300 rows and 500 columns lies in a square of 500: 100 empty rows above and below.
EXACT = 'Final Answer: ```json[{"box_2d": [400, 200, 600, 500], "label": "heart"}]```'
HALF = 'Final Answer: ```json[{"box_2d": [400, 200, 500, 500], "label": "Heart"}]```'
OTHER = 'Final Answer: ```json[{"box_2d": [400, 200, 500, 500], "label": "rib"}]```'
NOTHING = "Final Answer: ```json[]```"


@pytest.fixture
def scripted(tmp_path, monkeypatch):
    """A function that writes the script of the engine that the command starts."""
    script = tmp_path / "script.json"
    engine = functools.partial(Engine, module=str(SCRIPTED), arguments=(str(script),))
    monkeypatch.setattr(command, "Engine", engine)

    def write(*answers: str, **more) -> None:
        script.write_text(json.dumps({"answer": list(answers), "image_size": 64, **more}))

    write.asked = lambda: [
        json.loads(line) for line in Path(f"{script}.asked").read_text().splitlines()
    ]
    return write


@pytest.fixture
def image(tmp_path) -> Path:
    return series.write_image(
        tmp_path / "set" / "a.dcm",
        np.full((300, 500), 7, np.uint16),
        Modality="DX",
        PatientID="1",
        PatientName="A",
    )


def write_rows(folder: Path, *rows: dict) -> Path:
    path = folder / "set" / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def heart(truth, **more) -> dict:
    return {"image": "a.dcm", "question": "heart", "truth": truth, **more}


def run(capsys, *arguments) -> tuple[int, dict, str]:
    code = main(["evaluate", *map(str, arguments), "--json"])
    printed = capsys.readouterr()
    return code, json.loads(printed.out) if printed.out else {}, printed.err


def measures(plain: dict) -> dict:
    return {name: figure["value"] for name, figure in plain["measures"].items()}


def test_boxes_are_measured_on_the_frame(tmp_path, scripted, image, capsys) -> None:
    scripted(EXACT, HALF, OTHER, NOTHING, HALF)
    # A question that stands twice is asked once, so each is written in another way.
    rows = [heart([BOX], question=q) for q in ("heart", "Heart", "heart ?")]
    rows += [heart([], question="nodule"), heart([], question="HEART")]
    out = tmp_path / "page.html"
    code, plain, _err = run(capsys, write_rows(tmp_path, *rows), "--task", "boxes", "-o", out)
    assert code == 0
    found = measures(plain)
    assert found["mean_iou"] == pytest.approx((1 + 0.5 + 0) / 3, abs=1e-6)
    assert found["iou_50"] == pytest.approx(2 / 3, abs=1e-6)
    assert (found["false"], found["parse_rate"]) == (0.5, 1)
    assert plain["answered"] == 5
    asked = scripted.asked()
    assert [part[1] for part in asked[0]["parts"] if part[0] == "untrusted"] == [" heart"]
    assert plain["run"]["model_sha256"] == "a" * 64
    # A rightly empty answer has nothing to show.
    assert out.read_text().count("<svg") == 4
    assert image.name in {p.name for p in (tmp_path / "set").iterdir()}


def test_a_second_run_asks_only_what_is_missing(tmp_path, scripted, image, capsys) -> None:
    scripted(EXACT, HALF)
    rows = [heart([BOX]), heart([BOX], question="the heart"), heart([], question="nodule")]
    data_set, kept = write_rows(tmp_path, *rows), tmp_path / "answers.jsonl"
    first = run(capsys, data_set, "--task", "boxes", "--resume", kept, "--limit", 2)
    assert len(scripted.asked()) == 2
    kept.write_bytes(kept.read_bytes()[:-20])  # as a killed run leaves it
    code, plain, _err = run(capsys, data_set, "--task", "boxes", "--resume", kept)
    assert (first[0], code) == (0, 0)
    assert len(scripted.asked()) == 4
    assert plain["run"]["answers_kept_from_before"] == "1"
    again = run(capsys, data_set, "--task", "boxes", "--resume", kept)[1]
    assert len(scripted.asked()) == 4
    assert again["measures"]["mean_iou"] == plain["measures"]["mean_iou"]
    # Another way of asking is another question.
    run(capsys, data_set, "--task", "boxes", "--resume", kept, "--forced")
    assert len(scripted.asked()) == 7
    assert scripted.asked()[-1]["grammar"].startswith("root ::=")


def test_change_shows_the_prior_first_and_refuses_two_patients(
    tmp_path, scripted, image, capsys
) -> None:
    for name, patient, day in (("b", "1", "20240101"), ("c", "2", "20240101")):
        series.write_image(
            tmp_path / "set" / f"{name}.dcm", np.zeros((30, 40), np.uint16), Modality="DX",
            PatientID=patient, PatientName="A" if patient == "1" else "B", StudyDate=day,
            PatientBirthDate="19500101" if patient == "1" else "19600101",
        )  # fmt: skip
    scripted("Final Answer: improved")
    rows = [
        {
            "id": "one",
            "prior": "b.dcm",
            "image": "a.dcm",
            "question": "edema",
            "truth": "improving",
        },
        {"id": "two", "prior": "b.dcm", "image": "c.dcm", "question": "edema", "truth": "stable"},
    ]
    code, plain, err = run(capsys, write_rows(tmp_path, *rows), "--task", "change")
    assert code == 4
    (refused,) = plain["refused"]
    assert (refused["item"], "different patients" in refused["reason"]) == ("two", True)
    assert "two: " in err
    assert measures(plain)["accuracy"] == 1
    words = [part[1] for part in scripted.asked()[0]["parts"]]
    assert "2024-01-01" in "".join(words)
    assert [part[2] for part in scripted.asked()[0]["parts"] if part[0] == "image"] == [0, 1]


def test_slices_are_read_back_to_their_place_in_the_stack(tmp_path, scripted, capsys) -> None:
    series.make_series(tmp_path / "set" / "ct", (24, 8, 8))
    scripted("Final Answer: SLICE 3", "Final Answer: none", "Final Answer: SLICE 9")
    question = which_slice("nodule")
    rows = [
        {"image": "ct", "question": question, "label": "nodule", "truth": 12},
        {"image": "ct", "question": question + " ", "label": "nodule", "truth": "none"},
        {"image": "ct", "question": "Which?", "label": "nodule", "truth": 12},
    ]
    rows[1]["question"] = question.replace("nodule", "mass")
    kept = tmp_path / "kept.jsonl"
    arguments = ("--task", "volume", "--slices", 8, "--resume", kept)
    code, plain, _err = run(
        capsys, write_rows(tmp_path, *rows), *arguments, "-o", tmp_path / "page.html"
    )
    assert code == 0
    answers = [json.loads(line) for line in kept.read_text().splitlines()]
    assert answers[0]["positions"] == list(sampled(24, 8))
    assert answers[0]["slice_index"] == sampled(24, 8)[2]
    found = measures(plain)
    assert (found["slice_near"], found["slice_false"]) == (0.5, 0)
    assert found["parse_rate"] == pytest.approx(2 / 3, abs=1e-6)
    assert "SLICE 8" in "".join(part[1] for part in scripted.asked()[0]["parts"])


def test_yes_no_and_report_figures(tmp_path, scripted, image, capsys) -> None:
    scripted("Looks so. Final Answer: yes", "Final Answer: perhaps")
    rows = [
        {"task": "yesno", "image": "a.dcm", "question": f"Is there {x}?", "label": x, "truth": t}
        for x, t in (("air", "yes"), ("fluid", "no"))
    ]
    rows.append({"task": "report", "image": "a.dcm", "truth": "Clear lungs."})
    data_set = write_rows(tmp_path, *rows)
    plain = run(capsys, data_set, "--task", "yesno")[1]
    assert (measures(plain)["accuracy"], measures(plain)["parse_rate"]) == (0.5, 0.5)
    assert plain["labels"]["air"]["f1_yes"]["value"] == 1
    scripted("Lungs are clear.")
    plain = run(capsys, data_set, "--task", "report")[1]
    assert measures(plain)["token_f1"] == pytest.approx(0.8)


def test_an_engine_that_fails_ends_it_and_keeps_what_was_answered(
    tmp_path, scripted, image, capsys
) -> None:
    scripted(EXACT, fail="The model ran out of memory.")
    rows = [heart([BOX], question=f"heart {n}") for n in range(5)]
    data_set = write_rows(tmp_path, *rows)
    code, plain, err = run(capsys, data_set, "--task", "boxes")
    assert (code, plain) == (5, {})
    assert "ran out of memory" in err
    assert len(scripted.asked()) == 3


def test_items_that_cannot_be_opened_are_named_and_the_rest_is_measured(
    tmp_path, scripted, image, capsys
) -> None:
    scripted(EXACT)
    (tmp_path / "set" / "bad.dcm").write_bytes(b"DICM" * 100)
    series.make_series(tmp_path / "set" / "many", (3, 8, 8))
    rows = [
        heart([BOX]),
        heart([BOX], id="gone", image="gone.dcm"),
        heart([BOX], id="bad", image="bad.dcm"),
        heart([BOX], id="many", image="many"),
        heart([BOX], id="uid", instance="1.2.3"),
        heart([BOX], id="frame", frame=2),
    ]
    code, plain, _err = run(capsys, write_rows(tmp_path, *rows), "--task", "boxes")
    assert (code, plain["answered"], plain["items"]) == (4, 1, 6)
    reasons = {r["item"]: r["reason"] for r in plain["refused"]}
    assert list(reasons) == ["gone", "bad", "many", "uid", "frame"]
    assert "3 images. Name the instance" in reasons["many"]
    assert "no frame 1 of instance 1.2.3" in reasons["uid"]
    assert measures(plain)["mean_iou"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["nowhere.jsonl", "--task", "boxes"], 3, "not there"),
        (["set/questions.jsonl", "--task", "volume"], 3, "no question for the task volume"),
        (["set", "--task", "boxes"], 2, "is no data set"),
        (["set", "--task", "boxes", "-o", "set/page.html"], 2, "cannot be written"),
        (["set/questions.jsonl", "--task", "boxes", "--model", "m.gguf"], 2, "Name both files"),
        (["set/questions.jsonl", "--task", "boxes", "--slices", "1"], 2, "2 to 85 slices"),
        (["set/questions.jsonl", "--task", "boxes", "--limit", "0"], 2, "at least 1"),
        (["set/questions.jsonl", "--task", "report", "--forced"], 2, "no form to force"),
        (["set/questions.jsonl", "--task", "boxes", "-o", "no/x.html"], 2, "does not exist"),
        (["set/questions.jsonl", "--task", "boxes", "-o", "set"], 2, "cannot be written"),
        (
            ["set/questions.jsonl", "--task", "boxes", "--resume", "set/questions.jsonl"],
            2,
            "cannot be written",
        ),
        (["set/a.dcm", "--task", "boxes"], 2, "cannot be read"),
    ],
)
def test_exit_codes(
    tmp_path, scripted, image, capsys, monkeypatch, arguments, code, sentence
) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path, heart([], task="boxes"), {"task": "report", "image": "a", "truth": "x"})
    scripted(NOTHING)
    before = {p: p.read_bytes() for p in (tmp_path / "set").iterdir()}
    said = main(["evaluate", *arguments])
    printed = capsys.readouterr()
    assert (said, printed.out) == (code, "")
    assert sentence in printed.err
    assert {p: p.read_bytes() for p in (tmp_path / "set").iterdir()} == before


def test_figures_for_reading_without_json(tmp_path, scripted, image, capsys) -> None:
    scripted(EXACT)
    assert main(["evaluate", str(write_rows(tmp_path, heart([BOX]))), "--task", "boxes"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("On questions.jsonl, n = 1: Mean IoU 100.0 %")
    assert "not measured" in printed.out
    assert "1 of 1" in printed.err
    assert "AI draft" in printed.err


def test_the_shipped_study_through_the_real_engine(tmp_path, capsys) -> None:
    tiny = resource("tiny_model")
    code, plain, _err = run(
        capsys, resource("demo_study"), "--task", "boxes", "--forced", "--limit", 1,
        "--model", tiny / "tiny.gguf", "--projector", tiny / "tiny-mmproj.gguf",
        "-o", tmp_path / "page.html", "--resume", tmp_path / "answers.jsonl",
    )  # fmt: skip
    assert (code, plain["answered"], plain["refused"]) == (0, 1, [])
    (answer,) = map(json.loads, (tmp_path / "answers.jsonl").read_text().splitlines())
    assert len(answer["model"]["sha256"]) == 64
    assert answer["text"].startswith("Final Answer: ```json[")
    assert plain["measures"]["seconds"]["value"] > 0
    page = (tmp_path / "page.html").read_text()
    assert "data:image/jpeg;base64," in page
    assert answer["text"][:30].replace('"', "&quot;") in page


def test_an_interrupted_run_goes_on_from_its_answers(tmp_path, image, capsys) -> None:
    kept = tmp_path / "answers.jsonl"
    questions = write_rows(tmp_path, *(heart([], question=f"heart {i}") for i in range(500)))
    arguments = [str(questions), "--task", "boxes", "--forced", "--resume", str(kept)]
    running = subprocess.Popen(
        [sys.executable, "-m", "app", "evaluate", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A shell's background jobs ignore the signal, and their children with them.
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )  # fmt: skip
    while not running.stderr.readline().startswith("1 of 500"):
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert "Traceback" not in err
    code, plain, _err = run(capsys, *arguments, "--limit", 1)
    assert (code, plain["run"]["answers_kept_from_before"]) == (0, "1")
