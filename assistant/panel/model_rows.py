"""One model in the dialog's list: a radio button with two columns of words."""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

from assistant.models.catalog import Entry
from assistant.models.installed import Installed
from assistant.panel.pieces import label
from viewer.widgets import theme
from viewer.widgets.theme import SIZES

_GIGA: Final = 1e9
_MEGA: Final = 1e6


@dataclass(frozen=True, slots=True)
class RowWords:
    """What a row says."""

    title: str
    detail: str
    size: str
    memory: str = ""
    badge: str = ""


class Badge(QWidget):
    """A short word on a raised ground."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.setProperty("surface", "raised")
        self.setProperty("pill", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 1, 6, 1)
        row.addWidget(label(words, role="strong"))


class ModelRow(QWidget):
    """Chosen by a click anywhere on it, or by its radio button."""

    toggled = Signal(bool)

    def __init__(
        self, words: RowWords, *, entry: Entry | None = None, pair: Installed | None = None
    ) -> None:
        super().__init__()
        self.words, self.entry, self.pair = words, entry, pair
        self.radio = QRadioButton()
        self.radio.setAccessibleName(f"{words.title}. {words.detail}. {words.size}")
        self.radio.toggled.connect(self._toggle)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(self.radio)
        row.addLayout(self._left(), 1)
        row.addLayout(self._right())

    def setChecked(self, is_checked: bool) -> None:
        """Choose it."""
        self.radio.setChecked(is_checked)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click chooses it."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.radio.setChecked(True)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The chosen one lies on the colour of the selection."""
        if not self.radio.isChecked():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("sel"))
        painter.drawRoundedRect(QRectF(self.rect()), SIZES.radius_button, SIZES.radius_button)
        painter.end()

    def _left(self) -> QVBoxLayout:
        title = QHBoxLayout()
        title.setSpacing(8)
        title.addWidget(label(self.words.title, role="group"))
        if self.words.badge:
            title.addWidget(Badge(self.words.badge))
        title.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addLayout(title)
        column.addWidget(label(self.words.detail, role="fact", tone="second", wrap=True))
        return column

    def _right(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(2)
        for words, role, tone in ((self.words.size, "group", ""), (self.words.memory, "fact",
                                                                   "second")):  # fmt: skip
            made = label(words, role=role, tone=tone)
            made.setAlignment(Qt.AlignmentFlag.AlignRight)
            column.addWidget(made)
        return column

    def _toggle(self, is_checked: bool) -> None:
        self.update()
        self.toggled.emit(is_checked)


def gigabytes(size_bytes: int) -> str:
    """A size as one reads it."""
    if size_bytes < _GIGA / 10:
        return f"{size_bytes / _MEGA:.0f} MB"
    return f"{size_bytes / _GIGA:.2f} GB"
