"""The tasks: chips above the question box, and cards before the first question."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLayout,
    QLayoutItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from assistant.notices import BEFORE_FIRST
from assistant.offers import Offer, Subject
from assistant.panel.markdown import visible
from assistant.panel.pieces import Pressable, label, on_button, plain_tip
from assistant.panel.turn_parts import note_row
from viewer.widgets import icons
from viewer.widgets.theme import SIZES
from viewer.words import _

_ICON_PX: Final = 32


class FlowLayout(QLayout):
    """Widgets side by side, on as many lines as they need."""

    def __init__(self, parent: QWidget, spacing: int = 8) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._gap = spacing
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        """Take one more."""
        self._items.append(item)

    def count(self) -> int:
        """How many there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """One of them, or None."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Take one away, or None."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        """Narrower is higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Height of the lines."""
        return self._place(QRect(0, 0, width, 0), is_real=False)

    def setGeometry(self, rect: QRect) -> None:
        """Put them in place."""
        super().setGeometry(rect)
        self._place(rect, is_real=True)

    def sizeHint(self) -> QSize:
        """One line high."""
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        """The largest of them."""
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, rect: QRect, *, is_real: bool) -> int:
        left, top, line = rect.left(), rect.top(), 0
        for item in self._items:
            size = item.sizeHint()
            if left > rect.left() and left + size.width() > rect.right() + 1:
                left, top, line = rect.left(), top + line + self._gap, 0
            if is_real:
                item.setGeometry(QRect(QPoint(left, top), size))
            left += size.width() + self._gap
            line = max(line, size.height())
        return top + line - rect.top()


class Chips(QWidget):
    """One chip for each task that is offered."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._flow = FlowLayout(self)
        self._offers: tuple[Offer, ...] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_offers(self, offers: tuple[Offer, ...]) -> None:
        """Make the chips anew when they changed; what cannot be used is off and says why."""
        if offers == self._offers:
            return
        self._offers = offers
        while (item := self._flow.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for offer in offers:
            chip = QPushButton(on_button(visible(offer.title)))
            chip.setProperty("kind", "chip")
            chip.setEnabled(not offer.reason)
            chip.setToolTip(plain_tip(visible(offer.reason or offer.detail)))
            chip.clicked.connect(_emitting(self.chosen, offer))
            self._flow.addWidget(chip)
            chip.show()
        self.updateGeometry()

    def chips(self) -> tuple[QPushButton, ...]:
        """The chips as they stand there."""
        items = [self._flow.itemAt(i) for i in range(self._flow.count())]
        return tuple(i.widget() for i in items if i and isinstance(i.widget(), QPushButton))  # type: ignore[misc]


class EmptyState(QWidget):
    """What stands in the conversation's place before the first question."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(SIZES.padding, 20, SIZES.padding, 12)
        self._layout.setSpacing(8)
        self._subject: Subject | None = None

    def show_subject(self, subject: Subject) -> None:
        """Heading, cards and hints for what is on the screen."""
        if subject is self._subject:
            return
        self._subject = subject
        self._clear()
        heading = label(visible(subject.heading or _("Ask about an image")), role="heading",
                        wrap=True)  # fmt: skip
        self._layout.addWidget(heading)
        words = subject.blocked or (
            _(BEFORE_FIRST) if subject.heading else _("Open a study and show an image first.")
        )
        self._layout.addWidget(label(words, tone="second", wrap=True))
        self._layout.addSpacing(8)
        for offer in subject.offers:
            self._layout.addWidget(self._card(offer))
        if subject.note:
            self._layout.addSpacing(4)
            self._layout.addWidget(note_row("info", "second", subject.note))
        self._layout.addStretch(1)

    def cards(self) -> tuple[Pressable, ...]:
        """The cards as they stand there."""
        return tuple(self.findChildren(Pressable))

    def _clear(self) -> None:
        while (item := self._layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()

    def _card(self, offer: Offer) -> Pressable:
        card = Pressable(visible(offer.card_title))
        row = QHBoxLayout(card)
        row.setContentsMargins(12, 10, 12, 10)
        row.setSpacing(12)
        row.addWidget(_badge(offer.icon, is_on=not offer.reason))
        words = QVBoxLayout()
        words.setSpacing(0)
        tone = "disabled" if offer.reason else ""
        words.addWidget(label(visible(offer.card_title), role="group", tone=tone))
        detail = label(visible(offer.reason or offer.detail), role="fact", tone="second", wrap=True)
        words.addWidget(detail)
        row.addLayout(words, 1)
        row.addWidget(_chevron(), 0, Qt.AlignmentFlag.AlignVCenter)
        card.setEnabled(not offer.reason)
        card.pressed.connect(_emitting(self.chosen, offer))
        return card


def _emitting(signal: object, offer: Offer) -> Callable[..., None]:
    """Call a signal with an offer."""
    return lambda *_ignored: signal.emit(offer)  # type: ignore[attr-defined]


def _badge(icon: str, *, is_on: bool) -> QLabel:
    made = QLabel()
    tone = "accent" if is_on else "dis"
    made.setPixmap(icons.pixmap(icon, tone, SIZES.icon, made.devicePixelRatioF()))
    made.setAlignment(Qt.AlignmentFlag.AlignCenter)
    made.setFixedSize(_ICON_PX, _ICON_PX)
    made.setProperty("badge", True)
    return made


def _chevron() -> QLabel:
    made = QLabel()
    made.setPixmap(icons.pixmap("chevron-right", "second", SIZES.icon_small))
    return made
