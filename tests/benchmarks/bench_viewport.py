"""From a pointer event to pixels on the screen, in a 1000x900 tile with all its overlays.

`xvfb-run -a -s "-screen 0 1600x1000x24 -noreset" python tests/benchmarks/bench_viewport.py` prints
JSON lines: median and 95th percentile of the time from the event until it is painted. For 3D, in a
600x600 tile: pictures a second while the pointer turns the chest CT, and the time from release to
the first and to the full picture. `load` is that of the machine, which all of these suffer from.
"""

import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from viewer import edits
from viewer.render.kernel_cache import compile_in_child, is_compiled, load_kernels
from viewer.spaces import PatientPoint
from viewer.state import TileWindow
from viewer.study import Window
from viewer.widgets import style

if TYPE_CHECKING:
    from tiles import Tiles

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

VIEW = (1000, 900)
SOLID_VIEW = (600, 600)
PRESETS = ("ct_bone", "ct_skin", "ct_muscle", "ct_lung")
TRANSLUCENT = "ct_lung"
TURN_S = 2.5
EVENTS_EVERY_S = 0.008
ROUNDS = 60
GOAL_MS = 10.0


def times_ms(act: Callable[[int], None], rounds: int = ROUNDS) -> list[float]:
    """The time of each act with the painting that it causes; idle work is done in between."""
    taken = []
    for count in range(-5, rounds):
        start = time.perf_counter()
        act(count)
        # Paints once what the act made dirty, as the event loop does.
        QCoreApplication.sendPostedEvents()
        if count >= 0:
            taken.append((time.perf_counter() - start) * 1e3)
        QTest.qWait(2)
    return taken


def report(what: str, taken: list[float]) -> None:
    p95 = float(np.percentile(taken, 95))
    line = {
        "what": what,
        "median_ms": round(float(np.median(taken)), 2),
        "p95_ms": round(p95, 2),
        "goal_ms": GOAL_MS,
        "met": p95 <= GOAL_MS,
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(line), flush=True)


def wheel(tiles: "Tiles", notches: int) -> None:
    widget = tiles.viewport()
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle,
        QPointF(widget.mapToGlobal(middle.toPoint())),
        QPoint(),
        QPoint(0, -120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def move(tiles: "Tiles", place: QPoint) -> None:
    widget = tiles.viewport()
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(place),
        QPointF(widget.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


def bench_stack(side: int, count: int) -> None:
    from series import make_series
    from tiles import tiles_on

    with tempfile.TemporaryDirectory() as folder:
        shape = (count, side, side)
        noise = np.random.default_rng(1).normal(0, 200, shape).astype(np.int16)
        make_series(Path(folder), shape, spacing_mm=(3.0, 0.7, 0.7), values=noise, name="Doe^J")
        with tiles_on(Path(folder), size=VIEW) as tiles:
            tiles.show()
            refs = tiles.series[0].stacks[0].frames
            tiles.until(lambda: all(tiles.frames.peek(ref) is not None for ref in refs))
            tiles.apply(edits.set_position(0, 0))
            report(
                f"{side}x{side}: next cached image",
                times_ms(lambda i: wheel(tiles, 1 if (i // 10) % 2 == 0 else -1)),
            )
            place = QPoint(500, 450)
            QTest.mousePress(tiles.viewport(), Qt.MouseButton.LeftButton, pos=place)
            report(
                f"{side}x{side}: window drag",
                times_ms(lambda i: move(tiles, place + QPoint(3 * i + 20, 2 * i))),
            )
            QTest.mouseRelease(tiles.viewport(), Qt.MouseButton.LeftButton, pos=place)


def bench_planes() -> None:
    from series import make_series
    from tiles import tiles_on

    with tempfile.TemporaryDirectory() as folder:
        shape = (200, 512, 512)
        rng = np.random.default_rng(2)
        noise = rng.integers(-300, 300, shape, dtype=np.int16)
        make_series(Path(folder), shape, spacing_mm=(1.5, 0.7, 0.7), values=noise)
        with tiles_on(Path(folder), size=VIEW) as tiles:
            uid = tiles.series[0].uid
            window = TileWindow(Window(40, 400), "user")
            tiles.apply(edits.set_planes(uid, ("axial", "coronal", "sagittal"), window))
            tiles.until(lambda: tiles.scene(0).volume is not None)
            centre = tiles.scene(0).crosshair or PatientPoint(0.0, 0.0, 0.0)

            def go(i: int) -> None:
                moved = PatientPoint(centre.x + i % 20, centre.y + i % 30, centre.z + i % 15)
                tiles.store.apply(edits.set_crosshair(uid, moved))

            report("512x512x200: crosshair move, three planes", times_ms(go))


class Paints(QObject):
    """Counts the paintings of a widget."""

    def __init__(self, widget: QObject) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def bench_solid() -> None:
    from bench_volume import volume
    from series import make_series
    from tiles import tiles_on

    _name, voxels, matrix = volume()
    spacing = (float(matrix[2, 0]), float(matrix[1, 1]), float(matrix[0, 2]))
    with tempfile.TemporaryDirectory() as folder:
        make_series(Path(folder), voxels.shape, spacing_mm=spacing, values=voxels)
        with tiles_on(Path(folder), size=SOLID_VIEW) as tiles:
            tiles.apply(edits.show_series(0, tiles.series[0].uid, kind="volume"))
            tiles.until(lambda: tiles.viewport().is_picture_full)
            paints = Paints(tiles.viewport())
            for preset in PRESETS:
                view = replace(tiles.state.doc.tiles[0].volume, preset=preset)
                tiles.apply(edits.set_volume(0, view))
                tiles.until(lambda: tiles.viewport().is_picture_full)
                turn(tiles, paints)
                release(tiles, paints)
                report_turning(preset, turn(tiles, paints))
                taken = [release(tiles, paints)]
                for _ in range(4):
                    turn(tiles, paints, 0.5)
                    taken.append(release(tiles, paints))
                report_release(preset, taken)


def turn(tiles: "Tiles", paints: Paints, for_s: float = TURN_S) -> float:
    """Turn by pointer, 125 events a second; pictures a second. Leaves the button held."""
    widget = tiles.viewport()
    middle = widget.rect().center()
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=middle)
    start, before = time.perf_counter(), paints.count
    while (now := time.perf_counter() - start) < for_s:
        away = QPoint(round(150 * math.sin(2 * now)), round(30 * math.sin(3 * now)))
        move(tiles, middle + away)
        until = time.perf_counter() + EVENTS_EVERY_S
        while time.perf_counter() < until:
            QApplication.processEvents()
            time.sleep(0.0005)
    return (paints.count - before) / (time.perf_counter() - start)


def release(tiles: "Tiles", paints: Paints) -> tuple[float, float, float]:
    """Let go: ms until the first picture at rest and until the full one, and processor ms."""
    widget = tiles.viewport()
    start, used = time.perf_counter(), time.process_time()
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=widget.rect().center())
    QApplication.processEvents()
    before = paints.count
    first_ms = 0.0
    while not widget.is_picture_full:
        QApplication.processEvents()
        if paints.count > before and not first_ms:
            first_ms = (time.perf_counter() - start) * 1e3
        time.sleep(0.0005)
    full_ms = (time.perf_counter() - start) * 1e3
    return first_ms or full_ms, full_ms, (time.process_time() - used) * 1e3


def report_turning(preset: str, rate: float) -> None:
    line = {"what": f"3D turning, {preset}", "frames_per_s": round(rate, 1), "goal": 40}
    print(json.dumps({**line, "met": rate >= 40, "load": round(os.getloadavg()[0], 1)}), flush=True)


def report_release(preset: str, taken: list[tuple[float, float, float]]) -> None:
    first, full, used = (float(np.median(column)) for column in zip(*taken, strict=True))
    mark = first if preset == TRANSLUCENT else full
    line = {
        "what": f"3D full after release, {preset}",
        "first_ms": round(first, 1),
        "full_ms": round(full, 1),
        "processor_ms": round(used, 1),
        "goal_ms": 200,
        "met": mark <= 200,
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(line), flush=True)


def main() -> None:
    application = QApplication([])
    style.install(application)
    if not is_compiled():
        compile_in_child()
    load_kernels()
    bench_stack(512, 40)
    bench_stack(3000, 6)
    bench_planes()
    bench_solid()


if __name__ == "__main__":
    main()
