"""Thought, words and how an answer ended."""

import pytest

from assistant.answers import AnswerParser, is_cut
from viewer import limits


def test_the_thoughts_first_line_is_dropped_however_it_arrives() -> None:
    for pieces in (["thought\nHm."], ["th", "ought", "\nHm."], ["thought\n", "Hm."]):
        parser = AnswerParser()
        shown = "".join(parser.feed(piece, "thought") for piece in pieces)
        assert shown == parser.thought == "Hm."


def test_a_thought_without_that_line_stays_whole() -> None:
    parser = AnswerParser()
    assert "".join(parser.feed(p, "thought") for p in ("tho", "rax")) == "thorax"


def test_words_and_thought_stay_apart() -> None:
    parser = AnswerParser()
    parser.feed("thought\nA", "thought")
    parser.feed("B", "answer")
    assert (parser.thought, parser.answer) == ("A", "B")


def test_an_answer_has_a_limit() -> None:
    parser = AnswerParser()
    parser.feed("x" * (limits.ANSWER_BYTES + 10), "answer")
    assert len(parser.answer) == limits.ANSWER_BYTES
    assert parser.feed("more", "answer") == ""


@pytest.mark.parametrize(
    ("answer", "stop", "said"),
    [
        ("A", "end", ""),
        ("A", "answer_limit", "The answer was cut off at its length limit."),
        ("A", "stopped", "You stopped the answer here."),
        ("", "thought_limit", "The model was still thinking at its limit and gave no answer."),
        (" ", "end", "The model ended without an answer. Ask again, perhaps in other words."),
        ("A", "context_full",
         "The answer was cut off: the model's memory for one question is full."),
    ],
)  # fmt: skip
def test_how_it_ended_is_said(answer, stop, said) -> None:
    parser = AnswerParser()
    parser.feed(answer, "answer")
    assert parser.finish(stop) == said
    assert is_cut(stop) == (stop != "end")
