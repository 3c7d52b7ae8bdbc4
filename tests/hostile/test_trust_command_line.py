"""Foreign text on a terminal: nothing in a tag or a file name acts there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom.config import disable_value_validation
from series import write_image

ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LONG = "x" * 60_000
NAME = f"\x1b]0;owned\x07\x1b[31m\u202e=cmd|'/c calc'!A1<img src=file:///etc/passwd>{LONG}"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "in"
    with disable_value_validation():
        write_image(
            folder / "\x1b[2J\u202e=cmd.dcm",
            np.zeros((8, 8), np.uint8),
            SpecificCharacterSet="ISO_IR 192",
            PatientName=NAME,
            PatientID="=1+1\x1b[31m",
            StudyDescription=NAME[:5_000],
            SeriesDescription=NAME[:5_000],
            Modality="OT",
        )
    (folder / "\x1b[31mbroken\u202e.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    return folder


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-P", "-m", "app", *map(str, arguments)],
        capture_output=True,
        timeout=60,
        check=False,
        env=os.environ,
    )


def acting(text: bytes) -> list[str]:
    return ACTING.findall(text.decode("utf-8", "surrogateescape"))


def test_scan_prints_nothing_that_acts(folder):
    done = run("scan", folder, "--json")
    assert done.returncode in {0, 4}, done.stderr[-500:]
    assert acting(done.stdout) == acting(done.stderr) == []
    found = json.loads(done.stdout)
    (patient,) = found["patients"]
    assert "<img src=file:///etc/passwd>" in patient["name"]
    assert len(found["skipped"]) == 1


def test_the_list_for_readers_prints_nothing_that_acts(folder):
    done = run("scan", folder)
    assert acting(done.stdout) == acting(done.stderr) == []
    assert b"img src" in done.stdout


def test_a_path_that_is_not_there_is_said_harmlessly(tmp_path):
    done = run("scan", tmp_path / "\x1b[31m\u202egone")
    assert done.returncode == 3
    assert acting(done.stdout) == acting(done.stderr) == []


def test_ask_prints_nothing_that_acts(folder):
    done = run("ask", folder, "What \x1b[31m\u202eis this?", "--json")
    assert done.returncode == 0, done.stderr[-500:]
    assert acting(done.stdout) == acting(done.stderr) == []
    assert json.loads(done.stdout)["answer"]


def test_the_folder_stays_as_it_is(folder):
    def listing():
        return {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in Path(folder).iterdir()}

    before = listing()
    run("scan", folder, "--json")
    run("ask", folder, "What is this?", "--json")
    assert listing() == before
