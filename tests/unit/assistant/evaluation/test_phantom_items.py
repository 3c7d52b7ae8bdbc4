"""Questions about phantoms: from the shipped study's truth.json, and from ones that are wrong."""

import json
import shutil

import pytest

from assistant.evaluation.dataset import TASK_NAMES
from assistant.evaluation.phantoms import is_phantom, read_phantoms, report_of
from assistant.tasks.volume import NO_SLICE, said_slice, which_slice
from resources import path as resource
from viewer.errors import UserError
from viewer.spaces import FrameBox

STUDY = resource("demo_study")


@pytest.fixture
def told():
    return json.loads((STUDY / "truth.json").read_text())


def current(told) -> str:
    return next(s["instances"][0] for s in told["series"].values() if s.get("role") == "current")


def test_every_label_is_asked_of_every_frontal_x_ray(told) -> None:
    items = read_phantoms(STUDY, "boxes").items
    assert len(items) == 12
    uid = current(told)
    heart = next(b for b in told["boxes"][uid] if b["label"] == "heart")
    (asked,) = (i for i in items if i.label == "heart" and i.places[0].sop_instance_uid == uid)
    (box,) = asked.truth.boxes
    assert (box.left, box.top) == (heart["left"], heart["top"])
    assert (asked.question, asked.places[0].path) == ("heart", STUDY / "xray_current")
    empty = {i.label for i in items if not i.truth.boxes}
    drawn = {b["label"] for s in told["boxes"].values() for b in s}
    assert "pneumothorax" in empty
    assert "pneumothorax" not in drawn


def test_words_of_each_task(told) -> None:
    assert {(i.question, i.truth.word) for i in read_phantoms(STUDY, "change").items} == {
        ("nodule", "worsened"), ("pleural effusion", "improved"),
    }  # fmt: skip
    yes = {i.label for i in read_phantoms(STUDY, "yesno").items if i.truth.word == "yes"}
    assert yes == {"nodule", "effusion"}
    (volume,) = read_phantoms(STUDY, "volume").items
    assert volume.truth.slice_index == told["slices"]["nodule"]["largest"]
    assert volume.question == which_slice("nodule")
    first, _second = read_phantoms(STUDY, "report").items
    assert first.truth.text.splitlines()[1] == "Pleura: effusion on the right."


def test_a_folder_of_phantoms_is_one_data_set(tmp_path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        shutil.copy(STUDY / "truth.json", tmp_path / name)
    assert is_phantom(tmp_path)
    items = read_phantoms(tmp_path, "report").items
    assert [i.places[0].name.split("/")[0] for i in items] == ["a", "a", "b", "b"]
    assert not is_phantom(tmp_path / "nowhere")


@pytest.mark.parametrize("task", TASK_NAMES)
@pytest.mark.parametrize(
    "text", ["", "[]", '{"series": 5}', '{"series": {"1": {}}}', "[" * 100_000]
)
def test_a_truth_that_is_none_is_a_sentence(tmp_path, task, text) -> None:
    (tmp_path / "truth.json").write_text(text)
    with pytest.raises(UserError, match="does not say what is drawn"):
        read_phantoms(tmp_path, task)


def test_a_folder_name_of_the_truth_leads_nowhere_else(tmp_path, told) -> None:
    for series in told["series"].values():
        series["folder"] = "../../etc"
    (tmp_path / "truth.json").write_text(json.dumps(told))
    items = read_phantoms(tmp_path, "boxes").items
    assert {i.places[0].path for i in items} == {tmp_path / "etc"}


def test_report_names_sides_by_the_chest_and_the_heart_by_its_share() -> None:
    right, left = FrameBox(10, 0, 45, 80), FrameBox(55, 0, 90, 80)
    plain = {"right lung": right, "left lung": left, "heart": FrameBox(40, 40, 80, 80)}
    assert report_of(plain).splitlines() == [
        "Lungs: no nodule.", "Pleura: no effusion.", "Air: no pneumothorax.",
        "Heart: not enlarged.",
    ]  # fmt: skip
    found = {
        **plain, "nodule": FrameBox(60, 10, 65, 15), "pneumothorax": FrameBox(12, 0, 30, 9),
        "heart": FrameBox(35, 40, 76, 80),
    }  # fmt: skip
    assert report_of(found).splitlines() == [
        "Lungs: nodule on the left.", "Pleura: no effusion.",
        "Air: pneumothorax on the right.", "Heart: enlarged.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("Final Answer: SLICE 7", 7), ("Reasons.\nFinal Answer: slice 12.", 12),
        ('Final Answer: "SLICE  3"', 3), ("Final Answer: none", NO_SLICE),
        ("Final Answer: None.", NO_SLICE), ("Final Answer: SLICE 13", None),
        ("Final Answer: SLICE 0", None), ("Final Answer: 7", None), ("SLICE 7", None),
        ("Final Answer: SLICE 7 or 8", None), ("Final Answer:", None), ("", None),
        ("Final Answer: SLICE 1 Final Answer: SLICE 2", 2),
    ],
)  # fmt: skip
def test_the_slice_of_an_answer(answer, said) -> None:
    assert said_slice(answer, 12) == said
