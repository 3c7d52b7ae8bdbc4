"""The question box: what goes with the question, the words, send or stop."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from assistant.offers import Attached
from assistant.panel.markdown import visible
from assistant.panel.pieces import Thumbnail, label, plain_tip
from viewer import limits
from viewer.widgets import icons, theme
from viewer.widgets.theme import SIZES
from viewer.words import _

_MOST_LINES: Final = 6
_THUMBNAIL_PX: Final = 20
_WORDS_PX: Final = 240


class Words(QPlainTextEdit):
    """A field that grows with its lines; Enter sends, Shift+Enter begins a new line."""

    sent = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("bare", True)
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.document().setDocumentMargin(0)
        self.textChanged.connect(self._grow)
        self.setAccessibleName(_("Your question"))
        self._grow()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter sends."""
        is_enter = event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.sent.emit()
            return
        super().keyPressEvent(event)

    def _grow(self) -> None:
        text = self.toPlainText()
        if len(text) > limits.PROMPT_VALUE_CHARS:
            cursor = self.textCursor()
            self.setPlainText(text[: limits.PROMPT_VALUE_CHARS])
            self.setTextCursor(cursor)
        lines = min(max(self.document().blockCount(), 1), _MOST_LINES)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * lines + 4)


class Attachment(QWidget):
    """The image that a question goes with."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "raised")
        self.setProperty("pill", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._thumbnail = Thumbnail(_THUMBNAIL_PX)
        self._words = label(role="fact")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 8, 2)
        row.setSpacing(8)
        row.addWidget(self._thumbnail)
        row.addWidget(self._words)

    def show_attached(self, attached: Attached | None) -> None:
        """Name the image; nothing is shown where there is none."""
        self.setVisible(attached is not None)
        if attached is not None:
            self._thumbnail.setVisible(attached.thumbnail is not None)
            self._thumbnail.set_pixels(attached.thumbnail)
            metrics, most = self._words.fontMetrics(), round(_WORDS_PX * theme.type_scale())
            words = visible(attached.words)
            self._words.setText(metrics.elidedText(words, Qt.TextElideMode.ElideRight, most))
            self.setToolTip(plain_tip(words))

    def show_pixels(self, pixels: NDArray[np.uint8]) -> None:
        """Show the image small."""
        self._thumbnail.set_pixels(pixels)
        self._thumbnail.setVisible(True)


class QuestionBox(QWidget):
    """Attachment, words and one button: send, or stop while an answer runs."""

    sent = Signal(str)
    stopped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._is_running = False
        frame = QWidget()
        frame.setProperty("surface", "field")
        frame.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.attachment = Attachment()
        self.words = Words()
        self.words.sent.connect(self._send)
        self.words.textChanged.connect(self._enable)
        self.button = self._make_button()
        self._left = label(_("Enter to send"), role="fact", tone="second")
        self._right = label(role="fact", tone="second")
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.words, 1, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(8, 8, 8, 8)
        inside.setSpacing(8)
        inside.addWidget(self.attachment, 0, Qt.AlignmentFlag.AlignLeft)
        inside.addLayout(line)
        hints = QHBoxLayout()
        hints.setContentsMargins(2, 0, 2, 0)
        hints.addWidget(self._left)
        hints.addStretch(1)
        hints.addWidget(self._right)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(frame)
        layout.addLayout(hints)
        self.set_running(is_running=False)

    def set_hint(self, hint: str) -> None:
        """What stands in the empty field."""
        self.words.setPlaceholderText(hint)

    def set_running(self, *, is_running: bool) -> None:
        """Send, or stop."""
        self._is_running = is_running
        name, words = ("stop", _("Stop (Ctrl+.)")) if is_running else ("arrow-up", _("Send"))
        self.button.setIcon(icons.icon(name, SIZES.icon_small, rest="on_primary"))
        self.button.setToolTip(words)
        self.button.setAccessibleName(words)
        self._right.setText(_("Ctrl+. stops") if is_running else _("Shift+Enter for a new line"))
        self._enable()

    def put_words(self, text: str) -> None:
        """Put words into the field and the cursor behind them."""
        self.words.setPlainText(text)
        cursor = self.words.textCursor()
        cursor.movePosition(cursor.MoveOperation.End)
        self.words.setTextCursor(cursor)
        self.words.setFocus()

    def _make_button(self) -> QToolButton:
        made = QToolButton()
        made.setProperty("kind", "send")
        made.setIconSize(QSize(SIZES.icon_small, SIZES.icon_small))
        made.setFixedSize(SIZES.button_in_row, SIZES.button_in_row)
        made.clicked.connect(self._press)
        return made

    def _enable(self) -> None:
        self.button.setEnabled(self._is_running or bool(self.words.toPlainText().strip()))

    def _press(self) -> None:
        if self._is_running:
            self.stopped.emit()
        else:
            self._send()

    def _send(self) -> None:
        text = self.words.toPlainText().strip()
        if text and not self._is_running:
            self.sent.emit(text)
