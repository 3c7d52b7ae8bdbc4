"""The one thread that writes work.db.

Writes are queued and committed together. When the disk is full they are kept in order and tried
again, so nothing is lost as long as the program runs; a reserve file gives room for the first.
"""

import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from app import log
from app.library.database import Opened, in_memory, may_pass, open_database, transaction
from app.library.lock import ProgramLock
from viewer.words import _

T = TypeVar("T")
Statement = tuple[str, tuple[Any, ...]]

RETRY_S: Final = 10.0
LAZY_S: Final = 1.0
_RESERVE_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Write:
    """Statements that belong together; a newer write with the same ``key`` replaces an older."""

    statements: tuple[Statement, ...]
    key: str = ""
    lazy: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """A question to the file, and where its answer goes."""

    run: Callable[[sqlite3.Connection], Any]
    answer: "Future[Any]"


class Writer:
    """Owns the only connection to the file.

    ``on_trouble`` gets a sentence when work cannot be kept, and "" when it can again; it is
    called on the writer's thread. ``retry_s`` is how often a full disk is tried again.
    """

    def __init__(
        self, path: Path, on_trouble: Callable[[str], None], *, retry_s: float = RETRY_S
    ) -> None:
        self._path = path
        self._on_trouble = on_trouble
        self._retry_s = retry_s
        self._queue: queue.Queue[Write | _Read | None] = queue.Queue()
        self._waiting: list[Write] = []
        self._lazy: dict[str, Write] = {}
        self._troubled = False
        self._keeps = True
        self._lock = ProgramLock(path.with_suffix(".lock"))
        self._thread = threading.Thread(target=self._run, name="work.db", daemon=True)
        self._thread.start()

    def submit(self, write: Write) -> None:
        """Queue a write; returns at once."""
        self._queue.put(write)

    def read(self, run: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query after all that is queued and return its result."""
        answer: Future[T] = Future()
        self._queue.put(_Read(run, answer))
        return answer.result()

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything queued is on the disk; False when it is not."""
        answer: Future[bool] = Future()
        self._queue.put(_Read(lambda _connection: self._commit_all(), answer))
        try:
            return answer.result(timeout_s)
        except FutureTimeoutError:
            return False

    def close(self) -> None:
        """Write what is left and end."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        opened = self._open()
        self._connection = opened.connection
        self._keeps = opened.keeps
        if opened.sentence:
            self._on_trouble(opened.sentence)
        self._keep_reserve()
        while self._step():
            pass
        self._commit_all()
        self._connection.close()
        self._lock.release()

    def _open(self) -> Opened:
        if not self._lock.acquire():
            sentence = _(
                "Second Read is open in another window. What you do in this one is not kept."
            )
            return in_memory(sentence)
        opened = open_database(self._path)
        if not opened.keeps and self._give_up_reserve():  # a full disk has no room to open it in
            opened.connection.close()
            opened = open_database(self._path)
        return opened

    def _step(self) -> bool:
        """Take what is queued; False at the end."""
        try:
            item = self._queue.get(timeout=self._patience())
        except queue.Empty:
            self._commit_all()
            return True
        while item is not None:
            self._take(item)
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                self._commit()
                return True
        return False

    def _patience(self) -> float | None:
        if self._troubled:
            return self._retry_s
        return LAZY_S if self._lazy else None

    def _take(self, item: Write | _Read) -> None:
        if isinstance(item, _Read):
            self._commit()
            _answer(item, self._connection)
        elif item.lazy:
            self._lazy[item.key] = item
        else:
            if item.key:
                self._waiting = [w for w in self._waiting if w.key != item.key]
            self._waiting.append(item)

    def _commit_all(self) -> bool:
        self._waiting += self._lazy.values()
        self._lazy.clear()
        return self._commit()

    def _commit(self) -> bool:
        """Put what waits on the disk; when there is no room it goes on waiting."""
        if not self._waiting:
            return self._keeps
        if self._try_commit() or (self._give_up_reserve() and self._try_commit()):
            self._end_trouble()
            return self._keeps
        self._begin_trouble()
        return False

    def _try_commit(self) -> bool:
        try:
            self._write(self._waiting)
        except sqlite3.Error as error:
            if may_pass(error):
                return False
            self._drop_refused()
        self._waiting.clear()
        return True

    def _drop_refused(self) -> None:
        """Write one by one, so that a row the tables refuse takes no other with it."""
        for write in self._waiting:
            try:
                self._write([write])
            except sqlite3.Error as error:
                log.event("work_refused", code=getattr(error, "sqlite_errorcode", 0))

    def _write(self, writes: list[Write]) -> None:
        with transaction(self._connection):
            for write in writes:
                for sql, values in write.statements:
                    self._connection.execute(sql, values)

    def _begin_trouble(self) -> None:
        if not self._troubled:
            self._troubled = True
            self._on_trouble(
                _("The disk is full. Your work is kept in memory; free some room to save it.")
            )

    def _end_trouble(self) -> None:
        if self._troubled:
            self._troubled = False
            self._keep_reserve()
            self._on_trouble("")

    @property
    def _reserve(self) -> Path:
        return self._path.with_suffix(".reserve")

    def _keep_reserve(self) -> None:
        if not self._keeps or self._reserve.exists():
            return
        with suppress(OSError):
            descriptor = os.open(self._reserve, os.O_CREAT | os.O_WRONLY, 0o600)
            try:
                os.write(descriptor, bytes(_RESERVE_BYTES))
            finally:
                os.close(descriptor)

    def _give_up_reserve(self) -> bool:
        try:
            self._reserve.unlink()
        except OSError:
            return False
        return True


def _answer(item: _Read, connection: sqlite3.Connection) -> None:
    try:
        item.answer.set_result(item.run(connection))
    except Exception as error:  # noqa: BLE001 - it is raised again where the reader waits
        item.answer.set_exception(error)
