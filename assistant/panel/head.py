"""The panel's head: title, model, state in a word, stages, a line of times, the notice."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from assistant.notices import PHANTOM_MODEL, STAND_IN, notice_of
from assistant.panel.markdown import visible
from assistant.panel.pieces import icon_label, label, on_button, tool_button
from assistant.panel.waits import STAGE_WEIGHTS, Shown
from viewer.widgets import theme
from viewer.widgets.theme import SIZES
from viewer.words import _

_DOTS = {"calm": "dis", "busy": "accent", "warn": "warn", "err": "err"}
_DOT_PX = 8
_BAR_PX = 3
_BAR_GAP_PX = 4


class Dot(QWidget):
    """The engine's state as a colour; its word always stands beside it."""

    def __init__(self) -> None:
        super().__init__()
        self._tone = "calm"
        self.setFixedSize(_DOT_PX + 2, SIZES.icon)

    def set_tone(self, tone: str) -> None:
        """Take another colour."""
        if tone != self._tone:
            self._tone = tone
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(_DOTS[self._tone]))
        painter.drawEllipse(QRectF(0, (self.height() - _DOT_PX) / 2, _DOT_PX, _DOT_PX))
        painter.end()


class StageBar(QWidget):
    """Load, encode, read, write: one bar in four parts, filled as far as each has come."""

    def __init__(self) -> None:
        super().__init__()
        self._fills: tuple[float, ...] | None = None
        self.setFixedHeight(_BAR_PX)
        self.setAccessibleName(_("How far the answer is"))

    def set_fills(self, fills: tuple[float, ...] | None) -> None:
        """Show how far it is; None shows no bar but keeps its place."""
        if fills != self._fills:
            self._fills = fills
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the parts."""
        if self._fills is None:
            return
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        room = self.width() - _BAR_GAP_PX * (len(STAGE_WEIGHTS) - 1)
        left = 0.0
        for weight, fill in zip(STAGE_WEIGHTS, self._fills, strict=True):
            width = room * weight / sum(STAGE_WEIGHTS)
            painter.setBrush(theme.color("press"))
            painter.drawRoundedRect(QRectF(left, 0, width, _BAR_PX), 1, 1)
            painter.setBrush(theme.color("accent"))
            painter.drawRoundedRect(QRectF(left, 0, width * fill, _BAR_PX), 1, 1)
            left += width + _BAR_GAP_PX
        painter.end()


class Head(QWidget):
    """The top of the panel; its signals are what the reader wants."""

    model_wanted = Signal()
    clear_wanted = Signal()
    hide_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._dot = Dot()
        self._model = QToolButton()
        self._model.setProperty("kind", "name")
        self._model.setText(_("Choose a model"))
        self._model.setToolTip(_("Choose another model"))
        self._model.clicked.connect(self.model_wanted)
        self._word = label(tone="second")
        self._bar = StageBar()
        self._line = label(role="fact", tone="second", wrap=True)
        self._clear = QAction(_("Clear this conversation"), self)
        self._clear.triggered.connect(self.clear_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SIZES.padding, 0, SIZES.padding, 10)
        layout.setSpacing(0)
        layout.addLayout(self._title_row())
        layout.addLayout(self._model_row())
        layout.addSpacing(6)
        layout.addWidget(self._bar)
        layout.addSpacing(8)
        layout.addWidget(self._line)

    def show_status(self, shown: Shown, model_name: str) -> None:
        """Show state, times and the model's name."""
        self._dot.set_tone(shown.tone)
        self._model.setText(on_button(visible(model_name)) or _("Choose a model"))
        self._word.setText(shown.word)
        self._bar.set_fills(shown.fills)
        self._line.setText(shown.line)

    @property
    def line(self) -> str:
        """The line of times."""
        return self._line.text()

    @property
    def word(self) -> str:
        """The state in a word."""
        return self._word.text()

    def _title_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        row.setContentsMargins(0, 8, -8, 0)
        row.addWidget(label(_("Assistant"), role="title"), 1)
        more = tool_button("ellipsis", _("More"))
        menu = QMenu(more)
        menu.addAction(_("Choose a model…"), self.model_wanted.emit)
        menu.addAction(self._clear)
        more.setMenu(menu)
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        hide = tool_button("panel-right", _("Hide the assistant (Ctrl+J)"))
        hide.clicked.connect(self.hide_wanted)
        row.addWidget(more)
        row.addWidget(hide)
        return row

    def _model_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self._dot)
        row.addSpacing(5)
        row.addWidget(self._model)
        row.addStretch(1)
        row.addWidget(self._word)
        return row


class Notice(QWidget):
    """What is said beside everything a model wrote; it never goes away."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "raised")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._text = label(notice_of(""), wrap=True)
        self._doubt = label(role="fact", tone="warn", wrap=True)
        self._doubt.hide()
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._text)
        words.addWidget(self._doubt)
        row = QHBoxLayout(self)
        row.setContentsMargins(SIZES.padding, 8, SIZES.padding, 8)
        row.setSpacing(8)
        row.addWidget(icon_label("info"), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def show_model(self, name: str, *, is_stand_in: bool, is_phantom_only: bool) -> None:
        """Name the model; say so when its words mean nothing, or nothing about real patients."""
        doubt = _(PHANTOM_MODEL) if is_phantom_only else _(STAND_IN) if is_stand_in else ""
        # A model of drawn patients has its name in what is said of it.
        self._text.setText(visible(notice_of("" if is_phantom_only else name)))
        self._doubt.setText(doubt)
        self._doubt.setVisible(bool(doubt))

    @property
    def text(self) -> str:
        """The line as it stands there."""
        return self._text.text()

    @property
    def doubt(self) -> str:
        """What is said of a model whose words are worth less than others', or ""."""
        return self._doubt.text()
