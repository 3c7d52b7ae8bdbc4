"""The figures of the published tables, by numbers worked out by hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.dataset import Item, Truth
from assistant.evaluation.kept import Answer
from assistant.evaluation.measures import boxes_iou, iou, macro_accuracy, measure, score, token_f1
from viewer.spaces import FrameBox

WHOLE = FrameBox(0, 0, 10, 10)
HALF = FrameBox(0, 0, 10, 5)
BESIDE = FrameBox(20, 20, 30, 30)


def item(task, truth, label="x"):
    return Item("1", task, (), "?", label, truth)


def answer(**said):
    return Answer(
        **{"key": "", "item_id": "1", "text": "", "is_parsed": True, "seconds": 1, **said}
    )


def boxes(truth, said, label="x", **more):
    return item("boxes", Truth(boxes=tuple(truth)), label), answer(boxes=tuple(said), **more)


def words(task, *pairs, label="x"):
    return [(item(task, Truth(word=t), label), answer(verdict=s)) for t, s in pairs]


def values(measured, label=""):
    figures = measured.labels[label] if label else measured.overall
    return {f.id: f.value for f in figures}


def test_iou_of_boxes() -> None:
    assert iou(WHOLE, WHOLE) == 1
    assert iou(WHOLE, HALF) == 0.5
    assert iou(WHOLE, BESIDE) == 0
    assert iou(WHOLE, FrameBox(5, 5, 15, 15)) == pytest.approx(25 / 175)
    assert iou(FrameBox(10, 0, 20, 10), WHOLE) == 0


def test_several_boxes_are_matched_once_and_extra_ones_count_against() -> None:
    assert boxes_iou([WHOLE, BESIDE], [BESIDE, HALF], is_parsed=True) == 0.75
    assert boxes_iou([WHOLE], [WHOLE, BESIDE], is_parsed=True) == 0.5
    assert boxes_iou([WHOLE], [WHOLE, WHOLE], is_parsed=True) == 0.5
    assert boxes_iou([], [], is_parsed=True) == 1
    assert boxes_iou([], [], is_parsed=False) == 0
    assert boxes_iou([], [WHOLE], is_parsed=True) == 0


edges = st.integers(0, 50)
some_boxes = st.lists(
    st.tuples(edges, edges, st.integers(1, 50), st.integers(1, 50)).map(
        lambda b: FrameBox(b[0], b[1], b[0] + b[2], b[1] + b[3])
    ),
    max_size=4,
)


@given(some_boxes, some_boxes)
def test_overlap_is_a_share_and_the_same_both_ways(one, other) -> None:
    there = boxes_iou(one, other, is_parsed=True)
    assert 0 <= there <= 1
    assert there == pytest.approx(boxes_iou(other, one, is_parsed=True))
    assert boxes_iou(one, one, is_parsed=True) == 1


def test_box_figures_by_label() -> None:
    measured = measure(
        "boxes",
        [
            boxes([WHOLE], [WHOLE], "heart"),
            boxes([WHOLE], [HALF], "heart"),
            boxes([WHOLE], [BESIDE], "heart"),
            boxes([WHOLE], [], "heart", is_parsed=False),
            boxes([], [], "nodule"),
            boxes([], [WHOLE, BESIDE], "nodule"),
        ],
    )
    assert values(measured, "heart") == {
        "mean_iou": 0.375, "iou_50": 0.5, "found": 0.5, "false": None, "false_per_image": 0.25,
    }  # fmt: skip
    assert values(measured, "nodule") == {
        "mean_iou": None, "iou_50": None, "found": None, "false": 0.5, "false_per_image": 1.0,
    }  # fmt: skip
    overall = values(measured)
    assert overall["mean_iou"] == 0.375
    assert overall["false_per_image"] == 0.5
    assert overall["parse_rate"] == pytest.approx(5 / 6)
    assert measured.scores == (1, 0.5, 0, 0, 1, 0)


def test_change_figures_against_the_worked_confusion() -> None:
    # improved 2 of 2, stable 1 of 2, worsened 0 of 1; one answer could not be read.
    pairs = words(
        "change",
        ("improved", "improved"), ("improved", "improved"), ("stable", "stable"),
        ("stable", "improved"), ("worsened", ""),
    )  # fmt: skip
    measured = measure("change", pairs)
    assert values(measured)["accuracy"] == 0.6
    assert values(measured)["macro_accuracy"] == pytest.approx((1 + 0.5 + 0) / 3)
    # F1: improved 2*2/(2+3), stable 2*1/(2+1), worsened 0/(1+0).
    assert values(measured)["macro_f1"] == pytest.approx((0.8 + 2 / 3 + 0) / 3)
    assert measured.confusion["worsened", ""] == 1


def test_macro_accuracy_of_changes_is_a_mean_over_findings() -> None:
    one = words("change", ("improved", "improved"), label="effusion")
    two = words("change", ("stable", "worsened"), ("stable", "stable"), label="edema")
    assert values(measure("change", [*one, *two]))["macro_accuracy"] == 0.75
    assert macro_accuracy([], ("yes", "no")) is None


def test_yes_no_figures() -> None:
    nodule = words("yesno", ("yes", "yes"), ("yes", "no"), ("no", "no"), ("no", ""), label="nodule")
    air = words("yesno", ("yes", "yes"), label="air")
    measured = measure("yesno", [*nodule, *air])
    assert values(measured, "nodule") == {
        "accuracy": 0.5, "f1_yes": pytest.approx(2 / 3), "sensitivity": 0.5, "specificity": 0.5,
    }  # fmt: skip
    assert values(measured, "air")["specificity"] is None
    assert values(measured)["macro_f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert values(measured)["macro_accuracy"] == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_token_f1_counts_words_as_often_as_they_stand() -> None:
    assert token_f1("No nodule.", "no NODULE") == 1
    assert token_f1("right lung nodule", "left lung") == pytest.approx(0.4)
    assert token_f1("a a b", "a b b") == pytest.approx(2 / 3)
    assert token_f1("a", "b") == 0
    assert token_f1("", "") == 1


@pytest.mark.parametrize(
    ("true", "said", "right"),
    [(20, 20, 1), (20, 30, 1), (20, 40, 1), (20, 50, 0), (24, 0, 1), (26, 0, 0), (None, 20, 0),
     (20, None, 0), (None, None, 1)],
)  # fmt: skip
def test_slices_are_near_within_two_shown_ones(true, said, right) -> None:
    positions = (0, 10, 20, 30, 40, 50)
    asked = item("volume", Truth(slice_index=true))
    said = answer(slice_index=said, positions=positions)
    assert score(asked, said) == right
    assert score(asked, replace(said, is_parsed=False)) == 0


def test_volume_figures_tell_missed_from_false() -> None:
    positions = tuple(range(8))
    there, none = (item("volume", Truth(slice_index=i)) for i in (4, None))
    pairs = [
        (there, answer(slice_index=6, positions=positions)),
        (there, answer(slice_index=0, positions=positions)),
        (there, answer(slice_index=None, positions=positions)),
        (none, answer(slice_index=1, positions=positions)),
    ]
    found = values(measure("volume", pairs))
    assert found["slice_near"] == pytest.approx(1 / 3)
    assert found["slice_found"] == pytest.approx(2 / 3)
    assert found["slice_false"] == 1


@pytest.mark.parametrize("task", ["boxes", "change", "yesno", "report", "volume"])
def test_nothing_measured_is_said_and_not_invented(task) -> None:
    measured = measure(task, [])
    assert all(figure.value is None and figure.count == 0 for figure in measured.overall)
