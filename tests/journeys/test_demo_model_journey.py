"""The model that ships, asked in the window about the patient that ships; truth.json judges."""

import json

import pytest
from asker import Asker
from reader import demo_folder

from assistant.evaluation.measures import iou
from assistant.models.installed import DEMO_FOLDER, default_pair
from viewer import edits
from viewer.spaces import FrameBox
from viewer.state import View

TRUTH = json.loads((demo_folder() / "truth.json").read_text())


def truth_box(folder: str, label: str) -> FrameBox:
    (uid,) = next(s["instances"] for s in TRUTH["series"].values() if s["folder"] == folder)
    (box,) = [b for b in TRUTH["boxes"][uid] if b["label"] == label]
    return FrameBox(box["left"], box["top"], box["right"], box["bottom"])


@pytest.fixture
def asker(ready_reader, qtbot):
    """Someone at the panel, the current X-ray turned and mirrored in the tile."""
    assert default_pair().model.parent.name == DEMO_FOLDER
    ready_reader.open(demo_folder() / "xray_current").wait_for_image()
    view = View(zoom=1.7, rotation_deg=90, mirrored=True)
    ready_reader.program.store.apply(edits.set_view(0, view))
    return Asker(ready_reader, qtbot)


def box_of(asker, words: str) -> FrameBox:
    asker.press_chip("Where is")
    asker.type(words)
    asker.wait()
    (said,) = asker.boxes()
    return FrameBox(*said)


@pytest.mark.parametrize("label", ["nodule", "heart"])
def test_the_box_that_is_drawn_has_its_middle_on_what_was_asked_for(asker, label) -> None:
    said, truth = box_of(asker, f"{label}?"), truth_box("xray_current", label)
    assert truth.left < (said.left + said.right) / 2 < truth.right
    assert truth.top < (said.top + said.bottom) / 2 < truth.bottom


@pytest.mark.parametrize(("label", "least"), [("nodule", 0.5), ("heart", 0.8)])
def test_the_box_that_is_drawn_covers_what_was_asked_for(asker, label, least) -> None:
    assert iou(box_of(asker, f"{label}?"), truth_box("xray_current", label)) >= least


def test_an_absent_finding_gets_no_box(asker) -> None:
    asker.press_chip("Where is")
    asker.type("pneumothorax?")
    asker.wait()
    assert asker.turns[0].state == "done"
    assert asker.boxes() == []


def test_what_was_not_learnt_is_declined(asker) -> None:
    asker.type("What treatment do you recommend?")
    asker.wait()
    assert asker.turns[0].answer.startswith("I know drawn chests only")


def test_prior_and_current_are_told_apart_and_turn_round_with_the_images(
    ready_reader, qtbot
) -> None:
    """The task asks in both orders; only verdicts that turn round are said without a doubt."""
    folders = [demo_folder() / name for name in ("xray_prior", "xray_current")]
    ready_reader.open(*folders).wait_for_image()
    asker = Asker(ready_reader, qtbot)
    asker.asking.ask_active("change", "nodule")
    asker.wait()
    (turn,) = asker.turns
    assert (turn.verdict, turn.swapped) == (TRUTH["changes"]["nodule"], "improved")
