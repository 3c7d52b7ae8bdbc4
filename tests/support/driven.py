"""Starting a driven window (``driven_window``), and reading what it told."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from viewer.render.kernel_cache import cache_folder

DRIVER = str(Path(__file__).with_name("driven_window.py"))
TRACE = ("strace", "-f", "-qq", "--seccomp-bpf", "-s", "512")
LONGEST_S = 120


def strace_works() -> bool:
    """Whether system calls can be watched here."""
    strace = shutil.which("strace")
    if strace is None:
        return False
    tried = subprocess.run([*TRACE, "-o", os.devnull, "true"], capture_output=True, check=False)
    return tried.returncode == 0


@dataclass(frozen=True)
class Home:
    """The folders of a user who never started the program."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data" / "second-read"

    @property
    def work(self) -> Path:
        return self.data / "work.db"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def environment(self) -> dict[str, str]:
        own = {"XDG_" + name.upper() + "_HOME": str(self.folder / name) for name in
               ("data", "cache", "config", "state")}  # fmt: skip
        own |= {"TMPDIR": str(self.temporary), "HOME": str(self.folder)}
        return os.environ | own | {"NUMBA_CACHE_DIR": str(cache_folder())}

    def files(self) -> list[Path]:
        """All that the program left, wherever it was."""
        return [p for p in self.folder.rglob("*") if not p.is_symlink()]


@dataclass(frozen=True)
class Told:
    """What a journey told, in its order, and how it ended."""

    lines: list[dict]
    code: int
    errors: str
    trace: str = ""

    def of(self, step: str) -> list[dict]:
        """What was told of a kind of step."""
        return [line for line in self.lines if line.get("did") == step]

    def ids(self, step: str) -> set[str]:
        """The ids that a kind of step told."""
        return {line["id"] for line in self.of(step)}


def make_home(folder: Path) -> Home:
    home = Home(folder)
    home.temporary.mkdir(parents=True)
    return home


def start(
    home: Home, steps: list[list], *, before: tuple[str, ...] = (), pipe: bool = False, **journey
):
    """Start a journey; its standard output is what it tells. ``pipe`` lets it be written to."""
    path = home.folder / "journey.json"
    path.write_text(json.dumps({"steps": steps, **journey}), encoding="utf-8")
    return subprocess.Popen(
        [*before, sys.executable, DRIVER, str(path)],
        stdin=subprocess.PIPE if pipe else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if not pipe else subprocess.DEVNULL,
        env=home.environment,
        cwd=home.temporary,
    )


def drive(home: Home, steps: list[list], *, traced: str = "", **journey) -> Told:
    """Go a journey to its end; ``traced`` names the system calls to watch."""
    trace = home.folder / "trace"
    before = (*TRACE, "-e", f"trace={traced}", "-o", str(trace)) if traced else ()
    process = start(home, steps, before=before, **journey)
    try:
        out, errors = process.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    seen = trace.read_text(encoding="utf-8", errors="replace") if traced else ""
    return Told(read_lines(out), process.returncode, errors.decode(errors="replace"), seen)


def read_lines(out: bytes) -> list[dict]:
    """Whole lines only: a killed process may have cut the last."""
    return [json.loads(line) for line in out.splitlines(keepends=True) if line.endswith(b"\n")]
