"""Start to usable window, and to a CT in three planes; peak memory of all processes.

``python tests/benchmarks/bench_start.py [CT folder]`` on a screen. Each run is a fresh process with
settings and compiled kernels of an earlier start; the best and the median of the runs are printed.
Usable means: everything behind the window is made and it answers events.
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

PROGRAM = """
import json, sys, time
started = float(sys.argv[1])
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from app import start, wiring
from app.settings import NOTICE, Settings
from app.start_page import NOTICE_VERSION

Settings.get = lambda self, setting, get=Settings.get: (
    NOTICE_VERSION if setting is NOTICE else get(self, setting)
)
marks = {}
fill = wiring.Program.fill

def timed_fill(self):
    marks.setdefault("painted_s", time.time() - started)
    fill(self)
    QTimer.singleShot(0, lambda: marks.setdefault("usable_s", time.time() - started))
    watch = QTimer(self.window)
    watch.timeout.connect(lambda: look(self, watch))
    watch.start(2)

def look(program, watch):
    if "usable_s" not in marks:
        return
    if len(sys.argv) > 2:
        viewports = program.parts.grid.viewports
        scenes = [v.scene() for v in viewports if v.scene().tile.is_plane]
        if len(scenes) < 3 or any(s.volume is None for s in scenes):
            return
        for viewport in viewports[:3]:
            viewport.repaint()
        marks["planes_s"] = time.time() - started
    watch.stop()
    # A moment for the 3D picture, so that the peak is that of everything shown.
    QTimer.singleShot(1500 if len(sys.argv) > 2 else 100, finish)

def finish():
    print(json.dumps(marks), flush=True)
    sys.stdin.readline()
    QApplication.instance().closeAllWindows()

wiring.Program.fill = timed_fill
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
    """Print the figures."""
    folder = sys.argv[1] if len(sys.argv) > 1 else str(CT)
    with tempfile.TemporaryDirectory() as base:
        names = ("DATA", "CACHE", "CONFIG", "STATE")
        environment = {**os.environ, **{f"XDG_{n}_HOME": f"{base}/{n}" for n in names}}
        run_once(environment, folder)  # compiles kernels, fills the system's file cache
        alone = [run_once(environment) for _ in range(RUNS)]
        planes = [run_once(environment, folder) for _ in range(RUNS)]
    figures = (
        ("first frame", "painted_s", alone),
        ("usable window", "usable_s", alone),
        ("CT in three planes", "planes_s", planes),
        ("peak memory, nothing open", "peak_mb", alone),
        ("peak memory, CT in planes and 3D", "peak_mb", planes),
    )
    for words, key, runs in figures:
        values = [run[key] for run in runs]
        unit = "MB" if key == "peak_mb" else "s"
        digits = 0 if unit == "MB" else 2
        best, middle = min(values), statistics.median(values)
        print(f"{words:34} best {best:.{digits}f} {unit}, median {middle:.{digits}f} {unit}")


if __name__ == "__main__":
    main()
