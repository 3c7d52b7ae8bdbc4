"""The pool of reading workers: scan folders, decode frames. Foreign bytes are parsed only there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import LifoQueue, SimpleQueue
from typing import Final

from viewer import arena
from viewer.reading.decoding import Decoded, Decoder
from viewer.reading.scanning import Found, Part, Scan, ScanProgress
from viewer.reading.twins import Twins
from viewer.reading.worker import MODULE, Watchdog, Worker
from viewer.study import Instance, Skipped

__all__ = ["Decoded", "Found", "Part", "ScanProgress", "Skipped", "Workers"]

_DEFAULT_COUNT: Final = 2


class Workers:
    """``count`` workers for scanning and as many for decoding, each started when it is needed.

    Scanning and decoding do not wait for each other, so the first image of a folder shows while
    the rest of it is still being read. ``module`` is what the workers run. Shared memory that a
    killed program left behind is removed.
    """

    def __init__(self, count: int = _DEFAULT_COUNT, *, module: str = MODULE) -> None:
        arena.remove_leftovers()
        self._watchdog = Watchdog()
        self._scanners = [Worker(self._watchdog, module) for _ in range(count)]
        self._decoders = [Decoder(Worker(self._watchdog, module)) for _ in range(count)]
        self._twins = Twins()
        self._scan_turn: SimpleQueue[None] = SimpleQueue()
        self._scan_turn.put(None)
        self._idle: LifoQueue[Decoder] = LifoQueue()  # the one that has its codecs comes first
        for decoder in self._decoders:
            self._idle.put(decoder)

    def warm(self) -> None:
        """Start the scan workers now, so that the first scan need not wait for them."""
        for worker in self._scanners:
            worker.start()

    def scan(self, paths: Sequence[str]) -> Iterator[Part]:
        """Everything under files, folders, ZIP archives and DICOMDIRs, as it is found.

        Yields ``Found``, ``Skipped`` and, at least every 50 ms, ``ScanProgress``, which also comes
        last. Close the generator to cancel. A second scan waits for the first to end.
        """
        self._scan_turn.get()
        try:
            # A worker has a working folder of its own: a relative path would lead elsewhere.
            absolute = [str(Path(path).absolute()) for path in paths]
            yield from Scan(absolute, self._twins).run(self._scanners)
        finally:
            self._scan_turn.put(None)

    def decode(self, instance: Instance, frame_numbers: Sequence[int]) -> Iterator[Decoded]:
        """Frames of one instance, in the order asked for; each pixels or the reason why not."""
        with self._decoder() as decoder:
            yield from decoder.decode(instance, frame_numbers)

    def scanner_pids(self) -> tuple[int, ...]:
        """Process ids of the scan workers that run."""
        return tuple(w.pid for w in self._scanners if w.pid is not None)

    def decoder_pids(self) -> tuple[int, ...]:
        """Process ids of the decode workers that run."""
        return tuple(d.pid for d in self._decoders if d.pid is not None)

    def close(self) -> None:
        """End all workers."""
        for worker in self._scanners:
            worker.close()
        for decoder in self._decoders:
            decoder.close()
        self._watchdog.close()

    @contextmanager
    def _decoder(self) -> Iterator[Decoder]:
        decoder = self._idle.get()
        try:
            yield decoder
        finally:
            self._idle.put(decoder)
