"""One reading worker as the window sees it: asked, watched, and started again when it is lost."""

import threading
import time
from collections.abc import Iterator
from typing import Any, Final

from viewer.channel import ChannelError
from viewer.children import Child
from viewer.reading.messages import ANSWERS, Done, Importing, Walk
from viewer.words import _

MODULE: Final = "viewer.parsing.child"
_LOOK_S: Final = 0.1
_START_S: Final = 10.0


class WorkerLost(Exception):  # noqa: N818 - it is what happened to a worker
    """A worker crashed, or was ended because it was silent too long; ``sentence`` says which."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Watchdog:
    """Ends workers that are silent past their deadline; a thread that sleeps while none is busy."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._deadlines: dict[Worker, float] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def expect(self, worker: "Worker", seconds: float) -> None:
        """Wait ``seconds`` more for this worker."""
        is_new = worker not in self._deadlines
        self._deadlines[worker] = time.monotonic() + seconds
        if is_new:
            self._wake()

    def relax(self, worker: "Worker") -> None:
        """Stop waiting for this worker."""
        self._deadlines.pop(worker, None)

    def close(self) -> None:
        """End the thread."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()

    def _wake(self) -> None:
        with self._condition:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()
            self._condition.notify()

    def _watch(self) -> None:
        with self._condition:
            while not self._closed:
                self._condition.wait(_LOOK_S if self._deadlines else None)
                now = time.monotonic()
                for worker, deadline in tuple(self._deadlines.items()):
                    if now > deadline:
                        self._deadlines.pop(worker, None)
                        worker.end_hanging()


class Worker:
    """A child that serves one request at a time; started when first asked."""

    def __init__(self, watchdog: Watchdog, module: str = MODULE) -> None:
        self._watchdog = watchdog
        self._module = module
        self._child: Child | None = None
        self._hung = False
        self._is_up = False

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._child.pid if self._child is not None else None

    def start(self) -> None:
        """Start the child unless it runs."""
        if self._child is None or not self._child.is_alive:
            self._drop()
            self._hung = False
            self._is_up = False
            self._child = Child(
                self._module, what=_("A file reader"), known=ANSWERS, low_priority=False
            )

    def ask(self, request: object, *, silence_s: float) -> Iterator[Any]:
        """The answers to a request, one by one, without the last ``Done``.

        ``WorkerLost`` when the child ends or says nothing for ``silence_s`` seconds; the next
        request starts another. Leaving before the end ends the child, since it would talk on.
        """
        self.start()
        child = self._child
        if child is None:
            raise WorkerLost(_("The file reader could not be started."))
        finished = False
        try:
            if not self._is_up:  # its start is not the file's fault
                yield from self._answers(child, Walk(()), _START_S)
                self._is_up = True
            yield from self._answers(child, request, silence_s)
            finished = True
        except ChannelError:
            raise self._lost() from None
        finally:
            self._watchdog.relax(self)
            if not finished:
                self._drop()

    def _answers(self, child: Child, request: object, silence_s: float) -> Iterator[Any]:
        self._watchdog.expect(self, silence_s)
        child.channel.send(request)
        while not isinstance(answer := child.channel.receive(), Done):
            if answer is None:
                raise self._lost()
            if isinstance(answer, Importing):  # nor is this
                self._watchdog.expect(self, _START_S)
                continue
            self._watchdog.expect(self, silence_s)
            yield answer

    def kill(self) -> None:
        """End the child at once, from any thread; whoever waits for it gets ``WorkerLost``."""
        child = self._child
        if child is not None:
            child.kill()

    def end_hanging(self) -> None:
        """End the child because it was silent too long."""
        self._hung = True
        self.kill()

    def close(self) -> None:
        """End the child and let go of it."""
        self._drop()

    def _lost(self) -> WorkerLost:
        if self._hung:
            return WorkerLost(_("Reading it took too long and was stopped."))
        return WorkerLost(_("Reading it made the file reader fail."))

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.outcome()
