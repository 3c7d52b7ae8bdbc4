"""Frames by reference: from memory, else from the file; the most recently used are kept.

Safe to use from any thread. Callbacks run on the threads that read; post to the window from there.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Final

from viewer import limits
from viewer.errors import UserError
from viewer.reading.native import is_native, read_native
from viewer.reading.stored import Stored
from viewer.reading.workers import Workers
from viewer.study import FrameRef, Instance
from viewer.words import _

__all__ = ["Frames", "Prefetch", "Stored", "middle_out"]

_BUDGET_BYTES: Final = 512 * limits.MIB
_THREADS: Final = 2
_LOST_WORKERS: Final = 3

OnFrame = Callable[[Stored], None]
OnFailed = Callable[[FrameRef, UserError], None]


def middle_out(count: int, start: int) -> Iterator[int]:
    """All indices below ``count``: ``start`` first, then its neighbours outwards."""
    start = min(max(start, 0), count - 1)
    for distance in range(count):
        for index in dict.fromkeys((start + distance, start - distance)):
            if 0 <= index < count:
                yield index


class Prefetch:
    """Frames on their way; ``cancel`` drops what is not read yet, ``wait`` waits for the end."""

    def __init__(
        self, refs: Iterator[FrameRef], on_frame: OnFrame | None, on_failed: OnFailed | None
    ) -> None:
        self._refs = refs
        self._running = 0
        self._exhausted = False
        self._ended = threading.Event()
        self.on_frame = on_frame
        self.on_failed = on_failed
        self._cancelled = False

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody wants it any more; no callback comes after that."""
        return self._cancelled

    def cancel(self) -> None:
        """Read no more of it."""
        self._cancelled = True

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether it ended, in time; cancelled ones end with the frame that is being read."""
        return self._ended.wait(timeout_s)

    def take(self) -> FrameRef | None:
        """The next frame to read, None when there is none; for ``Frames`` under its lock."""
        ref = None if self._cancelled or self._exhausted else next(self._refs, None)
        if ref is None:
            self._exhausted = True
            if not self._running:
                self._ended.set()
        else:
            self._running += 1
        return ref

    def taken(self) -> None:
        """One frame was read; for ``Frames`` under its lock."""
        self._running -= 1
        if not self._running and (self._exhausted or self._cancelled):
            self._ended.set()


class Frames:
    """Decoded frames of the open instances, at most ``budget_bytes`` of them in memory."""

    def __init__(self, workers: Workers, budget_bytes: int = _BUDGET_BYTES) -> None:
        self._workers = workers
        self._budget = budget_bytes
        self._instances: dict[str, Instance] = {}
        self._kept: OrderedDict[FrameRef, Stored] = OrderedDict()
        self._kept_bytes = 0
        self._loading: dict[FrameRef, Future[Stored]] = {}
        self._failed: dict[FrameRef, str] = {}
        self._lost: Counter[str] = Counter()  # workers, by series
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._prefetches: list[Prefetch] = []
        self._threads: list[threading.Thread] = []
        self._closed = False

    def add(self, instances: Iterable[Instance]) -> None:
        """Make instances known, so that their frames can be asked for.

        A UID that stood for another file stands for this one from now on; nothing read for the
        other is kept.
        """
        found = {instance.sop_instance_uid: instance for instance in instances}
        with self._lock:
            known = self._instances
            moved = frozenset(
                u for u, new in found.items() if u in known and not _is_file_of(known[u], new)
            )
            self._drop(moved)
            self._instances.update(found)

    def instance(self, sop_instance_uid: str) -> Instance:
        """A known instance; UserError when it is not open any more."""
        with self._lock:
            instance = self._instances.get(sop_instance_uid)
        if instance is None:
            raise UserError(_("This image is not open any more. Open its folder again."))
        return instance

    def peek(self, ref: FrameRef) -> Stored | None:
        """A frame that is in memory, at once; else None."""
        with self._lock:
            stored = self._kept.get(ref)
            if stored is not None:
                self._kept.move_to_end(ref)
            return stored

    def get(self, ref: FrameRef) -> Stored:
        """A frame, read now if need be; UserError with the reason when it cannot be shown.

        A frame that failed once is not tried again by itself; ``forget`` allows it.
        """
        with self._lock:
            stored = self._kept.get(ref)
            if stored is not None:
                self._kept.move_to_end(ref)
                return stored
            if ref in self._failed:
                raise UserError(self._failed[ref])
            running = self._loading.get(ref)
            if running is None:
                mine: Future[Stored] = Future()
                self._loading[ref] = mine
        if running is not None:
            return running.result()
        return self._load(ref, mine)

    def prefetch(
        self,
        refs: Sequence[FrameRef],
        *,
        start: int = 0,
        on_frame: OnFrame | None = None,
        on_failed: OnFailed | None = None,
    ) -> Prefetch:
        """Read frames in the background, ``start`` first, then outwards; newer calls go first.

        Each frame comes to ``on_frame``, also those that are in memory already.
        """
        wanted = tuple(refs)
        order = (wanted[index] for index in middle_out(len(wanted), start))
        prefetch = Prefetch(order, on_frame, on_failed)
        with self._work:
            self._prefetches.append(prefetch)
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            while len(self._threads) < _THREADS and not self._closed:
                thread = threading.Thread(target=self._serve, name="frames", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._work.notify_all()
        return prefetch

    def forget(self, sop_instance_uids: Iterable[str]) -> None:
        """Let go of instances, their frames and what is known of their failures."""
        gone = frozenset(sop_instance_uids)
        with self._lock:
            for uid in gone:
                instance = self._instances.pop(uid, None)
                if instance is not None:
                    self._lost.pop(instance.study.series_uid, None)
            self._drop(gone)

    @property
    def kept_bytes(self) -> int:
        """How many bytes of pixels are in memory."""
        return self._kept_bytes

    def close(self) -> None:
        """End the background reading."""
        with self._work:
            self._closed = True
            for prefetch in self._prefetches:
                prefetch.cancel()
            self._work.notify_all()
        for thread in self._threads:
            thread.join()

    def read(self, ref: FrameRef) -> Stored:
        """A frame from its file, neither looked for in memory nor kept; UserError if it fails.

        A series that has cost three workers is read no more until it is let go of (``forget``).
        """
        instance = self.instance(ref.sop_instance_uid)
        pixels = instance.pixels
        if pixels is None or not 1 <= ref.frame_number <= instance.frame_count:
            raise UserError(_("This object holds no such picture."))
        if is_native(instance):
            array = read_native(instance, ref.frame_number)
            array.flags.writeable = False
            return Stored(
                array,
                instance,
                ref.frame_number,
                pixels.photometric,
                pixels.bits_stored,
                instance.notes,
            )
        series_uid = instance.study.series_uid
        if self._lost[series_uid] >= _LOST_WORKERS:
            raise UserError(
                _("This series made the file reader fail three times. "
                  "Close it and open it again to try once more.")
            )  # fmt: skip
        (decoded,) = self._workers.decode(instance, (ref.frame_number,))
        if decoded.pixels is None:
            with self._lock:
                self._lost[series_uid] += decoded.cost_worker
            raise UserError(decoded.failure)
        return Stored(
            decoded.pixels,
            instance,
            ref.frame_number,
            decoded.photometric,
            decoded.bits_stored,
            (*instance.notes, *decoded.notes),
        )

    def _load(self, ref: FrameRef, mine: "Future[Stored]") -> Stored:
        try:
            stored = self.read(ref)
        except BaseException as error:
            with self._lock:
                if self._is_wanted(ref, mine) and isinstance(error, UserError):
                    self._failed[ref] = error.sentence
            mine.set_exception(error)
            raise
        with self._lock:
            if self._is_wanted(ref, mine):
                self._keep(ref, stored)
        mine.set_result(stored)
        return stored

    def _is_wanted(self, ref: FrameRef, mine: "Future[Stored]") -> bool:
        """Whether a frame that was read is still what its reference stands for."""
        if self._loading.get(ref) is not mine:
            return False
        del self._loading[ref]
        return True

    def _drop(self, uids: frozenset[str]) -> None:
        if not uids:
            return
        for ref in [ref for ref in self._loading if ref.sop_instance_uid in uids]:
            del self._loading[ref]
        for ref in [ref for ref in self._kept if ref.sop_instance_uid in uids]:
            self._kept_bytes -= self._kept.pop(ref).pixels.nbytes
        for ref in [ref for ref in self._failed if ref.sop_instance_uid in uids]:
            del self._failed[ref]

    def _keep(self, ref: FrameRef, stored: Stored) -> None:
        self._kept[ref] = stored
        self._kept_bytes += stored.pixels.nbytes
        while self._kept_bytes > self._budget and len(self._kept) > 1:
            _ref, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= oldest.pixels.nbytes

    def _serve(self) -> None:
        while (task := self._next()) is not None:
            prefetch, ref = task
            try:
                self._fetch(prefetch, ref)
            finally:
                with self._work:
                    prefetch.taken()

    def _next(self) -> tuple[Prefetch, FrameRef] | None:
        with self._work:
            while not self._closed:
                while self._prefetches:
                    prefetch = self._prefetches[-1]
                    ref = prefetch.take()
                    if ref is not None:
                        return prefetch, ref
                    self._prefetches.pop()
                self._work.wait()
        return None

    def _fetch(self, prefetch: Prefetch, ref: FrameRef) -> None:
        try:
            stored = self.get(ref)
        except UserError as error:
            if prefetch.on_failed is not None and not prefetch.is_cancelled:
                prefetch.on_failed(ref, error)
            return
        if prefetch.on_frame is not None and not prefetch.is_cancelled:
            prefetch.on_frame(stored)


def _is_file_of(known: Instance, other: Instance) -> bool:
    """Whether two instances come from the same file."""
    return (known.path, known.member) == (other.path, other.member)
