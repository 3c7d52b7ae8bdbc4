"""What a person made comes back: after closing, after damage, after a full disk."""

import sqlite3
import stat
from contextlib import closing
from dataclasses import replace

import pytest

from app.library.history import History, StoredTurn
from app.library.migrations import MIGRATIONS
from app.library.records import SavedView, restored, view_of
from viewer.annotations import Annotation, PlaneRef
from viewer.edits import set_layout, show_series
from viewer.spaces import FramePoint, PatientPoint
from viewer.state import State, Tile
from viewer.study import FrameRef

KEY = ("patient", "1.2.3")


@pytest.fixture
def told():
    return []


@pytest.fixture
def open_history(tmp_path, told):
    opened = []

    def make(**options):
        for one in opened:
            one.close()
        opened.append(History(tmp_path / "work.db", told.append, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def length(number, **changes):
    mark = Annotation(
        id=f"mark {number}",
        kind="length",
        series_uid="1.2.3.4",
        where=FrameRef("1.2.3.4.5", 2),
        points=(FramePoint(1.5, 2.5), FramePoint(30.0, 40.0)),
        pixel_digest="abc",
    )
    return replace(mark, **changes)


def test_marks_come_back_as_they_were(open_history, told):
    plane = PlaneRef("1.2.3.4", PatientPoint(1, 2, 3), (1, 0, 0), (0, 1, 0), 0.5, 100, 80)
    finding = length(2, kind="finding", where=plane, label="opacity", provenance_id="p1")
    open_history().save_annotations(*KEY, [length(1), finding])
    assert open_history().annotations(*KEY) == (length(1), finding)
    assert told == []


def test_a_changed_mark_keeps_its_place_and_a_deleted_one_is_gone(open_history):
    history = open_history()
    history.save_annotations(*KEY, [length(1), length(2), length(3)])
    history.save_annotations(*KEY, [length(1, status="confirmed"), length(3)])
    assert open_history().annotations(*KEY) == (length(1, status="confirmed"), length(3))


def test_nothing_of_one_patient_is_seen_at_another(open_history):
    history = open_history()
    history.save_annotations(*KEY, [length(1)])
    history.append_turn(*KEY, StoredTurn("t", "describe", "What is this?"))
    assert history.annotations("other", KEY[1]) == ()
    assert history.turns("other", KEY[1]) == ()


def test_a_conversation_comes_back_in_its_order(open_history):
    history = open_history()
    for number in range(3):
        history.append_turn(*KEY, StoredTurn(f"t{number}", "find", f"Question {number}"))
    answered = StoredTurn("t1", "find", "Question 1", answer="There.", state="done")
    history.update_turn(*KEY, answered)
    turns = open_history().turns(*KEY)
    assert [t.id for t in turns] == ["t0", "t1", "t2"]
    assert turns[1] == answered
    assert turns[2].state == "asked"


def test_a_cleared_conversation_stays_cleared(open_history):
    history = open_history()
    history.append_turn(*KEY, StoredTurn("t", "find", "Question"))
    history.clear_turns(*KEY)
    assert history.turns(*KEY) == ()
    assert open_history().turns(*KEY) == ()


def test_provenance_is_never_changed(open_history):
    history = open_history()
    history.save_provenance("p1", '{"model": 1}')
    history.flush()
    open_history().save_provenance("p1", '{"model": 2}')
    assert open_history().provenance("p1") == '{"model": 1}'
    assert open_history().provenance("p2") is None


def test_licences_are_accepted_per_version(open_history):
    open_history().accept_licence("medgemma", "1")
    history = open_history()
    assert history.has_accepted("medgemma", "1")
    assert not history.has_accepted("medgemma", "2")


def test_the_view_comes_back(open_history):
    state = set_layout(1, 2)(State())
    state = show_series(1, "1.2.3.4", position=7)(state)
    state = state.with_doc(linked=frozenset({0, 1}), annotations=(length(1),))
    open_history().save_view(*KEY, view_of(state))
    view = open_history().view(*KEY)
    fresh = restored(view, State().with_doc(annotations=(length(9),)))
    assert fresh.doc.tiles == state.doc.tiles
    assert fresh.doc.linked == state.doc.linked
    assert fresh.nav.positions == (0, 7)
    assert fresh.doc.annotations == (length(9),)


def test_a_view_that_makes_no_sense_is_not_restored(open_history):
    open_history().save_view(*KEY, SavedView(2, 2, (Tile(),)))
    assert open_history().view(*KEY) is None


def test_what_a_person_made_is_private(open_history, tmp_path):
    open_history().append_turn(*KEY, StoredTurn("t", "find", "Question"))
    for path in tmp_path.glob("work*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_a_damaged_file_is_moved_aside_and_what_can_be_read_comes_back(
    open_history, tmp_path, told
):
    history = open_history()
    history.append_turn(*KEY, StoredTurn("t", "find", "Question"))
    history.close()
    path = tmp_path / "work.db"
    path.write_bytes(b"no data base" * 1000)
    history = open_history()
    assert history.turns(*KEY) == ()
    assert "damaged" in told[-1]
    kept = list(tmp_path.glob("work.db.damaged-*"))
    assert [p.read_bytes()[:12] for p in kept] == [b"no data base"]
    history.append_turn(*KEY, StoredTurn("t2", "find", "After"))
    assert [t.question for t in open_history().turns(*KEY)] == ["After"]


def test_rows_before_the_damage_come_back(open_history, tmp_path, told):
    history = open_history()
    history.save_annotations(*KEY, [length(n, note="x" * 2000) for n in range(50)])
    history.close()
    path = tmp_path / "work.db"
    data = bytearray(path.read_bytes())
    data[-4096 * 3 :] = bytes(4096 * 3)
    path.write_bytes(data)
    (tmp_path / "work.db-wal").write_bytes(b"")
    history = open_history()
    assert len(history.annotations(*KEY)) > 20
    assert "came back" in told[-1]


def test_the_file_of_a_newer_program_is_shown_and_left_alone(open_history, tmp_path, told):
    history = open_history()
    history.append_turn(*KEY, StoredTurn("t", "find", "Question"))
    history.close()
    with closing(sqlite3.connect(tmp_path / "work.db")) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        connection.commit()
    before = (tmp_path / "work.db").read_bytes()
    history = open_history()
    assert [t.question for t in history.turns(*KEY)] == ["Question"]
    history.update_turn(*KEY, StoredTurn("t2", "find", "Not kept"))
    assert not history.flush()
    history.close()
    assert "newer" in told[0]
    assert (tmp_path / "work.db").read_bytes() == before


def test_a_second_program_does_not_write(open_history, tmp_path, told):
    open_history().append_turn(*KEY, StoredTurn("t", "find", "Question"))
    second = History(tmp_path / "work.db", told.append)
    second.append_turn(*KEY, StoredTurn("t2", "find", "Elsewhere"))
    second.close()
    assert "another window" in told[0]
    assert [t.id for t in open_history().turns(*KEY)] == ["t"]
