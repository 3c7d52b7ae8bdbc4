"""Typing an exact window: a click on the W/L text puts two fields in its place."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QLineEdit, QWidget

from viewer.edits import set_window
from viewer.state import TileWindow
from viewer.widgets import overlay
from viewer.widgets.corners import window_of_text
from viewer.widgets.gestures import UNDO_NAMES, Apply
from viewer.widgets.scene import Scene
from viewer.words import _

_WIDTH_PX: Final = 210
_HEIGHT_PX: Final = 36


class WindowField:
    """Two fields over a viewport, made when they are wanted first."""

    def __init__(self, parent: QWidget, apply: Apply) -> None:
        self._parent = parent
        self._apply = apply
        self._box: _Box | None = None
        self._tile = 0
        self._shown: TileWindow | None = None

    def open(self, scene: Scene) -> None:
        """Show the fields with the window in use; Enter sets it, Esc leaves it."""
        window = scene.window
        if window is None:
            return
        if self._box is None:
            self._box = _Box(self._parent, self._accept)
        self._tile = scene.index
        self._shown = scene.tile.window
        place = overlay.window_text_rect(scene)
        left = int(place.left()) if not place.isEmpty() else 8
        top = int(place.center().y() - _HEIGHT_PX / 2) if not place.isEmpty() else 8
        top = min(max(top, 0), self._parent.height() - _HEIGHT_PX)
        self._box.show_at(left, top, f"{window.width:g}", f"{window.center:g}")

    def close_unless(self, scene: Scene) -> None:
        """Close the fields when the tile's window is another one now."""
        if self._box is not None and self._box.isVisible() and scene.tile.window != self._shown:
            self._box.hide()

    def _accept(self, width: str, center: str) -> bool:
        window = window_of_text(width, center)
        if window is None:
            return False
        edit = set_window(self._tile, TileWindow(window=window, source="user"))
        self._apply(edit, undo=_(UNDO_NAMES["window"]))
        return True


class _Box(QWidget):
    """The fields for width and centre."""

    def __init__(self, parent: QWidget, accept: Callable[[str, str], bool]) -> None:
        super().__init__(parent)
        self.setProperty("surface", "raised")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._accept = accept
        self.width_field, self.center_field = QLineEdit(self), QLineEdit(self)
        self.width_field.setAccessibleName(_("Window width"))
        self.center_field.setAccessibleName(_("Window centre"))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 2)
        row.setSpacing(6)
        for word, text_field in (("W", self.width_field), ("L", self.center_field)):
            label = QLabel(word, self)
            label.setTextFormat(Qt.TextFormat.PlainText)
            row.addWidget(label)
            row.addWidget(text_field)
            text_field.installEventFilter(self)
            text_field.returnPressed.connect(self._enter)
        self.resize(_WIDTH_PX, _HEIGHT_PX)

    def show_at(self, left: int, top: int, width: str, center: str) -> None:
        """Show the fields with these numbers; the first is ready to be typed over."""
        self.move(left, top)
        self.width_field.setText(width)
        self.center_field.setText(center)
        self.show()
        self.raise_()
        self.width_field.setFocus(Qt.FocusReason.PopupFocusReason)
        self.width_field.selectAll()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc leaves the window as it is; focus elsewhere too."""
        is_press = event.type() == QEvent.Type.KeyPress
        if is_press and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            self._leave()
            return True
        if event.type() == QEvent.Type.FocusOut and not self._has_focus():
            self.hide()
        return super().eventFilter(watched, event)

    def _has_focus(self) -> bool:
        return QApplication.focusWidget() in {self.width_field, self.center_field}

    def _enter(self) -> None:
        if self._accept(self.width_field.text(), self.center_field.text()):
            self._leave()

    def _leave(self) -> None:
        self.hide()
        parent = self.parentWidget()
        if parent is not None:
            parent.setFocus(Qt.FocusReason.OtherFocusReason)
