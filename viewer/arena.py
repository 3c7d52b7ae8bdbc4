"""Shared memory for pixels, allocated once, touched once and used again and again.

The window creates arenas and is the only one that unlinks them; a child only attaches. On Python
before 3.13 an attaching child's resource tracker would delete the segment when the child dies, so
the child's registration is switched off (CPython issue 82300).

A segment's name holds the process that made it, so that what a killed program left behind is known
at the next start. Linux lists its segments as files; Windows drops them with their last user, and
on macOS only the resource tracker, which outlives a killed program, clears them.
"""

import os
import re
import sys
from contextlib import suppress
from multiprocessing import resource_tracker, shared_memory
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

_LISTED: Final = Path("/dev/shm")  # noqa: S108 - where Linux shows what shm_open made
_PREFIX: Final = "second-read"  # with a process and eight digits no longer than macOS allows
_NAME: Final = re.compile(rf"{_PREFIX}-(\d{{1,10}})-[0-9a-f]{{8}}")


class Arena:
    """A block of shared memory; ``name`` is what a child attaches to."""

    def __init__(self, memory: shared_memory.SharedMemory, *, owned: bool) -> None:
        self._memory = memory
        self._owned = owned

    @classmethod
    def create(cls, size_bytes: int) -> Self:
        """Create a segment of ``size_bytes``, readable by this user alone."""
        while True:
            name = f"{_PREFIX}-{os.getpid()}-{os.urandom(4).hex()}"
            with suppress(FileExistsError):
                memory = shared_memory.SharedMemory(name=name, create=True, size=size_bytes)
                return cls(memory, owned=True)

    @classmethod
    def attach(cls, name: str) -> Self:
        """Attach to a segment that another process created; OSError when it is gone."""
        if sys.version_info >= (3, 13):
            return cls(shared_memory.SharedMemory(name=name, track=False), owned=False)
        register = resource_tracker.register
        resource_tracker.register = lambda *_: None
        try:
            return cls(shared_memory.SharedMemory(name=name), owned=False)
        finally:
            resource_tracker.register = register

    @property
    def name(self) -> str:
        """What ``attach`` takes."""
        return self._memory.name

    @property
    def size(self) -> int:
        """Bytes."""
        return self._memory.size

    @property
    def view(self) -> memoryview:
        """All of it; release every slice of it before ``close``."""
        buffer = self._memory.buf
        if buffer is None:
            raise ValueError("closed")
        return buffer

    def array(self, dtype: np.dtype, shape: tuple[int, ...], offset: int = 0) -> NDArray:  # type: ignore[type-arg]
        """A view of part of it as an array; ValueError when it does not fit."""
        return np.ndarray(shape, dtype, buffer=self._memory.buf, offset=offset)

    def close(self) -> None:
        """Let go; the owner also removes the segment. Views that still live keep their pages."""
        try:
            self._memory.close()
        except BufferError:
            pass  # an array still looks at it; its pages go with the array
        finally:
            if self._owned:
                self._owned = False
                self._memory.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def remove_leftovers() -> int:
    """Remove the segments of programs that ended without a chance to; how many there were."""
    removed = 0
    with suppress(OSError):
        for path in _LISTED.iterdir():
            found = _NAME.fullmatch(path.name)
            if found is None or _runs(int(found[1])):
                continue
            with suppress(OSError):  # another user's
                path.unlink()
                removed += 1
    return removed


def _runs(pid: int) -> bool:
    """Whether a process of this user has this number."""
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return False
    return True
