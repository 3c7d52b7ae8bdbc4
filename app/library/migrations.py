"""The shape of work.db, as numbered steps that run once each, forward only.

``user_version`` says which steps a file has seen. Before a step an older file is copied; three
copies are kept. A file of a newer program is never touched.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

_COPIES_KEPT: Final = 3


class NewerFileError(Exception):
    """The file was written by a newer version of the program."""


def m001_what_a_person_made(connection: sqlite3.Connection) -> None:
    """Marks, conversations, provenance, views and accepted licences."""
    for statement in _M001.split(";"):
        if statement.strip():
            connection.execute(statement)


_M001: Final = """
CREATE TABLE annotation (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  patient_key TEXT NOT NULL,
  study_uid TEXT NOT NULL,
  series_uid TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  pixel_digest TEXT NOT NULL,
  provenance_id TEXT NOT NULL,
  record TEXT NOT NULL,
  changed_utc TEXT NOT NULL
) STRICT;
CREATE INDEX annotation_study ON annotation (patient_key, study_uid);
CREATE TABLE conversation (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  patient_key TEXT NOT NULL,
  study_uid TEXT NOT NULL,
  UNIQUE (patient_key, study_uid)
) STRICT;
CREATE TABLE turn (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  conversation INTEGER NOT NULL REFERENCES conversation (number) ON DELETE CASCADE,
  task TEXT NOT NULL,
  question TEXT NOT NULL,
  looks TEXT NOT NULL,
  answer TEXT NOT NULL,
  thought TEXT NOT NULL,
  state TEXT NOT NULL,
  provenance_id TEXT NOT NULL,
  details TEXT NOT NULL,
  created_utc TEXT NOT NULL,
  ended_utc TEXT NOT NULL
) STRICT;
CREATE TABLE provenance (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  record TEXT NOT NULL
) STRICT;
CREATE TABLE view (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  patient_key TEXT NOT NULL,
  study_uid TEXT NOT NULL,
  record TEXT NOT NULL,
  changed_utc TEXT NOT NULL,
  UNIQUE (patient_key, study_uid)
) STRICT;
CREATE TABLE accepted_licence (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  accepted_utc TEXT NOT NULL,
  UNIQUE (model, version)
) STRICT
"""

MIGRATIONS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (m001_what_a_person_made,)
TABLES: Final = ("annotation", "conversation", "turn", "provenance", "view", "accepted_licence")
"""In an order that satisfies the references between them."""


def migrate(connection: sqlite3.Connection, path: Path | None = None) -> None:
    """Bring a file to this program's shape in one transaction.

    ``path`` is where copies of an older file are kept beside it. NewerFileError when the file
    is from a newer program.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise NewerFileError
    if version == len(MIGRATIONS):
        return
    if version and path is not None:
        _copy(connection, path, version)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in MIGRATIONS[version:]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    target = path.with_name(f"{path.name}.v{version}")
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)
    copies = sorted(path.parent.glob(f"{path.name}.v*"), key=lambda p: p.stat().st_mtime_ns)
    for old in copies[:-_COPIES_KEPT]:
        old.unlink()
