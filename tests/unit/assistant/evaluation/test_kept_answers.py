"""Answers on disk: found again by what was asked, whatever an interruption left behind."""

import json

import pytest

from assistant.evaluation.kept import Answer, Kept
from viewer.errors import UserError
from viewer.spaces import FrameBox

FIRST = Answer(
    key="a", item_id="1", text="née \u2028 Final", is_parsed=True, seconds=0.25,
    boxes=(FrameBox(1, 2, 3.5, 4),), slice_index=3, positions=(1, 3), model={"sha256": "aa"},
)  # fmt: skip
SECOND = Answer(key="b", item_id="2", text="", is_parsed=False, seconds=1)


def test_answers_come_back_as_they_were(tmp_path) -> None:
    path = tmp_path / "answers.jsonl"
    kept = Kept(path)
    kept.add(FIRST)
    kept.add(SECOND)
    again = Kept(path)
    assert len(again) == 2
    assert len(path.read_bytes().split(b"\n")) == 3
    assert (again.find("a"), again.find("b"), again.find("c")) == (FIRST, SECOND, None)


def test_half_a_line_costs_that_answer_alone(tmp_path) -> None:
    path = tmp_path / "answers.jsonl"
    kept = Kept(path)
    kept.add(FIRST)
    kept.add(SECOND)
    whole = path.read_bytes()
    for cut in range(1, len(whole.splitlines()[1]), 7):
        path.write_bytes(whole[:-cut])
        again = Kept(path)
        assert again.find("a") == FIRST
        again.add(SECOND)
        assert Kept(path).find("b") == SECOND


def test_lines_of_another_format_are_passed_over(tmp_path) -> None:
    path = tmp_path / "answers.jsonl"
    Kept(path).add(FIRST)
    newer = {**json.loads(path.read_text()), "format": 2, "key": "z"}
    strange = {**json.loads(path.read_text()), "surprise": 1, "key": "y"}
    path.write_text("\n".join([path.read_text(), json.dumps(newer), json.dumps(strange), "[]"]))
    again = Kept(path)
    assert (len(again), again.find("a")) == (1, FIRST)


@pytest.mark.parametrize("content", [b"left,right\n1,2\n", b"\xff\xd8\xff\xe0 picture"])
def test_a_file_of_something_else_is_left_alone(tmp_path, content) -> None:
    path = tmp_path / "mine"
    path.write_bytes(content)
    with pytest.raises(UserError, match="holds no answers"):
        Kept(path)
    assert path.read_bytes() == content


def test_without_a_file_answers_live_in_memory() -> None:
    kept = Kept()
    kept.add(FIRST)
    assert kept.find("a") == FIRST
