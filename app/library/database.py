"""Opening work.db so that it is whole, or moving it aside and saving what can be read."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.library.migrations import TABLES, NewerFileError, migrate
from viewer.words import _

_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "fullfsync=ON",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "busy_timeout=5000",
    "mmap_size=0",
    "secure_delete=ON",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A usable connection, whether what is written to it stays, and what the reader must know."""

    connection: sqlite3.Connection
    keeps: bool = True
    sentence: str = ""


def open_database(path: Path) -> Opened:
    """Open or make the file; whatever is wrong with it, a usable connection comes back."""
    try:
        return Opened(_open_whole(path))
    except NewerFileError:
        return _open_newer(path)
    except sqlite3.DatabaseError as error:
        if _is_damage(error):
            return _replace_damaged(path)
        return _in_memory(
            _("Your work cannot be kept: the data folder cannot be written. It stays in memory.")
        )


def may_pass(error: sqlite3.Error) -> bool:
    """Whether the disk is to blame (full, pulled out, read-only), not what was written."""
    return not isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError)


def in_memory(sentence: str) -> Opened:
    """A data base that ends with the program."""
    return _in_memory(sentence)


def _open_whole(path: Path) -> sqlite3.Connection:
    ended_badly = path.with_name(path.name + "-wal").exists()
    _make_private(path)
    connection = _connect(path)
    try:
        if ended_badly:
            _check(connection)
        migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    """Make the file with mode 0600 before SQLite does; its WAL takes the same mode."""
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _check(connection: sqlite3.Connection) -> None:
    """Raise a damage error unless the file is whole."""
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        error = sqlite3.DatabaseError("quick_check")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _open_newer(path: Path) -> Opened:
    """Show what a newer program wrote, without a change to it."""
    opened = _in_memory(
        _(
            "A newer Second Read wrote your work. It is shown, not changed; "
            "what you do now is not kept."
        )
    )
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as newer:
        _copy_rows(newer, opened.connection)
    return opened


def _in_memory(sentence: str) -> Opened:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    return Opened(connection, keeps=False, sentence=sentence)


def _replace_damaged(path: Path) -> Opened:
    """Move a damaged file aside, never delete it, and copy what can still be read."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(aside.with_name(aside.name + suffix))
    connection = _open_whole(path)
    rows = 0
    with suppress(sqlite3.Error), closing(sqlite3.connect(aside)) as damaged:
        rows = _copy_rows(damaged, connection)
    sentence = _(
        "The file with your work was damaged. {count} records came back; the old file is kept "
        "as {name}."
    )
    return Opened(connection, sentence=sentence.format(count=rows, name=aside.name))


def _copy_rows(source: sqlite3.Connection, target: sqlite3.Connection) -> int:
    """Copy every row that can be read and fits, table by table; how many there were."""
    count = 0
    with transaction(target):
        for table in TABLES:
            columns = [row[1] for row in target.execute(f"PRAGMA table_info({table})")]
            marks = ",".join("?" * len(columns))
            insert = f"INSERT OR IGNORE INTO {table} VALUES ({marks})"  # noqa: S608 - our own names
            select = f"SELECT {','.join(columns)} FROM {table}"  # noqa: S608 - our own names
            with suppress(sqlite3.Error):
                for row in source.execute(select):
                    with suppress(sqlite3.Error):
                        count += target.execute(insert, row).rowcount
    return count


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
