"""Background work with cancel and progress.

``work(cancel)`` is a generator that yields parts and calls ``cancel.check()`` at least every
50 ms. A newer job in a slot cancels the older, and what a cancelled job still yields never
arrives: that is checked where the parts arrive, on the window's thread (or the caller's, without
a window).
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any

from viewer.errors import Cancelled, UserError

Work = Callable[["Cancel"], Iterator[Any]]
Post = Callable[[Callable[[], None]], None]


class Cancel:
    """A flag that work looks at."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask the work to end."""
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether it was asked to end."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise Cancelled when the work was asked to end."""
        if self.is_set:
            raise Cancelled


class Jobs:
    """Runs work on threads, one per slot at a time.

    ``post`` brings a call to the window's thread; ``on_bug`` gets what nobody expected.
    """

    def __init__(self, post: Post, on_bug: Callable[[BaseException], None]) -> None:
        self._post = post
        self._on_bug = on_bug
        self._slots: dict[str, Cancel] = {}
        self._threads: list[threading.Thread] = []

    def start(
        self,
        slot: str,
        work: Work,
        on_part: Callable[[Any], None] | None = None,
        on_end: Callable[[UserError | None], None] | None = None,
    ) -> Cancel:
        """Run ``work``; ``on_part`` gets each part, ``on_end`` None or the error that ended it."""
        self.cancel(slot)
        cancel = self._slots[slot] = Cancel()
        arguments = (slot, work, cancel, on_part, on_end)
        thread = threading.Thread(target=self._run, args=arguments, name=f"job {slot}", daemon=True)
        self._threads = [t for t in self._threads if t.is_alive()]
        self._threads.append(thread)
        thread.start()
        return cancel

    def cancel(self, slot: str) -> None:
        """End what runs in a slot; its late parts are dropped."""
        if running := self._slots.pop(slot, None):
            running.set()

    def is_running(self, slot: str) -> bool:
        """Whether work runs in a slot."""
        return slot in self._slots

    def close(self, timeout_s: float = 2.0) -> None:
        """End everything and wait for the threads."""
        for slot in list(self._slots):
            self.cancel(slot)
        for thread in self._threads:
            thread.join(timeout_s)

    def _run(
        self,
        slot: str,
        work: Work,
        cancel: Cancel,
        on_part: Callable[[Any], None] | None,
        on_end: Callable[[UserError | None], None] | None,
    ) -> None:
        def deliver(call: Callable[[Any], None] | None, value: Any) -> None:
            if call is not None and not cancel.is_set:
                call(value)

        def finish(error: UserError | None) -> None:
            if self._slots.get(slot) is cancel:
                del self._slots[slot]
            deliver(on_end, error)

        try:
            for part in work(cancel):
                cancel.check()
                self._post(lambda part=part: deliver(on_part, part))  # type: ignore[misc]
        except Cancelled:
            return
        except UserError as error:
            self._post(lambda error=error: finish(error))  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 - the end of the line for a bug
            self._post(lambda error=error: self._on_bug(error))  # type: ignore[misc]
            self._post(lambda: finish(None))
        else:
            self._post(lambda: finish(None))
