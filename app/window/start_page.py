"""What is shown while nothing is open: what this is, how to open images, what stays here."""

from typing import Final

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from viewer.widgets import icons, theme
from viewer.widgets.theme import SIZES
from viewer.words import N_, _

_WIDTH: Final = 720
_CIRCLE: Final = 28
NOTICE_VERSION: Final = "1"
NOTICE_WORDS: Final = N_(
    "For research and teaching only. Not a medical device. Not for diagnosis or treatment."
)
"""Raised when the words of the notice change, so that they are read again."""


class StartPage(QScrollArea):
    """The first page. ``accepted`` tells whether the notice was read; opening waits for it."""

    notice_ticked = Signal(bool)
    folder_wanted = Signal()
    files_wanted = Signal()
    demo_wanted = Signal()
    model_wanted = Signal()

    def __init__(self, *, accepted: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget()
        page.setProperty("surface", "view")
        page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        narrow = QWidget()
        narrow.setMaximumWidth(_WIDTH)
        column = QVBoxLayout(narrow)
        centred = QHBoxLayout(page)
        centred.addWidget(narrow)
        self._steps = [_Circle(str(n), self) for n in (1, 2, 3)]
        column.addStretch(2)
        column.addWidget(_label(_("Second Read"), role="hero"))
        column.addWidget(
            _label(
                _("Read DICOM studies, and ask a local AI model about the image in front of you."),
                size_px=15,
                tone="second",
            )
        )
        column.addSpacing(28)
        column.addLayout(self._notice(accepted=accepted))
        column.addSpacing(20)
        column.addLayout(self._opening())
        column.addSpacing(24)
        column.addLayout(self._model())
        column.addSpacing(24)
        column.addWidget(_privacy())
        column.addStretch(3)
        self.setWidget(page)
        self._light(accepted=accepted)

    @property
    def is_accepted(self) -> bool:
        """Whether the notice is ticked."""
        return self.tick.isChecked()

    @property
    def demo_button(self) -> QPushButton:
        """The button that opens the demo study."""
        return self._zone.demo

    def focus_next(self) -> None:
        """Give the keyboard to what comes next: the tick, then the button that opens a folder."""
        target = self._zone.folder if self.is_accepted else self.tick
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _notice(self, *, accepted: bool) -> QGridLayout:
        self.tick = QCheckBox(_("I understand"))
        self.tick.setChecked(accepted)
        self.tick.toggled.connect(self._ticked)
        return _step(
            self._steps[0],
            _label(_("Know what this is"), size_px=15, weight=600),
            _label(_(NOTICE_WORDS), tone="second"),
            self.tick,
        )

    def _opening(self) -> QGridLayout:
        self._zone = _DropZone()
        self._zone.folder.clicked.connect(self.folder_wanted)
        self._zone.files.clicked.connect(self.files_wanted)
        self._zone.demo.clicked.connect(self.demo_wanted)
        title = _label(_("Open images"), size_px=15, weight=600)
        return _step(self._steps[1], title, self._zone)

    def _model(self) -> QGridLayout:
        button = QPushButton(f" {_('Choose a model…')}")
        button.setIcon(icons.icon("brain", SIZES.icon_small, rest="text"))
        button.clicked.connect(self.model_wanted)
        words = _(
            "Viewing needs no model. Asking about patients needs one: 3.3 to 5.0 GB on disk and 8 "
            "GB of memory. Until then a small demo model answers; it knows drawn patients only."
        )
        title = _label(_("Choose a model (when you want to ask)"), size_px=15, weight=600)
        row = QHBoxLayout()
        row.addWidget(button)
        row.addStretch(1)
        return _step(self._steps[2], title, _label(words, tone="second"), row)

    def _ticked(self, accepted: bool) -> None:
        self._light(accepted=accepted)
        self.notice_ticked.emit(accepted)

    def _light(self, *, accepted: bool) -> None:
        """Light the next step; what cannot be used yet is off."""
        self._steps[0].show_as("done" if accepted else "next")
        self._steps[1].show_as("next" if accepted else "later")
        self._zone.setEnabled(accepted)
        self._zone.explain(accepted=accepted)


class _DropZone(QWidget):
    """The dashed field with the ways to open something."""

    def __init__(self) -> None:
        super().__init__()
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = _label(_("Drop a folder here"), role="heading")
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words = _label("", tone="second")
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.folder = _key_button(_("Open folder…"), "Ctrl+O", kind="primary")
        self.files = _key_button(_("Open files…"), "Ctrl+Shift+O", kind="")
        self.demo = QPushButton(_("Try the demo study"))
        self.demo.setProperty("kind", "quiet")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        for button in (self.folder, self.files, self.demo):
            button.setMinimumHeight(SIZES.button_large)
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.addWidget(self._icon)
        column.addSpacing(4)
        column.addWidget(self._title)
        column.addWidget(self._words)
        column.addSpacing(12)
        column.addLayout(row)

    def explain(self, *, accepted: bool) -> None:
        """Say what can be dropped, or what is missing first."""
        color = "accent" if accepted else "dis"
        self._icon.setPixmap(icons.pixmap("folder-open", color, 32, self.devicePixelRatioF()))
        self._words.setText(
            _("DICOM folders, files, ZIP archives, CDs. Nothing is written into them.")
            if accepted
            else _("Tick the line above first.")
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the field: a dashed edge on a well."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("ctl"), 1, Qt.PenStyle.DashLine))
        painter.setBrush(theme.color("panel", 0.45))
        edge = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(edge, SIZES.radius_card, SIZES.radius_card)


class _Circle(QWidget):
    """The number of a step: ticked, lit, or yet to come."""

    def __init__(self, number: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._number = number
        self._look = "later"
        self.setFixedSize(_CIRCLE, _CIRCLE)

    def show_as(self, look: str) -> None:
        """Look like a step that is "done", "next" or "later"."""
        self._look = look
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the circle with its number or tick."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_next = self._look == "next"
        painter.setPen(Qt.PenStyle.NoPen if is_next else QPen(theme.color("ctl"), 1.5))
        painter.setBrush(theme.color("accent") if is_next else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        if self._look == "done":
            side = SIZES.icon_small
            at = QRectF((_CIRCLE - side) / 2, (_CIRCLE - side) / 2, side, side)
            icons.paint(painter, "check", at)
            return
        painter.setFont(theme.font(13, 600))
        painter.setPen(theme.color("on_accent" if is_next else "second"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._number)


def _step(circle: _Circle, *parts: QWidget | QHBoxLayout) -> QGridLayout:
    """A step's circle on the left, its parts below each other on the right."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(SIZES.padding)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    grid.addWidget(circle, 0, 0)
    for row, part in enumerate(parts):
        if isinstance(part, QWidget):
            part.setMaximumWidth(_WIDTH - _CIRCLE - SIZES.padding)
            grid.addWidget(part, row, 1)
        else:
            grid.addLayout(part, row, 1)
    grid.setRowMinimumHeight(0, _CIRCLE)
    return grid


def _privacy() -> QWidget:
    card = QWidget()
    card.setProperty("surface", "card")
    card.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    lock = QLabel()
    lock.setPixmap(icons.pixmap("lock", "second", SIZES.icon_small, card.devicePixelRatioF()))
    head = QHBoxLayout()
    head.setSpacing(8)
    head.addWidget(lock)
    head.addWidget(_label(_("What stays on this computer"), role="group"), 1)
    words = _(
        "Everything. Images, questions and answers are never sent anywhere, and there is no "
        "account. The program goes online only when you press Download for a model."
    )
    column = QVBoxLayout(card)
    column.setContentsMargins(16, 12, 16, 12)
    column.setSpacing(4)
    column.addLayout(head)
    column.addWidget(_label(words, tone="second"))
    return card


def _label(
    text: str, *, role: str = "", tone: str = "", size_px: int = 0, weight: int = 400
) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    label.setProperty("tone", tone)
    if size_px:
        label.setFont(theme.font(size_px, weight))
    return label


def _key_button(words: str, keys: str, *, kind: str) -> QPushButton:
    button = QPushButton(f"{words}   {keys}")
    button.setProperty("kind", kind)
    button.setAccessibleName(words)
    return button
