"""A model of drawn patients, asked in the real window about a patient who is not drawn."""

import pytest
from asker import Asker, Engineer
from phantom_model import write_phantom_model
from PySide6.QtWidgets import QLabel
from reader import demo_folder
from series import make_series

from assistant.models import installed

NOT_DRAWN = "This is no drawn patient. The demo model knows nothing of it."
PHANTOM_MODEL = "Phantom demo model: knows drawn patients only, nothing of real ones"


@pytest.fixture
def engineer(tmp_path, monkeypatch):
    return Engineer(tmp_path / "script.json", monkeypatch)


@pytest.fixture
def film(tmp_path):
    return make_series(tmp_path / "in", (1, 300, 500), modality="CR", spacing_mm=(1, 1, 1)).folder


def panel_words(asker: Asker) -> list[str]:
    return [one.text() for one in asker.panel.findChildren(QLabel) if one.isVisible()]


def choose(reader, *pair) -> None:
    """As the dialog does."""
    reader.program.parts.assisting._choose(*pair)


def test_it_is_said_before_the_first_word_and_stays(
    engineer, ready_reader, film, qtbot, tmp_path
) -> None:
    go = tmp_path / "go"
    engineer.says(name="Phantom demo model", phantom_only=True, answer="Words.", hold=str(go))
    ready_reader.open(film).wait_for_image()
    asker = Asker(ready_reader, qtbot)
    asker.type("What is this?")
    asker.until(lambda: panel_words(asker).count(NOT_DRAWN) == 2)  # in the turn, and above the box
    (turn,) = asker.turns
    assert (turn.answer, turn.warnings) == ("", (NOT_DRAWN,))
    assert PHANTOM_MODEL in panel_words(asker)
    go.touch()
    asker.wait()

    ready_reader.restart().open(film).wait_for_image()
    (view,) = Asker(ready_reader, qtbot).panel.conversation_view.views
    assert NOT_DRAWN in view.words()
    assert view.answer.plain_text() == "Words."


def test_a_drawn_patient_is_asked_about_without_it(engineer, ready_reader, qtbot) -> None:
    engineer.says(name="Phantom demo model", phantom_only=True)
    ready_reader.open(demo_folder() / "xray_current").wait_for_image()
    asker = Asker(ready_reader, qtbot)
    asker.type("What is this?")
    asker.wait()
    assert asker.turns[0].warnings == ()
    assert PHANTOM_MODEL in panel_words(asker)
    assert NOT_DRAWN not in panel_words(asker)


def test_what_ships_is_known_before_it_is_loaded(
    reader, film, qtbot, tmp_path, monkeypatch
) -> None:
    """With the real engine, and a model of this kind in the shipped one's folder."""
    monkeypatch.setattr(installed, "DEMO_FOLDER", str(tmp_path / "ships"))
    write_phantom_model(tmp_path / "ships")
    reader.start().tick().open(film).wait_for_image()
    asker = Asker(reader, qtbot)
    assert asker.asking.conversation.turns == ()
    assert panel_words(asker).count(PHANTOM_MODEL) == 1
    assert panel_words(asker).count(NOT_DRAWN) == 1
    asker.type("What is this?")
    asker.wait()
    assert asker.turns[0].warnings == (NOT_DRAWN,)
    assert (asker.turns[0].state, asker.turns[0].model_name) == ("done", PHANTOM_MODEL)


def test_what_is_said_follows_the_choice_before_anything_is_loaded(
    engineer, ready_reader, film, qtbot, tmp_path
) -> None:
    engineer.says(name="Phantom demo model", phantom_only=True)
    ready_reader.open(film).wait_for_image()
    asker = Asker(ready_reader, qtbot)
    asker.type("What is this?")
    asker.wait()
    other = [tmp_path / name for name in ("other.gguf", "other-mmproj.gguf")]
    for path in other:
        path.touch()
    choose(ready_reader, *other)
    # The old model is still loaded, and says so when it idles: that is not what was chosen.
    assisting = ready_reader.program.parts.assisting
    assisting.show_status(assisting.engine.status)
    assert PHANTOM_MODEL not in panel_words(asker)
    assert panel_words(asker).count(NOT_DRAWN) == 1  # the turn keeps it
