"""Workers: results as they come, cancel at once, and a lost worker costs one file."""

import os
import signal
import tempfile
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from series import make_series, write_image

from viewer import limits
from viewer.reading import worker
from viewer.reading.frames import Frames
from viewer.reading.grouping import group
from viewer.reading.workers import Found, ScanProgress, Skipped, Workers
from viewer.study import FrameRef


@pytest.fixture
def workers():
    before = threading.active_count()
    workers = Workers(2)
    yield workers
    workers.close()
    assert threading.active_count() == before


def test_a_scan_streams_images_and_ends_with_its_progress(workers, tmp_path):
    make_series(tmp_path / "series", (9, 8, 8))
    (tmp_path / "notes.dcm").write_text("no image at all, but long enough to look at")
    parts = list(workers.scan([str(tmp_path)]))
    found = [p for p in parts if isinstance(p, Found)]
    skipped = [p for p in parts if isinstance(p, Skipped)]
    assert len(found) == 9
    assert [p.path for p in skipped] == [str(tmp_path.resolve() / "notes.dcm")]
    assert parts[-1] == ScanProgress(done=10, listed=10, walking=False)


def test_a_path_is_relative_to_this_process(workers, tmp_path, monkeypatch):
    make_series(tmp_path / "series", (3, 8, 8))
    monkeypatch.chdir(tmp_path)
    assert sum(isinstance(p, Found) for p in workers.scan(["series"])) == 3


def test_a_path_that_is_not_there_is_said(workers, tmp_path):
    parts = list(workers.scan([str(tmp_path / "gone")]))
    assert [type(p) for p in parts if not isinstance(p, ScanProgress)] == [Skipped]


def test_closing_a_scan_ends_it_at_once(workers, tmp_path):
    make_series(tmp_path, (3, 8, 8))
    for index in range(3000):
        os.link(tmp_path / "0000.dcm", tmp_path / f"copy{index:05d}")
    scan = workers.scan([str(tmp_path)])
    assert isinstance(next(p for p in scan if not isinstance(p, ScanProgress)), Found)
    start = time.perf_counter()
    scan.close()
    assert time.perf_counter() - start < 0.2
    assert sum(isinstance(p, Found) for p in workers.scan([str(tmp_path / "0001.dcm")])) == 1


def test_a_killed_worker_costs_no_file(workers, tmp_path):
    make_series(tmp_path, (200, 4, 4))
    workers.warm()
    os.kill(workers.scanner_pids()[0], signal.SIGKILL)
    parts = list(workers.scan([str(tmp_path)]))
    assert sum(isinstance(p, Found) for p in parts) == 200


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")
def test_a_silent_worker_is_ended_and_the_rest_is_read(workers, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "HEADER_S", 0.3)
    monkeypatch.setattr(limits, "WALK_SILENT_S", 2.0)
    monkeypatch.setattr(worker, "_START_S", 3.0)
    make_series(tmp_path, (100, 4, 4))
    workers.warm()
    list(workers.scan([str(tmp_path / "0000.dcm")]))
    os.kill(workers.scanner_pids()[1], signal.SIGSTOP)
    parts = list(workers.scan([str(tmp_path)]))
    assert sum(isinstance(p, Found) for p in parts) == 100


def test_a_decoder_that_dies_is_replaced(workers, tmp_path):
    path = tmp_path / "rle.dcm"
    write_image(path, np.arange(64, dtype=np.uint8).reshape(8, 8), PhotometricInterpretation="RGB",
                SamplesPerPixel=1)  # fmt: skip
    (found,) = [p for p in workers.scan([str(path)]) if isinstance(p, Found)]
    (first,) = workers.decode(found.instance, (1,))
    for pid in workers.decoder_pids():
        os.kill(pid, signal.SIGKILL)
    outcomes = [next(iter(workers.decode(found.instance, (1,)))) for _ in range(4)]
    assert first.pixels is not None
    assert outcomes[-1].pixels is not None


BAD = ("segv", "hang", "exit", "flood", "garbage", "pickle", "unknown")


@pytest.fixture
def bad_workers(monkeypatch):
    """Workers that were taken over."""
    monkeypatch.setattr(limits, "HEADER_S", 0.7)
    monkeypatch.setattr(limits, "FRAME_S", 0.7)
    workers = Workers(2, module=str(Path(__file__).parents[3] / "support" / "bad_worker.py"))
    yield workers
    workers.close()


def test_a_worker_that_was_taken_over_costs_only_its_own_files(bad_workers, tmp_path):
    truth = make_series(tmp_path, (20, 8, 8))
    for name in BAD:
        (tmp_path / name).write_bytes(truth.paths[0].read_bytes())
    parts = list(bad_workers.scan([str(tmp_path)]))
    found = {Path(p.instance.path).name for p in parts if isinstance(p, Found)}
    skipped = {Path(p.path).name for p in parts if isinstance(p, Skipped)}
    assert found == {path.name for path in truth.paths}
    assert skipped == set(BAD)
    assert not Path(tempfile.gettempdir(), "second-read-was-here").exists()


@pytest.mark.parametrize("name", BAD)
def test_a_taken_over_decoder_fails_its_frame_and_the_next_one_comes(bad_workers, tmp_path, name):
    good = write_image(tmp_path / "good.dcm", np.full((8, 8), 7, np.uint8))
    (found,) = [p for p in bad_workers.scan([str(good)]) if isinstance(p, Found)]
    bad = tmp_path / name
    bad.write_bytes(good.read_bytes())
    (failed,) = bad_workers.decode(replace(found.instance, path=str(bad)), (1,))
    start = time.perf_counter()
    (decoded,) = bad_workers.decode(found.instance, (1,))
    assert failed.pixels is None
    assert failed.failure.endswith(".")
    assert decoded.pixels is not None
    assert decoded.pixels.max() == 7
    assert time.perf_counter() - start < 5


def test_a_changed_file_is_not_shown_as_the_old_one(workers, tmp_path):
    path = write_image(tmp_path / "a.dcm", np.zeros((8, 8), np.uint8))
    (found,) = [p for p in workers.scan([str(path)]) if isinstance(p, Found)]
    write_image(path, np.ones((8, 8), np.uint8))
    (decoded,) = workers.decode(found.instance, (1,))
    assert decoded.pixels is None
    assert "changed" in decoded.failure


def test_one_uid_on_other_pixels_is_two_images(workers, tmp_path):
    """Trust rests on it: a copy is skipped, an image that differs is never taken for one."""
    truth = make_series(tmp_path, (2, 8, 8))
    copy, other, member = (tmp_path / name for name in ("copy.dcm", "other.dcm", "twin.zip"))
    copy.write_bytes(truth.paths[1].read_bytes())
    changed = bytearray(truth.paths[1].read_bytes())
    changed[-5] ^= 0x40
    other.write_bytes(changed)
    with zipfile.ZipFile(member, "w") as archive:
        archive.writestr("again.dcm", bytes(changed))
    for paths in ([tmp_path], [copy, other, truth.paths[1], truth.paths[0], member]):
        found = []
        for path in paths:  # also when they are opened one after another
            found += [p.instance for p in workers.scan([str(path)]) if isinstance(p, Found)]
        library = group(found)
        ((_patient, _study, series),) = library.all_series()
        uid = next(i for i in series.instances if i.path.endswith("0001.dcm")).sop_instance_uid
        twins = [i for i in series.instances if i.sop_instance_uid.startswith(uid[:60])]
        assert len(series.instances) == 3
        assert len(library.skipped) == 2
        assert sum(any("same UID" in note for note in i.notes) for i in twins) == 2
        frames = Frames(workers)
        frames.add(series.instances)
        shown = {frames.get(FrameRef(i.sop_instance_uid)).pixels.tobytes() for i in twins}
        assert truth.values[1].tobytes() in shown
        assert len(shown) == len(twins)
        frames.close()
