"""What the engine keeps: embeddings in memory and on disk, and prefixes, each by patient."""

import os

import numpy as np
import pytest

from assistant.engines.embeddings import Embeddings, forget_on_disk, picture_key
from assistant.engines.prefix import Prefixes

KEY = picture_key("digest", "projector", "flash", "1")


def make(seed: int = 0, tokens: int = 256, width: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((tokens, width)).astype(np.float32)


@pytest.fixture
def kept(tmp_path):
    return Embeddings(memory_bytes=1 << 20, folder=tmp_path / "cache", disk_bytes=1 << 20)


def reopened(tmp_path):
    """The same folder, seen by a process that has nothing in memory."""
    return Embeddings(memory_bytes=1 << 20, folder=tmp_path / "cache", disk_bytes=1 << 20)


def stored(tmp_path):
    return sorted((tmp_path / "cache").rglob("*.embedding"))


def test_embedding_comes_back_from_memory_and_from_disk(kept, tmp_path):
    kept.keep("A", KEY, make())
    assert np.array_equal(kept.find("A", KEY), make())
    assert np.array_equal(reopened(tmp_path).find("A", KEY), make())


def test_another_patient_finds_nothing(kept, tmp_path):
    kept.keep("A", KEY, make())
    assert kept.find("B", KEY) is None
    assert reopened(tmp_path).find("B", KEY) is None


def test_forgetting_leaves_no_file(kept, tmp_path):
    kept.keep("A", KEY, make())
    kept.keep("B", KEY, make())
    kept.forget("A")
    assert kept.find("A", KEY) is None
    assert len(stored(tmp_path)) == 1
    forget_on_disk(tmp_path / "cache", "B")
    assert stored(tmp_path) == []


def test_every_setting_changes_the_key():
    base = ("digest", "projector", "flash", "1")
    keys = {picture_key(*base)}
    for i in range(4):
        keys.add(picture_key(*base[:i], base[i] + "x", *base[i + 1 :]))
    assert len(keys) == 5


def test_files_are_for_this_user_alone(kept, tmp_path):
    old = os.umask(0)
    try:
        kept.keep("A", KEY, make())
    finally:
        os.umask(old)
    assert {p.stat().st_mode & 0o777 for p in stored(tmp_path)} == {0o600}
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_patient_key_stands_in_no_path(kept, tmp_path):
    kept.keep("ZZCANARY", KEY, make())
    assert not [p for p in tmp_path.rglob("*") if "ZZCANARY" in str(p)]


@pytest.mark.parametrize("place", [0, 9, 20, 60, -1])
def test_flipped_byte_counts_as_absent(kept, tmp_path, place):
    kept.keep("A", KEY, make())
    (path,) = stored(tmp_path)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert reopened(tmp_path).find("A", KEY) is None


@pytest.mark.parametrize("length", [0, 10, 48, 1000])
def test_truncated_file_counts_as_absent(kept, tmp_path, length):
    kept.keep("A", KEY, make())
    (path,) = stored(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    assert reopened(tmp_path).find("A", KEY) is None


def test_memory_and_disk_stay_bounded(tmp_path):
    size = make().nbytes
    kept = Embeddings(memory_bytes=3 * size, folder=tmp_path / "cache", disk_bytes=5 * size)
    for i in range(12):
        kept.keep("A", f"{i:064d}", make(i))
    assert len(kept._kept) == 3
    files = stored(tmp_path)
    assert sum(p.stat().st_size for p in files) <= 5 * size
    assert files[-1].name.startswith(f"{11:064d}")


def test_full_disk_is_no_error(kept, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    kept.keep("A", KEY, make())
    assert np.array_equal(kept.find("A", KEY), make())


def test_prefix_is_found_only_for_its_patient_and_exact_units():
    prefixes = Prefixes(1000)
    prefixes.keep("A", [2, 105, "digest"], positions=258, state=b"state")
    assert prefixes.find("A", [2, 105, "digest"]).positions == 258
    assert prefixes.find("B", [2, 105, "digest"]) is None
    assert prefixes.find("A", [2, 105, "other"]) is None
    assert prefixes.find("A", [2, 105]) is None
    assert prefixes.find("A", [2, "105", "digest"]) is None


def test_prefixes_stay_bounded_and_drop_the_longest_unused():
    prefixes = Prefixes(30)
    for i in range(3):
        prefixes.keep("A", [i], positions=1, state=bytes(10))
    assert prefixes.find("A", [0]) is not None
    prefixes.keep("A", [3], positions=1, state=bytes(10))
    assert prefixes.find("A", [1]) is None
    assert prefixes.find("A", [0]) is not None
    prefixes.keep("A", [4], positions=1, state=bytes(31))
    assert prefixes.find("A", [4]) is None


def test_prefixes_of_a_patient_are_forgotten():
    prefixes = Prefixes(100)
    for patient in "AB":
        prefixes.keep(patient, [1], positions=1, state=b"x")
    prefixes.forget("A")
    assert prefixes.find("A", [1]) is None
    assert prefixes.find("B", [1]) is not None
