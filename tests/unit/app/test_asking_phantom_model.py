"""A model that knows drawn patients alone says so before its answer about any other image."""

import json
import shutil
from pathlib import Path

import pydicom
import pytest
from room import Room, answer_with
from series import make_series

from app.asking.turns import from_stored, to_stored
from resources import path as resource
from viewer import edits

SENTENCE = "This is no drawn patient. The demo model knows nothing of it."
NAME = "Phantom demo model: knows drawn patients only, nothing of real ones"
PHANTOM_ONLY = {"name": "Phantom demo model", "phantom_only": True}


@pytest.fixture
def room(tmp_path: Path):
    made = Room(tmp_path)
    yield made
    made.close()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return make_series(tmp_path / "in", (1, 60, 80), modality="CR").folder


def stored(room: Room):
    key = room.asking.conversation.patient_key, room.asking.conversation.study_uid
    return room.history.turns(*key)[-1]


def show_pair(room: Room) -> None:
    """The prior of the demo study beside its current film."""
    films = [(st.date, s) for _p, st, s in room.library.all_series() if s.modality == "DX"]
    prior, current = (series.uid for _date, series in sorted(films, key=lambda one: one[0]))
    room.store.apply(edits.show_side_by_side(current, prior, current_left=True))


def demo_films(folder: Path) -> tuple[Path, Path]:
    return tuple(
        Path(shutil.copytree(resource(f"demo_study/xray_{name}"), folder / name))
        for name in ("prior", "current")
    )


def test_it_stands_in_the_turn_before_the_first_word(room, film, tmp_path) -> None:
    room.script(**PHANTOM_ONLY, hold=str(tmp_path / "go"), answer="Words.")
    room.open(film)
    room.asking.ask_active("describe", "What is this?")
    room.until(lambda: bool(room.asked()))
    room.until(lambda: bool(room.turn.warnings))
    assert (room.turn.warnings, room.turn.answer, room.turn.state) == ((SENTENCE,), "", "asked")
    (tmp_path / "go").touch()
    room.until(lambda: not room.asking.is_running)
    grown = [c.turns[-1] for c in room.conversations if c.turns and c.turns[-1].answer]
    assert grown
    assert all(turn.warnings == (SENTENCE,) for turn in grown)


def test_turn_and_record_keep_it(room, film) -> None:
    room.script(**PHANTOM_ONLY)
    room.open(film)
    room.ask("describe")
    assert json.loads(stored(room).details)["warnings"] == [SENTENCE]
    again = from_stored(to_stored(room.turn))
    assert (again.warnings, again.model_name) == ((SENTENCE,), NAME)
    record = json.loads(room.history.provenance(room.turn.provenance_id))
    assert record["warnings"] == [SENTENCE]
    assert record["model"]["is_phantom_only"] is True
    assert record["model"]["name"] == "Phantom demo model"


def test_a_failed_answer_keeps_it_too(room, film) -> None:
    room.script(**PHANTOM_ONLY, answer="one two three four", die_after_tokens=3)
    room.open(film)
    room.ask("describe")
    assert room.turn.state == "failed"
    assert from_stored(stored(room)).warnings == (SENTENCE,)


def test_a_drawn_patient_needs_none_however_it_is_viewed(room) -> None:
    room.script(**PHANTOM_ONLY, answer=answer_with((100, 100, 900, 900)))
    room.open(resource("demo_study") / "xray_current")
    view = room.store.state.doc.tiles[0].view
    room.store.apply(edits.set_view(0, type(view)(zoom=3.0, rotation_deg=90, mirrored=True)))
    room.ask("find", "heart")
    assert room.turn.state == "done"
    assert room.turn.warnings == ()
    assert json.loads(room.history.provenance(room.turn.provenance_id))["warnings"] == []
    assert room.subjects[-1].is_drawn


def test_volume_and_pair_of_a_drawn_patient_need_none(room) -> None:
    room.script(**PHANTOM_ONLY, image_size=64, tokens_per_image=16)
    room.open(resource("demo_study"))
    ct = next(s for _p, _st, s in room.library.all_series() if s.modality == "CT")
    room.store.apply(edits.show_series(0, ct.uid))
    room.ask("volume", "Which slice?")
    show_pair(room)
    room.ask("compare")
    turns = [c.turns[-1] for c in room.conversations if c.turns and c.turns[-1].state == "done"]
    assert {turn.task for turn in turns} == {"volume", "compare"}
    assert all(turn.warnings == () for turn in turns)
    assert room.subjects[-1].is_drawn


def test_one_image_of_two_that_is_not_surely_drawn_is_enough(room, tmp_path) -> None:
    prior, current = demo_films(tmp_path / "in")
    path = prior / "pa.dcm"
    changed = pydicom.dcmread(path)
    changed.ManufacturerModelName = "another"
    changed.save_as(path)
    room.script(**PHANTOM_ONLY)
    room.open(prior, current)
    show_pair(room)
    assert not room.subjects[-1].is_drawn
    room.ask("compare")
    assert room.turn.warnings == (SENTENCE,)


def test_another_model_says_none_of_it(room, film) -> None:
    room.script(name="MedGemma 1.5 4B")
    room.open(film)
    room.ask("describe")
    assert room.turn.warnings == ()
    assert room.turn.model_name == "MedGemma 1.5 4B"
    record = json.loads(room.history.provenance(room.turn.provenance_id))
    assert (record["warnings"], record["model"]["is_phantom_only"]) == ([], False)


def test_what_is_asked_is_the_same_for_both_models(room, film) -> None:
    room.open(film)
    for script in (PHANTOM_ONLY, {"name": "MedGemma 1.5 4B"}):
        room.script(**script)
        room.ask("find", "heart")
    first, second = room.asked()
    assert first["parts"] == second["parts"]
    assert first["pictures"] == second["pictures"]
