"""The window's side of the engine: start, ask, stop, restart; no Qt and no llama.cpp here.

A question is an iterator of events. Whatever happens to the child in between, the iterator ends:
with ``Done``, or with a ``UserError`` that says how the child ended. The next question starts a new
child and loads the model again by itself.
"""

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from assistant.engines.durations import LOAD, Durations
from assistant.engines.embeddings import forget_on_disk
from assistant.engines.protocol import (
    ANSWERS,
    Ask,
    Digests,
    Done,
    Encode,
    Encoded,
    Failed,
    Forget,
    Forgotten,
    Heartbeat,
    Inspect,
    Inspected,
    Load,
    Loaded,
    ModelFacts,
    Part,
    Progress,
    Settings,
    Stop,
    Token,
    Unload,
    Unloaded,
)
from assistant.engines.sharing import Rgb, Sharing
from assistant.engines.states import EngineState, Status, follow
from assistant.engines.underway import Request, as_error, with_load
from viewer.arena import Arena
from viewer.channel import ChannelError
from viewer.children import Child
from viewer.errors import Cancelled, UserError
from viewer.words import _

Event = Progress | Token | Done

_FINAL: Final = (Inspected, Loaded, Encoded, Done, Failed, Forgotten, Unloaded)
_STAGES: Final = {
    "load": EngineState.LOADING,
    "encode": EngineState.ENCODING,
    "read": EngineState.READING,
    "write": EngineState.WRITING,
}
# Threads that wait by spinning hold the core that another one needs: on two cores with one other
# busy program, 60 tokens of the tiny model took 12 s instead of 0.1 s.
_ENVIRONMENT: Final = {"OMP_WAIT_POLICY": "passive"}
_CHECK_S: Final = 0.05
_INSPECT_S: Final = 20.0
_CLOSE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt, and how long its answer may be.

    ``pictures`` are (rows, columns, 3) RGB, best of the projector's own size; an image part shows
    the one with its index. ``grammar`` is GBNF or empty.
    """

    patient: str
    parts: tuple[Part, ...]
    pictures: tuple[Rgb, ...] = ()
    max_tokens: int = 1000
    thought_tokens: int = 500
    temperature: float = 0.0
    grammar: str = ""


@dataclass(frozen=True, slots=True)
class _Choice:
    model: Path
    projector: Path
    settings: Settings


def _no_check() -> None:
    """Nobody cancels."""


class Engine:
    """One child process and what it was told; every method may be called from any thread.

    ``module`` is the child's module. ``on_status`` is called on whichever thread changed the state.
    The iterators call ``check`` every 50 ms; what it raises stops the work.
    """

    def __init__(
        self,
        *,
        module: str = "assistant.engines.child",
        arguments: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        durations: Durations | None = None,
        on_status: Callable[[Status], None] | None = None,
    ) -> None:
        self._module = module
        self._arguments = arguments
        self._environment = {**_ENVIRONMENT, **(environment or {})}
        self._durations = durations or Durations()
        self._on_status = on_status or (lambda _status: None)
        self._guard = threading.RLock()
        self._loading = threading.Lock()
        self._sharing = Sharing()
        self._ids = itertools.count(1)
        self._child: Child | None = None
        self._listener = threading.Thread()
        self._pending: dict[int, Request] = {}
        self._active = 0
        self._choice: _Choice | None = None
        self._loaded: _Choice | None = None
        self._facts: ModelFacts | None = None
        self._status = Status(EngineState.ABSENT, time.monotonic())

    @property
    def status(self) -> Status:
        """What it does now."""
        return self._status

    @property
    def facts(self) -> ModelFacts | None:
        """The loaded pair, None when none is loaded."""
        return self._facts

    @property
    def pid(self) -> int | None:
        """Of the child, None where there is none."""
        child = self._child
        return child.pid if child is not None and child.is_alive else None

    def inspect(self, paths: Sequence[Path], settings: Settings | None = None) -> Inspected:
        """Read headers in the child; waits for them. UserError when the child cannot."""
        wanted = settings or Settings()
        texts = tuple(str(path.absolute()) for path in paths)  # the child works elsewhere
        request = self._send(lambda id: Inspect(id, texts, wanted), kind=Inspect)  # noqa: A006
        try:
            answer = request.answers.get(timeout=_INSPECT_S)
        except queue.Empty:
            raise UserError(_("The model's process does not answer. Try again.")) from None
        if isinstance(answer, Inspected):
            return answer
        raise as_error(answer, request)

    def choose(self, model: Path, projector: Path, settings: Settings | None = None) -> None:
        """Remember which pair to load; ``load`` or the next question does it."""
        with self._guard:
            pair = model.absolute(), projector.absolute()  # the child works elsewhere
            self._choice = _Choice(*pair, settings or Settings())

    def load(self, check: Callable[[], None] = _no_check) -> Iterator[Progress]:
        """Load what was chosen, unless it is loaded; UserError says why it could not be."""
        while not self._loading.acquire(timeout=_CHECK_S):
            check()
        try:
            choice = self._choice
            if choice is None:
                raise UserError(_("Choose a model first."))
            if choice == self._loaded and self.pid is not None:
                return
            self._loaded, self._facts = None, None
            model, projector = str(choice.model), str(choice.projector)
            request = self._send(
                lambda id: Load(id, model, projector, choice.settings),  # noqa: A006
                kind=Load,
            )
            for event in self._events(request, check):
                if isinstance(event, Progress):
                    yield event
            self._loaded = choice
        finally:
            self._loading.release()

    def ask(self, question: Question, check: Callable[[], None] = _no_check) -> Iterator[Event]:
        """Answer a question, loading first where needed; the last event is ``Done``.

        UserError when it fails; closing the iterator stops the answer.
        """
        if any(r.kind is Ask and not r.is_stopped for r in list(self._pending.values())):
            raise UserError(_("The model is still answering. Wait for it, or stop it."))
        started = time.monotonic()
        yield from self.load(check)
        load_s = time.monotonic() - started
        arena, shared = self._sharing.lend(question.pictures, patient=question.patient)
        request = self._send(
            lambda id: Ask(  # noqa: A006
                id,
                question.patient,
                question.parts,
                shared,
                question.max_tokens,
                question.thought_tokens,
                question.temperature,
                question.grammar,
            ),
            kind=Ask,
            arena=arena,
        )
        for event in self._events(request, check):
            if isinstance(event, Done):
                self._durations.learn(event)
                yield replace(event, timings=with_load(event.timings, load_s))
            elif isinstance(event, (Progress, Token)):
                yield event

    def encode(
        self, pictures: Sequence[Rgb], *, patient: str, check: Callable[[], None] = _no_check
    ) -> Iterator[Progress | Encoded]:
        """Encode ahead of a question; ends early when one comes. Does nothing without a model."""
        if self._loaded is None or self.pid is None:
            return
        arena, shared = self._sharing.lend(pictures, patient=patient)
        request = self._send(
            lambda id: Encode(id, shared),  # noqa: A006
            kind=Encode,
            arena=arena,
        )
        for event in self._events(request, check):
            if isinstance(event, (Progress, Encoded)):
                yield event

    def stop(self) -> None:
        """Stop what runs; its iterator ends soon. Returns at once."""
        with self._guard:
            for request in list(self._pending.values()):
                self._stop(request)

    def forget(self, patient: str) -> None:
        """Drop all that is kept of a patient; returns at once."""
        choice = self._choice
        if choice is not None and choice.settings.cache_folder:
            forget_on_disk(Path(choice.settings.cache_folder), patient)
        if self.pid is not None:
            self._send(lambda id: Forget(id, patient), kind=Forget)  # noqa: A006

    def unload(self) -> None:
        """Give the model's memory back; the next question loads it again."""
        self._loaded, self._facts = None, None
        if self.pid is not None:
            self._send(Unload, kind=Unload)

    def close(self) -> None:
        """End the child; what is under way ends as cancelled."""
        with self._guard:
            child, self._child = self._child, None
            self._loaded, self._facts = None, None
            if child is not None:
                self._end_all(child, Cancelled())
            self._enter(EngineState.ABSENT)
        if child is not None:
            child.close(_CLOSE_S)
            self._listener.join(_CLOSE_S)
        self._sharing.close()

    # Requests

    def _send(
        self, make: Callable[[int], Any], *, kind: type, arena: Arena | None = None
    ) -> Request:
        """Send a request to the child, which is started where there is none."""
        with self._guard:
            child = self._running_child(may_start=kind in {Load, Inspect})
            request = Request(next(self._ids), kind, child, arena)
            self._pending[request.id] = request
            if kind in {Load, Ask} or (kind is Encode and not self._active):
                self._begin(request)
            with contextlib.suppress(ChannelError):  # the thread that listens ends the request
                child.channel.send(make(request.id))
        return request

    def _begin(self, request: Request) -> None:
        """Show at once what was asked, unless something before it is being stopped."""
        if self._status.state is EngineState.STOPPING:
            return
        self._active = request.id
        if request.kind is Ask and self._status.state in {EngineState.IDLE, EngineState.ENCODING}:
            self._enter(EngineState.READING)
        if request.kind is Load:
            self._enter(EngineState.STARTING)

    def _events(self, request: Request, check: Callable[[], None]) -> Iterator[Any]:
        """The answers to a request up to its final one; raises for a failure."""
        is_over = False
        try:
            while not is_over:
                check()
                try:
                    answer = request.answers.get(timeout=_CHECK_S)
                except queue.Empty:
                    continue
                is_over = isinstance(answer, (*_FINAL, Exception))
                if isinstance(answer, (Failed, Exception)):
                    raise as_error(answer, request)
                yield answer
        finally:
            if not is_over:
                self._stop(request)

    def _stop(self, request: Request) -> None:
        with self._guard:
            if request.is_stopped or request.id not in self._pending:
                return
            if request.kind not in {Load, Ask, Encode}:
                return
            request.is_stopped = True
            if request.id == self._active and self._status.state is not EngineState.FAILED:
                self._enter(EngineState.STOPPING)
            with contextlib.suppress(ChannelError):  # the thread that listens notices its end
                request.child.channel.send(Stop(request.id))

    # The child

    def _running_child(self, *, may_start: bool) -> Child:
        if self._child is not None and self._child.is_alive:
            return self._child
        if not may_start:
            raise UserError(_("The model's process stopped. Ask again."))
        child = Child(
            self._module,
            what=_("The model's process"),
            known=ANSWERS,
            arguments=self._arguments,
            environment=self._environment,
        )
        self._child, self._loaded, self._facts = child, None, None
        self._listener = threading.Thread(
            target=self._listen, args=(child,), name=f"engine {child.pid}", daemon=True
        )
        self._listener.start()
        return child

    def _listen(self, child: Child) -> None:
        """Take the child's messages until it ends, then say how."""
        wrong = ""
        try:
            while (message := child.channel.receive()) is not None:
                self._take(message)
        except ChannelError as error:
            wrong = str(error)
        finally:
            is_alive = child.is_alive
            outcome = child.outcome(_CLOSE_S)
            sentence = outcome.sentence
            if wrong and is_alive:
                sentence = _("The model's process sent something unreadable and was ended.")
            details = "\n".join([wrong, f"exit {outcome.exit_code}", *outcome.log])
            self._died(child, UserError(sentence, details))

    def _died(self, child: Child, error: UserError) -> None:
        with self._guard:
            if child is self._child:
                self._child, self._loaded, self._facts = None, None, None
                self._enter(EngineState.FAILED, sentence=error.sentence)
            self._end_all(child, error)

    def _end_all(self, child: Child, error: Exception) -> None:
        for request in [r for r in self._pending.values() if r.child is child]:
            del self._pending[request.id]
            request.answers.put(error)
            self._sharing.give_back(request.arena)
            if request.id == self._active:
                self._active = 0

    def _take(self, message: Any) -> None:
        """Pass a message to its request and follow it with the state."""
        if isinstance(message, Heartbeat):
            return
        with self._guard:
            if isinstance(message, Digests):
                self._add_digests(message)
                return
            request = self._pending.get(message.id)
            if request is None:
                return
            if isinstance(message, _FINAL):
                del self._pending[request.id]
                self._sharing.give_back(request.arena)
                self._ended(request, message)
            elif not request.is_stopped:
                self._moved(request, message)
            request.answers.put(message)

    def _moved(self, request: Request, message: Any) -> None:
        if request.id != self._active and self._active in self._pending:
            return
        self._active = request.id
        if isinstance(message, Progress):
            state = _STAGES[message.stage]
            self._enter(state, message)

    def _ended(self, request: Request, message: Any) -> None:
        if isinstance(message, Loaded):
            self._facts = message.facts
            name = Path(message.facts.model.path).name
            self._durations.add(LOAD, name, message.seconds)
        if request.kind is Unload and not self._active:
            self._enter(EngineState.ABSENT)
        if request.id != self._active:
            return
        self._active = 0
        if isinstance(message, Failed) and request.kind is Load:
            is_wanted = request.is_stopped
            state = EngineState.ABSENT if is_wanted else EngineState.FAILED
            self._enter(state, sentence="" if is_wanted else message.sentence)
        else:
            self._enter(EngineState.IDLE)

    def _add_digests(self, message: Digests) -> None:
        if self._facts is not None:
            self._facts = replace(
                self._facts,
                model_sha256=message.model_sha256,
                projector_sha256=message.projector_sha256,
            )

    def _names(self) -> tuple[str, str]:
        """What durations are filed under: the file's name before it is loaded, then the model's."""
        file = self._choice.model.name if self._choice else ""
        return file, self._facts.model.name if self._facts else ""

    def _enter(
        self, state: EngineState, progress: Progress | None = None, *, sentence: str = ""
    ) -> None:
        with self._guard:
            old = self._status
            is_same = follow(old.state, state) is old.state
            self._status = status = Status(
                state,
                old.since_s if is_same else time.monotonic(),
                expected_s=self._durations.expected_in(state, self._names(), progress),
                done=progress.done if progress else 0,
                total=progress.total if progress else 0,
                image=progress.image if progress else 0,
                images=progress.images if progress else 0,
                sentence=sentence,
            )
        self._on_status(status)
