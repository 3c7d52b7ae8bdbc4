"""What binds a reader's measurement to the pixels it was made on: SHA-256 of a frame's values.

Counted beside the window's thread from the first press on, so that the last one waits for nothing.
"""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from viewer.reading.frames import Stored
from viewer.study import FrameRef


class Digests:
    """The digest of the frame that is measured now."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._known: tuple[FrameRef, Future[str]] | None = None

    def begin(self, stored: Stored | None) -> None:
        """Begin to count a frame that is about to be measured."""
        if stored is None or (self._known is not None and self._known[0] == stored.ref):
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="digest")
        self._known = stored.ref, self._thread.submit(_digest, stored)

    def of(self, stored: Stored | None) -> str:
        """The digest of a frame in hexadecimal; "" without one."""
        self.begin(stored)
        return self._known[1].result() if stored is not None and self._known is not None else ""


def _digest(stored: Stored) -> str:
    return hashlib.sha256(np.ascontiguousarray(stored.pixels).data).hexdigest()
