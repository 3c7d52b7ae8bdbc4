"""What the model saw: cards with its very pictures, and a dialog that shows one in full."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from assistant.conversation import SeenPicture
from assistant.panel.markdown import visible
from assistant.panel.pieces import Pressable, Thumbnail, icon_label, label
from viewer.widgets import theme
from viewer.widgets.theme import SIZES
from viewer.words import _

_THUMBNAIL_PX = 48
_PAIR_THUMBNAIL_PX = 64
_SHOWN_PX = 640
_MOST_CARDS = 2


class RolePill(QWidget):
    """PRIOR or CURRENT, outlined or filled, so that they differ without colour."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._is_prior = role == "prior"
        self._words = _("PRIOR") if self._is_prior else _("CURRENT")
        self._font = theme.font(12, 600)
        self.setAccessibleName(self._words)
        metrics = self.fontMetrics()
        self.setFixedSize(metrics.horizontalAdvance(self._words) + 16, 20)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font)
        rect = self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(theme.color("role_prior" if self._is_prior else "role_current"))
        if not self._is_prior:
            painter.setBrush(theme.color("role_current"))
        painter.drawRoundedRect(rect, SIZES.radius_badge, SIZES.radius_badge)
        painter.setPen(theme.color("role_prior" if self._is_prior else "on_role_current"))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._words)
        painter.end()


class SeenCards(QWidget):
    """The pictures of one question, in the model's order; ``wanted`` is the index of one."""

    wanted = Signal(int)

    def __init__(self, seen: tuple[SeenPicture, ...]) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        if len(seen) == 1:
            layout.addWidget(self._opening(_card(seen[0]), 0))
            return
        if len(seen) > _MOST_CARDS:
            layout.addWidget(self._opening(_many_card(seen), 0))
            return
        heading = _("What the model saw, in this order")
        layout.addWidget(label(heading, role="fact", tone="second"))
        row = QHBoxLayout()
        row.setSpacing(8)
        for index, one in enumerate(seen):
            row.addWidget(self._opening(_pair_card(one), index), 1)
        layout.addLayout(row)

    def _opening(self, card: Pressable, index: int) -> Pressable:
        card.pressed.connect(lambda: self.wanted.emit(index))
        return card


class SeenDialog(QDialog):
    """One picture exactly as the model got it, with what it was made from."""

    def __init__(self, seen: tuple[SeenPicture, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("What the model saw"))
        self._seen = seen
        self._at = 0
        self.picture = Thumbnail(_SHOWN_PX)
        self._title = label(role="group")
        self._facts = label(role="fact", tone="second", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setSpacing(8)
        layout.addWidget(self._title)
        layout.addWidget(self.picture)
        layout.addWidget(self._facts)
        self._show()

    def step(self, by: int) -> None:
        """Go to another picture of the same question."""
        self._at = min(max(self._at + by, 0), len(self._seen) - 1)
        self._show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go through the pictures."""
        if event.key() in {Qt.Key.Key_Left, Qt.Key.Key_Up}:
            self.step(-1)
        elif event.key() in {Qt.Key.Key_Right, Qt.Key.Key_Down}:
            self.step(1)
        else:
            super().keyPressEvent(event)

    def _show(self) -> None:
        one = self._seen[self._at]
        self.picture.set_pixels(one.pixels)
        count = len(self._seen)
        place = _("{number} of {count} · ").format(number=one.number, count=count)
        self._title.setText((place if count > 1 else "") + visible(one.title))
        facts = [_date(one), _size(one), _("SHA-256 {digest}").format(digest=one.digest[:16])]
        if one.pixels is None:
            facts.append(_("The picture is not kept any more; the same question makes it again."))
        self._facts.setText(" · ".join(f for f in facts if f))


def open_seen(seen: tuple[SeenPicture, ...], parent: QWidget, at: int = 0) -> None:
    """Show the pictures; of one that was let go, what it was."""
    dialog = SeenDialog(seen, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.step(at)
    dialog.open()


def _card(one: SeenPicture) -> Pressable:
    """A picture, its title, date and size; it opens."""
    card = Pressable(_("What the model saw"))
    row = QHBoxLayout(card)
    row.setContentsMargins(5, 5, 12, 5)
    row.setSpacing(10)
    row.addWidget(Thumbnail(_THUMBNAIL_PX, one.pixels))
    words = QVBoxLayout()
    words.setSpacing(0)
    words.addStretch(1)
    words.addWidget(label(_("What the model saw"), role="strong"))
    facts = " · ".join(f for f in (visible(one.title), _date(one), _size(one)) if f)
    line = label(facts, role="fact", tone="second", wrap=True)
    words.addWidget(line)
    words.addStretch(1)
    row.addLayout(words, 1)
    return _with_chevron(card, row)


def _pair_card(one: SeenPicture) -> Pressable:
    card = Pressable(_("What the model saw"))
    row = QHBoxLayout(card)
    row.setContentsMargins(5, 5, 5, 5)
    row.setSpacing(8)
    row.addWidget(Thumbnail(_PAIR_THUMBNAIL_PX, one.pixels))
    words = QVBoxLayout()
    words.setSpacing(2)
    words.addWidget(label(str(one.number), role="group"))
    if one.role:
        words.addWidget(RolePill(one.role))
    words.addWidget(label(_date(one), role="fact"))
    words.addStretch(1)
    row.addLayout(words, 1)
    return card


def _many_card(seen: tuple[SeenPicture, ...]) -> Pressable:
    card = Pressable(_("What the model saw"))
    row = QHBoxLayout(card)
    row.setContentsMargins(5, 5, 12, 5)
    row.setSpacing(10)
    row.addWidget(Thumbnail(_THUMBNAIL_PX, seen[len(seen) // 2].pixels))
    words = QVBoxLayout()
    words.setSpacing(0)
    words.addWidget(label(_("What the model saw"), role="strong"))
    line = _("{count} slices, {first} to {last}").format(
        count=len(seen), first=visible(seen[0].title), last=visible(seen[-1].title)
    )
    words.addWidget(label(line, role="fact", tone="second", wrap=True))
    row.addLayout(words, 1)
    return _with_chevron(card, row)


def _with_chevron(card: Pressable, row: QHBoxLayout) -> Pressable:
    row.addWidget(icon_label("chevron-right"), 0, Qt.AlignmentFlag.AlignVCenter)
    return card


def _date(one: SeenPicture) -> str:
    date = one.date
    is_date = len(date) == 8 and date.isdecimal()
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if is_date else visible(date)


def _size(one: SeenPicture) -> str:
    return f"{one.size_px} × {one.size_px}" if one.size_px else ""
