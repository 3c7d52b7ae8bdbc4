"""Shared memory for pixels, allocated once, touched once and used again and again.

The window creates arenas and is the only one that unlinks them; a child only attaches. On Python
before 3.13 an attaching child's resource tracker would delete the segment when the child dies, so
the child's registration is switched off (CPython issue 82300).
"""

import sys
from multiprocessing import resource_tracker, shared_memory
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray


class Arena:
    """A block of shared memory; ``name`` is what a child attaches to."""

    def __init__(self, memory: shared_memory.SharedMemory, *, owned: bool) -> None:
        self._memory = memory
        self._owned = owned

    @classmethod
    def create(cls, size_bytes: int) -> Self:
        """Create a segment of ``size_bytes``, readable by this user alone."""
        return cls(shared_memory.SharedMemory(create=True, size=size_bytes), owned=True)

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
