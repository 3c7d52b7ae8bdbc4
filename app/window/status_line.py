"""The line at the bottom: hint, value under the pointer, what runs, not for diagnosis."""

from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from app.memory import resident_mb
from app.shelf import Scan
from viewer.widgets import icons
from viewer.widgets.theme import SIZES
from viewer.words import _

_MEMORY_MS: Final = 5_000


class StatusLine(QWidget):
    """Words only; ``cancel_wanted`` when the reader ends a scan."""

    cancel_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(SIZES.status)
        self._icon = QLabel()
        self._hint = _label("")
        self._value = _label("", tone="")
        self._progress = _label("", tone="")
        self._cancel = QPushButton(_("Cancel"))
        self._cancel.setProperty("kind", "link")
        self._cancel.setMaximumHeight(SIZES.target)
        self._cancel.clicked.connect(self.cancel_wanted)
        self._memory = _label("")
        self._engine = _label("")
        diagnosis = _label(_("NOT FOR DIAGNOSIS"), role="strong")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._hint, 2)
        row.addWidget(self._value, 2, Qt.AlignmentFlag.AlignHCenter)
        for widget in (self._progress, self._cancel, self._memory, self._engine, diagnosis):
            row.addWidget(widget, 0)
            row.addSpacing(8)
        self.show_scan(None)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.show_memory)
        self._timer.start(_MEMORY_MS)

    @property
    def hint(self) -> str:
        """What the line says on the left."""
        return self._hint.text()

    def show_hint(self, icon: str, words: str) -> None:
        """Say what the left button does, or what comes next."""
        if self._hint.text() != words:
            self._hint.setText(words)
            ratio = self.devicePixelRatioF()
            self._icon.setPixmap(icons.pixmap(icon, "second", SIZES.icon_small, ratio))

    def show_value(self, words: str) -> None:
        """Show the place and value under the pointer."""
        self._value.setText(words)

    def show_scan(self, scan: Scan | None) -> None:
        """Show how far a scan has come, with a way to end it."""
        self._progress.setText("" if scan is None else scan_text(scan))
        self._progress.setVisible(scan is not None)
        self._cancel.setVisible(scan is not None)

    def show_engine(self, words: str) -> None:
        """Show the engine's state in a word."""
        self._engine.setText(words)

    def show_memory(self) -> None:
        """Show the memory that the window holds."""
        megabytes = resident_mb()
        self._memory.setText(_("{count} MB").format(count=f"{megabytes:,}") if megabytes else "")


def scan_text(scan: Scan) -> str:
    """How far a scan has come, for example "3,412 of 10,000 files · 12 skipped"."""
    total = (
        _("{count} and more").format(count=f"{scan.listed:,}")
        if scan.is_walking
        else f"{scan.listed:,}"
    )
    text = _("{done} of {total} files").format(done=f"{scan.done:,}", total=total)
    if scan.skipped:
        text += " · " + _("{count} skipped").format(count=f"{scan.skipped:,}")
    return text


def _label(text: str, *, tone: str = "second", role: str = "fact") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("tone", tone)
    label.setProperty("role", role)
    return label
