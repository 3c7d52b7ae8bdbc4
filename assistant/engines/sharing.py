"""The window's side of pictures in shared memory: arenas lent to a request and used again."""

import hashlib
import threading
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assistant.engines.protocol import SharedPicture
from viewer.arena import Arena

Rgb = NDArray[np.uint8]
"""(rows, columns, 3)."""

_SPARE_ARENAS: Final = 2


class Sharing:
    """Arenas for pictures; thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._spare: list[Arena] = []

    def lend(
        self, pictures: Sequence[Rgb], *, patient: str
    ) -> tuple[Arena | None, tuple[SharedPicture, ...]]:
        """Copy pictures into an arena; None where there are none. Give it back when answered."""
        size = sum(picture.nbytes for picture in pictures)
        if not size:
            return None, ()
        arena = self._arena(size)
        shared, offset = [], 0
        for picture in pictures:
            rows, columns, _channels = picture.shape
            target = arena.array(np.dtype(np.uint8), picture.shape, offset)
            target[...] = picture
            digest = hashlib.sha256(target.tobytes()).hexdigest()
            shared.append(SharedPicture(arena.name, offset, columns, rows, digest, patient))
            offset += picture.nbytes
        return arena, tuple(shared)

    def give_back(self, arena: Arena | None) -> None:
        """An arena that no request needs any more; the largest are kept for the next one."""
        if arena is None:
            return
        with self._guard:
            self._spare.append(arena)
            self._spare.sort(key=lambda spare: spare.size)
            surplus = self._spare[:-_SPARE_ARENAS]
            self._spare = self._spare[-_SPARE_ARENAS:]
        for spare in surplus:
            spare.close()

    def close(self) -> None:
        """Remove all arenas that are not lent."""
        with self._guard:
            surplus, self._spare = self._spare, []
        for spare in surplus:
            spare.close()

    def _arena(self, size: int) -> Arena:
        with self._guard:
            for spare in self._spare:
                if spare.size >= size:
                    self._spare.remove(spare)
                    return spare
        return Arena.create(size)
