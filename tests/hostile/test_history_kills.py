"""Kill -9 and full disks: what was shown as done is there again, and the file is whole."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from app.library.history import History, StoredTurn

KILLS = 50
KEY = ("patient", "study")

CHILD = """
import sys
from pathlib import Path
from app.library.history import History, StoredTurn
from viewer.annotations import Annotation
from viewer.spaces import FramePoint
from viewer.study import FrameRef

history = History(Path(sys.argv[1]), lambda sentence: None)
first = int(sys.argv[2])
marks = list(history.annotations("patient", "study"))
for number in range(first, first + 100_000):
    mark = Annotation(
        f"m{number}", "length", "series", FrameRef("sop"), (FramePoint(0, 0), FramePoint(1, 1))
    )
    marks = [*marks[-20:], mark]
    history.save_annotations("patient", "study", marks)
    turn = StoredTurn(f"t{number}", "find", f"Question {number}")
    history.append_turn("patient", "study", turn)
    print(number, flush=True)
"""


def test_what_was_done_survives_kill_9(tmp_path):
    """Each child writes and says what is done; it is killed at a random moment."""
    path = tmp_path / "work.db"
    chance = random.Random(7)
    done = -1
    for _round in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(done + 1)],
            stdout=subprocess.PIPE,
            text=True,
        )
        done = _kill_soon(child, chance.uniform(0.0, 0.15), done)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            kept = {row[0] for row in connection.execute("SELECT id FROM turn")}
            marks = {row[0] for row in connection.execute("SELECT id FROM annotation")}
        assert kept >= {f"t{n}" for n in range(done + 1)}
        assert f"m{done}" in marks
        done = max(int(t[1:]) for t in kept)
    assert done > KILLS


def _kill_soon(child: subprocess.Popen[str], after_s: float, done: int) -> int:
    """Kill a child some time after its first word; the last number that it called done."""
    assert child.stdout is not None
    numbers = [done, int(child.stdout.readline())]
    timer = threading.Timer(after_s, lambda: os.kill(child.pid, signal.SIGKILL))
    timer.start()
    numbers += [int(line) for line in child.stdout if line.endswith("\n")]
    timer.join()
    child.wait()
    child.stdout.close()
    return max(numbers)


def test_every_cut_of_the_wal_leaves_a_whole_file(tmp_path):
    """As after a power loss: the log ends anywhere, in the middle of a page too."""
    path = tmp_path / "work.db"
    history = History(path, lambda _sentence: None)
    for number in range(12):
        history.append_turn(*KEY, StoredTurn(f"t{number}", "find", "Question"))
    main, wal = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    history.close()
    counts = []
    for size in range(0, len(wal), 2048):
        copy = tmp_path / f"cut{size}.db"
        copy.write_bytes(main)
        Path(f"{copy}-wal").write_bytes(wal[:size])
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name='turn'")
            has_turns = tables.fetchone() == (1,)
            query = "SELECT count(*) FROM turn"
            counts.append(connection.execute(query).fetchone()[0] if has_turns else 0)
    assert counts == sorted(counts)
    assert counts[-1] >= 11


@pytest.fixture
def limited(tmp_path):
    """A history whose file may not grow beyond what it is, until told otherwise."""
    told: list[str] = []
    history = History(tmp_path / "work.db", told.append, retry_s=0.05)
    history.append_turn(*KEY, StoredTurn("t0", "find", "Before"))

    def limit(pages: int) -> None:
        history._writer.read(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchall())

    yield history, told, limit
    history.close()


def _wait_until(condition, timeout_s=10.0):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


def test_a_full_disk_loses_nothing_once_there_is_room(limited):
    history, told, limit = limited
    pages = history._writer.read(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    limit(pages)
    for number in range(1, 5):
        text = f"{number} " + "long " * 4000
        history.update_turn(*KEY, StoredTurn(f"t{number}", "find", text))
    assert not history.flush()
    assert "full" in told[0]
    assert len(history.turns(*KEY)) == 5
    limit(1_000_000)
    _wait_until(lambda: told[-1] == "")
    assert history.flush()
    rows = history._writer.read(lambda c: c.execute("SELECT count(*) FROM turn").fetchone()[0])
    assert rows == 5
    assert told == [told[0], ""]


@pytest.mark.skipif(os.name != "posix", reason="a folder cannot be made read-only there")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_keeps_work_in_memory(tmp_path):
    folder = tmp_path / "fixed"
    folder.mkdir()
    folder.chmod(0o500)
    told: list[str] = []
    history = History(folder / "work.db", told.append)
    history.append_turn(*KEY, StoredTurn("t0", "find", "Question"))
    assert len(history.turns(*KEY)) == 1
    history.close()
    folder.chmod(0o700)
    assert "stays in memory" in told[0]


def test_the_reserve_gives_room_for_the_first_writes(tmp_path):
    history = History(tmp_path / "work.db", lambda _sentence: None)
    assert history.flush()
    assert (tmp_path / "work.reserve").stat().st_size == 4 << 20
    history.close()
