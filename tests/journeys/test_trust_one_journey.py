"""One journey of the real program, watched from outside: what it opens, writes, keeps and says.

The patient's name, descriptions and file names are traps; everything of them may stand in work.db
and on the screen, and nowhere else.
"""

import hashlib
import os
import re
import sys
from pathlib import Path

import pytest
from pydicom.config import disable_value_validation

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import driven
from series import make_series

CANARY = "ZZCANARY"
PATIENT_ID = "ZZ77310815"
FOLDER = "ZZFOLDER"
MARK_UP = "<img src='file://{secret}'>"

pytestmark = pytest.mark.skipif(not driven.strace_works(), reason="strace cannot be used here")


class Journey:
    """What went in, what the program told, and what it left."""

    def __init__(self, base: Path) -> None:
        self.home = driven.make_home(base / "home")
        self.secret = base / "s.png"
        self.secret.write_bytes(b"\x89PNG\r\n\x1a\n")
        trap = MARK_UP.format(secret=self.secret)

        def change(dataset, index):
            dataset.StudyDescription = trap
            dataset.SeriesDescription = f"{trap}\x1b[31m\u202e=cmd"
            dataset.SpecificCharacterSet = "ISO_IR 192"

        self.folder = base / FOLDER
        who = {"name": f"{CANARY}^Ada", "patient_id": PATIENT_ID}
        with disable_value_validation():
            made = make_series(self.folder, (12, 64, 64), **who, change=change)
        self.uids = (made.study_uid, made.series_uid)
        (self.folder / "<b>note.txt").write_text("no image")
        (self.folder / "=cmd.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 64)
        self.before = listing(self.folder)
        self.folder.chmod(0o500)
        self.told = driven.drive(
            self.home,
            [
                ["tick"],
                ["open", str(self.folder)],
                ["mark"],
                ["go", 3],
                ["ask", f"What is wrong with {CANARY}?"],
                ["fail", f"/{FOLDER}/{CANARY}^Ada {PATIENT_ID}"],
                ["kill", "engine"],
                ["ask", "And once more?"],
                ["planes"],
                ["words"],
                ["close"],
            ],
            traced="%network,%file",
            ticked=False,
            umask=0,
        )
        self.folder.chmod(0o700)


def listing(folder: Path) -> dict[str, tuple]:
    """Names, contents and times of all that lies in a folder, and its own."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in (folder, *folder.rglob("*"))
    }


@pytest.fixture(scope="module")
def journey(tmp_path_factory) -> Journey:
    return Journey(tmp_path_factory.mktemp("trust"))


def test_the_journey_went_to_its_end(journey):
    assert journey.told.code == 0, (journey.told.lines[-3:], journey.told.errors)
    assert [line["state"] for line in journey.told.of("ask")] == ["done", "done"]
    assert len(journey.told.of("mark")) == len(journey.told.of("fail")) == 1


def test_no_socket_to_a_network_and_no_name_resolved(journey):
    sockets = re.findall(r"socket(?:pair)?\((\w+)", journey.told.trace)
    assert set(sockets) <= {"AF_UNIX"}
    resolving = re.findall(r'"(/etc/(?:resolv\.conf|hosts|nsswitch\.conf))"', journey.told.trace)
    assert resolving == []
    assert "sin_addr" not in journey.told.trace


def test_foreign_text_makes_nothing_open_a_file(journey):
    assert str(journey.secret) not in journey.told.trace


def test_foreign_text_is_shown_as_it_is_and_made_visible(journey):
    (words,) = journey.told.of("words")
    assert (words["rich"], words["tips"]) == ([], [])
    trap = MARK_UP.format(secret=journey.secret)
    assert trap[:40] in words["listed"][1]
    assert trap[:40] in words["listed"][2]
    everything = "".join([*words["labels"], *words["listed"], *words["turns"]])
    assert not re.search("[\x00\x1b\u202e]", everything)


def test_the_opened_folder_is_as_it_was(journey):
    assert listing(journey.folder) == journey.before
    calls = [line for line in journey.told.trace.splitlines() if str(journey.folder) in line]
    assert calls
    changing = r"O_WRONLY|O_RDWR|O_CREAT|unlink|rename|mkdir|utime|chmod|chown|symlink|truncate"
    assert [call for call in calls if re.search(changing, call)] == []


def test_nothing_of_the_patient_is_left_outside_the_work_file(journey):
    canaries = [CANARY, PATIENT_ID, *journey.uids]
    canaries = [c.encode() for c in canaries] + [c.encode("utf-16-le") for c in canaries]
    left = [path for path in journey.home.files() if path.is_file()]
    own = {"journey.json", "trace"}  # the test's, not the program's
    found = {}
    for path in left:
        if path.name in own or path.name.startswith("work.db"):
            continue
        told = str(path.relative_to(journey.home.folder)).encode() + path.read_bytes()
        if hits := [c for c in canaries if c in told]:
            found[path] = hits
    assert found == {}
    reports = [path for path in left if path.name.startswith("report-")]
    assert len(reports) == 2
    logs = [path for path in left if path.suffix == ".log"]
    assert logs
    assert all(FOLDER.encode() not in path.read_bytes() for path in (*reports, *logs))
    assert CANARY not in " ".join(journey.told.of("close")[0]["titles"])
    assert CANARY not in journey.told.errors
    assert journey.home.work.read_bytes().count(CANARY.encode()) > 0, "the canary never sang"


def test_nothing_is_left_in_the_temporary_folder(journey):
    assert list(journey.home.temporary.iterdir()) == []


def test_folders_are_0700_and_files_0600_whatever_the_umask(journey):
    wide = {}
    for path in journey.home.files():
        if path.name in {"journey.json", "trace", "home", "tmp"}:
            continue
        if "second-read" not in path.parts:
            continue  # the base folders are the system's, made by it where they are missing
        wanted = 0o700 if path.is_dir() else 0o600
        if (mode := path.stat().st_mode & 0o777) != wanted:
            wide[path] = oct(mode)
    assert wide == {}
    made = re.findall(r'openat\([^"]*"(/dev/shm/second-read[^"]*)", ([\w|]+)(?:, (\d+))?',
                      journey.told.trace)  # fmt: skip
    assert {mode for _name, flags, mode in made if "O_CREAT" in flags} == {"0600"}


def test_shared_memory_is_gone_when_the_window_is_closed(journey):
    names = set(re.findall(r'"/dev/shm/(second-read[^"]*)"', journey.told.trace))
    assert names
    assert not names & set(os.listdir("/dev/shm"))  # noqa: S108, PTH208


def test_the_window_answered_all_through(journey):
    """Under strace, on a machine that does other things too: an outer bound only."""
    (closed,) = journey.told.of("close")
    assert max(closed["gaps_ms"].values()) < 5_000, closed["gaps_ms"]
