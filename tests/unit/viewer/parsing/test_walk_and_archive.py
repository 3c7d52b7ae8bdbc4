"""What a walk finds, what a DICOMDIR names, and which members of an archive are read."""

import zipfile
from pathlib import Path

import pytest

from viewer import limits
from viewer.parsing.archive import check_member, open_archive, read_member
from viewer.parsing.directory import missing_files
from viewer.parsing.faults import Fault
from viewer.parsing.files import open_source
from viewer.parsing.walk import walk
from viewer.study import Skipped, SkipReason


def names(root, *paths):
    found = list(walk(tuple(str(p) for p in paths or (root,))))
    files = [str(Path(p).relative_to(root.resolve())) for p in found if isinstance(p, str)]
    return files, [p for p in found if isinstance(p, Skipped)]


def test_files_are_found_in_order_whatever_they_are_called(tmp_path):
    for name in ("b/IM2", "b/IM1", "a.txt", ".hidden", "c/d/e/f.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    files, skipped = names(tmp_path)
    assert files == [".hidden", "a.txt", "b/IM1", "b/IM2", "c/d/e/f.jpg"]
    assert skipped == []


def test_a_dicomdir_opened_by_itself_stands_for_its_folder(tmp_path):
    (tmp_path / "DICOMDIR").write_bytes(b"x")
    (tmp_path / "IM1").write_bytes(b"x")
    assert names(tmp_path, tmp_path / "DICOMDIR")[0] == ["DICOMDIR", "IM1"]


def test_folders_that_are_too_deep_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FOLDER_DEPTH", 2)
    (tmp_path / "1" / "2" / "3").mkdir(parents=True)
    (tmp_path / "1" / "2" / "kept").write_bytes(b"x")
    files, skipped = names(tmp_path)
    assert files == ["1/2/kept"]
    assert [s.reason for s in skipped] == [SkipReason.TOO_LARGE]


def test_too_many_files_are_cut_off_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FILES_PER_OPENING", 3)
    for index in range(9):
        (tmp_path / f"{index}").write_bytes(b"x")
    files, skipped = names(tmp_path)
    assert len(files) == 3
    assert "too many" in skipped[0].sentence


def test_a_dicomdir_tells_what_is_missing_and_what_lies_outside(shared_data):
    path = shared_data / "malformed" / "dicomdir_escape" / "DICOMDIR"
    with open_source(str(path)) as source:
        (outside,) = missing_files(source, str(path))
    assert outside.reason is SkipReason.OUTSIDE


def test_the_dicomdir_tree_is_complete(shared_data):
    path = shared_data / "dicomdir" / "tree_three_patients" / "DICOMDIR"
    with open_source(str(path)) as source:
        missing = list(missing_files(source, str(path)))
    assert all(s.reason is SkipReason.UNREADABLE for s in missing)
    there = [p for p in path.parent.rglob("*") if p.is_file()]
    assert len(there) == 32


@pytest.mark.parametrize(
    "name", ["../out.dcm", "/etc/passwd", "a/../../out", "C:\\x.dcm", "c:/x.dcm", "a\\..\\b"]
)
def test_names_that_lead_out_are_refused(name):
    with pytest.raises(Fault) as caught:
        check_member(zipfile.ZipInfo(name))
    assert caught.value.reason is SkipReason.OUTSIDE


def test_locked_members_are_refused():
    info = zipfile.ZipInfo("a.dcm")
    info.flag_bits = 1
    with pytest.raises(Fault) as caught:
        check_member(info)
    assert caught.value.reason is SkipReason.ENCRYPTED


def test_a_bomb_is_refused_by_what_it_claims():
    info = zipfile.ZipInfo("a.dcm")
    info.compress_type = zipfile.ZIP_DEFLATED
    info.file_size, info.compress_size = 1 << 30, 1 << 20
    with pytest.raises(Fault) as caught:
        check_member(info)
    assert caught.value.reason is SkipReason.TOO_LARGE


def test_a_bomb_that_lies_about_its_size_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "ZIP_RATIO_FROM_BYTES", 1 << 16)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(4 << 20))
    with pytest.raises(Fault) as caught:
        read_member(str(path), "zeros")
    assert caught.value.reason is SkipReason.TOO_LARGE


def test_a_file_that_is_no_archive_says_so(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and nothing")
    with pytest.raises(Fault, match="damaged"), open_archive(str(tmp_path / "a.zip")):
        pass


def test_a_member_is_read_whole(tmp_path):
    path = tmp_path / "a.zip"
    content = bytes(range(256)) * 300
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/y", content)
    assert read_member(str(path), "x/y") == content
