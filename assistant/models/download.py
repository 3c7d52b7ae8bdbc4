"""The window's side of a download: start the fetch child, follow it, end it."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from assistant.models.catalog import ALLOWED_HOSTS, ENDPOINT, NOTICE_TEXT, Entry
from assistant.models.installed import Installed
from assistant.models.messages import ANSWERS, Fetch, Fetched, FetchEnded, FetchFailed, Fetching
from viewer.channel import ChannelError
from viewer.children import Child
from viewer.errors import UserError
from viewer.words import _

NOTICE_FILE: Final = "NOTICE"
_MODULE: Final = "assistant.models.fetch"
_CHECK_S: Final = 0.05
_GRACE_S: Final = 1.0


def _no_check() -> None:
    """Nobody cancels."""


def download(
    entry: Entry,
    folder: Path,
    *,
    endpoint: str = ENDPOINT,
    allowed_hosts: tuple[str, ...] = ALLOWED_HOSTS,
    check: Callable[[], None] = _no_check,
) -> Iterator[Fetching | Fetched]:
    """Fetch a model with its projector into a folder of its own below ``folder``.

    What was fetched by an earlier try is taken up. UserError when it fails; closing the iterator,
    or raising from ``check``, ends the child and keeps what is there.
    """
    place = place_of(entry, folder)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    (place / NOTICE_FILE).write_text(NOTICE_TEXT, encoding="utf-8")
    request = Fetch(
        endpoint, allowed_hosts, entry.repository, entry.revision, entry.files, str(place)
    )
    child = Child(_MODULE, what=_("The download"), known=ANSWERS)
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    listener = threading.Thread(target=_listen, args=(child, answers), daemon=True)
    listener.start()
    try:
        child.channel.send(request)
        yield from _follow(answers, check)
    finally:
        child.kill()
        child.close(_GRACE_S)
        listener.join(_GRACE_S)


def place_of(entry: Entry, folder: Path) -> Path:
    """The folder that an entry's files go to."""
    return folder / entry.id


def is_installed(entry: Entry, folder: Path) -> Installed | None:
    """The files of an entry where both are there, else None."""
    model, projector = (place_of(entry, folder) / file.name for file in entry.files)
    return Installed(model, projector) if model.is_file() and projector.is_file() else None


def _listen(child: Child, answers: "queue.SimpleQueue[Any]") -> None:
    with contextlib.suppress(ChannelError):
        while (message := child.channel.receive()) is not None:
            answers.put(message)
    answers.put(FetchFailed(_("The download ended unexpectedly. Try again.")))


def _follow(
    answers: "queue.SimpleQueue[Any]", check: Callable[[], None]
) -> Iterator[Fetching | Fetched]:
    while True:
        check()
        try:
            answer = answers.get(timeout=_CHECK_S)
        except queue.Empty:
            continue
        if isinstance(answer, FetchEnded):
            return
        if isinstance(answer, FetchFailed):
            raise UserError(answer.sentence, answer.details)
        yield answer
