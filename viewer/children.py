"""Start a child process, talk to it, bound it, and say in one sentence how it ended.

A child is ``python -I -m <module>`` with a scrubbed environment and a working folder of the
program's own, so nothing in an opened folder is imported or executed; it talks by ``channel``.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from viewer.channel import Channel, ChannelError
from viewer.words import _

_KEPT = frozenset({
    "HOME", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "TZ",
    "USER", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "NUMBA_CACHE_DIR", "CUDA_VISIBLE_DEVICES",
})  # fmt: skip
_LOG_LINES = 60
_NICE = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended: exit code (None after a signal), the signal, the last log lines."""

    what: str
    exit_code: int | None
    signal_name: str
    log: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What a reader is told."""
        if self.signal_name == "SIGKILL":
            return _("{what} was ended by the system, often because memory ran out.").format(
                what=self.what
            )
        if self.signal_name:
            return _("{what} crashed ({signal}).").format(what=self.what, signal=self.signal_name)
        return _("{what} stopped.").format(what=self.what)


class Child:
    """A running child process and the channel to it.

    ``module`` is started by name, or by path when it is a file. ``what`` is its name in
    sentences, ``known`` the message types it may send.
    """

    def __init__(
        self,
        module: str,
        *,
        what: str,
        known: Iterable[type],
        arguments: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        low_priority: bool = True,
    ) -> None:
        self.what = what
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._process = _start(module, arguments, environment or {}, low_priority=low_priority)
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ChannelError("no pipes")
        self.channel = Channel(process.stdout, process.stdin, known)  # type: ignore[arg-type]
        self._drain = threading.Thread(
            target=self._keep_log, args=(process.stderr,), name=f"{what} log", daemon=True
        )
        self._drain.start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once."""
        if self.is_alive:
            self._process.kill()

    def close(self, grace_s: float = 1.0) -> Outcome:
        """Close its pipe, give it ``grace_s`` to end by itself, else kill it; say how it ended."""
        self.channel.finish()
        return self.outcome(grace_s)

    def outcome(self, grace_s: float = 1.0) -> Outcome:
        """Wait ``grace_s`` seconds for its end, else kill it; say how it ended."""
        try:
            code = self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self.channel.close()
        self._drain.join(1.0)
        if self._process.stderr is not None:
            self._process.stderr.close()
        name = signal.Signals(-code).name if code < 0 else ""
        return Outcome(self.what, None if code < 0 else code, name, tuple(self._log))

    def _keep_log(self, stream: IO[bytes]) -> None:
        try:
            for line in stream:
                self._log.append(line.decode("utf-8", "replace").rstrip()[:500])
        except (OSError, ValueError):
            return


def free_memory_bytes() -> int:
    """Memory that can be taken without swapping, or 0 where the system does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return int(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return 0


def _start(
    module: str, arguments: tuple[str, ...], extra: Mapping[str, str], *, low_priority: bool
) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if k in _KEPT} | dict(extra)
    entry = [module] if module.endswith(".py") else ["-m", module]
    options: dict[str, Any] = {}
    if sys.platform == "win32":
        options["creationflags"] = (
            subprocess.BELOW_NORMAL_PRIORITY_CLASS if low_priority else 0
        ) | subprocess.CREATE_NO_WINDOW
    else:
        options["start_new_session"] = True  # a Ctrl+C in the terminal is the window's affair
        if low_priority:
            environment["SECOND_READ_NICE"] = str(_NICE)
    return subprocess.Popen(
        [sys.executable, "-I", "-X", "faulthandler", *entry, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        cwd=tempfile.gettempdir(),
        env=environment,
        **options,
    )


def lower_priority() -> None:
    """In a child: take the priority that the parent asked for."""
    wanted = os.environ.get("SECOND_READ_NICE", "")
    if wanted.isdigit() and hasattr(os, "nice"):
        os.nice(int(wanted))
