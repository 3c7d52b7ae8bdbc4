"""What a turn of the conversation is put together from: bubble, fold, notes, verdict, summary."""

from datetime import datetime
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from assistant.conversation import Turn
from assistant.notices import NAMED_NOTHING
from assistant.panel.markdown import visible
from assistant.panel.pieces import icon_label, label
from assistant.panel.waits import seconds_words
from assistant.tasks.compare import agrees
from viewer.widgets import icons, theme
from viewer.widgets.theme import SIZES
from viewer.words import N_, _

_BUBBLE_SHARE: Final = 0.78
_VERDICTS: Final = {
    "improved": N_("Improved"),
    "stable": N_("Stable"),
    "worsened": N_("Worsened"),
    "yes": N_("Yes"),
    "no": N_("No"),
}


def verdict_words(verdict: str) -> str:
    """A verdict as the reader sees it."""
    return _(_VERDICTS[verdict]) if verdict in _VERDICTS else _("No verdict")


def verdict_look(turn: Turn) -> tuple[str, str, str]:
    """Icon, tone and words of a turn's verdict; doubt where the two orders do not agree."""
    if turn.swapped and not agrees(turn.verdict, turn.swapped):
        return "triangle-alert", "warn", _("Answers differ")
    icons_of = {"improved": "trending-down", "worsened": "trending-up", "stable": "equal"}
    return icons_of.get(turn.verdict, "info"), "", verdict_words(turn.verdict)


class Bubble(QLabel):
    """The reader's question, on the right."""

    def __init__(self, text: str) -> None:
        super().__init__(visible(text))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setContentsMargins(12, 6, 12, 6)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)

    def fit(self, room_px: int) -> None:
        """As wide as the words, at most most of the panel."""
        most = int(room_px * _BUBBLE_SHARE)
        margins = self.contentsMargins()
        sides = margins.left() + margins.right() + 2
        lines = self.text().split("\n")
        words = max(self.fontMetrics().horizontalAdvance(line) for line in lines) + sides
        self.setFixedWidth(max(min(words, most), 40))

    def paintEvent(self, event: QPaintEvent) -> None:
        """A raised, rounded ground below the words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("raised"))
        painter.drawRoundedRect(QRectF(self.rect()), SIZES.radius_card, SIZES.radius_card)
        painter.end()
        super().paintEvent(event)


class Fold(QToolButton):
    """A line that opens and closes what lies under it."""

    def __init__(self, words: str, *, is_open: bool = False) -> None:
        super().__init__()
        self.setProperty("kind", "fold")
        self.setCheckable(True)
        self.setChecked(is_open)
        self.setText(words)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(SIZES.icon_small, SIZES.icon_small))
        self.toggled.connect(self._turn)
        self._turn(is_open)

    def _turn(self, is_open: bool) -> None:
        name = "chevron-down" if is_open else "chevron-right"
        self.setIcon(icons.icon(name, SIZES.icon_small, on="second"))


def note_row(icon: str, tone: str, words: str) -> QWidget:
    """A sentence with an icon before it."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(icon_label(icon, tone or "text"), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(label(words, role="fact", tone=tone, wrap=True), 1)
    return made


def notes_of(turn: Turn) -> list[tuple[str, str, str]]:
    """Icon, tone and words of what is said under an answer."""
    said = []
    if turn.named_nothing:
        said.append(("info", "", _(NAMED_NOTHING)))
    if turn.task in {"change", "yesno"} and turn.state == "done":
        icon, tone, words = verdict_look(turn)
        said.append((icon, tone, words))
    if turn.findings:
        count = len(turn.findings)
        words = _("{count} boxes on the image") if count > 1 else _("1 box on the image")
        said.append(("ai-box", "second", words.format(count=count)))
    said += [("triangle-alert", "warn", words) for words in turn.not_drawn]
    return said + [("info", "second", words) for words in turn.notes]


def summary_of(turn: Turn) -> str:
    """A turn in one line: what came of it, and how long it took."""
    words = _("Answer")
    if turn.state == "failed":
        words = _("No answer")
    elif turn.state == "stopped":
        words = _("Stopped")
    elif turn.named_nothing:
        words = _("Named nothing")
    elif turn.verdict:
        words = verdict_words(turn.verdict)
    elif turn.findings:
        count = len(turn.findings)
        words = _("{count} boxes").format(count=count) if count > 1 else _("One box")
    time = seconds_words(turn.timings.total) if turn.timings else ""
    return " · ".join(part for part in (words, _clock(turn.asked_at), time) if part)


def _clock(utc: str) -> str:
    """The local time of day of a stored time, or ""."""
    try:
        return datetime.fromisoformat(utc).astimezone().strftime("%H:%M")
    except ValueError:
        return ""
