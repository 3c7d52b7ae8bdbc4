"""A reader in front of the real window, in the reader's words."""

import re
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog

import resources
from app.library.tree import NODE_ROLE
from app.paths import make_paths
from app.settings import Settings
from app.wiring import Program
from viewer.study import Patient, Series, Study
from viewer.widgets import style

PATIENCE_MS = 30_000


class Reader:
    """Sees and does what a person at the screen can; ``program`` is for what only a test asks."""

    def __init__(self, qtbot) -> None:
        self._qtbot = qtbot
        self.program: Program | None = None

    # Coming and going

    def start(self, *paths: Path, planes: bool = False) -> "Reader":
        """Start the program, as from the command line."""
        style.install(QApplication.instance())
        own = make_paths()
        self.program = Program(own, Settings(own.settings))
        self.program.crash.uninstall()  # a failure shall fail the test, not open a dialog
        self.program.open_at_start([str(p) for p in paths], planes=planes)
        self.window.show()
        self.window.activateWindow()
        self._qtbot.waitUntil(self.window.isActiveWindow, timeout=PATIENCE_MS)
        self._qtbot.waitUntil(lambda: self.program.is_complete, timeout=PATIENCE_MS)
        return self

    def quit(self) -> None:
        """Close the window."""
        if self.program is not None:
            self.window.close()
            self.program.close()
            self.window.deleteLater()
            QApplication.sendPostedEvents(None, 0)
            QApplication.processEvents()
            self.program = None

    def restart(self) -> "Reader":
        """Close the window and start again."""
        self.quit()
        return self.start()

    # Doing

    def tick(self) -> "Reader":
        """Tick the notice of the first page."""
        QTest.mouseClick(self.window.start_page.tick, Qt.MouseButton.LeftButton, pos=QPoint(8, 12))
        return self

    def answer_notice(self) -> None:
        """Press the button beside the notice below the images."""
        QTest.mouseClick(self.window.notices.answer_button, Qt.MouseButton.LeftButton)

    def open(self, *paths: Path) -> "Reader":
        """Drop files or folders onto the window and wait until all is read."""
        self.drop(*paths)
        return self.wait_until_read()

    def drop(self, *paths: Path) -> "Reader":
        """Drop files or folders onto the window."""
        carried = QMimeData()
        carried.setUrls([QUrl.fromLocalFile(str(p)) for p in paths])
        middle = self.window.rect().center()
        how = (Qt.DropAction.CopyAction, carried, Qt.MouseButton.LeftButton)
        none = Qt.KeyboardModifier.NoModifier
        entered = QDragEnterEvent(middle, *how, none)
        QApplication.sendEvent(self.window, entered)
        if entered.isAccepted():
            QApplication.sendEvent(self.window, QDropEvent(QPointF(middle), *how, none))
        return self

    def open_demo(self) -> "Reader":
        """Press the button of the demo study and wait until it is read."""
        QTest.mouseClick(self.window.start_page.demo_button, Qt.MouseButton.LeftButton)
        return self.wait_until_read()

    def wait_until_read(self) -> "Reader":
        """Wait until no file is left to read."""
        shelf = self.program.shelf
        self._qtbot.waitUntil(lambda: shelf.scan is None, timeout=PATIENCE_MS)
        return self

    def cancel_reading(self) -> "Reader":
        """Press Cancel in the status line."""
        self.window.status.cancel_wanted.emit()
        return self

    def press(self, keys: str) -> "Reader":
        """Press a key, for example "M" or "Ctrl+Z", where the keyboard is now."""
        *modifiers, key = re.split(r"\+(?!$)", keys)
        held = Qt.KeyboardModifier.NoModifier
        for name in modifiers:
            held |= _MODIFIERS[name]
        target = QApplication.focusWidget() or self.window
        code = _KEYS.get(key)
        QTest.keyClick(target, code if code is not None else key.lower(), held)
        return self

    def look(self) -> "Reader":
        """Turn to the images: give them the keyboard."""
        self.window.activateWindow()
        self.window.focus_images()
        return self

    def choose(self, command_id: str) -> "Reader":
        """Choose a command from a menu."""
        self.window.commands[command_id].trigger()
        return self

    def show_row(self, index) -> "Reader":
        """Double click a row of the list."""
        view = self.program.parts.browser.view
        view.scrollTo(index)
        place = view.visualRect(index).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
        QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
        return self

    def drag_on_image(self, start: tuple[float, float], end: tuple[float, float]) -> "Reader":
        """Drag with the left button over the active tile; places as fractions of the tile."""
        tile = self.program.parts.grid.active_viewport
        places = [
            QPoint(round(x * tile.width()), round(y * tile.height())) for x, y in (start, end)
        ]
        QTest.mousePress(tile, Qt.MouseButton.LeftButton, pos=places[0])
        for step in range(1, 9):
            QTest.mouseMove(tile, places[0] + (places[1] - places[0]) * step / 8)
            QApplication.processEvents()
        QTest.mouseRelease(tile, Qt.MouseButton.LeftButton, pos=places[1])
        return self

    def wait_for_image(self) -> "Reader":
        """Wait until every tile on the screen shows its picture."""
        grid = self.program.parts.grid

        def all_there() -> bool:
            scenes = [v.scene() for v in grid.viewports if v.isVisible()]
            return all(s.message_kind != "busy" for s in scenes if s.tile.series_uid) and all(
                s.stored is not None or s.volume is not None for s in scenes if s.tile.series_uid
            )

        self._qtbot.waitUntil(all_there, timeout=PATIENCE_MS)
        return self

    # Seeing

    @property
    def window(self):
        return self.program.window

    @property
    def state(self):
        return self.program.store.state

    def patients(self) -> list[str]:
        """The patients in the list."""
        return [i.data().split(",  ")[0] for i in self._rows() if _is(i, Patient)]

    def studies(self) -> list[str]:
        """The studies in the list."""
        return [i.data() for i in self._rows() if _is(i, Study)]

    def series(self) -> list[str]:
        """The series in the list."""
        return [i.data() for i in self._rows() if _is(i, Series)]

    def sees_first_page(self) -> bool:
        """Whether the first page is shown."""
        return self.window.start_page.isVisible()

    def sentence(self) -> str:
        """What the bar below the images says."""
        return self.window.notices.sentence

    def layout(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        return self.state.doc.rows, self.state.doc.columns

    def kinds(self) -> list[str]:
        """What the tiles show."""
        return [t.kind for t in self.state.doc.tiles if t.series_uid]

    def dialog(self) -> QDialog:
        """The dialog that is open."""
        return next(
            w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()
        )

    def save_screenshot(self, path: Path) -> None:
        """Keep what the window looks like."""
        self.window.grab().save(str(path))

    def _rows(self):
        tree = self.program.parts.browser.tree

        def below(parent):
            for row in range(tree.rowCount(parent)):
                index = tree.index(row, 0, parent)
                yield index
                yield from below(index)

        from PySide6.QtCore import QModelIndex

        return below(QModelIndex())


def demo_folder() -> Path:
    return resources.path("demo_study")


def _is(index, kind) -> bool:
    return isinstance(index.data(NODE_ROLE).record, kind)


_MODIFIERS = {
    "Ctrl": Qt.KeyboardModifier.ControlModifier,
    "Shift": Qt.KeyboardModifier.ShiftModifier,
    "Alt": Qt.KeyboardModifier.AltModifier,
}
_KEYS = {
    "Up": Qt.Key.Key_Up,
    "Down": Qt.Key.Key_Down,
    "Left": Qt.Key.Key_Left,
    "Right": Qt.Key.Key_Right,
    "Home": Qt.Key.Key_Home,
    "End": Qt.Key.Key_End,
    "PgUp": Qt.Key.Key_PageUp,
    "PgDown": Qt.Key.Key_PageDown,
    "Tab": Qt.Key.Key_Tab,
    "Esc": Qt.Key.Key_Escape,
    "Return": Qt.Key.Key_Return,
    "Del": Qt.Key.Key_Delete,
    "F6": Qt.Key.Key_F6,
    "F11": Qt.Key.Key_F11,
}
