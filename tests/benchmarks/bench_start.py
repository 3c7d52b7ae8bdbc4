"""Start to usable window, and to a CT in three planes; peak memory of all processes.

``python tests/benchmarks/bench_start.py [CT folder]`` on a screen. Each run is a fresh process with
settings, bytecode and compiled kernels of an earlier start. Usable means: images can be opened and
the window answers events; the assistant is loaded right after that ("everything loaded"). ``cpu_s``
is the window process's own time up to then, which other programs on the machine change least. The
peak is that of the window and all its children, shared pages counted once.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

RUNS = 3
CT = Path(__file__).resolve().parents[3] / "shared/data/ct/ct_chest_cmbcrc_100"

PEER = {
    "start to usable window": {"invesalius_s": 1.5, "peer": "stated"},
    "start to CT in three planes": {"invesalius_s": 3.75, "peer": "stated"},
    "peak memory, CT in three planes": {"invesalius_mb": 592, "peer": "stated"},
}
"""InVesalius 3.1 with a CT of the same size, as stated, not measured in this run."""

PROGRAM = """
import json, sys, time
started = float(sys.argv[1])
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from app import start, wiring
from app.settings import NOTICE, Settings
from app.window.start_page import NOTICE_VERSION

Settings.get = lambda self, setting, get=Settings.get: (
    NOTICE_VERSION if setting is NOTICE else get(self, setting)
)
marks = {}
fill = wiring.Program.fill
fill_assistant = wiring.Program._fill_assistant

def mark(name):
    if name + "_s" not in marks:
        marks[name + "_s"] = time.time() - started
        marks[name + "_cpu_s"] = time.process_time()

def timed_fill(self):
    mark("painted")
    QTimer.singleShot(0, lambda: mark("usable"))
    fill(self)
    watch = QTimer(self.window)
    watch.timeout.connect(lambda: look(self, watch))
    watch.start(2)

def timed_fill_assistant(self):
    fill_assistant(self)
    mark("complete")

def look(program, watch):
    if "usable_s" not in marks or (len(sys.argv) == 2 and "complete_s" not in marks):
        return
    if len(sys.argv) > 2:
        viewports = program.parts.grid.viewports
        scenes = [v.scene() for v in viewports if v.scene().tile.is_plane]
        if len(scenes) < 3 or any(s.volume is None for s in scenes):
            return
        for viewport in viewports[:3]:
            viewport.repaint()
        mark("planes")
    watch.stop()
    # A moment for the 3D picture, so that the peak is that of everything shown.
    QTimer.singleShot(1500 if len(sys.argv) > 2 else 100, finish)

def finish():
    print(json.dumps(marks), flush=True)
    sys.stdin.readline()
    QApplication.instance().closeAllWindows()

wiring.Program.fill = timed_fill
wiring.Program._fill_assistant = timed_fill_assistant
start.run(sys.argv[2:], planes=True)
"""


def run_once(environment: dict[str, str], *paths: str) -> dict[str, float]:
    """One start; its times in seconds and the peak memory of its process tree in MB."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(time.time()), *paths],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    peak = PeakMemory(process.pid)
    assert process.stdout is not None
    assert process.stdin is not None
    line = process.stdout.readline()
    memory = peak.stop()
    process.stdin.write("\n")
    process.stdin.close()
    process.wait(timeout=20)
    process.stdout.close()
    return {**json.loads(line), "peak_mb": memory}


class PeakMemory:
    """Watches the proportional memory of a process and all its children, five times a second."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> float:
        """The peak so far, MB."""
        self._end.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._end.wait(0.2):
            self._peak = max(self._peak, sum(map(proportional_mb, tree_of(self._pid))))


def tree_of(pid: int) -> list[int]:
    """A process and all below it."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return [pid]
    return [pid, *(p for child in text.split() for p in tree_of(int(child)))]


def proportional_mb(pid: int) -> float:
    """Memory of a process, shared pages divided among those that share them, MB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(x.split()[1]) / 1000 for x in lines if x.startswith("Pss:")), 0.0)


def main() -> None:
    """Print the figures as JSON lines."""
    folder = sys.argv[1] if len(sys.argv) > 1 else str(CT)
    with tempfile.TemporaryDirectory() as base:
        names = ("DATA", "CACHE", "CONFIG", "STATE")
        environment = {**os.environ, **{f"XDG_{n}_HOME": f"{base}/{n}" for n in names}}
        environment["PYTHONPYCACHEPREFIX"] = f"{base}/code"
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode
        run_once(environment, folder)  # compiles kernels, fills the system's file cache
        alone = [run_once(environment) for _ in range(RUNS)]
        planes = [run_once(environment, folder) for _ in range(RUNS)]
    say("start to first frame", "s", alone, "painted_s")
    say("start to usable window", "s", alone, "usable_s")
    say("start to everything loaded", "s", alone, "complete_s")
    say("start to CT in three planes", "s", planes, "planes_s")
    say("peak memory, nothing open", "mb", alone, "peak_mb")
    say("peak memory, CT in three planes", "mb", planes, "peak_mb")


def say(what: str, unit: str, runs: list[dict[str, float]], key: str) -> None:
    """Print one figure: median and best of the runs, beside the peer's where it is stated."""
    values = [run[key] for run in runs]
    middle, best = statistics.median(values), min(values)
    figures = (
        {"mb": round(middle)}
        if unit == "mb"
        else {
            "median_s": round(middle, 2),
            "best_s": round(best, 2),
            "cpu_s": round(statistics.median(run[key.replace("_s", "_cpu_s")] for run in runs), 2),
        }
    )
    print(json.dumps({"what": what, **figures, **PEER.get(what, {})}), flush=True)


if __name__ == "__main__":
    main()
