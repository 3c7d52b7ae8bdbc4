"""Says that a large library is about to be imported, which a slow disc may take long for.

And keeps pydicom from loading what downloads its test data: ``requests`` binds a socket on import,
to see whether there is IPv6, and no process that reads files may have one.
"""

import sys
from collections.abc import Callable

_told: list[Callable[[], None]] = []


def before_import(call: Callable[[], None]) -> None:
    """Have ``call`` called once, before the first import that is announced."""
    _told[:] = [call]


def announce_import() -> None:
    """Tell who wants to know; nothing the second time."""
    while _told:
        _told.pop()()


def import_no_network() -> None:
    """In a worker: make ``import requests`` fail, as where it is not installed."""
    sys.modules["requests"] = None  # type: ignore[assignment]  # the import system's own way
