"""Ask every question of a data set by the road of the window and the ask command.

``evaluate`` is a generator: an answer or a refusal for each item, in order. What was answered
before, with the same model in the same way, is taken from ``Kept`` and not asked again.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from assistant import boxes, prompts
from assistant.answers import is_cut
from assistant.ask import Finished, Inquiry, Seen, ask
from assistant.engines.process import Engine
from assistant.engines.protocol import ModelFacts
from assistant.evaluation.dataset import ASKED_AS, Item
from assistant.evaluation.kept import Answer, Kept
from assistant.evaluation.reading import Reading, Shown
from assistant.tasks import TASKS, Task
from assistant.tasks.volume import NO_SLICE, USUAL_SLICES, said_slice
from viewer.errors import UserError
from viewer.words import _

Check = Callable[[], None]

FAILURES_IN_A_ROW: Final = 3
"""So often may the engine fail before the evaluation ends: the next items would fail as well."""
_DIGEST_WAIT_S: Final = 600.0
_DIGEST_STEP_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class How:
    """How questions are asked; part of what an answer is found by again."""

    think: bool = False
    forced: bool = False
    slices: int = USUAL_SLICES


@dataclass(frozen=True, slots=True)
class Answered:
    """An item with its answer, which ``was_kept`` when it was not asked now."""

    item: Item
    answer: Answer
    was_kept: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that could not be asked about, and why."""

    item: Item
    sentence: str


class EngineFailedError(UserError):
    """The engine failed too often to go on."""


def _no_check() -> None:
    """Nobody cancels."""


def evaluate(
    items: Sequence[Item],
    *,
    engine: Engine,
    reading: Reading,
    kept: Kept,
    how: How,
    check: Check = _no_check,
) -> Iterator[Answered | Refused]:
    """Answer every item with the engine, which is loaded.

    EngineFailedError when it fails for several items in a row; what was answered until then is
    kept. Raising from ``check``, or closing the iterator, stops.
    """
    model = model_facts(engine, check)
    failures = 0
    for item in items:
        check()
        key = key_of(item, how, model)
        known = kept.find(key)
        if known is not None:
            yield Answered(item, known, was_kept=True)
            continue
        started = time.monotonic()
        try:
            shown = reading.shown(item, how.slices)
            finished = _ask(item, shown, how, engine=engine, reading=reading, check=check)
        except _EngineError as error:
            failures += 1
            if failures >= FAILURES_IN_A_ROW:
                raise EngineFailedError(error.sentence, error.details) from None
            yield Refused(item, error.sentence)
            continue
        except UserError as error:
            yield Refused(item, error.sentence)
            continue
        failures = 0
        answer = answer_of(item, shown, finished, key=key, seconds=time.monotonic() - started)
        kept.add(answer)
        yield Answered(item, answer, was_kept=False)


def key_of(item: Item, how: How, model: dict[str, str]) -> str:
    """SHA-256 of what is asked, in which words and way, by which reading of answers, of whom."""
    task = TASKS[ASKED_AS[item.task]]
    template = task.template_for(item.question)
    words = prompts.sha256_of(template, think=how.think) if template is not None else ""
    slices = how.slices if task.looks == "volume" else 0
    limits = [task.max_tokens, task.thought_tokens, task.grammar if how.forced else ""]
    way = [words, how.think, slices, limits, boxes.PARSER_VERSION]
    text = json.dumps([item.digest, way, model], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def model_facts(engine: Engine, check: Check = _no_check) -> dict[str, str]:
    """What identifies the loaded pair: the digests of both files, which may take a while.

    UserError when no model is loaded or its files cannot be read to their end.
    """
    end = time.monotonic() + _DIGEST_WAIT_S
    while time.monotonic() < end:
        check()
        facts = engine.facts
        if facts is None:
            break
        if facts.model_sha256 and facts.projector_sha256:
            return _identity(facts)
        time.sleep(_DIGEST_STEP_S)
    raise UserError(_("The model's files could not be identified. Start again."))


def answer_of(item: Item, shown: Shown, finished: Finished, *, key: str, seconds: float) -> Answer:
    """What is kept of an answer, and what was read from it."""
    task = TASKS[ASKED_AS[item.task]]
    slice_index, has_slice = _slice(item, shown, finished)
    asked = tuple(kept.box for kept in finished.kept if kept.is_asked)
    model = finished.record["model"]
    return Answer(
        key=key,
        item_id=item.id,
        text=finished.answer,
        is_parsed=has_slice if item.task == "volume" else _is_parsed(task, finished),
        seconds=round(seconds, 3),
        boxes=asked,
        rejected=len(finished.rejected),
        verdict=finished.verdict,
        slice_index=slice_index,
        positions=shown.positions if item.task == "volume" else (),
        stop=finished.stop,
        template_sha256=finished.record["prompt"]["template_sha256"],
        model={key: model[key] for key in ("name", "sha256", "projector_sha256", "quantization")},
    )


class _EngineError(UserError):
    """A failure of the engine, as told from a question that cannot be asked."""


def _ask(
    item: Item, shown: Shown, how: How, *, engine: Engine, reading: Reading, check: Check
) -> Finished:
    inquiry = Inquiry(
        task=TASKS[ASKED_AS[item.task]],
        looks=shown.looks,
        identity=shown.identity,
        words=item.question,
        kind=shown.kind,
        region=shown.region,
        think=how.think,
        forced=how.forced,
        left_out=_left_out(item, shown),
    )
    _load(engine, check)
    is_seen = False
    try:
        for event in ask(inquiry, engine=engine, source=reading.source, check=check):
            is_seen = is_seen or isinstance(event, Seen)
            if isinstance(event, Finished):
                return event
    except UserError as error:
        if is_seen:
            raise _EngineError(error.sentence, error.details) from None
        raise
    raise _EngineError(_("The model's process stopped. Ask again."))


def _load(engine: Engine, check: Check) -> None:
    """Load the model again where its process ended; at once when it is there."""
    try:
        for _progress in engine.load(check):
            pass
    except UserError as error:
        raise _EngineError(error.sentence, error.details) from None


def _left_out(item: Item, shown: Shown) -> str:
    if item.task != "volume":
        return ""
    sentence = _("{count} of {total} slices")
    return sentence.format(count=len(shown.looks), total=shown.total)


def _identity(facts: ModelFacts) -> dict[str, str]:
    return {"model": facts.model_sha256, "projector": facts.projector_sha256}


def _is_parsed(task: Task, finished: Finished) -> bool:
    """Whether the answer kept its form: for boxes a whole list in which every box is one."""
    if task.reads == "boxes":
        parsed = boxes.parse_boxes(finished.answer, is_cut=is_cut(finished.stop))
        return parsed.is_final and parsed.is_list and not finished.rejected
    if task.reads == "verdict":
        return bool(finished.verdict)
    return bool(finished.answer.strip()) and not is_cut(finished.stop)


def _slice(item: Item, shown: Shown, finished: Finished) -> tuple[int | None, bool]:
    """The said slice's place in its stack, and whether the answer says a slice or none."""
    if item.task != "volume":
        return None, False
    said = said_slice(finished.answer, len(shown.looks))
    if said is None:
        return None, False
    return (None if said == NO_SLICE else shown.positions[said - 1]), True
