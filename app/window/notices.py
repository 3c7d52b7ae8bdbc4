"""Sentences in the window: below the images, one at a time, never in the reader's way."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from viewer.errors import UserError
from viewer.limits import LIST_TEXT_CHARS
from viewer.widgets import icons
from viewer.widgets.theme import SIZES
from viewer.words import _

_LOOKS: Final = {
    "info": ("info", "second"),
    "warn": ("triangle-alert", "warn"),
    "err": ("circle-x", "err"),
}
_HEIGHT: Final = 40


class Notices(QWidget):
    """A bar with the newest sentence, a way to copy its details and a way to close it.

    A standing sentence (a full disk) stays until its cause is over; others give way to it.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "raised")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._details = ""
        self._standing = ""
        self._answered: Callable[[], None] | None = None
        self._icon = QLabel()
        self._sentence = QLabel()
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._sentence.setWordWrap(True)
        self._copy = QPushButton(_("Copy details"))
        self._copy.setProperty("kind", "quiet")
        self._copy.clicked.connect(self._copy_details)
        self.answer_button = QPushButton()
        self.answer_button.clicked.connect(self._give_answer)
        self._close_button = QToolButton()
        self._close_button.setProperty("kind", "tool")
        self._close_button.setIcon(icons.icon("x", SIZES.icon_small))
        self._close_button.setToolTip(_("Close"))
        self._close_button.setAccessibleName(_("Close"))
        self._close_button.clicked.connect(self._close)
        row = QHBoxLayout(self)
        row.setContentsMargins(SIZES.padding, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._sentence, 1)
        row.addWidget(self._copy)
        row.addWidget(self.answer_button)
        row.addWidget(self._close_button)
        self.hide()

    @property
    def sentence(self) -> str:
        """What is shown now, or ""."""
        return "" if self.isHidden() else self._sentence.text()

    def tell(self, sentence: str, *, kind: str = "info", details: str = "") -> None:
        """Show a sentence in the place of the last; "" closes the bar."""
        if not sentence:
            self._close()
            return
        name, color = _LOOKS[kind]
        self._icon.setPixmap(icons.pixmap(name, color, SIZES.icon_small, self.devicePixelRatioF()))
        self._sentence.setText(sentence[: 2 * LIST_TEXT_CHARS])
        self._sentence.setAccessibleName(sentence)
        self._details = details
        self._copy.setVisible(bool(details))
        is_asked = self._answered is not None and sentence == self._standing
        self.answer_button.setVisible(is_asked)
        self._close_button.setVisible(not is_asked)
        self.show()

    def show_error(self, error: UserError) -> None:
        """Show what went wrong and what to do."""
        self.tell(error.sentence, kind="err", details=error.details)

    def stand(self, sentence: str) -> None:
        """Show a sentence until its cause is over, which "" says."""
        self._standing = sentence
        self.tell(sentence, kind="warn")

    def ask(self, sentence: str, answer: str, on_answer: Callable[[], None]) -> None:
        """Let a sentence stand until its button is pressed; others give way to it."""
        self._answered = on_answer
        self.answer_button.setText(answer)
        self.stand(sentence)

    def _give_answer(self) -> None:
        answered, self._answered, self._standing = self._answered, None, ""
        self.hide()
        if answered is not None:
            answered()

    def _close(self) -> None:
        self.hide()
        if self._standing and self._sentence.text() != self._standing:
            self.tell(self._standing, kind="warn")

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(f"{self._sentence.text()}\n{self._details}")
