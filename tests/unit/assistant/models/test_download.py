"""Downloads against a server of the test's own: resume, checksums, sizes, names, redirects."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assistant.models import fetch as child
from assistant.models.catalog import NOTICE_TEXT, Entry
from assistant.models.download import download, is_installed, place_of
from assistant.models.messages import Fetch, Fetched, WantedFile
from viewer.errors import Cancelled, UserError

MODEL = bytes(range(256)) * 20_000
PROJECTOR = b"projector" * 1_000


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Hub(ThreadingHTTPServer):
    """Serves files by name as the hub does; notes what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = {"m.gguf": MODEL, "mmproj.gguf": PROJECTOR}
        self.asked: list[tuple[str, str]] = []
        self.redirect = ""
        self.cut_after = 0
        self.endless = False
        self.headers_of: dict[str, dict[str, str]] = {}

    def handle_error(self, _request, _address) -> None:
        """A client that hangs up is part of these tests."""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *_arguments) -> None:
        pass

    def do_GET(self) -> None:
        hub: Hub = self.server
        hub.asked.append((self.path, self.headers.get("Range", "")))
        name = self.path.rsplit("/", 1)[-1]
        if hub.redirect:
            self.send_response(302)
            self.send_header("Location", hub.redirect)
            self.end_headers()
            return
        data = hub.files.get(name)
        if data is None:
            self.send_error(404)
            return
        begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if begin else 200)
        self.send_header("X-Linked-Etag", f'"{sha(data)}"')
        self.send_header("X-Linked-Size", str(len(data)))
        for key, value in hub.headers_of.get(name, {}).items():
            self.send_header(key, value)
        self.end_headers()
        body = data[begin:]
        if hub.cut_after:
            body, hub.cut_after = body[: hub.cut_after], 0
        self.wfile.write(body)
        if hub.endless:
            for _ in range(200):
                self.wfile.write(b"x" * 100_000)


@pytest.fixture
def hub():
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def entry(**changes) -> Entry:
    model = WantedFile("m.gguf", len(MODEL), sha(MODEL))
    projector = WantedFile("mmproj.gguf", len(PROJECTOR), sha(PROJECTOR))
    fields = {
        "id": "one", "name": "One", "quantization": "Q4", "words": "", "repository": "org/one",
        "files": (model, projector), "needs_bytes": 1,
    }  # fmt: skip
    return Entry(**(fields | changes))


def fetch(wanted: Entry, folder: Path, hub: Hub, **more) -> list:
    return list(download(wanted, folder, endpoint=hub.endpoint, allowed_hosts=(), **more))


def fetch_here(wanted: Entry, folder: Path, hub: Hub) -> list:
    """The child's own work in this process: its start costs a second, and is tried below."""
    from huggingface_hub.utils import close_session

    request = Fetch(
        hub.endpoint, (), wanted.repository, "main", wanted.files, str(place_of(wanted, folder))
    )
    try:
        return list(child.fetch(request))
    finally:
        close_session()


def test_both_files_arrive_checked_with_the_notice_beside_them(hub, tmp_path) -> None:
    answers = fetch(entry(), tmp_path, hub)
    place = place_of(entry(), tmp_path)
    assert (place / "m.gguf").read_bytes() == MODEL
    assert (place / "mmproj.gguf").read_bytes() == PROJECTOR
    assert (place / "NOTICE").read_text() == NOTICE_TEXT
    assert [a.name for a in answers if isinstance(a, Fetched)] == ["m.gguf", "mmproj.gguf"]
    assert is_installed(entry(), tmp_path) is not None
    assert not list(place.glob("*.part"))
    assert hub.asked[0][0] == "/org/one/resolve/main/m.gguf"


def test_a_broken_download_goes_on_where_it_stopped(hub, tmp_path) -> None:
    hub.cut_after = 1_000_000
    with pytest.raises(UserError, match="What was fetched is kept"):
        fetch(entry(), tmp_path, hub)
    assert is_installed(entry(), tmp_path) is None
    fetch(entry(), tmp_path, hub)
    assert hub.asked[1] == ("/org/one/resolve/main/m.gguf", "bytes=1000000-")
    assert (place_of(entry(), tmp_path) / "m.gguf").read_bytes() == MODEL


def test_a_wrong_checksum_leaves_no_file(hub, tmp_path) -> None:
    hub.files["m.gguf"] = b"x" + MODEL[1:]
    hub.headers_of["m.gguf"] = {}
    with pytest.raises(UserError, match="another file under this name"):
        fetch_here(entry(), tmp_path, hub)
    assert not (place_of(entry(), tmp_path) / "m.gguf").exists()


def test_bytes_that_do_not_match_what_the_hub_says_leave_no_file(
    hub, tmp_path, monkeypatch
) -> None:
    wrong = entry()
    hub.files["m.gguf"] = MODEL[:-1] + b"!"
    monkeypatch.setattr(Answer, "send_header", _without_linked(Answer.send_header))
    with pytest.raises(UserError, match="checksum is wrong"):
        fetch_here(wrong, tmp_path, hub)
    assert not list(place_of(wrong, tmp_path).glob("m.gguf*"))


def _without_linked(send):
    def keep(self, key, value) -> None:
        if not key.startswith("X-Linked"):
            send(self, key, value)

    return keep


def test_an_endless_body_is_ended(hub, tmp_path) -> None:
    hub.endless = True
    with pytest.raises(UserError, match="longer than it should be"):
        fetch_here(entry(), tmp_path, hub)


@pytest.mark.parametrize("name", ["../m.gguf", "/etc/m.gguf", "m.gguf/..", "m.exe", "a..b.gguf"])
def test_names_that_leave_the_folder_are_refused(hub, tmp_path, name) -> None:
    wanted = entry(files=(WantedFile(name, 3), WantedFile("mmproj.gguf", 3)))
    with pytest.raises(UserError, match="no name of a model file"):
        fetch_here(wanted, tmp_path, hub)
    assert hub.asked == []


@pytest.mark.parametrize(
    "target", ["http://example.org/x", "https://evil.example/x", "file:///etc"]
)
def test_a_redirect_off_the_list_is_refused(hub, tmp_path, target) -> None:
    hub.redirect = target
    with pytest.raises(UserError, match="not on the list"):
        fetch_here(entry(), tmp_path, hub)


def test_a_missing_file_is_said(hub, tmp_path) -> None:
    del hub.files["mmproj.gguf"]
    with pytest.raises(UserError, match="404"):
        fetch_here(entry(), tmp_path, hub)
    assert (place_of(entry(), tmp_path) / "m.gguf").exists()


def test_what_the_table_does_not_know_is_read_from_the_hub(hub, tmp_path) -> None:
    about = WantedFile("m.gguf", 4_000_000, is_exact=False)
    fetch_here(entry(files=(about, entry().files[1])), tmp_path, hub)
    assert (place_of(entry(), tmp_path) / "m.gguf").read_bytes() == MODEL


def test_cancelling_ends_the_child_and_keeps_what_is_there(hub, tmp_path) -> None:
    def check() -> None:
        if hub.asked:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch(entry(), tmp_path, hub, check=check)
