"""A scan: one worker lists the files, all workers read headers, results stream as they come."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final

from viewer import limits
from viewer.channel import ChannelError, decode
from viewer.reading.messages import Headers, Listed, LongHeader, ReadHeaders, Walk
from viewer.reading.twins import Twins
from viewer.reading.worker import Worker, WorkerLost
from viewer.study import Instance, Skipped, SkipReason

_BATCH: Final = 64
_FIRST_BATCH: Final = 4  # so that the first image is there at once
_STEP_S: Final = 0.05
_LEAVE_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Found:
    """An image was found."""

    instance: Instance


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """How far a scan is: files read, files listed so far, whether more are being listed."""

    done: int
    listed: int
    walking: bool


Part = Found | Skipped | ScanProgress


class Scan:
    """The state that the threads of one scan share; each thread talks to one worker."""

    def __init__(self, paths: Sequence[str], twins: Twins) -> None:
        self._paths = tuple(paths)
        self._twins = twins
        self._parts: SimpleQueue[Part | None] = SimpleQueue()
        self._ready = threading.Condition()
        self._pending: deque[str] = deque()
        self._walking = True
        self._cancelled = False
        self._known: set[str] = set()
        self._listed = 0
        self._done = 0

    def run(self, workers: Sequence[Worker]) -> Iterator[Part]:
        """The parts of the scan; closing this generator ends it at once."""
        threads = [
            threading.Thread(target=self._serve, args=(w, not i), name=f"scan {i}", daemon=True)
            for i, w in enumerate(workers)
        ]
        for thread in threads:
            thread.start()
        try:
            yield from self._stream(len(threads))
        finally:
            self._cancel()
            for thread, worker in zip(threads, workers, strict=True):
                thread.join(_LEAVE_S)
                if thread.is_alive():
                    worker.kill()
                thread.join()

    def _stream(self, running: int) -> Iterator[Part]:
        told = ScanProgress(-1, -1, walking=True)
        while running:
            try:
                part = self._parts.get(timeout=_STEP_S)
            except Empty:
                yield self._progress()
                continue
            if part is None:
                running -= 1
                continue
            yield part
            if self._parts.empty() and (now := self._progress()) != told:
                yield (told := now)
        yield self._progress()

    def _progress(self) -> ScanProgress:
        return ScanProgress(self._done, self._listed, self._walking)

    def _cancel(self) -> None:
        with self._ready:
            self._cancelled = True
            self._pending.clear()
            self._ready.notify_all()

    def _serve(self, worker: Worker, walks: bool) -> None:
        try:
            if walks:
                self._walk(worker)
            while batch := self._next_batch():
                self._read(worker, batch)
        finally:
            self._parts.put(None)

    def _walk(self, worker: Worker) -> None:
        lost = self._try_walk(worker) and self._try_walk(worker)
        if lost is not None and not self._cancelled:
            self._parts.put(Skipped(self._paths[0], SkipReason.UNREADABLE, lost.sentence))
        with self._ready:
            self._walking = False
            self._ready.notify_all()

    def _try_walk(self, worker: Worker) -> WorkerLost | None:
        """List everything; how the worker was lost if it was."""
        try:
            for answer in worker.ask(Walk(self._paths), silence_s=limits.WALK_SILENT_S):
                if isinstance(answer, Listed):
                    self._list(answer)
                if self._cancelled:
                    break
        except WorkerLost as lost:
            return lost
        return None

    def _list(self, answer: Listed) -> None:
        """Take what was listed, but for what a lost worker had listed before."""
        for skipped in answer.skipped:
            if skipped.path not in self._known:
                self._parts.put(skipped)
        files = [path for path in answer.files if path not in self._known]
        self._known.update(files, (skipped.path for skipped in answer.skipped))
        with self._ready:
            self._pending.extend(files)
            self._listed += len(files)
            self._ready.notify_all()

    def _next_batch(self) -> tuple[str, ...]:
        with self._ready:
            while self._walking and not self._pending and not self._cancelled:
                self._ready.wait()
            size = _FIRST_BATCH if self._done < _FIRST_BATCH else _BATCH
            return tuple(self._pending.popleft() for _ in range(min(size, len(self._pending))))

    def _read(self, worker: Worker, files: tuple[str, ...]) -> None:
        """Read a batch; when it costs the worker, find the culprit, skip it, read the rest."""
        rest, one_by_one = files, False
        while rest and not self._cancelled:
            batch = rest[:1] if one_by_one else rest
            read, lost = self._try(worker, batch)
            rest = rest[read:]
            if lost is None or not rest:
                continue
            if len(batch) == 1:
                self._skip(rest[0], lost)
                rest = rest[1:]
            one_by_one = len(batch) > 1

    def _skip(self, path: str, lost: WorkerLost) -> None:
        if self._cancelled:
            return
        self._count(1)
        self._parts.put(Skipped(path, SkipReason.UNREADABLE, lost.sentence))

    def _try(self, worker: Worker, files: tuple[str, ...]) -> tuple[int, WorkerLost | None]:
        """How many of the files were read, and how the worker was lost if it was."""
        read = 0
        pieces: list[str] = []
        twins: list[Instance] = []
        try:
            for answer in worker.ask(ReadHeaders(files), silence_s=limits.HEADER_S):
                if isinstance(answer, Headers):
                    read += answer.done
                    self._take(answer, twins)
                elif isinstance(answer, LongHeader):
                    self._take_piece(answer, pieces, twins)
                if self._cancelled:
                    break
        except WorkerLost as lost:
            self._compare(worker, twins)
            return read, lost
        self._compare(worker, twins)
        return read, None

    def _found(self, instance: Instance, twins: list[Instance]) -> None:
        if self._twins.is_first(instance):
            self._parts.put(Found(instance))
        else:
            twins.append(instance)

    def _compare(self, worker: Worker, twins: list[Instance]) -> None:
        """Tell copies from images that differ, for those whose UID was found before."""
        for instance in twins:
            if self._cancelled:
                return
            try:
                self._parts.put(Found(self._twins.compared(instance, worker)))
            except WorkerLost as lost:
                self._parts.put(Skipped(instance.path, SkipReason.UNREADABLE, lost.sentence))

    def _take(self, answer: Headers, twins: list[Instance]) -> None:
        for instance in answer.instances:
            self._found(instance, twins)
        for skipped in answer.skipped:
            self._parts.put(skipped)
        self._count(answer.done)

    def _take_piece(self, answer: LongHeader, pieces: list[str], twins: list[Instance]) -> None:
        pieces.append(answer.piece)
        if sum(map(len, pieces)) > limits.HEADER_BYTES:
            pieces.clear()
        elif answer.last:
            text, known = "".join(pieces), {"Instance": Instance}
            pieces.clear()
            try:
                instance = decode(text.encode("utf-8", "surrogatepass"), known)
            except ChannelError:
                return
            self._found(instance, twins)

    def _count(self, files: int) -> None:
        with self._ready:
            self._done += files
