"""What a person made, kept per study: marks, conversations, views.

Every change is in memory at once and on the disk some milliseconds later, by the one writer. What
is asked for again comes from memory, so a full or broken disk never stops the work.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Final, Literal

from app.library.records import (
    SavedView,
    annotation_text,
    read_annotation,
    read_view,
    view_text,
)
from app.library.writer import RETRY_S, Statement, Write, Writer
from viewer.annotations import Annotation

TurnState = Literal["asked", "done", "stopped", "failed"]
_QUESTION_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A question and what came of it; ``looks`` and ``details`` are JSON of who asked.

    A turn that is still "asked" when the program starts was cut off.
    """

    id: str
    task: str
    question: str
    looks: str = ""
    answer: str = ""
    thought: str = ""
    state: TurnState = "asked"
    provenance_id: str = ""
    details: str = ""
    created_utc: str = ""
    ended_utc: str = ""


Key = tuple[str, str]
"""Patient key and study UID: nothing of one patient is reachable from another."""


class History:
    """The only way to work.db; usable from any thread.

    ``on_trouble`` gets a sentence when work cannot be kept and "" when it can again.
    """

    def __init__(
        self, path: Path, on_trouble: Callable[[str], None], *, retry_s: float = RETRY_S
    ) -> None:
        self._writer = Writer(path, on_trouble, retry_s=retry_s)
        self._lock = threading.RLock()
        self._turns: dict[Key, dict[str, StoredTurn]] = {}
        self._annotations: dict[Key, dict[str, Annotation]] = {}
        self._views: dict[Key, SavedView | None] = {}
        self._provenance: dict[str, str] = {}

    def turns(self, patient_key: str, study_uid: str) -> tuple[StoredTurn, ...]:
        """The conversation about a study, oldest first."""
        with self._lock:
            return tuple(self._turns_of((patient_key, study_uid)).values())

    def append_turn(self, patient_key: str, study_uid: str, turn: StoredTurn) -> None:
        """Keep a question before it is sent; it is on the disk when this returns."""
        self.update_turn(patient_key, study_uid, turn)
        self._writer.flush(_QUESTION_S)

    def update_turn(self, patient_key: str, study_uid: str, turn: StoredTurn) -> None:
        """Keep what came of a question so far; the newest of several wins."""
        key = (patient_key, study_uid)
        with self._lock:
            self._turns_of(key)[turn.id] = turn
            self._writer.submit(Write(_turn_statements(key, turn), key=f"turn {turn.id}"))

    def clear_turns(self, patient_key: str, study_uid: str) -> None:
        """Forget the conversation about a study."""
        with self._lock:
            self._turns[patient_key, study_uid] = {}
            sql = "DELETE FROM conversation WHERE patient_key = ? AND study_uid = ?"
            self._writer.submit(Write(((sql, (patient_key, study_uid)),)))

    def annotations(self, patient_key: str, study_uid: str) -> tuple[Annotation, ...]:
        """The marks of a study, oldest first."""
        with self._lock:
            return tuple(self._annotations_of((patient_key, study_uid)).values())

    def save_annotations(
        self, patient_key: str, study_uid: str, annotations: Iterable[Annotation]
    ) -> None:
        """Make the marks of a study these: new and changed ones are kept, others deleted."""
        key = (patient_key, study_uid)
        new = {a.id: a for a in annotations}
        with self._lock:
            old = self._annotations_of(key)
            changed = [a for a in new.values() if old.get(a.id) != a]
            gone = [i for i in old if i not in new]
            statements = [_annotation_statement(key, a) for a in changed]
            statements += [("DELETE FROM annotation WHERE id = ?", (i,)) for i in gone]
            if statements:
                self._annotations[key] = new
                self._writer.submit(Write(tuple(statements)))

    def view(self, patient_key: str, study_uid: str) -> SavedView | None:
        """What was on the screen when the study was last open, or None."""
        key = (patient_key, study_uid)
        with self._lock:
            if key not in self._views:
                self._views[key] = self._writer.read(lambda c: _read_saved_view(c, key))
            return self._views[key]

    def save_view(self, patient_key: str, study_uid: str, view: SavedView) -> None:
        """Keep what is on the screen, within two seconds."""
        key = (patient_key, study_uid)
        with self._lock:
            if self._views.get(key) == view:
                return
            self._views[key] = view
            values = (*key, view_text(view), _now())
            self._writer.submit(Write(((_VIEW, values),), key=f"view {key}", lazy=True))

    def save_provenance(self, provenance_id: str, record: str) -> None:
        """Keep how an answer came about; a record is never changed afterwards."""
        with self._lock:
            self._provenance[provenance_id] = record
            sql = "INSERT OR IGNORE INTO provenance (id, record) VALUES (?, ?)"
            self._writer.submit(Write(((sql, (provenance_id, record)),)))

    def provenance(self, provenance_id: str) -> str | None:
        """How an answer came about, as JSON, or None."""
        with self._lock:
            if kept := self._provenance.get(provenance_id):
                return kept
        sql = "SELECT record FROM provenance WHERE id = ?"
        row = self._writer.read(lambda c: c.execute(sql, (provenance_id,)).fetchone())
        return None if row is None else str(row[0])

    def accept_licence(self, model: str, version: str) -> None:
        """Keep that a person accepted a model's terms."""
        sql = "INSERT OR IGNORE INTO accepted_licence (model, version, accepted_utc) VALUES (?,?,?)"
        self._writer.submit(Write(((sql, (model, version, _now())),)))

    def has_accepted(self, model: str, version: str) -> bool:
        """Whether a person accepted these terms."""
        sql = "SELECT 1 FROM accepted_licence WHERE model = ? AND version = ?"
        row = self._writer.read(lambda c: c.execute(sql, (model, version)).fetchone())
        return row is not None

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything is on the disk; False when it is not."""
        return self._writer.flush(timeout_s)

    def close(self) -> None:
        """Write what is left and end."""
        self._writer.close()

    def _turns_of(self, key: Key) -> dict[str, StoredTurn]:
        if key not in self._turns:
            self._turns[key] = self._writer.read(lambda c: _read_turns(c, key))
        return self._turns[key]

    def _annotations_of(self, key: Key) -> dict[str, Annotation]:
        if key not in self._annotations:
            self._annotations[key] = self._writer.read(lambda c: _read_annotations(c, key))
        return self._annotations[key]


_TURN_COLUMNS: Final = tuple(f.name for f in fields(StoredTurn))
_TURN: Final = (
    f"INSERT INTO turn (conversation, {', '.join(_TURN_COLUMNS)}) "  # noqa: S608 - our own names
    "SELECT number, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM conversation "
    "WHERE patient_key = ? AND study_uid = ? ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _TURN_COLUMNS[1:])
)
_ANNOTATION: Final = (
    "INSERT INTO annotation (id, patient_key, study_uid, series_uid, kind, status, pixel_digest, "
    "provenance_id, record, changed_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET status = excluded.status, record = excluded.record, "
    "changed_utc = excluded.changed_utc"
)
_VIEW: Final = (
    "INSERT INTO view (patient_key, study_uid, record, changed_utc) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (patient_key, study_uid) DO UPDATE SET record = excluded.record, "
    "changed_utc = excluded.changed_utc"
)


def _turn_statements(key: Key, turn: StoredTurn) -> tuple[Statement, ...]:
    conversation = "INSERT OR IGNORE INTO conversation (patient_key, study_uid) VALUES (?, ?)"
    return (conversation, key), (_TURN, (*astuple(turn), *key))


def _annotation_statement(key: Key, one: Annotation) -> Statement:
    facts = (one.series_uid, one.kind, one.status, one.pixel_digest, one.provenance_id)
    return _ANNOTATION, (one.id, *key, *facts, annotation_text(one), _now())


def _read_turns(connection: Connection, key: Key) -> dict[str, StoredTurn]:
    sql = (
        f"SELECT {', '.join('turn.' + c for c in _TURN_COLUMNS)} FROM turn "  # noqa: S608 - ours
        "JOIN conversation ON conversation.number = turn.conversation "
        "WHERE patient_key = ? AND study_uid = ? ORDER BY turn.number"
    )
    return {row[0]: StoredTurn(*row) for row in connection.execute(sql, key)}


def _read_annotations(connection: Connection, key: Key) -> dict[str, Annotation]:
    sql = "SELECT record FROM annotation WHERE patient_key = ? AND study_uid = ? ORDER BY number"
    read = (read_annotation(row[0]) for row in connection.execute(sql, key))
    return {a.id: a for a in read if a is not None}


def _read_saved_view(connection: Connection, key: Key) -> SavedView | None:
    sql = "SELECT record FROM view WHERE patient_key = ? AND study_uid = ?"
    row = connection.execute(sql, key).fetchone()
    return None if row is None else read_view(row[0])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
