"""Encoded pictures by digest: in memory, then on disk, so that no picture is encoded twice.

A key is the digest of the picture's bytes, of the projector, and of what changes its arithmetic.
Everything belongs to a patient; nothing kept for one is found for another. A file on disk is
float32 behind a header with its own digest, readable by this user alone.
"""

import contextlib
import hashlib
import os
import shutil
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Embedding = NDArray[np.float32]
"""(tokens, width): what the tower makes of one picture."""

_HEADER: Final = struct.Struct("<8sII32s")  # mark, tokens, width, SHA-256 of the numbers
_MARK: Final = b"SRPICT01"
_SUFFIX: Final = ".embedding"
_FLOAT_BYTES: Final = 4
_MOST_NUMBERS: Final = 1 << 26


class Embeddings:
    """Two levels of cache; the older entries go when a level is full."""

    def __init__(self, *, memory_bytes: int, folder: Path | None, disk_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._folder = folder
        self._disk_bytes = disk_bytes
        self._kept: OrderedDict[tuple[str, str], Embedding] = OrderedDict()

    def find(self, patient: str, key: str) -> Embedding | None:
        """What was kept, or None; a file that is not exactly as written counts as absent."""
        found = self._kept.get((patient, key))
        if found is not None:
            self._kept.move_to_end((patient, key))
            return found
        path = self._path(patient, key)
        found = None if path is None else _read(path)
        if found is not None:
            self._remember(patient, key, found)
        return found

    def keep(self, patient: str, key: str, embedding: Embedding) -> None:
        """Keep in memory and, where there is a folder, on disk; a full disk is no error."""
        self._remember(patient, key, embedding)
        path = self._path(patient, key)
        if path is not None:
            with contextlib.suppress(OSError):
                _write(path, embedding)
                self._make_room()

    def forget(self, patient: str) -> None:
        """Drop all that belongs to a patient."""
        for kept in [kept for kept in self._kept if kept[0] == patient]:
            del self._kept[kept]
        if self._folder is not None:
            forget_on_disk(self._folder, patient)

    def _remember(self, patient: str, key: str, embedding: Embedding) -> None:
        self._kept[patient, key] = embedding
        self._kept.move_to_end((patient, key))
        size = sum(kept.nbytes for kept in self._kept.values())
        while size > self._memory_bytes and len(self._kept) > 1:
            _kept, oldest = self._kept.popitem(last=False)
            size -= oldest.nbytes

    def _path(self, patient: str, key: str) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / _folder_name(patient) / f"{key}{_SUFFIX}"

    def _make_room(self) -> None:
        """Remove the files longest unused until the rest fits."""
        if self._folder is None:
            return
        files = []
        for path in self._folder.glob(f"*/*{_SUFFIX}"):
            with contextlib.suppress(OSError):
                status = path.stat()
                files.append((status.st_mtime_ns, status.st_size, path))
        size = sum(entry[1] for entry in files)
        for _time, length, path in sorted(files):
            if size <= self._disk_bytes:
                break
            path.unlink(missing_ok=True)
            size -= length


def picture_key(picture_digest: str, *settings: str) -> str:
    """The key of a picture's embedding: its digest and everything that changes its bits."""
    return hashlib.sha256("\0".join((picture_digest, *settings)).encode()).hexdigest()


def forget_on_disk(folder: Path, patient: str) -> None:
    """Remove a patient's files from a cache folder; what is not there is no error."""
    shutil.rmtree(folder / _folder_name(patient), ignore_errors=True)


def _folder_name(patient: str) -> str:
    return hashlib.sha256(patient.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _write(path: Path, embedding: Embedding) -> None:
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    numbers = np.ascontiguousarray(embedding, np.float32).tobytes()
    head = _HEADER.pack(_MARK, *embedding.shape, hashlib.sha256(numbers).digest())
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(head)
            file.write(numbers)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _read(path: Path) -> Embedding | None:
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER.size)
            if len(head) < _HEADER.size:
                return None
            mark, tokens, width, digest = _HEADER.unpack(head)
            if mark != _MARK or not 0 < tokens * width <= _MOST_NUMBERS:
                return None
            numbers = file.read(tokens * width * _FLOAT_BYTES + 1)
        if len(numbers) != tokens * width * _FLOAT_BYTES:
            return None
        if hashlib.sha256(numbers).digest() != digest:
            return None
        os.utime(path)
    except OSError:
        return None
    return np.frombuffer(numbers, np.float32).reshape(tokens, width)
