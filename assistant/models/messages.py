"""Every message between the window and the fetch child: frozen records for ``viewer.channel``.

``Fetch`` is answered by ``Fetching`` again and again, ``Fetched`` for each file, and at the end by
one ``FetchEnded`` or ``FetchFailed``.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file of a repository.

    ``size_bytes`` is only about right unless ``is_exact``; ``sha256`` "" is read from the hub.
    """

    name: str
    size_bytes: int
    sha256: str = ""
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Fetch:
    """Fetch these files into a folder.

    ``endpoint`` is the hub; ``allowed_hosts`` are those that it may send on to, "*." for any part
    before. Plain HTTP is refused but for the very host of an endpoint that names it.
    """

    endpoint: str
    allowed_hosts: tuple[str, ...]
    repository: str
    revision: str
    files: tuple[WantedFile, ...]
    folder: str


@dataclass(frozen=True, slots=True)
class Fetching:
    """How far a file is."""

    name: str
    done_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file is whole, its digest was checked, and it has its name."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FetchEnded:
    """All files are there."""


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """It went wrong; what was fetched so far is kept for the next try where it can be trusted."""

    sentence: str
    details: str = ""


REQUESTS: Final = (Fetch,)
ANSWERS: Final = (Fetching, Fetched, FetchEnded, FetchFailed)
