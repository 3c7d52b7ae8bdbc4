"""The window's side of decoding: one worker, one arena that is used again and again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer import limits
from viewer.arena import Arena
from viewer.reading.messages import Decode, FrameDecoded, FrameFailed
from viewer.reading.stored import frame_bytes, frame_shape, stored_dtype
from viewer.reading.worker import Worker, WorkerLost
from viewer.study import Instance, PixelFormat
from viewer.words import _

_ARENA_BYTES: Final = 32 * limits.MIB
_KINDS: Final = frozenset({
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decoded:
    """One frame, or in ``failure`` the sentence why it cannot be shown.

    ``cost_worker``: the worker crashed over it, or was ended because it was silent too long.
    """

    frame_number: int
    pixels: NDArray[Any] | None
    photometric: str = ""
    bits_stored: int = 0
    notes: tuple[str, ...] = ()
    failure: str = ""
    cost_worker: bool = False


class Decoder:
    """A worker with the shared memory that it decodes into."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._arena: Arena | None = None

    def decode(self, instance: Instance, frame_numbers: Sequence[int]) -> Iterator[Decoded]:
        """The frames in the order asked for; a frame that costs the worker fails alone."""
        if instance.pixels is None:
            return
        arena = self._room(frame_bytes(instance.pixels))
        fit = max(1, arena.size // max(1, frame_bytes(instance.pixels)))
        waiting = iter(frame_numbers)
        while numbers := tuple(islice(waiting, fit)):
            yield from self._chunk(instance, instance.pixels, numbers, arena)

    @property
    def pid(self) -> int | None:
        """Its worker's process id while it runs."""
        return self._worker.pid

    def close(self) -> None:
        """End the worker and give the shared memory back."""
        self._worker.close()
        if self._arena is not None:
            self._arena.close()
            self._arena = None

    def _chunk(
        self, instance: Instance, pixels: PixelFormat, numbers: tuple[int, ...], arena: Arena
    ) -> Iterator[Decoded]:
        while numbers:
            request = Decode(
                instance.path,
                instance.member,
                instance.sop_instance_uid,
                numbers,
                arena.name,
                arena.size,
            )
            done = 0
            try:
                for answer in self._worker.ask(request, silence_s=_patience_s(pixels)):
                    if done == len(numbers):
                        break  # it says more than it was asked: leaving here ends it
                    yield _received(answer, numbers[done], pixels, arena)
                    done += 1
            except WorkerLost as lost:
                if done < len(numbers):
                    yield replace(_failed(numbers[done], lost.sentence), cost_worker=True)
                numbers = numbers[done + 1 :]
            else:
                yield from (_failed(n, _("It cannot be decoded.")) for n in numbers[done:])
                return

    def _room(self, frame: int) -> Arena:
        if self._arena is not None and self._arena.size >= frame:
            return self._arena
        if self._arena is not None:
            self._arena.close()
        self._arena = Arena.create(max(_ARENA_BYTES, frame))
        return self._arena


def _patience_s(pixels: PixelFormat) -> float:
    """How long a frame may take: a base and 2 s for every 10 million pixels."""
    return limits.FRAME_S + 2.0 * pixels.rows * pixels.columns / 1e7


def _failed(frame_number: int, sentence: str) -> Decoded:
    return Decoded(frame_number, None, failure=sentence)


def _received(answer: object, expected: int, pixels: PixelFormat, arena: Arena) -> Decoded:
    """An answer checked against what was asked, its pixels copied out of the arena."""
    if isinstance(answer, FrameFailed):
        return _failed(expected, answer.sentence)
    if not isinstance(answer, FrameDecoded) or answer.frame_number != expected:
        return _failed(expected, _("It cannot be decoded."))
    if answer.dtype not in _KINDS or not _fits(answer, pixels, arena):
        return _failed(expected, _("It cannot be decoded."))
    view = arena.array(np.dtype(answer.dtype), answer.shape, answer.offset)
    copy = view.copy()
    copy.flags.writeable = False
    return Decoded(expected, copy, answer.photometric, answer.bits_stored, answer.notes)


def _fits(answer: FrameDecoded, pixels: PixelFormat, arena: Arena) -> bool:
    """Whether the shape is the header's, or smaller as in cropped edge tiles, and in the arena."""
    most = frame_shape(pixels)
    size = prod(answer.shape) * np.dtype(answer.dtype).itemsize
    return (
        len(answer.shape) == len(most)
        and all(0 < have <= may for have, may in zip(answer.shape, most, strict=True))
        and answer.shape[2:] == most[2:]
        and np.dtype(answer.dtype).itemsize <= stored_dtype(pixels).itemsize
        and answer.offset >= 0
        and answer.offset + size <= arena.size
    )
