"""What is open: the library as it is known now, and how far a scan has come."""

from collections.abc import Callable
from dataclasses import dataclass

from viewer.study import Library


@dataclass(frozen=True, slots=True)
class Scan:
    """How far opening has come; ``is_walking`` while more files may still be found."""

    done: int = 0
    listed: int = 0
    skipped: int = 0
    is_walking: bool = True


Listener = Callable[[], None]


class Shelf:
    """Holds the library; listeners are told when it or the scan changed."""

    def __init__(self) -> None:
        self._library = Library()
        self._scan: Scan | None = None
        self._listeners: list[Listener] = []

    @property
    def library(self) -> Library:
        """Everything that is open."""
        return self._library

    @property
    def scan(self) -> Scan | None:
        """How far the running scan has come, or None."""
        return self._scan

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` after each change; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def put(self, library: Library, scan: Scan | None) -> None:
        """Replace both and tell the listeners."""
        if library is self._library and scan == self._scan:
            return
        self._library, self._scan = library, scan
        for listener in tuple(self._listeners):
            listener()
