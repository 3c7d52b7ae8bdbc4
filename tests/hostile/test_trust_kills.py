"""Kill -9 of the real window, and of what works for it: what was shown as done is there again."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from pydicom.uid import RLELossless

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import driven
from room import answer_with
from series import make_series

KILLS = 20  # of the whole window; test_history_kills kills what writes its file 50 times
LATEST_LINE = 24
LATEST_S = 0.03
LOST_CHARS = 64 * 5  # 64 tokens, as the scripted engine cuts them
START_S = 3.0
SEGMENTS = Path("/dev/shm")  # noqa: S108

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found by /proc")


@pytest.fixture
def home(tmp_path):
    made = driven.make_home(tmp_path / "home")
    yield made
    kill_all(made)


@pytest.fixture
def folder(tmp_path):
    return make_series(tmp_path / "in", (4, 64, 64), modality="CR", spacing_mm=(1, 1, 1)).folder


def write_script(path: Path, **script) -> str:
    path.write_text(json.dumps(script), encoding="utf-8")
    return str(path)


def processes(home) -> list[int]:
    """Everything that runs with this home."""
    mark = f"HOME={home.folder}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


def kill_all(home) -> None:
    for pid in processes(home):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_until(condition, timeout_s=10.0):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.02)


class Rounds:
    """A window again and again, each killed at a moment of its own; adds up what it was told."""

    def __init__(self, home, steps, **journey) -> None:
        self.home = home
        self.process = driven.start(home, steps, rounds=KILLS, pipe=True, **journey)
        self.lines: list[dict] = []
        self.marks: set[str] = set()
        self.confirmed: set[str] = set()
        self.asked: set[str] = set()
        self.answered: dict[str, str] = {}
        self.grown: dict[str, int] = {}

    def one(self, lines: int, after_s: float) -> None:
        """A window that is killed so long after it told so many things."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        pid, told = 0, {}
        while "ended" not in told:
            line = self.process.stdout.readline()
            assert line, self.lines[-3:]
            told = json.loads(line)
            assert "stuck" not in told, told
            self.take(told)
            pid = told.get("pid", pid)
            lines -= 1
            if lines == 0:
                threading.Event().wait(after_s)
                os.kill(pid, signal.SIGKILL)

    def take(self, told: dict) -> None:
        self.lines.append(told)
        did = told.get("did")
        if did == "mark":
            self.marks.add(told["id"])
        elif did == "confirm":
            self.confirmed.add(told["id"])
        elif did == "sent":
            self.asked.add(told["id"])
        elif did == "find":
            self.answered[told["id"]] = told["answer"]
            self.marks |= set(told["findings"])
        elif "grown" in told:
            self.grown[told["grown"]] = told["chars"]

    def check(self, work: Path) -> None:
        """The file, copied before anybody mends it, holds all that was told."""
        copy = self.home.folder.parent / "work-copy.db"
        for left in copy.parent.glob("work-copy*"):
            left.unlink()
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(f"{work}{suffix}", f"{copy}{suffix}")
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            marks = dict(connection.execute("SELECT id, status FROM annotation"))
            rows = connection.execute("SELECT id, state, answer FROM turn")
            turns = {row[0]: row[1:] for row in rows}
        assert self.marks <= marks.keys()
        assert {marks[i] for i in self.confirmed} <= {"confirmed"}
        assert self.asked <= turns.keys()
        for turn, answer in self.answered.items():
            assert turns[turn] == ("done", answer)
        for turn, chars in self.grown.items():
            assert len(turns[turn][1]) >= chars - LOST_CHARS


def test_nothing_that_was_shown_as_done_is_lost_by_kills(home, folder, tmp_path):
    """Marks, questions, growing and whole answers, findings, verdicts: killed in the middle."""
    words = "word " * 20 + answer_with((100, 100, 600, 600))
    script = write_script(tmp_path / "script.json", answer=words, pace_s=0.001)
    work = [["mark"], ["find", "heart?"], ["confirm"], ["mark"]]
    steps = [["open", str(folder)], *work * 20]
    rounds = Rounds(home, steps, script=script, looked_s=0.05)
    chance = random.Random(11)
    for _kill in range(KILLS):
        rounds.one(chance.randint(2, LATEST_LINE), chance.uniform(0.0, LATEST_S))
        rounds.check(home.work)
    rounds.process.communicate()
    counts = [len(c) for c in (rounds.marks, rounds.confirmed, rounds.asked, rounds.answered)]
    assert all(count >= KILLS // 4 for count in counts), counts
    wait_until(lambda: not processes(home))  # nobody is left that no window waits for

    told, took_s = start_again(home, folder)
    (opened,) = told.of("open")
    assert rounds.marks <= set(opened["marks"])
    assert rounds.confirmed <= set(opened["confirmed"])
    assert rounds.asked <= {turn["id"] for turn in opened["turns"]}
    _told, usual_s = start_again(driven.make_home(tmp_path / "fresh"), folder)
    assert took_s <= max(START_S, 1.5 * usual_s)  # on a machine that is busy, no slower than usual


def start_again(home, folder):
    """From a command to the study on the screen."""
    began = time.monotonic()
    process = driven.start(home, [["open", str(folder)], ["close"]])
    first = process.stdout.readline()
    took_s = time.monotonic() - began
    rest, errors = process.communicate(timeout=driven.LONGEST_S)
    told = driven.read_lines(first + rest)
    return driven.Told(told, process.returncode, errors.decode()), took_s


def test_kill_9_of_everything_leaves_no_shared_memory_after_a_restart(home, folder, tmp_path):
    script = write_script(tmp_path / "script.json", answer="word " * 2000, pace_s=0.01)
    steps = [["open", str(folder)], ["send", "What is this?"], ["wait", 60]]
    process = driven.start(home, steps, script=script)
    told = []
    while not told or told[-1].get("did") != "send":
        line = process.stdout.readline()
        assert line, (told, process.stderr.read())
        told.append(json.loads(line))
    everybody = processes(home)
    assert len(everybody) >= 4  # window, engine, at least one reader, resource tracker
    left = segments_of(process.pid)
    assert left
    for pid in everybody:
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not processes(home))
    assert segments_of(process.pid) == left  # nobody was there to remove them
    told, _took_s = start_again(home, folder)
    assert told.code == 0
    assert segments_of(process.pid) == set()


def segments_of(pid: int) -> set[str]:
    return {path.name for path in SEGMENTS.glob(f"second-read-{pid}-*")}


def test_the_window_goes_on_when_its_helpers_are_killed(home, tmp_path):
    """Readers while they read and decode, the engine while it writes."""
    folder = tmp_path / "many"

    def compress(dataset, _index):
        dataset.compress(RLELossless, encoding_plugin="pydicom")

    for number in range(4):
        make_series(folder / str(number), (100, 32, 32), number=number, change=compress)
    script = write_script(tmp_path / "script.json", answer="word " * 100, pace_s=0.005)
    told = driven.drive(
        home,
        [
            ["drop", str(folder)],
            ["kill", "scanners"],
            ["shown"],
            ["kill", "scanners"],
            ["read"],
            ["mark"],
            ["kill", "decoders"],
            ["go", 40],
            ["send", "What is this?"],
            ["kill", "engine"],
            ["answered"],
            ["words"],
            ["ask", "And now?"],
            ["mark"],
            ["close"],
        ],
        script=script,
    )
    assert told.code == 0, (told.lines[-3:], told.errors)
    (read,) = told.of("read")
    assert read["images"] + read["skipped"] == 400
    assert read["skipped"] <= 4  # a reader that is lost twice over a file is not asked again
    (lost,), (again,) = told.of("answered"), told.of("ask")
    assert lost["state"] == "failed"
    assert "ended by the system" in lost["error"]
    assert lost["answer"].startswith("word")
    assert "The engine stopped. Your conversation is kept." in told.of("words")[0]["turns"][-1]
    assert (again["state"], again["answer"]) == ("done", "word " * 100)
    assert len(told.of("mark")) == 2


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 12 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be made by root only")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_said_and_nothing_is_lost_once_there_is_room(small_disk, folder, tmp_path):
    home = driven.make_home(small_disk / "home")
    script = write_script(tmp_path / "script.json", answer=answer_with((100, 100, 600, 600)))
    filler = str(small_disk / "filler")
    told = driven.drive(
        home,
        [
            ["open", str(folder)],
            ["mark"],
            ["fill", filler],
            ["mark"],
            ["fill", filler],
            ["mark"],
            ["until_sentence", "The disk is full"],
            ["find", "heart?"],
            ["confirm"],
            ["mark"],
            ["free", filler],
            ["until_sentence", ""],
            ["mark"],
            ["close"],
        ],
        script=script,
        looked_s=0.05,
        retry_s=0.2,
    )
    assert told.code == 0, (told.lines[-3:], told.errors)
    (sentence, _none) = (line["sentence"] for line in told.of("until_sentence"))
    assert sentence == ("The disk is full. Your work is kept in memory; free some room to save it.")
    (found,) = told.of("find")
    again, _took_s = start_again(home, folder)
    (opened,) = again.of("open")
    assert told.ids("mark") | set(found["findings"]) == set(opened["marks"])
    assert told.ids("confirm") == set(opened["confirmed"])
    assert [turn["answer"] for turn in opened["turns"]] == [found["answer"]]
    assert [p for p in home.files() if p.name.endswith(".new")] == []  # no half file


def test_a_program_that_starts_on_a_full_disk_has_its_reserve_to_start_with(small_disk, folder):
    home = driven.make_home(small_disk / "home")
    filler = str(small_disk / "filler")
    drive = [["open", str(folder)], ["mark"], ["close"]]
    assert driven.drive(home, drive).code == 0
    with Path(filler).open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    told = driven.drive(
        home,
        [
            ["open", str(folder)],
            ["mark"],
            ["fill", filler],
            ["mark"],
            ["fill", filler],
            ["mark"],
            ["until_sentence", "The disk is full"],
            ["free", filler],
            ["until_sentence", ""],
            ["close"],
        ],
        retry_s=0.2,
    )
    assert told.code == 0, (told.lines[-3:], told.errors)
    assert len(told.of("open")[0]["marks"]) == 1
    again, _took_s = start_again(home, folder)
    assert told.ids("mark") <= set(again.of("open")[0]["marks"])
