"""The fetch child: ``python -I -m assistant.models.fetch``; the only part that has a network.

It is started by a press on Download, gets names of files and a folder, and ends. It knows nothing
of patients. A file gets its name only when size and SHA-256 are as they should be.
"""

import contextlib
import hashlib
import importlib
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from assistant.models.messages import (
    REQUESTS,
    Fetch,
    Fetched,
    FetchEnded,
    FetchFailed,
    Fetching,
    WantedFile,
)
from viewer.channel import Channel, ChannelError, child_channel
from viewer.errors import UserError
from viewer.words import _

_CHUNK_BYTES: Final = 1 << 20
_TELL_EVERY_S: Final = 0.25
_MOST_REDIRECTS: Final = 5
_TIMEOUT_S: Final = 30.0
_LARGEST_BYTES: Final = 64 << 30
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.gguf")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,90}/[A-Za-z0-9][\w.-]{0,90}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True)
class _Expected:
    """What a file must be; the hub's own words fill what the request does not know."""

    size_bytes: int
    sha256: str


def main() -> None:
    """Serve one request."""
    channel = child_channel(REQUESTS)
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_DISABLE_XET"] = "1"
    request = channel.receive()
    if not isinstance(request, Fetch):
        return
    threading.Thread(target=_end_with_window, args=(channel,), daemon=True).start()
    try:
        for answer in fetch(request):
            channel.send(answer)
        channel.send(FetchEnded())
    except UserError as error:
        _send(channel, FetchFailed(error.sentence, error.details))
    except OSError as error:
        sentence = _("The file could not be written: {why}.").format(why=error.strerror or "")
        _send(channel, FetchFailed(sentence, repr(error)))
    except ChannelError:
        return


def fetch(request: Fetch) -> Iterator[Fetching | Fetched]:
    """Fetch all files of a request that are not there yet; UserError says why it could not."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import get_session

    _check(request)
    folder = Path(request.folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    client: Any = get_session()
    # The hub's library changes its HTTP library from time to time; both name their errors alike.
    http = importlib.import_module(type(client).__module__.partition(".")[0])
    for file in request.files:
        whole = folder / file.name
        if whole.exists():
            yield Fetched(file.name, file.sha256, whole.stat().st_size)
            continue
        url = hf_hub_url(
            request.repository, file.name, revision=request.revision, endpoint=request.endpoint
        )
        try:
            yield from _fetch_file(client, url, file, folder, request)
        except http.HTTPError as error:
            sentence = _("The connection failed. What was fetched is kept: try again.")
            raise UserError(sentence, repr(error)) from error


def is_allowed(url: str, request: Fetch) -> bool:
    """Whether a download may go there."""
    parts, hub = urlsplit(url), urlsplit(request.endpoint)
    if (parts.scheme, parts.netloc) == (hub.scheme, hub.netloc):
        return True
    host = (parts.hostname or "").lower()
    is_known = any(fnmatch(host, allowed) for allowed in request.allowed_hosts)
    return parts.scheme == "https" and is_known and not parts.username


def _check(request: Fetch) -> None:
    if not _REPOSITORY.fullmatch(request.repository):
        raise UserError(_("This is no name of a repository."), request.repository)
    for file in request.files:
        if not _NAME.fullmatch(file.name) or ".." in file.name:
            raise UserError(_("This is no name of a model file."), file.name)


def _fetch_file(
    client: Any, url: str, file: WantedFile, folder: Path, request: Fetch
) -> Iterator[Fetching | Fetched]:
    """One file, from where an earlier try stopped."""
    part = folder / f"{file.name}.part"
    expected = _Expected(file.size_bytes if file.is_exact else 0, file.sha256)
    digest = hashlib.sha256()
    done = _take_up(part, digest)
    with _open(client, url, done, request, expected) as response:
        if response.status_code == 200 and done:  # the server begins anew, and so do we
            done, digest = 0, hashlib.sha256()
        with part.open("ab" if done else "wb") as target:
            for done in _write(response, target, digest, done, expected):  # noqa: B020
                yield Fetching(file.name, done, expected.size_bytes or file.size_bytes)
            target.flush()
            os.fsync(target.fileno())
    _verify(part, done, digest.hexdigest(), expected)
    part.replace(folder / file.name)
    yield Fetched(file.name, digest.hexdigest(), done)


def _take_up(part: Path, digest: Any) -> int:
    """Digest what an earlier try left; its length."""
    if not part.exists():
        return 0
    done = 0
    with part.open("rb") as old:
        while chunk := old.read(_CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
    return done


@contextlib.contextmanager
def _open(client: Any, url: str, done: int, request: Fetch, expected: _Expected) -> Iterator[Any]:
    """The response that carries the bytes; each step of the way is checked."""
    headers = {"Range": f"bytes={done}-", "Accept-Encoding": "identity"} if done else {
        "Accept-Encoding": "identity"
    }  # fmt: skip
    for _step in range(_MOST_REDIRECTS):
        if not is_allowed(url, request):
            sentence = _("The download was sent to a place that is not on the list. It was ended.")
            raise UserError(sentence, urlsplit(url).hostname or "")
        with client.stream(
            "GET", url, headers=headers, follow_redirects=False, timeout=_TIMEOUT_S
        ) as response:
            _learn(response.headers, expected)
            if response.status_code in _REDIRECTS:
                url = urljoin(url, response.headers.get("location", ""))
                continue
            _check_status(response, done, expected)
            yield response
            return
    raise UserError(_("The download was sent on too often. It was ended."))


def _learn(headers: Any, expected: _Expected) -> None:
    """What the hub says of a file: fills what is not known, and contradicts nothing that is."""
    said = headers.get("x-linked-etag", "").strip('"')
    if _SHA256.fullmatch(said):
        if expected.sha256 and said != expected.sha256:
            sentence = _("The hub holds another file under this name now. It was not fetched.")
            raise UserError(sentence, said)
        expected.sha256 = said
    size = headers.get("x-linked-size", "")
    if size.isdecimal() and not expected.size_bytes:
        expected.size_bytes = int(size)


def _check_status(response: Any, done: int, expected: _Expected) -> None:
    if response.status_code == 416 and done == expected.size_bytes:
        return
    if response.status_code in {401, 403}:
        raise UserError(_("The hub wants you to sign in for this file. Fetch it by hand."))
    if response.status_code not in {200, 206}:
        sentence = _("The hub does not give this file (answer {code}). Try again later.")
        raise UserError(sentence.format(code=response.status_code))


def _write(
    response: Any, target: Any, digest: Any, done: int, expected: _Expected
) -> Iterator[int]:
    """Write what comes; how much there is, some times a second. Never more than expected."""
    most = expected.size_bytes or _LARGEST_BYTES
    told = time.monotonic()
    chunks = () if response.status_code == 416 else response.iter_raw(_CHUNK_BYTES)
    for chunk in chunks:
        done += len(chunk)
        if done > most:
            target.truncate(0)
            raise UserError(_("The file is longer than it should be. It was not kept."))
        digest.update(chunk)
        target.write(chunk)
        if time.monotonic() - told > _TELL_EVERY_S:
            told = time.monotonic()
            yield done
    yield done


def _verify(part: Path, done: int, sha256: str, expected: _Expected) -> None:
    """Size and digest; a file that is too short is kept for the next try."""
    if expected.size_bytes and done < expected.size_bytes:
        raise UserError(_("The connection ended early. What was fetched is kept: try again."))
    if not expected.sha256:
        part.unlink()
        raise UserError(_("The hub gives no checksum for this file. It was not kept."))
    if sha256 != expected.sha256:
        part.unlink()
        raise UserError(_("The file is damaged: its checksum is wrong. It was not kept."), sha256)


def _end_with_window(channel: Channel) -> None:
    """End when the window closes its pipe, whatever is being waited for."""
    with contextlib.suppress(ChannelError):
        while channel.receive() is not None:
            pass
    os._exit(0)


def _send(channel: Channel, message: object) -> None:
    with contextlib.suppress(ChannelError):
        channel.send(message)


if __name__ == "__main__":
    main()
    sys.exit(0)
