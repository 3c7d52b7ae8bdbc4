"""Questions about the active tile, from the click to findings in the store; no Qt.

A turn is kept before it is sent and grows as its answer does. What a model says becomes text and
marks, never an action. All methods are called on the window's thread.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from app.asking.comparing import Pair, propose_prior
from app.asking.inquiries import VolumeOf, active_look, make_inquiry, pair_in, shown_in
from app.asking.looked import Looked
from app.asking.offering import Circumstances, make_subject
from app.asking.turns import from_stored, to_stored
from app.library.history import History
from app.store import Store
from assistant.ask import Event, Finished, Inquiry, Seen, Text, Thought, ask, ask_both_ways
from assistant.conversation import Conversation, SeenPicture, Turn
from assistant.displays import Displays
from assistant.engines.durations import Durations
from assistant.engines.process import Engine
from assistant.engines.states import EngineState
from assistant.looks import Picture, make_picture
from assistant.notices import called
from assistant.offers import NOTHING, Offer, Subject
from assistant.provenance import KeptBox, SeenLook, new_id, now_utc, to_json
from assistant.subjects import BETWEEN_SLICES
from assistant.tasks import TASKS
from assistant.tasks.volume import usual_slices
from viewer import edits
from viewer.annotations import Annotation, finding_points
from viewer.errors import UserError
from viewer.jobs import Cancel, Jobs
from viewer.reading.frames import Frames
from viewer.reading.volumes import Volume, load_volume
from viewer.state import State, Tile
from viewer.study import Library, Series
from viewer.words import _

SLOT: Final = "ask"
THUMBNAIL_SLOT: Final = "ask thumbnail"
_KEEP_EVERY_S: Final = 0.2
_TYPICAL_TOKENS: Final = 320
_TURNS_WITH_PICTURES: Final = 8
_THUMBNAIL_PX: Final = 64
_STILL_S: Final = 0.2
_STEP_S: Final = 0.05
_NO_CONVERSATION: Final = Conversation()

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What questions are asked with; ``volume`` gives what planes are cut from, None meanwhile."""

    store: Store
    jobs: Jobs
    engine: Engine
    frames: Frames
    history: History
    library: Callable[[], Library]
    volume: VolumeOf | None = None
    durations: Durations | None = None
    initials: Callable[[], str] = str


class Asking:
    """The conversation of the study on the screen, and the question that is being answered."""

    def __init__(
        self,
        world: World,
        *,
        on_conversation: Callable[[Conversation], None],
        on_subject: Callable[[Subject], None],
        on_thumbnail: Callable[[Picture], None] = lambda _picture: None,
    ) -> None:
        self._world = world
        self._on_conversation = on_conversation
        self._on_subject = on_subject
        self._on_thumbnail = on_thumbnail
        self._looked = Looked(world.library)
        self._conversations: dict[Key, Conversation] = {}
        self._boxes_allowed: frozenset[str] = frozenset()
        self._key: Key = ("", "")
        self._kept_at = 0.0
        self._screen = (0.0, world.store.state)
        self._proposed: tuple[Library, str, Pair | None] | None = None
        self.displays = Displays(world.frames, self._find_series, self._find_volume)
        self.subject = NOTHING

    @property
    def conversation(self) -> Conversation:
        """About the study in the active tile."""
        return self._conversations.get(self._key, _NO_CONVERSATION)

    @property
    def is_running(self) -> bool:
        """Whether an answer is under way, about whichever study."""
        return self._world.jobs.is_running(SLOT)

    def apply(self, old: State | None, new: State) -> None:
        """Follow the screen; a listener of the store."""
        self._looked.apply(new)
        if old is not None and old.doc.tiles is new.doc.tiles and (
            old.nav.active, old.nav.positions
        ) == (new.nav.active, new.nav.positions):  # fmt: skip
            return
        self._go_to_study(new)
        self._show_subject(new)

    def refresh(self) -> None:
        """Look again, after the library changed."""
        self._go_to_study(self._world.store.state)
        self._show_subject(self._world.store.state)

    def ask_active(self, task_id: str, words: str) -> None:
        """Ask about the active tile; UserError where that cannot be asked now."""
        if self.is_running:
            raise UserError(_("The model is still answering. Wait for it, or stop it."))
        world = self._world
        offer = self._offer(task_id)
        if offer is not None and offer.reason:
            raise UserError(offer.reason)
        inquiry = make_inquiry(
            TASKS[task_id],
            words,
            state=world.store.state,
            library=world.library(),
            volume_of=self._volume_of,
            slices=self._slices(),
        )
        patient = inquiry.identity.patient_key
        key = self._key if self._key[0] == patient else (patient, inquiry.looks[-1].study_uid)
        question = words.strip() or self._title(task_id)
        turn = Turn(
            id=new_id(),
            task=task_id,
            question=question,
            asked_at=now_utc(),
            words=words,
            identity=inquiry.identity.check,
        )
        self._put(key, turn)
        world.jobs.start(
            SLOT,
            partial(self._work, key, turn, inquiry),
            on_part=lambda event: self._take(key, turn.id, event),
            on_end=lambda error: self._end(key, turn.id, error),
        )

    def stop(self) -> None:
        """End the answer; what was written stays."""
        self._world.engine.stop()

    def clear(self) -> None:
        """Forget the conversation about this study; marks stay."""
        if self.is_running and self.conversation.is_running:
            self.stop()
            self._world.jobs.cancel(SLOT)
        self._world.history.clear_turns(*self._key)
        self._conversations[self._key] = Conversation(*self._key)
        self._on_conversation(self.conversation)

    def restart(self) -> None:
        """Load the model again after the engine failed."""

        def work(cancel: Cancel) -> Iterator[None]:
            for _progress in self._world.engine.load(cancel.check):
                yield None

        self._world.jobs.start("load", work)

    def allow_boxes(self) -> None:
        """Turn boxes on for the active study although the model was not made for its kind."""
        self._boxes_allowed |= {self._key[1]}
        self._show_subject(self._world.store.state)

    def confirm(self, annotation_id: str) -> None:
        """A person agrees with a finding; UserError before its image was looked at."""
        mark = edits.annotation_of(self._world.store.state, annotation_id)
        if mark is None:
            return
        if not self._looked.is_enough(mark):
            raise UserError(_("Look at its image first, then confirm."))
        by = self._world.initials() or _("you")
        edit = edits.set_status(annotation_id, "confirmed", by)
        self._world.store.apply(edit, undo=_("Confirm finding"))

    def reject(self, annotation_id: str) -> None:
        """A person disagrees with a finding; a rejected one is opened again."""
        mark = edits.annotation_of(self._world.store.state, annotation_id)
        if mark is None:
            return
        is_rejected = mark.status == "rejected"
        edit = edits.set_status(annotation_id, "open" if is_rejected else "rejected")
        name = _("Reopen finding") if is_rejected else _("Reject finding")
        self._world.store.apply(edit, undo=name)

    def proposed(self) -> Pair | None:
        """The prior that compares best with the active series."""
        library, uid = self._world.library(), self._world.store.state.active_tile.series_uid
        if self._proposed is None or self._proposed[:2] != (library, uid):
            self._proposed = (library, uid, propose_prior(library, uid))
        return self._proposed[2]

    # On the job's thread

    def _work(self, key: Key, turn: Turn, inquiry: Inquiry, cancel: Cancel) -> Iterator[Event]:
        """Keep the question, then ask it."""
        world = self._world
        world.history.append_turn(*key, to_stored(turn))
        asks = ask_both_ways if inquiry.task.id == "change" else ask
        yield from asks(inquiry, engine=world.engine, source=self.displays, check=cancel.check)

    # On the window's thread

    def _take(self, key: Key, turn_id: str, event: Event) -> None:
        """Let a turn grow by an event."""
        turn = self._turn(key, turn_id)
        if isinstance(event, Text):
            self._put(key, replace(turn, answer=turn.answer + event.text))
        elif isinstance(event, Thought):
            self._put(key, replace(turn, thought=turn.thought + event.text))
        elif isinstance(event, Seen):
            pictures = tuple(_picture(n, one) for n, one in enumerate(event.seen, 1))
            self._put(key, replace(turn, seen=pictures, warnings=event.warnings))
        elif isinstance(event, Finished):
            self._finish(key, turn, event)
            return
        self._keep(key, turn_id)

    def _finish(self, key: Key, turn: Turn, event: Finished) -> None:
        self._world.history.save_provenance(event.record_id, to_json(event.record))
        model = event.record["model"]
        name = str(model["name"])
        marks = [self._mark(kept, event, name) for kept in event.kept]
        if marks:
            self._world.store.apply(edits.add_annotations(*marks), undo=_("AI findings"))
        ended = replace(
            turn,
            state="stopped" if event.stop == "stopped" else "done",
            answer=event.answer,
            thought=event.thought,
            verdict=event.verdict,
            swapped=event.swapped,
            findings=tuple(mark.id for mark in marks),
            not_drawn=tuple(dict.fromkeys(r.sentence for r in event.rejected)),
            notes=tuple(_notes(event)),
            named_nothing=event.named_nothing,
            counts=event.counts,
            timings=event.timings,
            think_s=event.think_s,
            provenance_id=event.record_id,
            model_name=called(name, is_phantom_only=model["is_phantom_only"]),
        )
        self._put(key, ended)
        self._world.history.update_turn(*key, to_stored(ended, ended_utc=now_utc()))

    def _end(self, key: Key, turn_id: str, error: UserError | None) -> None:
        """A turn that did not finish failed; its question and what was written are kept."""
        turn = self._turn(key, turn_id)
        if not turn.is_running:
            return
        sentence = error.sentence if error else _("The answer ended unexpectedly.")
        details = error.details if error else ""
        is_lost = self._world.engine.status.state is EngineState.FAILED
        failed = replace(turn, state="failed", error=sentence, details=details, engine_lost=is_lost)
        self._put(key, failed)
        self._world.history.update_turn(*key, to_stored(failed, ended_utc=now_utc()))

    def _mark(self, kept: KeptBox, event: Finished, model_name: str) -> Annotation:
        """A box as a finding on the one image that it was said about."""
        seen: Mapping[str, Any] = event.record["seen"][kept.look_index]
        where = event.looks[kept.look_index].where
        label = (
            kept.said.label if kept.is_asked else _("other: {label}").format(label=kept.said.label)
        )
        return Annotation(
            id=new_id(),
            kind="finding",
            series_uid=seen["series_uid"],
            where=where,
            points=finding_points(kept.box),
            label=label,
            note=" ".join(kept.warnings),
            provenance_id=event.record_id,
            model_name=model_name,
            pixel_digest=seen["source_sha256"],
            created_utc=now_utc(),
        )

    def _turn(self, key: Key, turn_id: str) -> Turn:
        turns = self._conversations.get(key, _NO_CONVERSATION).turns
        return next((t for t in turns if t.id == turn_id), Turn(turn_id, "", "", state="stopped"))

    def _put(self, key: Key, turn: Turn) -> None:
        """Show a turn as it is now; one that was cleared away stays away."""
        old = self._conversations.get(key) or Conversation(*key)
        if not turn.task:
            return
        self._conversations[key] = old.with_turn(turn).without_old_pictures(_TURNS_WITH_PICTURES)
        if key == self._key:
            self._on_conversation(self.conversation)

    def _keep(self, key: Key, turn_id: str) -> None:
        """Keep what was written, some times a second."""
        now = time.monotonic()
        if now - self._kept_at >= _KEEP_EVERY_S:
            self._kept_at = now
            self._world.history.update_turn(*key, to_stored(self._turn(key, turn_id)))

    # The screen

    def _go_to_study(self, state: State) -> None:
        """Show the conversation of the study in front; of a comparison, of its current study."""
        library = self._world.library()
        pair = pair_in(state, library)
        uid = pair[1].series.uid if pair is not None else state.active_tile.series_uid
        patient, study = library.patient_of(uid), library.study_of(uid)
        key = (patient.key, study.uid) if patient and study else ("", "")
        if key == self._key:
            return
        self._key = key
        if study is not None and key not in self._conversations:
            turns = tuple(map(from_stored, self._world.history.turns(*key)))
            self._conversations[key] = Conversation(*key, turns)
        self._on_conversation(self.conversation)

    def _show_subject(self, state: State) -> None:
        library = self._world.library()
        around = Circumstances(
            self._expected_s, self.proposed(), self._boxes_allowed, self._slices()
        )
        self.subject = make_subject(state, library, around)
        self._on_subject(self.subject)
        self._make_thumbnail(state)

    def _make_thumbnail(self, state: State) -> None:
        """Make the small picture of what a question would go with, once the screen is still.

        One job waits for that, so that scrolling starts no thread for each image.
        """
        self._screen = (time.monotonic(), state)
        jobs = self._world.jobs
        if self.subject.attached is not None and not jobs.is_running(THUMBNAIL_SLOT):
            # What cannot be shown has no small picture; the question itself says why.
            jobs.start(THUMBNAIL_SLOT, self._thumbnail, self._take_thumbnail)

    def _thumbnail(self, cancel: Cancel) -> Iterator[tuple[State, Picture]]:
        """On the job's thread: wait for a still screen, then show it small."""
        while time.monotonic() - self._screen[0] < _STILL_S:
            cancel.check()
            time.sleep(_STEP_S)
        state = self._screen[1]
        shown = shown_in(state, self._world.library(), state.nav.active)
        if shown is not None and shown.tile.kind != "volume":
            look = active_look(shown, state, self._volume_of)
            yield state, make_picture(look, self.displays, _THUMBNAIL_PX)[0]

    def _take_thumbnail(self, made: tuple[State, Picture]) -> None:
        state, picture = made
        if state is self._screen[1]:
            self._on_thumbnail(picture)
        else:
            self._world.jobs.cancel(THUMBNAIL_SLOT)
            self._make_thumbnail(self._screen[1])

    def _offer(self, task_id: str) -> Offer | None:
        return next((o for o in self.subject.offers if o.task_id == task_id), None)

    def _title(self, task_id: str) -> str:
        offer = self._offer(task_id)
        return offer.card_title if offer else _(TASKS[task_id].chip)

    def _expected_s(self, images: int) -> float | None:
        """From what the same steps took before on this machine."""
        durations, facts = self._world.durations, self._world.engine.facts
        if durations is None or facts is None:
            return None
        name = facts.model.name
        encode = durations.expected_s("encoding", name)
        read = durations.expected_s("reading", name)
        write = durations.expected_s("writing", name)
        if encode is None or read is None or write is None:
            return None
        tokens = images * facts.projector.tokens_per_image + _TYPICAL_TOKENS
        return encode * images + read * tokens + write

    def _slices(self) -> int:
        """How many slices of a volume go with a question to the model that is loaded."""
        facts = self._world.engine.facts
        return usual_slices(None if facts is None else facts.projector.tokens_per_image)

    def _find_series(self, uid: str) -> Series | None:
        return self._world.library().find_series(uid)

    def _volume_of(self, tile: Tile) -> Volume | UserError | None:
        if self._world.volume is not None:
            return self._world.volume(tile)
        return self._find_volume(tile.series_uid, tile.stack_index)

    def _find_volume(self, series_uid: str, stack_index: int) -> Volume:
        """What a plane is cut from: the screen's own where it is there, else read now."""
        if self._world.volume is not None:
            found = self._world.volume(Tile(series_uid=series_uid, stack_index=stack_index))
            if isinstance(found, Volume):
                return found
        series = self._find_series(series_uid)
        if series is None:
            raise UserError(_("This image is not open any more. Open its folder again."))
        return load_volume(series.stacks[stack_index], self._world.frames)


def _picture(number: int, one: SeenLook) -> SeenPicture:
    look, picture = one.look, one.picture
    return SeenPicture(
        number=number,
        title=look.title,
        date=look.date,
        role=look.role,
        size_px=picture.size_px,
        digest=picture.digest,
        pixels=picture.pixels,
    )


def _notes(event: Finished) -> Iterator[str]:
    """What else is to be said under an answer."""
    if event.note:
        yield event.note
    if left_out := event.record["prompt"]["left_out"]:
        yield _("The model saw {what}.").format(what=left_out)
        yield _(BETWEEN_SLICES).format(count=len(event.looks))
