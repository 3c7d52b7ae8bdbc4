"""The grammar of boxes: kept or dropped exactly as promised, never repaired, never raising."""

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant import boxes
from assistant.boxes import ModelBox, Rejected, parse_boxes
from assistant.looks import Placement, place
from viewer.spaces import FrameBox


def final(text: str) -> str:
    return f"Reasoning. Final Answer: ```json{text}```"


def one(box: object, label: object = "heart") -> str:
    return final(json.dumps([{"box_2d": box, "label": label}]))


def test_the_published_answer_is_read() -> None:
    answer = 'Final Answer: ```json[{"box_2d": [140, 110, 340, 470], "label": "right clavicle"}]```'
    parsed = parse_boxes(answer)
    assert parsed.boxes == (ModelBox(140, 110, 340, 470, "right clavicle"),)
    assert (parsed.is_final, parsed.rejected) == (True, ())


def test_the_last_final_answer_counts() -> None:
    answer = one([1, 1, 900, 900], "first") + one([2, 2, 800, 800], "last")
    assert [b.label for b in parse_boxes(answer).boxes] == ["last"]


def test_without_a_final_answer_the_last_fence_counts() -> None:
    answer = 'Say ```json[]``` or ```[{"box_2d": [0, 0, 9, 9], "label": "x"}]``` then'
    parsed = parse_boxes(answer)
    assert len(parsed.boxes) == 1
    assert not parsed.is_final


def test_an_object_alone_is_a_list_of_one() -> None:
    assert len(parse_boxes(final('{"box_2d": [0, 0, 9, 9], "label": "x"}')).boxes) == 1


def test_an_empty_list_is_a_valid_answer() -> None:
    parsed = parse_boxes(final("[]"))
    assert parsed.is_list
    assert (parsed.boxes, parsed.rejected) == ((), ())


@pytest.mark.parametrize(
    ("box", "label", "reason"),
    [
        ([0, 0, 9], "x", boxes.NOT_FOUR),
        ([0, 0, 9, 9, 9], "x", boxes.NOT_FOUR),
        ("0 0 9 9", "x", boxes.NOT_FOUR),
        ([0, 0, 9, None], "x", boxes.NOT_FINITE),
        ([0, 0, 9, "9"], "x", boxes.NOT_FINITE),
        ([0, 0, 9, True], "x", boxes.NOT_FINITE),
        ([0, 0, 9, math.inf], "x", boxes.NOT_FINITE),
        ([0, 0, 9, math.nan], "x", boxes.NOT_FINITE),
        ([0, -1, 9, 9], "x", boxes.OUTSIDE),
        ([0, 0, 1e9, 9], "x", boxes.OUTSIDE),
        ([0, 0, 10**300, 9], "x", boxes.OUTSIDE),
        ([0, 0, 1000.5, 9], "x", boxes.OUTSIDE),
        ([9, 0, 0, 9], "x", boxes.REVERSED),
        ([0, 9, 9, 0], "x", boxes.REVERSED),
        ([5, 5, 5, 9], "x", boxes.REVERSED),
        ([0, 0, 4.9, 5], "x", boxes.TOO_SMALL),
        ([0, 0, 9, 9], "x" * 81, boxes.NO_LABEL),
        ([0, 0, 9, 9], 7, boxes.NO_LABEL),
        ([0, 0, 9, 9], None, boxes.NO_LABEL),
    ],
)
def test_a_box_that_breaks_a_rule_is_rejected_with_its_reason(box, label, reason) -> None:
    parsed = parse_boxes(one(box, label))
    assert parsed.boxes == ()
    assert [r.reason for r in parsed.rejected] == [reason]
    assert parsed.rejected[0].sentence == f"Not drawn: {reason}."


@pytest.mark.parametrize(
    ("box", "label"),
    [([0, 0, 5, 5], "x"), ([0, 0, 1000, 1000], "x" * 80), ([0.5, 0.5, 9.5, 9.5], "")],
)
def test_a_box_at_the_limits_is_kept(box, label) -> None:
    assert parse_boxes(one(box, label)).boxes == (ModelBox(*box, label),)


def test_other_keys_are_ignored_and_duplicates_merged() -> None:
    item = {"box_2d": [0, 0, 9, 9], "label": "x", "score": 0.9}
    other = {"box_2d": [0, 0, 99, 99], "label": "x"}
    parsed = parse_boxes(final(json.dumps([item, item, other])))
    assert [b.y1 for b in parsed.boxes] == [9, 99]


def test_fifty_boxes_are_kept_and_no_more() -> None:
    items = [{"box_2d": [0, 0, 10 + n, 10], "label": "x"} for n in range(51)]
    assert len(parse_boxes(final(json.dumps(items[:50]))).boxes) == 50
    parsed = parse_boxes(final(json.dumps(items)))
    assert len(parsed.boxes) == 50
    assert [r.reason for r in parsed.rejected] == [boxes.TOO_MANY]


def test_an_open_fence_counts_only_when_nothing_was_cut() -> None:
    text = 'Final Answer: ```json[{"box_2d": [0, 0, 9, 9], "label": "x"}]'
    assert len(parse_boxes(text).boxes) == 1
    parsed = parse_boxes(text, is_cut=True)
    assert [r.reason for r in parsed.rejected] == [boxes.CUT_OFF]


@pytest.mark.parametrize(
    "text", ["", "no boxes", "Final Answer: none", final("[" * 5000), final("{"), final("7")]
)
def test_what_is_no_list_is_said_as_that(text) -> None:
    parsed = parse_boxes(text)
    assert parsed.boxes == ()
    assert parsed.rejected[0].reason == boxes.NOT_A_LIST


def test_a_huge_answer_is_refused() -> None:
    assert parse_boxes(final("[]") + " " * 70_000).rejected[0].reason == boxes.TOO_LONG


NUMBERS = st.floats(-10, 1010) | st.integers(-1, 1001) | st.sampled_from([math.nan, math.inf])
VALUES = NUMBERS | st.none() | st.booleans() | st.text(max_size=3) | st.lists(NUMBERS, max_size=5)
BOXES = st.lists(NUMBERS, min_size=4, max_size=4) | VALUES
ITEMS = st.fixed_dictionaries({"box_2d": BOXES, "label": st.text(max_size=3) | VALUES})


@given(st.text())
@example("Final Answer: ```json[" + "9" * 5000 + "]```")
def test_any_text_parses_without_raising(text) -> None:
    parse_boxes(text)
    parse_boxes(final(text))


@given(st.lists(ITEMS | VALUES, max_size=4))
def test_any_json_gives_only_boxes_that_keep_every_rule(items) -> None:
    for box in parse_boxes(final(json.dumps(items))).boxes:
        assert 0 <= box.y0 < box.y1 <= 1000
        assert 0 <= box.x0 < box.x1 <= 1000
        assert box.area >= 25


def placements() -> st.SearchStrategy[Placement]:
    sizes = st.integers(1, 4000)
    return st.builds(lambda r, c, a: place((r, c), None, a), sizes, sizes, st.floats(0.25, 4))


@given(placements(), st.floats(0.02, 0.48), st.floats(0.52, 0.98))
def test_a_box_on_the_frame_comes_back_where_it_was(placement, low, high) -> None:
    crop = placement.crop
    wanted = FrameBox(crop.width * low, crop.height * low, crop.width * high, crop.height * high)
    x0, y0 = placement.to_picture(wanted_corner(wanted.left, wanted.top))
    x1, y1 = placement.to_picture(wanted_corner(wanted.right, wanted.bottom))
    mapped = boxes.to_frame(ModelBox(y0, x0, y1, x1), placement)
    assert not isinstance(mapped, Rejected)
    for name in ("left", "top", "right", "bottom"):
        assert getattr(mapped.box, name) == pytest.approx(getattr(wanted, name), abs=1e-6)


def wanted_corner(column: float, row: float):
    from viewer.spaces import FramePoint

    return FramePoint(column, row)


@given(placements(), st.tuples(*[st.floats(0, 1000)] * 4))
def test_a_mapped_box_lies_on_its_frame(placement, numbers) -> None:
    y0, y1 = sorted(numbers[:2])
    x0, x1 = sorted(numbers[2:])
    mapped = boxes.to_frame(ModelBox(y0, x0, y1, x1), placement)
    if not isinstance(mapped, Rejected):
        crop = placement.crop
        assert crop.left <= mapped.box.left <= mapped.box.right <= crop.right
        assert crop.top <= mapped.box.top <= mapped.box.bottom <= crop.bottom


WIDE = place((300, 500), None, 1.0)


def test_a_box_in_the_padding_is_rejected() -> None:
    """100 of 500 rows above the frame are padding."""
    found = boxes.to_frame(ModelBox(0, 0, 200, 1000), WIDE)
    assert isinstance(found, Rejected)
    assert found.reason == boxes.IN_PADDING


def test_a_cut_of_more_than_two_units_is_said() -> None:
    assert boxes.to_frame(ModelBox(198.5, 0, 400, 400), WIDE).warnings == ()
    (warning,) = boxes.to_frame(ModelBox(190, 0, 400, 400), WIDE).warnings
    assert warning == "The model's box reached beside the image and was cut."


def test_a_box_of_nearly_everything_is_said() -> None:
    square = place((500, 500), None, 1.0)
    (warning,) = boxes.to_frame(ModelBox(0, 0, 1000, 1000), square).warnings
    assert warning == "The box covers nearly the whole picture."


@pytest.mark.parametrize(
    ("label", "x0", "x1", "patient_left", "said"),
    [
        ("left lung", 600, 900, "right", ""),
        ("left lung", 100, 400, "right", "on the patient's right"),
        ("right lung", 600, 900, "right", "on the patient's left"),
        ("right lung", 600, 900, "left", ""),
        ("left lung", 600, 900, "", "Side not verified"),
        ("heart", 100, 400, "right", ""),
        ("left and right", 100, 400, "right", ""),
    ],
)
def test_sides_are_checked_against_the_file_and_never_swapped(
    label, x0, x1, patient_left, said
) -> None:
    square = place((500, 500), None, 1.0)
    note = boxes.side_note(ModelBox(100, x0, 300, x1, label), square, patient_left)
    assert said in note
    assert bool(note) == bool(said)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("Final Answer: yes", "yes"),
        ("so 'Final Answer: No.'", "no"),
        ('Final Answer: "YES"', "yes"),
        ("Final Answer: no Final Answer: yes", "yes"),
        ("Final Answer: perhaps", ""),
        ("yes", ""),
        ("Final Answer: yes and no", ""),
    ],
)
def test_verdicts(answer, verdict) -> None:
    assert boxes.verdict(answer, ("yes", "no")) == verdict


def test_labels_are_compared_without_case_and_blanks() -> None:
    assert boxes.is_asked(" Right  Lung", "right lung")
    assert not boxes.is_asked("lung", "right lung")
