"""One question from looks and words to text, boxes and a record; panel and command line call it.

``ask`` is a generator: stages while it waits, text as it is written, and last ``Finished``, which
holds the boxes of the whole answer. It decides nothing about the screen and changes nothing.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from assistant import boxes, prompts
from assistant.answers import AnswerParser, is_cut
from assistant.engines.process import Engine, Question
from assistant.engines.protocol import (
    Counts,
    Done,
    ModelFacts,
    Progress,
    Stage,
    StopReason,
    Timings,
)
from assistant.looks import Look, Source, make_picture
from assistant.notices import NOT_DRAWN
from assistant.provenance import (
    Asked,
    Identity,
    KeptBox,
    SeenLook,
    make_record,
    new_id,
    now_utc,
)
from assistant.tasks.base import Task
from viewer.errors import UserError
from viewer.words import _

Check = Callable[[], None]

TOKENS_AROUND_IMAGE: Final = 12
TOKENS_OF_WORDS: Final = 600
_DIGEST_WAIT_S: Final = 5.0
_DIGEST_STEP_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked about which looks.

    ``kind`` and ``region`` fill our own places of the templates ("X-ray", "chest"). ``think`` asks
    the model to think first; ``forced`` lets only the form of a final answer through, where the
    task has a grammar. ``left_out`` says what was not shown, for example of a sampled volume.
    """

    task: Task
    looks: tuple[Look, ...]
    identity: Identity
    words: str = ""
    kind: str = "image"
    region: str = "body"
    think: bool = False
    forced: bool = False
    left_out: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the model will see, in its order; ``warnings`` are to be said before it answers."""

    seen: tuple[SeenLook, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """How far a stage is, in the units of ``protocol.Progress``."""

    stage: Stage
    done: int
    total: int
    image: int = 0
    images: int = 0


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of the thought."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """The end of an answer.

    ``answer`` and ``thought`` are whole; ``note`` says how it ended when not by itself.
    ``named_nothing`` when boxes were asked for and the model gave an empty list. ``swapped`` is the
    verdict on the same two images in the other order, "" where that was not asked.
    """

    answer: str
    thought: str
    kept: tuple[KeptBox, ...]
    rejected: tuple[boxes.Rejected, ...]
    verdict: str
    named_nothing: bool
    stop: StopReason
    note: str
    counts: Counts
    timings: Timings
    think_s: float
    record_id: str
    looks: tuple[Look, ...] = ()
    swapped: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)


Event = Seen | Waiting | Thought | Text | Finished


def _no_check() -> None:
    """Nobody cancels."""


def ask(
    inquiry: Inquiry, *, engine: Engine, source: Source, check: Check = _no_check
) -> Iterator[Event]:
    """Ask the model that the engine was told to use, loading it first where needed.

    The last event is ``Finished``. UserError when the question cannot be asked or the engine
    fails; closing the iterator, or raising from ``check``, stops the answer.
    """
    started_utc = now_utc()
    template = inquiry.task.template_for(inquiry.words)
    if template is None:
        raise UserError(_("Say in a few words what you want to know."))
    for progress in engine.load(check):
        yield _waiting(progress)
    facts = _facts(engine)
    _check_context(inquiry, facts)
    seen = _seen(inquiry.looks, source, facts.projector.image_size, check)
    warnings = _warnings(inquiry.looks, facts)
    yield Seen(seen, warnings)
    question = _question(inquiry, template, seen)
    parser = AnswerParser()
    think_s, thinking_since = 0.0, 0.0
    for event in engine.ask(question, check):
        if isinstance(event, Progress):
            yield _waiting(event)
        elif isinstance(event, Done):
            sha256 = prompts.sha256_of(template, think=inquiry.think)
            asked = Asked(inquiry.task.id, inquiry.words, sha256, inquiry.left_out)
            done = _with_digests(event, engine, check)
            ended = _Ended(inquiry, asked, seen, parser, done, started_utc, think_s, warnings)
            yield _finished(ended)
        elif shown := parser.feed(event.text, event.channel):
            if event.channel == "thought":
                thinking_since = thinking_since or time.monotonic()
                think_s = time.monotonic() - thinking_since
            yield Thought(shown) if event.channel == "thought" else Text(shown)


def ask_both_ways(
    inquiry: Inquiry, *, engine: Engine, source: Source, check: Check = _no_check
) -> Iterator[Event]:
    """Ask for a change, then once more with the images exchanged; one ``Finished`` for both.

    A second question that fails leaves the first answer as it is.
    """
    first: Finished | None = None
    for event in ask(inquiry, engine=engine, source=source, check=check):
        if isinstance(event, Finished):
            first = event
        else:
            yield event
    if first is None:
        return
    swapped = ""
    if first.verdict:
        other = replace(inquiry, looks=inquiry.looks[::-1])
        try:
            for event in ask(other, engine=engine, source=source, check=check):
                if isinstance(event, Waiting):
                    yield event
                elif isinstance(event, Finished):
                    swapped = event.verdict
        except UserError:
            swapped = ""
    yield replace(first, swapped=swapped, record={**first.record, "swapped_verdict": swapped})


def slices_that_fit(facts: ModelFacts, max_tokens: int) -> int:
    """How many pictures fit into the context beside the words and the answer."""
    each = facts.projector.tokens_per_image + TOKENS_AROUND_IMAGE
    return max((facts.n_ctx - TOKENS_OF_WORDS - max_tokens) // each, 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Ended:
    """All that an answer's end is made from."""

    inquiry: Inquiry
    asked: Asked
    seen: tuple[SeenLook, ...]
    parser: AnswerParser
    done: Done
    started_utc: str
    think_s: float
    warnings: tuple[str, ...]


def _facts(engine: Engine) -> ModelFacts:
    facts = engine.facts
    if facts is None:
        raise UserError(_("The model was unloaded. Ask again."))
    return facts


def _warnings(looks: Sequence[Look], facts: ModelFacts) -> tuple[str, ...]:
    """That a model of drawn patients is asked about an image which is not surely drawn."""
    if facts.model.is_phantom_only and not all(look.is_drawn for look in looks):
        return (_(NOT_DRAWN),)
    return ()


def _check_context(inquiry: Inquiry, facts: ModelFacts) -> None:
    fits = slices_that_fit(facts, inquiry.task.max_tokens)
    if len(inquiry.looks) > max(fits, 2):
        sentence = _("{count} pictures do not fit into the model's memory; {fits} do.")
        raise UserError(sentence.format(count=len(inquiry.looks), fits=fits))


def _seen(
    looks: Sequence[Look], source: Source, size_px: int, check: Check
) -> tuple[SeenLook, ...]:
    made = []
    for look in looks:
        check()
        picture, placement, displayed = make_picture(look, source, size_px)
        made.append(SeenLook(look, picture, placement, displayed))
    return tuple(made)


def _question(inquiry: Inquiry, template: prompts.Template, seen: Sequence[SeenLook]) -> Question:
    task = inquiry.task
    words = task.words(inquiry.words)
    places = {"words": words, "kind": inquiry.kind, "region": inquiry.region}
    images = [
        {"number": str(number), "role": one.look.role, "date": _iso_date(one.look.date)}
        for number, one in enumerate(seen, 1)
    ]
    segments = prompts.build(template, places, images, think=inquiry.think)
    return Question(
        patient=inquiry.identity.patient_key,
        parts=prompts.to_parts(segments),
        pictures=tuple(one.picture.pixels for one in seen),
        max_tokens=task.max_tokens,
        thought_tokens=task.thought_tokens,
        grammar=task.grammar if inquiry.forced else "",
    )


def _finished(ended: _Ended) -> Finished:
    task, done, parser = ended.inquiry.task, ended.done, ended.parser
    parsed = boxes.Parsed()
    kept: tuple[KeptBox, ...] = ()
    rejected: tuple[boxes.Rejected, ...] = ()
    if task.reads == "boxes":
        parsed = boxes.parse_boxes(parser.answer, is_cut=is_cut(done.stop))
        kept, rejected = _placed(parsed, ended)
    record_id = new_id()
    return Finished(
        answer=parser.answer,
        thought=parser.thought,
        kept=kept,
        rejected=rejected,
        verdict=boxes.verdict(parser.answer, task.choices),
        named_nothing=parsed.is_list and not parsed.boxes and not parsed.rejected,
        stop=done.stop,
        note=parser.finish(done.stop),
        counts=done.counts,
        timings=done.timings,
        think_s=ended.think_s,
        record_id=record_id,
        looks=ended.inquiry.looks,
        record=make_record(
            record_id,
            started_utc=ended.started_utc,
            asked=ended.asked,
            identity=ended.inquiry.identity,
            seen=ended.seen,
            done=done,
            answer=parser.answer,
            kept=kept,
            rejected=rejected,
            warnings=ended.warnings,
        ),
    )


def _placed(
    parsed: boxes.Parsed, ended: _Ended
) -> tuple[tuple[KeptBox, ...], tuple[boxes.Rejected, ...]]:
    """The boxes on the one image that they were asked about."""
    only, words = ended.seen[0], ended.inquiry.task.words(ended.inquiry.words)
    kept, rejected = [], list(parsed.rejected)
    for said in parsed.boxes:
        mapped = boxes.to_frame(said, only.placement)
        if isinstance(mapped, boxes.Rejected):
            rejected.append(mapped)
            continue
        side = boxes.side_note(said, only.placement, only.displayed.patient_left)
        warnings = (*mapped.warnings, side) if side else mapped.warnings
        is_asked = boxes.is_asked(said.label, words)
        kept.append(KeptBox(said, 0, mapped.box, is_asked, warnings))
    return tuple(kept), tuple(rejected)


def _with_digests(done: Done, engine: Engine, check: Check) -> Done:
    """The digests of the model's files, which are read beside the work and come a little later."""
    made, end = done.provenance, time.monotonic() + _DIGEST_WAIT_S
    while not made.model_sha256 and time.monotonic() < end:
        check()
        facts = engine.facts
        if facts is None:
            break
        if facts.model_sha256:
            made = replace(
                made,
                model_sha256=facts.model_sha256,
                projector_sha256=facts.projector_sha256,
            )
            break
        time.sleep(_DIGEST_STEP_S)
    return replace(done, provenance=made)


def _waiting(progress: Progress) -> Waiting:
    return Waiting(progress.stage, progress.done, progress.total, progress.image, progress.images)


def _iso_date(date: str) -> str:
    """A DICOM date with dashes; as it stands where it is none, "date unknown" where it is empty."""
    if len(date) == 8 and date.isdecimal():
        return f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return date or "date unknown"
