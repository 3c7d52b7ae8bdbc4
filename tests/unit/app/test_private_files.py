"""Folders, logs and reports: private, and without patient data."""

import os
import re
import stat
from enum import Enum

import pytest

from app import log
from app.paths import make_paths, write_private_file
from app.report import report_text, write_report
from viewer.errors import UserError

CANARY = "ZZCANARY^PATIENT"


def modes(root):
    return {p: stat.S_IMODE(p.stat().st_mode) for p in root.rglob("*")}


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps the profile's own rights")
def test_folders_and_files_are_private_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        paths = make_paths()
        write_private_file(paths.settings, "{}")
    finally:
        os.umask(before)
    for folder in (paths.data, paths.cache, paths.config, paths.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(paths.settings.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"file/second-read cannot be made: "):
        make_paths()


def test_folders_that_others_could_read_are_closed():
    paths = make_paths()
    paths.data.chmod(0o755)
    make_paths()
    assert stat.S_IMODE(paths.data.stat().st_mode) == 0o700


def test_the_cache_says_that_backups_may_leave_it_out():
    tag = make_paths().cache / "CACHEDIR.TAG"
    assert tag.read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "settings.json"
    write_private_file(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_private_file(path, "\ud800")
    assert path.read_text() == "old"
    assert not list(tmp_path.glob("*.new"))


class Reason(Enum):
    FULL = "full"


def test_the_log_takes_numbers_and_enums_only(tmp_path):
    log.start(tmp_path)
    log.event("opened", files=12, seconds=0.5, reason=Reason.FULL)
    with pytest.raises(TypeError):
        log.event("opened", name=CANARY)
    with pytest.raises(ValueError, match=re.escape(CANARY)):
        log.event(CANARY)
    log.stop()
    text = (tmp_path / "second-read.log").read_text()
    assert "opened files=12 seconds=0.5 reason=Reason.FULL" in text
    assert CANARY not in text


def fail_with(value):
    secret = value
    raise KeyError(secret)


def test_a_report_says_where_but_not_what(tmp_path):
    try:
        try:
            fail_with(CANARY)
        except KeyError as error:
            raise UserError(f"{CANARY} is wrong") from error
    except UserError as error:
        path = write_report(tmp_path / "reports", error)
    text = path.read_text()
    assert CANARY not in text
    assert str(tmp_path) not in text
    assert "UserError" in text
    assert "KeyError" in text
    assert "fail_with" in text


def test_a_report_names_files_of_the_program_by_their_place():
    try:
        write_private_file(make_paths().data / "gone" / "file", "x")
    except OSError as error:
        text = report_text(error)
    assert "app/paths.py:" in text
    assert not re.search(r"/root/|/home/|/work/", text)


def test_twenty_reports_are_kept(tmp_path):
    for _number in range(25):
        write_report(tmp_path, ValueError())
    assert len(list(tmp_path.glob("report-*.txt"))) == 20
