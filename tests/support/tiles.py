"""The grid of viewports as the window makes it, with the real parts, for tests of widgets."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.main_thread import MainThread
from app.store import Store
from viewer.jobs import Jobs
from viewer.reading.frames import Frames
from viewer.reading.grouping import group
from viewer.reading.workers import Found, Workers
from viewer.spaces import FramePoint, ViewPoint
from viewer.state import Edit, State
from viewer.study import Library, Series
from viewer.widgets.grid import Grid
from viewer.widgets.scene import Scene
from viewer.widgets.sources import Sources
from viewer.widgets.viewport import Viewport

_LONGEST_S = 20.0


class Tiles:
    """A grid on what lies under some paths; reads, points and looks as a reader does."""

    def __init__(self, paths: Sequence[Path], size: tuple[int, int] = (640, 640)) -> None:
        self.bugs: list[BaseException] = []
        self.workers = Workers(count=1)
        found = [p.instance for p in self.workers.scan(map(str, paths)) if isinstance(p, Found)]
        self.library: Library = group(found)
        self.frames = Frames(self.workers)
        self.frames.add(found)
        self.thread = MainThread()
        self.jobs = Jobs(self.thread.post, self.bugs.append)
        self.sources = Sources(lambda: self.library, self.frames, self.jobs, post=self.thread.post)
        self.store = Store()
        self.grid = Grid(self.sources, self.store.apply)
        self.store.subscribe(self.grid.apply)
        self.grid.apply(None, self.store.state)
        self.grid.resize(*size)
        self.grid.show()
        QTest.qWaitForWindowExposed(self.grid)

    @property
    def state(self) -> State:
        return self.store.state

    @property
    def series(self) -> list[Series]:
        return [series for _, _, series in self.library.all_series()]

    def apply(self, *edits: Edit) -> None:
        for edit in edits:
            self.store.apply(edit, undo="test")
        self.settle()

    def show(self, number: int = 0, tile: int = 0) -> Scene:
        """Put the n-th series into a tile and wait for its picture."""
        self.grid.show_in_tile(tile, self.series[number].uid)
        self.settle()
        return self.scene(tile)

    def settle(self) -> None:
        """Wait until no image waits for pixels or is drawn coarsely, and all is painted."""
        self.until(lambda: all(_is_settled(v) for v in self.grid.viewports))
        QCoreApplication.processEvents()

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + _LONGEST_S
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain; bugs: {self.bugs}")
            QApplication.processEvents()
            QTest.qWait(1)

    def viewport(self, tile: int = 0) -> Viewport:
        return self.grid.viewports[tile]

    def scene(self, tile: int = 0) -> Scene:
        return self.viewport(tile).scene()

    def at(self, column: float, row: float, tile: int = 0) -> QPoint:
        """Where a place of the canvas is on the screen, whole px."""
        x, y = self.scene(tile).transform.to_view(FramePoint(column, row))
        return QPoint(round(x), round(y))

    def frame_at(self, place: QPoint, tile: int = 0) -> FramePoint:
        return self.scene(tile).transform.to_frame(ViewPoint(place.x(), place.y()))

    def drag(
        self,
        start: QPoint,
        end: QPoint,
        *,
        button: Qt.MouseButton = Qt.MouseButton.LeftButton,
        held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
        tile: int = 0,
        steps: int = 4,
    ) -> None:
        widget = self.viewport(tile)
        QTest.mouseMove(widget, start)
        QTest.mousePress(widget, button, held, start)
        for step in range(1, steps + 1):
            between = start + (end - start) * step / steps
            _move(widget, between, button, held)
        QTest.mouseRelease(widget, button, held, end)
        self.settle()

    def click(self, place: QPoint, tile: int = 0) -> None:
        QTest.mouseClick(
            self.viewport(tile), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place
        )
        self.settle()

    def move(self, place: QPoint, tile: int = 0) -> None:
        _move(
            self.viewport(tile),
            place,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QCoreApplication.processEvents()

    def wheel(
        self,
        notches: int,
        *,
        held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
        place: QPoint | None = None,
        tile: int = 0,
        pixels: int = 0,
    ) -> None:
        """Turn the wheel; positive notches go to the next image."""
        widget = self.viewport(tile)
        middle = QPointF(place or widget.rect().center())
        event = QWheelEvent(
            middle,
            QPointF(widget.mapToGlobal(middle.toPoint())),
            QPoint(0, -pixels),
            QPoint(0, -120 * notches),
            Qt.MouseButton.NoButton,
            held,
            Qt.ScrollPhase.ScrollUpdate if pixels else Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QCoreApplication.sendEvent(widget, event)
        self.settle()

    def image(self, tile: int = 0) -> QImage:
        """The tile as it is painted."""
        return self.viewport(tile).grab().toImage()

    def color_at(self, place: QPoint, tile: int = 0) -> QColor:
        return self.image(tile).pixelColor(place)

    def close(self) -> None:
        self.grid.close_pictures()
        self.jobs.close()
        self.frames.close()
        self.workers.close()
        self.thread.close()
        self.grid.close()
        self.grid.deleteLater()
        QCoreApplication.processEvents()


@contextmanager
def tiles_on(*paths: Path, size: tuple[int, int] = (640, 640)) -> Iterator[Tiles]:
    """A grid that is closed at the end; fails when something broke on another thread."""
    tiles = Tiles(paths, size)
    try:
        yield tiles
        assert not tiles.bugs
    finally:
        tiles.close()


def _is_settled(viewport: Viewport) -> bool:
    scene = viewport.scene()
    is_fine = scene.tile.kind == "volume" or viewport.is_picture_full
    return scene.message_kind != "busy" and is_fine


def _move(
    widget: Viewport, place: QPoint, button: Qt.MouseButton, held: Qt.KeyboardModifier
) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(place),
        QPointF(widget.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        button,
        held,
    )
    QCoreApplication.sendEvent(widget, event)
