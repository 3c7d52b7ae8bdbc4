"""Bringing calls to the window's thread, in order, without holding the window up."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject

_BUDGET_S: Final = 0.008


class MainThread(QObject):
    """Made on the window's thread; ``post`` may be called from any."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: deque[Callable[[], None]] = deque()
        self._is_open = True

    def post(self, call: Callable[[], None]) -> None:
        """Run ``call`` soon on the window's thread, after all posted before it."""
        if self._is_open:
            self._calls.append(call)
            QCoreApplication.postEvent(self, QEvent(QEvent.Type.User))

    def close(self) -> None:
        """Drop what has not run; later posts are dropped too."""
        self._is_open = False
        self._calls.clear()

    def event(self, event: QEvent) -> bool:
        """Run waiting calls for some milliseconds; what is left waits for the next turn."""
        if event.type() != QEvent.Type.User:
            return super().event(event)
        until = time.monotonic() + _BUDGET_S
        while self._calls:
            self._calls.popleft()()
            if time.monotonic() > until:
                break  # each waiting call has an event of its own, so none is forgotten
        return True
