"""Says that a large library is about to be imported, which a slow disc may take long for."""

from collections.abc import Callable

_told: list[Callable[[], None]] = []


def before_import(call: Callable[[], None]) -> None:
    """Have ``call`` called once, before the first import that is announced."""
    _told[:] = [call]


def announce_import() -> None:
    """Tell who wants to know; nothing the second time."""
    while _told:
        _told.pop()()
