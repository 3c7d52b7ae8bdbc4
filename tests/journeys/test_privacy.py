"""What stays behind: nothing of the patient outside the work file, nothing others can read."""

import os
import stat

import pytest
from series import make_series

from app.report import write_report

CANARY = "ZZCANARY"
KEEPS_WORK = ("work.db",)


@pytest.fixture
def used_program(ready_reader, tmp_path):
    """A reader who looked, measured, searched and left; the program's own folders."""
    folder = tmp_path / "images"
    make_series(folder, (6, 64, 64), name=f"{CANARY}^Person", patient_id=f"{CANARY}1")
    ready_reader.open(folder).wait_for_image()
    assert any(CANARY in row for row in ready_reader.patients())
    ready_reader.look().press("D").drag_on_image((0.3, 0.4), (0.6, 0.4))
    ready_reader.program.parts.browser.search.setText(CANARY)
    own = ready_reader.program.parts.services.paths
    title = ready_reader.window.windowTitle()
    ready_reader.quit()
    return own, title


def files_of(own):
    return [p for f in (own.data, own.cache, own.config, own.logs) for p in f.rglob("*")]


def test_a_patient_is_nowhere_but_in_the_work_file(used_program):
    own, title = used_program
    write_report(own.reports, ValueError(CANARY))
    assert CANARY not in title
    assert own.work.is_file()
    for path in files_of(own):
        if path.is_file() and not path.name.startswith(KEEPS_WORK):
            assert CANARY.encode() not in path.read_bytes(), path.name


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps the profile's own rights")
def test_nobody_else_can_read_what_is_kept(used_program):
    own, _title = used_program
    for path in files_of(own):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), (path.name, oct(mode))


def test_hidden_names_are_hidden_everywhere(ready_reader, tmp_path):
    folder = tmp_path / "images"
    make_series(folder, (3, 32, 32), name=f"{CANARY}^Person", patient_id=f"{CANARY}1")
    ready_reader.open(folder).wait_for_image()
    ready_reader.choose("names")
    assert not any(CANARY in row for row in ready_reader.patients())
    assert CANARY not in ready_reader.window.windowTitle()
