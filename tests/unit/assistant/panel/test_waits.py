"""Every wait has words and a number."""

import pytest

from assistant.conversation import Turn
from assistant.engines.protocol import Counts, Timings
from assistant.engines.states import EngineState, Status
from assistant.panel.progress import Pace
from assistant.panel.waits import done_line, seconds_words, show


def status(state: EngineState, **more) -> Status:
    return Status(state, since_s=100.0, **more)


def test_encoding_says_which_image_how_long_and_how_much_longer() -> None:
    shown = show(
        status(EngineState.ENCODING, expected_s=58, done=9, total=27, image=0, images=2),
        None, None, 118.0,
    )  # fmt: skip
    assert shown.word == "Encoding 1 of 2"
    assert shown.line == "Encoding image 1 of 2 · 18 s so far · about 40 s left"
    assert shown.fills == (1.0, pytest.approx(9 / 54), 0.0, 0.0)


def test_what_takes_longer_than_usual_says_so() -> None:
    shown = show(status(EngineState.WRITING, expected_s=5), None, None, 112.0)
    assert shown.line == "12 s so far · longer than usual"


def test_without_history_the_share_that_is_done_says_how_long() -> None:
    half = status(EngineState.LOADING, done=500, total=1000)
    assert show(half, None, None, 110.0).line == (
        "Loading the model · 10 s so far · about 10 s left"
    )
    begun = status(EngineState.LOADING, done=1, total=1000)
    assert show(begun, None, None, 110.0).line == "Loading the model · 10 s so far"


def test_the_length_of_an_answer_is_not_guessed_from_its_limit() -> None:
    shown = show(status(EngineState.WRITING, done=500, total=1000), None, None, 110.0)
    assert shown.line == "10 s so far"


def test_a_failure_is_red_and_says_why() -> None:
    shown = show(status(EngineState.FAILED, sentence="It crashed."), None, None, 101.0)
    assert (shown.word, shown.tone, shown.line) == ("Stopped", "err", "It crashed.")


def test_nothing_loaded_says_when_it_will_be() -> None:
    shown = show(status(EngineState.ABSENT), None, None, 101.0)
    assert shown.line == "It loads with your first question."


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (Counts(2, 0, 0, 500, 284), "2 min in all · 2 images encoded · 284 tokens written"),
        (Counts(1, 0, 0, 500, 4), "2 min in all · 1 image encoded · 4 tokens written"),
        (Counts(0, 1, 281, 20, 9),
         "2 min in all · image reused · 0 encoded · 281 tokens reused · 9 tokens written"),
    ],
)  # fmt: skip
def test_what_an_answer_took(counts, said) -> None:
    turn = Turn("1", "describe", "?", counts=counts, timings=Timings(total=96.0))
    assert done_line(turn) == said


def test_durations_as_one_reads_them() -> None:
    assert [seconds_words(s) for s in (0.2, 18.4, 89, 90, 420)] == [
        "1 s", "18 s", "89 s", "2 min", "7 min",
    ]  # fmt: skip


def test_a_downloads_pace_comes_from_its_last_seconds() -> None:
    now = [0.0]
    pace = Pace(now=lambda: now[0])
    assert pace.words(100) == ""
    for second in range(5):
        now[0] = float(second)
        pace.add(second * 10_000_000)
    assert pace.words(440_000_000) == "10.0 MB/s · about 40 s left"
    assert pace.words(2_440_000_000) == "10.0 MB/s · about 4 min left"


@pytest.mark.parametrize("state", [EngineState.ABSENT, EngineState.IDLE])
def test_a_question_that_waits_for_the_engine_is_no_idle_time(state):
    asked = Turn("1", "describe", "What is this?")

    shown = show(status(state), None, asked, 101.0)

    assert (shown.word, shown.tone) == ("Waiting", "busy")
