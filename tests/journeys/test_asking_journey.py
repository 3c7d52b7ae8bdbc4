"""Asking in the real window: a box where the model said, nothing lost when the engine dies."""

import os
import signal

import pytest
from asker import Asker, Engineer
from room import answer_with
from series import make_series

from viewer import edits
from viewer.state import View


@pytest.fixture
def engineer(tmp_path, monkeypatch):
    return Engineer(tmp_path / "script.json", monkeypatch)


@pytest.fixture
def film(tmp_path):
    return make_series(tmp_path / "in", (1, 300, 500), modality="CR", spacing_mm=(1, 1, 1)).folder


def test_a_box_is_drawn_where_the_model_said_on_a_turned_view(engineer, ready_reader, film, qtbot):
    """300 rows lie in the middle of a square of 500: 100 rows of padding above them."""
    engineer.says(answer=answer_with((400, 200, 600, 500)))
    ready_reader.open(film).wait_for_image()
    view = View(zoom=2.5, rotation_deg=90, mirrored=True)
    ready_reader.program.store.apply(edits.set_view(0, view))
    asker = Asker(ready_reader, qtbot)
    asker.press_chip("Where is")
    asker.type("heart?")
    asker.wait()
    assert asker.boxes() == [pytest.approx((100, 100, 250, 200))]
    assert [row.title for row in asker.panel.findings.rows_model.rows] == ["Heart"]
    (asked,) = engineer.was_asked()
    assert ["untrusted", " heart", -1] in asked["parts"]


def test_a_killed_engine_loses_nothing(engineer, ready_reader, film, qtbot):
    engineer.says(answer="word " * 500, pace_s=0.01)
    ready_reader.open(film).wait_for_image()
    asker = Asker(ready_reader, qtbot)
    asker.type("What is this?")
    asker.until(lambda: bool(asker.turns) and "word" in asker.turns[0].answer)
    os.kill(ready_reader.program.parts.services.engine.pid, signal.SIGKILL)
    asker.wait()
    (turn,) = asker.turns
    assert (turn.state, turn.engine_lost) == ("failed", True)
    assert "word" in turn.answer
    (view,) = asker.panel.conversation_view.views
    asker.until(lambda: "The engine stopped. Your conversation is kept." in view.words())

    engineer.says(answer="Back again.")
    asker.type("Once more?")
    asker.wait(turns=2)
    assert asker.turns[1].answer == "Back again."

    ready_reader.restart().open(film).wait_for_image()
    again = Asker(ready_reader, qtbot)
    assert [t.question for t in again.turns] == ["What is this?", "Once more?"]
    assert "word" in again.turns[0].answer


def test_the_second_question_about_an_image_encodes_none(ready_reader, film, qtbot):
    """With the real engine and the model that ships."""
    ready_reader.open(film).wait_for_image()
    asker = Asker(ready_reader, qtbot)
    asker.asking.ask_active("yesno", "Is it large?")
    asker.wait()
    first = asker.turns[0].counts
    assert first.images_encoded + first.images_reused == 1
    asker.asking.ask_active("yesno", "Is it round?")
    asker.wait(turns=2)
    second = asker.turns[1].counts
    assert (second.images_encoded, second.images_reused) == (0, 1)
    assert second.tokens_reused > second.tokens_evaluated > 0
