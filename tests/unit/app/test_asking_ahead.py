"""Encoding ahead: what is on the screen, then its prior; never words, and a question goes first."""

from pathlib import Path

import numpy as np
import pytest
from room import Room
from series import make_series

from app.asking.preparing import SLOT, Preparing
from assistant.engines.states import EngineState
from viewer import edits


@pytest.fixture
def room(tmp_path: Path):
    made = Room(tmp_path)
    yield made
    made.close()


def preparing(room, **more) -> Preparing:
    return Preparing(room.jobs, room.engine, room.asking, lambda: room.library, **more)


def load(room) -> None:
    list(room.engine.load())
    assert room.engine.status.state is EngineState.IDLE


def test_what_is_on_the_screen_is_encoded_before_it_is_asked_about(room, tmp_path) -> None:
    room.open(make_series(tmp_path / "a", (1, 40, 40), modality="CR").folder)
    load(room)
    preparing(room).apply(None, room.store.state)
    room.until(lambda: not room.jobs.is_running(SLOT))
    assert room.asked() == []
    room.ask("describe")
    assert (room.turn.counts.images_encoded, room.turn.counts.images_reused) == (0, 1)


def test_scrolling_on_drops_what_was_not_begun(room, tmp_path) -> None:
    values = np.random.default_rng(1).integers(0, 200, (5, 20, 20)).astype(np.int16)
    room.open(make_series(tmp_path / "a", (5, 20, 20), values=values).folder)
    load(room)
    ahead = preparing(room)
    for position in (1, 2, 3):
        old = room.store.state
        room.store.apply(edits.set_position(0, position))
        ahead.apply(old, room.store.state)
    room.until(lambda: not room.jobs.is_running(SLOT))
    room.ask("describe")
    assert room.turn.counts.images_reused == 1
    room.store.apply(edits.set_position(0, 1))
    room.ask("describe")
    assert room.turn.counts.images_encoded == 1


def test_nothing_is_loaded_or_encoded_unasked(room, tmp_path) -> None:
    room.open(make_series(tmp_path / "a", (1, 20, 20), modality="CR").folder)
    preparing(room).apply(None, room.store.state)
    assert not room.jobs.is_running(SLOT)
    assert room.engine.pid is None
    load(room)
    preparing(room, is_wanted=lambda: False).apply(None, room.store.state)
    assert not room.jobs.is_running(SLOT)


def test_a_3d_tile_is_not_read_ahead(room, tmp_path) -> None:
    truth = make_series(tmp_path / "a", (5, 8, 8))
    room.open(truth.folder)
    load(room)
    room.store.apply(edits.show_series(0, truth.series_uid, kind="volume"))
    preparing(room).apply(None, room.store.state)
    assert not room.jobs.is_running(SLOT)
