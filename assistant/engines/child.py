"""The engine's process: ``python -I -m assistant.engines.child``, messages in, messages out.

A second thread reads requests, so that Stop works while llama.cpp computes; a third says that the
process lives. The process ends without Python's or C's tidying up, which would wait for both.
"""

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final

from assistant.engines import llama, pairing, session
from assistant.engines.protocol import (
    REQUESTS,
    Ask,
    Encode,
    Failed,
    Forget,
    Forgotten,
    Heartbeat,
    Inspect,
    Load,
    Stop,
    Unload,
    Unloaded,
)
from viewer.channel import Channel, ChannelError, child_channel
from viewer.children import free_memory_bytes, lower_priority
from viewer.errors import Cancelled, UserError
from viewer.words import _

_HEARTBEAT_S: Final = 1.0


class Worker:
    """Serves one request after another until the pipe ends."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._current: Any = None
        self._began = 0.0
        self._stopped: set[int] = set()
        self._cancel = threading.Event()
        self._session: session.Session | None = None
        self._serve: Mapping[type, Callable[[Any], None]] = {
            Inspect: self._inspect,
            Load: self._load,
            Encode: self._encode,
            Ask: self._ask,
            Forget: self._forget,
            Unload: self._unload,
        }

    def run(self) -> None:
        """Serve; returns when nobody listens any more."""
        for target in (self._receive, self._beat):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()
        while True:
            request = self._waiting.get()
            self._begin(request)
            try:
                self._serve[type(request)](request)
            except UserError as error:
                self._channel.send(Failed(request.id, error.sentence, error.details))
            except Cancelled:
                self._channel.send(Failed(request.id, _("Stopped.")))
            except ChannelError:
                return
            except Exception as error:  # noqa: BLE001 - a bug must not take the model with it
                traceback.print_exc()
                sentence = _("The model's process met an error. Ask again.")
                self._channel.send(Failed(request.id, sentence, repr(error)))
            self._end()

    def _begin(self, request: Any) -> None:
        with self._guard:
            self._current, self._began = request, time.monotonic()
            must_stop = request.id in self._stopped
            gives_way = isinstance(request, Encode) and not self._waiting.empty()
            if must_stop or gives_way:
                self._cancel.set()
            else:
                self._cancel.clear()

    def _end(self) -> None:
        with self._guard:
            self._stopped.discard(self._current.id)
            self._current = None

    def _receive(self) -> None:
        """The reading thread: stops what runs, queues the rest; ends the process with the pipe."""
        try:
            while (request := self._channel.receive()) is not None:
                with self._guard:
                    self._take(request)
        except ChannelError as error:
            print(f"engine: {error}", file=sys.stderr)
        _leave()

    def _take(self, request: Any) -> None:
        if isinstance(request, Stop):
            if self._current is not None and self._current.id == request.id:
                self._cancel.set()
            else:
                self._stopped.add(request.id)
            return
        if isinstance(self._current, Encode):
            self._cancel.set()
        self._waiting.put(request)

    def _beat(self) -> None:
        while True:
            time.sleep(_HEARTBEAT_S)
            with self._guard:
                busy_s = time.monotonic() - self._began if self._current is not None else 0.0
            try:
                self._channel.send(Heartbeat(busy_s))
            except ChannelError:
                return

    def _inspect(self, request: Inspect) -> None:
        free = request.settings.free_bytes or free_memory_bytes()
        found = pairing.inspect(request.id, request.paths, request.settings, free)
        self._channel.send(found)

    def _load(self, request: Load) -> None:
        self._close()
        self._session = session.load(request, self._channel.send, self._cancel)

    def _encode(self, request: Encode) -> None:
        self._channel.send(self._loaded().encode(request, self._channel.send))

    def _ask(self, request: Ask) -> None:
        self._channel.send(self._loaded().ask(request, self._channel.send))

    def _forget(self, request: Forget) -> None:
        if self._session is not None:
            self._session.forget(request.patient)
        self._channel.send(Forgotten(request.id))

    def _unload(self, request: Unload) -> None:
        self._close()
        self._channel.send(Unloaded(request.id))

    def _loaded(self) -> session.Session:
        if self._session is None:
            raise UserError(_("No model is loaded. Choose one first."))
        return self._session

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def main() -> None:
    """Take the pipe before anything can print, then serve."""
    channel = child_channel(REQUESTS)
    lower_priority()
    llama.start()
    Worker(channel).run()
    _leave()


def _leave() -> None:
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
