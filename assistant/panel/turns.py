"""The conversation: question bubbles, what the model saw, folded thoughts, answers as they grow."""

from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from assistant.conversation import Conversation, Turn
from assistant.notices import copied
from assistant.panel.answer import AnswerView
from assistant.panel.markdown import visible
from assistant.panel.pieces import icon_label, label, tool_button
from assistant.panel.seen import SeenCards, open_seen
from assistant.panel.turn_parts import Bubble, Fold, note_row, notes_of, summary_of
from assistant.panel.waits import done_line, seconds_words
from viewer.widgets.theme import SIZES
from viewer.words import _

_DRAW_EVERY_MS: Final = 100
_AT_END_PX: Final = 24


class TurnView(QWidget):
    """One question and what came of it; ``show_turn`` brings it up to date in place."""

    restart_wanted = Signal()
    again_wanted = Signal(str, str)

    def __init__(self, turn: Turn, *, is_folded: bool = False) -> None:
        super().__init__()
        self._turn = turn
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self.bubble = Bubble(turn.question)
        self._layout.addWidget(self.bubble, 0, Qt.AlignmentFlag.AlignRight)
        self.summary = Fold("", is_open=not is_folded)
        self.summary.setVisible(is_folded)
        self._layout.addWidget(self.summary)
        self._body = QWidget()
        self._body.setVisible(not is_folded)
        self._layout.addWidget(self._body)
        self.summary.toggled.connect(self._body.setVisible)
        self._seen: SeenCards | None = None
        self._warned = 0
        self._stack = QVBoxLayout(self._body)
        self.thought_fold = Fold("")
        self.thought, self.answer = AnswerView(), AnswerView()
        self._notes = QVBoxLayout()
        self._said: tuple[tuple[str, str, str], ...] = ()
        self._failure_title = label(role="group", wrap=True)
        self._failure_words = label(role="fact", tone="second", wrap=True)
        self._restart = QPushButton(_("Restart"))
        self._failure = self._make_failure()
        self._facts = label(role="fact", tone="second", wrap=True)
        self.copy_button = tool_button("copy", _("Copy with notice and record"))
        self._foot = self._make_foot()
        self._facts.setVisible(is_folded)  # the head says them of the newest turn
        self._lay_out()
        self.show_turn(turn)

    def show_turn(self, turn: Turn) -> None:
        """Show a turn as it is now."""
        self._show_before(turn)
        self._turn = turn
        self._show_thought(turn)
        self.answer.set_text(turn.answer)
        self.answer.setVisible(bool(turn.answer))
        self._show_notes(turn)
        self._failure.setVisible(turn.state == "failed")
        if turn.state == "failed":
            lost = _("The engine stopped. Your conversation is kept.")
            self._failure_title.setText(lost if turn.engine_lost else _("No answer."))
            self._failure_words.setText(visible(turn.error))
            self._restart.setVisible(turn.engine_lost)
        self._foot.setVisible(turn.state in {"done", "stopped"})
        self._facts.setText(done_line(turn))
        self.summary.setText(summary_of(turn))

    def fold(self) -> None:
        """Make an older turn one line."""
        if self.summary.isVisibleTo(self):
            return
        self._facts.setVisible(True)
        self.summary.setVisible(True)
        self.summary.setChecked(False)
        self._body.setVisible(False)

    def fit(self, room_px: int) -> None:
        """Make the question fit into a panel of this width."""
        self.bubble.fit(room_px)

    def words(self) -> str:
        """Everything that a reader can read of it, for tests and screen readers."""
        labels = self._body.findChildren(QLabel)
        shown = [w.text() for w in labels if w.isVisibleTo(self)]
        return "\n".join([*shown, self.answer.plain_text()])

    def _lay_out(self) -> None:
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.setSpacing(8)
        self._notes.setSpacing(4)
        self.thought.hide()
        self.thought_fold.toggled.connect(self.thought.setVisible)
        for part in (self.thought_fold, self.thought, self.answer):
            self._stack.addWidget(part)
        self._stack.addLayout(self._notes)
        self._stack.addWidget(self._failure)
        self._stack.addWidget(self._foot)

    def _show_before(self, turn: Turn) -> None:
        """What stands before the answer: warnings first, then what the model saw."""
        for words in turn.warnings[self._warned :]:
            self._stack.insertWidget(self._warned, note_row("triangle-alert", "warn", words))
            self._warned += 1
        if turn.seen and not self._seen:
            self._seen = SeenCards(turn.seen)
            self._seen.wanted.connect(lambda at: open_seen(self._turn.seen, self.window(), at))
            self._stack.insertWidget(self._warned, self._seen)
            if turn.identity:
                row = note_row("shield-check", "second", turn.identity)
                self._stack.insertWidget(self._warned + 1, row)

    def _show_thought(self, turn: Turn) -> None:
        self.thought_fold.setVisible(bool(turn.thought))
        self.thought.set_text(turn.thought)
        if turn.is_running and not turn.answer:
            self.thought_fold.setText(_("Thinking"))
        else:
            words = _("Thought for {time}").format(time=seconds_words(turn.think_s))
            self.thought_fold.setText(words if turn.think_s else _("Thought"))

    def _show_notes(self, turn: Turn) -> None:
        """What is said under the answer, each with its icon; made anew only when it changed."""
        said = tuple(notes_of(turn))
        if said == self._said:
            return
        self._said = said
        while (item := self._notes.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for icon, tone, words in said:
            self._notes.addWidget(note_row(icon, tone, words))

    def _make_failure(self) -> QWidget:
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(8)
        row.addWidget(icon_label("circle-x", "err", SIZES.icon), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._failure_title)
        words.addWidget(self._failure_words)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        again = QPushButton(_("Ask again"))
        again.setProperty("kind", "quiet")
        again.clicked.connect(self._ask_again)
        copy = QPushButton(_("Copy details"))
        copy.setProperty("kind", "quiet")
        self._restart.clicked.connect(self.restart_wanted)
        copy.clicked.connect(self._copy_details)
        buttons.addWidget(self._restart)
        buttons.addWidget(again)
        buttons.addWidget(copy)
        buttons.addStretch(1)
        words.addSpacing(6)
        words.addLayout(buttons)
        row.addLayout(words, 1)
        return made

    def _make_foot(self) -> QWidget:
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._facts, 1)
        row.addStretch(1)
        self.copy_button.clicked.connect(self._copy)
        row.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignTop)
        return made

    def _ask_again(self) -> None:
        self.again_wanted.emit(self._turn.task, self._turn.words)

    def _copy(self) -> None:
        turn = self._turn
        text = copied(
            turn.answer,
            model_name=turn.model_name,
            record_id=turn.provenance_id,
            warnings=turn.warnings,
        )
        QGuiApplication.clipboard().setText(text)

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(f"{self._turn.error}\n{self._turn.details}".strip())


class ConversationView(QScrollArea):
    """All turns, oldest above; follows the answer only while the reader is at its end."""

    restart_wanted = Signal()
    again_wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._inside = QWidget()
        self._layout = QVBoxLayout(self._inside)
        self._layout.setContentsMargins(SIZES.padding, 12, SIZES.padding, 12)
        self._layout.setSpacing(16)
        self._layout.addStretch(1)
        self.setWidget(self._inside)
        self._key = ("", "")
        self._views: dict[str, TurnView] = {}
        self._waiting: Conversation | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DRAW_EVERY_MS)
        self._timer.timeout.connect(self._draw_waiting)
        self._follows = True
        self.verticalScrollBar().valueChanged.connect(self._note_place)
        self.verticalScrollBar().rangeChanged.connect(self._follow)

    @property
    def views(self) -> tuple[TurnView, ...]:
        """Oldest first."""
        return tuple(self._views.values())

    def show_conversation(self, conversation: Conversation) -> None:
        """Bring the turns up to date; a growing answer is drawn ten times a second at most."""
        is_growing = (
            conversation.is_running
            and self._key == (conversation.patient_key, conversation.study_uid)
            and list(self._views) == [turn.id for turn in conversation.turns]
        )
        self._waiting = conversation
        if not is_growing:
            self._timer.stop()
            self._draw_waiting()
        elif not self._timer.isActive():
            self._timer.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Bubbles keep their share of the width."""
        super().resizeEvent(event)
        for view in self._views.values():
            view.fit(self._room_px())

    def _draw_waiting(self) -> None:
        conversation, self._waiting = self._waiting, None
        if conversation is None:
            return
        key = (conversation.patient_key, conversation.study_uid)
        ids = [turn.id for turn in conversation.turns]
        if key != self._key or any(known not in ids for known in self._views):
            self._clear()
            self._key = key
        for turn in conversation.turns:
            is_last = turn is conversation.last
            if turn.id in self._views:
                self._views[turn.id].show_turn(turn)
            else:
                self._add(turn, is_folded=not is_last)

    def _add(self, turn: Turn, *, is_folded: bool) -> None:
        for older in self._views.values():
            older.fold()
        view = TurnView(turn, is_folded=is_folded)
        view.fit(self._room_px())
        view.restart_wanted.connect(self.restart_wanted)
        view.again_wanted.connect(self.again_wanted)
        self._views[turn.id] = view
        self._layout.insertWidget(self._layout.count() - 1, view)
        self._follows = True

    def _clear(self) -> None:
        for view in self._views.values():
            self._layout.removeWidget(view)
            view.hide()  # it is deleted only once the event loop comes round
            view.deleteLater()
        self._views.clear()

    def _room_px(self) -> int:
        return self.width() - 2 * SIZES.padding

    def _note_place(self, value: int) -> None:
        self._follows = value >= self.verticalScrollBar().maximum() - _AT_END_PX

    def _follow(self, _low: int, high: int) -> None:
        right = SIZES.padding - (self.verticalScrollBar().sizeHint().width() if high else 0)
        self._layout.setContentsMargins(SIZES.padding, 12, right, 12)
        if self._follows:
            self.verticalScrollBar().setValue(high)
