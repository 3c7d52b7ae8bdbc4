"""The assistant's panel: head, notice, conversation, findings, tasks and the question box.

It shows what it is given and calls ``Actions``; it keeps no state of its own but what is being
typed. The question box keeps the bottom edge, and only the conversation scrolls.
"""

import time
from collections.abc import Iterator
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from assistant.conversation import Conversation
from assistant.engines.protocol import ModelFacts
from assistant.engines.states import EngineState, Status
from assistant.looks import Picture
from assistant.notices import NOT_DRAWN
from assistant.offers import NOTHING, Offer, Subject
from assistant.panel import waits
from assistant.panel.actions import Actions
from assistant.panel.chips import Chips, EmptyState
from assistant.panel.findings import FindingsList, Row, row_px
from assistant.panel.head import Head, Notice
from assistant.panel.markdown import visible
from assistant.panel.pieces import label, rule, scrolling, tool_button
from assistant.panel.question import QuestionBox
from assistant.panel.turn_parts import note_row, verdict_look
from assistant.panel.turns import ConversationView
from assistant.tasks import TASKS
from viewer.annotations import Annotation
from viewer.state import State
from viewer.tools.labels import finding_numbers
from viewer.widgets.theme import SIZES
from viewer.words import _

_TICK_MS: Final = 500
_REST_MS: Final = 120
_FINDINGS_SHARE: Final = 0.4
_WAITING: Final = frozenset({EngineState.IDLE, EngineState.ABSENT, EngineState.FAILED})


class Panel(QWidget):
    """The right side of the window."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._status = Status(EngineState.ABSENT, time.monotonic())
        self._facts: ModelFacts | None = None
        self._conversation = Conversation()
        self._subject: Subject = NOTHING
        self._state = State()
        self._task, self._chosen = "", ""
        self._is_phantom_only = False
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(SIZES.assistant_range[0])
        self.head, self.notice = Head(), Notice()
        self.conversation_view, self.empty = ConversationView(), EmptyState()
        self.findings, self._findings_box = FindingsList(), QWidget()
        self._findings_title = label(role="group")
        self._findings_count = label(tone="second")
        self._findings_hint = label(
            _("Enter confirms the selected one, Delete rejects it"), role="fact", tone="second"
        )
        self.chips, self.question = Chips(), QuestionBox()
        self._warnings = QWidget()
        self._warning_rows = QVBoxLayout(self._warnings)
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(_REST_MS)
        self._resting.timeout.connect(self._draw_subject)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._show_times)
        self._lay_out()
        self._connect()
        self.show_subject(NOTHING)
        self.show_status(self._status, None)

    def apply(self, old: State | None, new: State) -> None:
        """Follow marks and selection; a listener of the store."""
        self._state = new
        if old is None or (old.doc.annotations, old.nav.selected) != (
            new.doc.annotations,
            new.nav.selected,
        ):
            self._show_findings()

    def show_conversation(self, conversation: Conversation) -> None:
        """Show the conversation about the study on the screen."""
        self._conversation = conversation
        self.conversation_view.show_conversation(conversation)
        self._centre.setCurrentIndex(1 if conversation.turns else 0)
        self._show_times()
        if not conversation.is_running:
            self._show_findings()

    def show_subject(self, subject: Subject) -> None:
        """Show what a question would be about; while one scrolls, only once that rests."""
        is_same = subject.heading == self._subject.heading and bool(subject.heading)
        is_same = is_same and subject.series_uids == self._subject.series_uids
        is_same = is_same and subject.is_drawn == self._subject.is_drawn
        self._subject = subject
        if is_same:
            self._resting.start()
        else:
            self._resting.stop()
            self._draw_subject()

    def show_thumbnail(self, picture: Picture) -> None:
        """Show the small picture of what a question goes with, once it is made."""
        if self._resting.isActive():
            self._resting.stop()
            self._draw_subject()
        self.question.attachment.show_pixels(picture.pixels)

    def show_status(self, status: Status, facts: ModelFacts | None) -> None:
        """Show what the engine does, and which model it is."""
        self._status, self._facts = status, facts or self._facts
        is_busy = status.state not in _WAITING
        if is_busy and not self._tick.isActive():
            self._tick.start()
        elif not is_busy:
            self._tick.stop()
        if self._facts is not None:
            model = self._facts.model
            self._show_model(
                model.name, is_stand_in=model.is_stand_in, is_phantom_only=model.is_phantom_only
            )
        self._show_times()

    def show_chosen(
        self, name: str, *, is_stand_in: bool = False, is_phantom_only: bool = False
    ) -> None:
        """Name the model that was chosen, before it is loaded."""
        self._chosen, self._facts = name, None
        self._show_model(name, is_stand_in=is_stand_in, is_phantom_only=is_phantom_only)
        self.show_status(self._status, None)

    def focus_question(self, text: str = "") -> None:
        """Put the cursor into the question box, with words to go on from."""
        self.question.put_words(text or self.question.words.toPlainText())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The findings take at most their share."""
        super().resizeEvent(event)
        self._fit_findings()

    # Laying out

    def _lay_out(self) -> None:
        self._centre = QStackedWidget()
        self._centre.addWidget(scrolling(self.empty))
        self._centre.addWidget(self.conversation_view)
        foot = QVBoxLayout()
        foot.setContentsMargins(SIZES.padding, 12, SIZES.padding, 10)
        foot.setSpacing(10)
        foot.addWidget(self._warnings)
        foot.addWidget(self.chips)
        foot.addWidget(self.question)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(self.notice)
        layout.addWidget(self._centre, 1)
        layout.addWidget(rule())
        layout.addWidget(self._findings_box)
        layout.addWidget(rule())
        layout.addLayout(foot)
        self._lay_out_findings()
        self._warning_rows.setContentsMargins(0, 0, 0, 0)
        self._warning_rows.setSpacing(4)

    def _lay_out_findings(self) -> None:
        title = QHBoxLayout()
        title.setContentsMargins(SIZES.padding, 4, 8, 4)
        title.setSpacing(8)
        title.addWidget(self._findings_title)
        title.addWidget(self._findings_count)
        title.addStretch(1)
        eye = tool_button("eye", _("Show or hide AI marks"))
        eye.clicked.connect(lambda: self._actions.run(self._actions.toggle_marks))
        title.addWidget(eye)
        layout = QVBoxLayout(self._findings_box)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(0)
        layout.addLayout(title)
        layout.addWidget(self.findings)
        self._findings_hint.setContentsMargins(46, 2, SIZES.padding, 4)
        layout.addWidget(self._findings_hint)

    def _connect(self) -> None:
        actions = self._actions
        self.head.model_wanted.connect(lambda: actions.run(actions.choose_model))
        self.head.clear_wanted.connect(lambda: actions.run(actions.clear))
        self.head.hide_wanted.connect(lambda: actions.run(actions.hide))
        self.conversation_view.restart_wanted.connect(lambda: actions.run(actions.restart))
        self.conversation_view.again_wanted.connect(
            lambda task, words: actions.run(actions.ask, task, words)
        )
        self.findings.chosen.connect(self._go_to)
        self.findings.wished.connect(self._judge)
        self.chips.chosen.connect(self._take_offer)
        self.empty.chosen.connect(self._take_offer)
        self.question.sent.connect(self._send)
        self.question.stopped.connect(lambda: actions.run(actions.stop))
        self.question.words.textChanged.connect(self._forget_task_when_empty)

    # What the reader does

    def _take_offer(self, offer: Offer) -> None:
        """Ask at once, or let the reader say what for."""
        if offer.is_proposal:
            self._actions.run(self._actions.compare)
        elif offer.needs_words:
            self._task = offer.task_id
            lead = _("Where is the ") if offer.task_id == "find" else ""
            self.question.put_words(lead)
            self._show_hint()
        else:
            self._actions.run(self._actions.ask, offer.task_id, "")

    def _send(self, text: str) -> None:
        """Ask with words: by the chosen chip, else as a question about what is on the screen."""
        if self._actions.run(self._actions.ask, self._task or self._usual_task(), text):
            self._task = ""
            self.question.words.clear()

    def _usual_task(self) -> str:
        """A free question: about both images where a pair is on the screen."""
        offers = self._subject.offers
        is_pair = bool(offers) and offers[0].task_id == "compare" and not offers[0].is_proposal
        return "compare" if is_pair else "describe"

    def _forget_task_when_empty(self) -> None:
        if self._task and not self.question.words.toPlainText():
            self._task = ""
            self._show_hint()

    def _go_to(self, row_id: str) -> None:
        """Show a mark on its image; a change has its place in the conversation alone."""
        if not row_id.startswith("turn "):
            self._actions.run(self._actions.select, row_id)

    def _judge(self, wish: str, mark_id: str) -> None:
        actions = self._actions
        actions.run(actions.confirm if wish == "confirm" else actions.reject, mark_id)

    # What is shown

    def _show_model(self, name: str, *, is_stand_in: bool, is_phantom_only: bool) -> None:
        self.notice.show_model(name, is_stand_in=is_stand_in, is_phantom_only=is_phantom_only)
        if is_phantom_only != self._is_phantom_only:
            self._is_phantom_only = is_phantom_only
            self._show_warnings(self._subject)

    def _draw_subject(self) -> None:
        subject = self._subject
        self.empty.show_subject(subject)
        self.chips.show_offers(subject.offers)
        self.question.attachment.show_attached(subject.attached)
        self._show_hint()
        self._show_warnings(subject)
        self._show_findings()

    def _show_hint(self) -> None:
        task = TASKS.get(self._task)
        self.question.set_hint(_(task.hint) if task is not None else self._subject.hint)

    def _show_times(self) -> None:
        last = self._conversation.last
        shown = waits.show(self._status, self._facts, last, time.monotonic())
        self.head.show_status(shown, _model_words(self._facts) or self._chosen)
        is_running = self._conversation.is_running and shown.tone == "busy"
        self.question.set_running(is_running=is_running)

    def _show_warnings(self, subject: Subject) -> None:
        layout = self._warning_rows
        while (item := layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        warnings = subject.warnings
        if self._is_phantom_only and subject.attached is not None and not subject.is_drawn:
            warnings = (_(NOT_DRAWN), *warnings)
        for words in warnings:
            layout.addWidget(note_row("triangle-alert", "warn", words))
        if subject.may_allow_boxes:
            button = QPushButton(_("Turn boxes on for this study"))
            button.setProperty("kind", "link")
            button.clicked.connect(lambda: self._actions.run(self._actions.allow_boxes))
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self._warnings.setVisible(bool(warnings))

    def _show_findings(self) -> None:
        uids = self._subject.series_uids
        marks = [m for m in self._state.doc.annotations if not uids or m.series_uid in uids]
        numbers = finding_numbers(self._state)
        changes = list(_changes(self._conversation))
        rows = [self._row(mark, numbers) for mark in marks] + changes
        self.findings.show_rows(rows, self._state.nav.selected)
        self._findings_title.setText(_("Findings and changes") if changes else _("Findings"))
        self._findings_count.setText(str(len(rows)) if rows else _("none yet"))
        self.findings.setVisible(bool(rows))
        self._findings_hint.setVisible(any(row.is_open for row in rows))
        self._fit_findings()

    def _fit_findings(self) -> None:
        wanted = len(self.findings.rows_model.rows) * row_px()
        self.findings.setFixedHeight(min(wanted, int(self.height() * _FINDINGS_SHARE)))

    def _row(self, mark: Annotation, numbers: dict[str, int]) -> Row:
        if not mark.by_model:
            title, detail = self._actions.words_of(mark)
            return Row(mark.id, mark.kind, visible(title), visible(detail))
        return Row(
            mark.id,
            mark.kind,
            visible(mark.label[:1].upper() + mark.label[1:]),
            visible(" · ".join(part for part in (_verdict(mark), mark.note) if part)),
            mark.status,
            numbers.get(mark.id, 0),
        )


def _changes(conversation: Conversation) -> Iterator[Row]:
    """The newest verdict on each finding that was asked about in two images."""
    newest = {
        turn.question: turn
        for turn in conversation.turns
        if turn.task == "change" and turn.state == "done"
    }
    for turn in newest.values():
        asked = _("AI, asked twice, swapped") if turn.swapped else _("AI, asked once")
        title = visible(turn.question[:1].upper() + turn.question[1:])
        yield Row(f"turn {turn.id}", "change", title, asked, pill=verdict_look(turn))


def _verdict(mark: Annotation) -> str:
    """Who said it, and what a person thinks of it."""
    if mark.status == "confirmed":
        words = _("AI, confirmed by {who}").format(who=mark.confirmed_by or _("you"))
        return f"{words}, {_('changed')}" if mark.changed else words
    if mark.status == "rejected":
        return _("AI, rejected by you")
    return _("AI, not confirmed")


def _model_words(facts: ModelFacts | None) -> str:
    """The model's name with its quantization."""
    if facts is None:
        return ""
    parts = (facts.model.name, facts.model.quantization)
    return " · ".join(part for part in parts if part)
