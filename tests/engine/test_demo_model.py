"""The model that ships, measured as `make evaluate` does, on a handful of unseen phantoms.

Through `second-read evaluate`: DICOM in, boxes in frame pixels out; truth.json judges. The bars are
those of the full measurement where a handful tells anything, and looser where one miss is a lot.
"""

import evaluate_demo_model
import pytest

PHANTOMS = 8


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return evaluate_demo_model.measured(tmp_path_factory.mktemp("evaluation"), PHANTOMS, workers=2)


@pytest.mark.parametrize("task", ["boxes", "yesno", "change", "report", "volume"])
def test_every_answer_keeps_its_form(found, task) -> None:
    assert found[task]["measures"]["parse_rate"]["value"] == 1.0


@pytest.mark.parametrize(
    ("label", "least"),
    [("right lung", 0.85), ("left lung", 0.85), ("heart", 0.8), ("effusion", 0.6), ("nodule", 0.4)],
)
def test_boxes_lie_where_things_were_drawn(found, label, least) -> None:
    assert found["boxes"]["labels"][label]["mean_iou"]["value"] >= least


def test_yes_and_no_are_right_but_for_one_or_two(found) -> None:
    assert found["yesno"]["measures"]["accuracy"]["value"] >= 0.9


@pytest.mark.parametrize("label", ["heart", "effusion"])
def test_a_mirrored_picture_moves_the_boxes_to_the_other_side(found, label) -> None:
    assert found["mirrored"]["labels"][label]["moved"]["value"] >= 0.75


def test_exchanged_pictures_turn_improved_into_worsened(found) -> None:
    assert found["swapped"]["measures"]["turned"]["value"] >= 0.75
