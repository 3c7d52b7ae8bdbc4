"""``second-read evaluate DATASET --task ...``: a model's answers measured against a known truth.

Every question goes the road of the window and of ``ask``. Progress goes to standard error, JSON to
standard output, the page with pictures where ``-o`` says.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.asking.identity import check_identity
from app.cli.ask import chosen_pair, context_for
from app.cli.exits import Exit
from app.cli.main import printable
from app.cli.output import to_json
from app.cli.scan import scan_library
from assistant.engines.process import Engine
from assistant.engines.protocol import ModelFacts, Settings
from assistant.evaluation import report
from assistant.evaluation.dataset import (
    ASKED_AS,
    TASK_NAMES,
    DataSet,
    EvaluationTask,
    Item,
    read_rows,
)
from assistant.evaluation.kept import Answer, Kept
from assistant.evaluation.measures import measure
from assistant.evaluation.phantoms import is_phantom, read_phantoms
from assistant.evaluation.pictures import PictureView, pictures_of
from assistant.evaluation.reading import Reading
from assistant.evaluation.run import Answered, EngineFailedError, How, Refused, evaluate
from assistant.models.installed import Installed
from assistant.notices import notice_of
from assistant.tasks import TASKS
from assistant.tasks.volume import MOST_SLICES, USUAL_SLICES
from viewer.errors import UserError
from viewer.reading.frames import Frames
from viewer.reading.workers import Workers
from viewer.words import _

_SAY_EVERY_S: Final = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``evaluate``."""
    parser.add_argument(
        "data_set", metavar="DATASET", type=Path, help=_("JSONL or CSV file, or a phantom's folder")
    )
    parser.add_argument("--task", choices=TASK_NAMES, required=True)
    parser.add_argument("--model", type=Path, metavar="GGUF")
    parser.add_argument("--projector", type=Path, metavar="GGUF")
    parser.add_argument(
        "--slices", type=int, metavar="N", default=USUAL_SLICES, help=_("of a volume; most: 85")
    )
    parser.add_argument("--think", action="store_true", help=_("let the model think first"))
    parser.add_argument(
        "--forced", action="store_true", help=_("let only the form of a final answer through")
    )
    parser.add_argument("--limit", type=int, metavar="N", help=_("ask the first N items only"))
    parser.add_argument("-o", "--output", metavar="OUT.html", type=Path, help=_("write a page"))
    parser.add_argument("--json", action="store_true", help=_("print JSON"))
    parser.add_argument(
        "--resume", metavar="FILE", type=Path, help=_("keep answers here, and go on from them")
    )


def run(arguments: argparse.Namespace) -> Exit:
    """Evaluate once; the exit code."""
    try:
        _check(arguments)
        pair = chosen_pair(arguments.model, arguments.projector)
        if not arguments.data_set.exists():
            sentence = _("{path} is not there.").format(path=arguments.data_set)
            return _say(sentence, Exit.NOTHING_READABLE)
        # The workers that read it stand elsewhere: a relative path would lead them astray.
        data_set = _read(arguments.data_set.absolute(), arguments.task, arguments.limit)
        kept = Kept(arguments.resume)
    except UserError as error:
        return _say(error.sentence, Exit.WRONG_ARGUMENTS)
    if not data_set.items:
        sentence = _("There is no question for the task {task} in {path}.")
        return _say(
            sentence.format(task=arguments.task, path=arguments.data_set), Exit.NOTHING_READABLE
        )
    with ExitStack() as stack:
        workers = Workers()
        stack.callback(workers.close)
        frames = Frames(workers)
        stack.callback(frames.close)
        engine = Engine()
        stack.callback(engine.close)
        reading = Reading(
            lambda path: scan_library(workers, [str(path)]),
            frames,
            lambda prior, current: check_identity(prior, current).verdict,
        )
        return _evaluate(data_set, kept, _Run(arguments, pair, engine, reading))


@dataclass(frozen=True, slots=True)
class _Run:
    """What an evaluation works with."""

    arguments: argparse.Namespace
    pair: Installed
    engine: Engine
    reading: Reading


@dataclass(slots=True)
class _Tally:
    """What came of the items so far."""

    pairs: list[tuple[Item, Answer]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    kept: int = 0


def _evaluate(data_set: DataSet, kept: Kept, work: _Run) -> Exit:
    """Load, ask everything, measure, write; a failing engine ends it with what it has kept."""
    arguments = work.arguments
    try:
        facts = _load(work)
    except UserError as error:
        return _say(error.sentence, Exit.NO_MODEL)
    how = How(arguments.think, arguments.forced, arguments.slices)
    tally = _Tally()
    steps = evaluate(data_set.items, engine=work.engine, reading=work.reading, kept=kept, how=how)
    try:
        for step in _with_progress(steps, len(data_set.items)):
            _count(step, tally)
    except EngineFailedError as error:
        return _say(error.sentence, Exit.NO_MODEL)
    except UserError as error:
        return _say(error.sentence, Exit.REFUSED)
    # The digests of the files were not known yet when they were loaded.
    evaluation = _evaluation(data_set, tally, how, work.engine.facts or facts)
    return _finish(evaluation, tally, work)


def _finish(evaluation: report.Evaluation, tally: _Tally, work: _Run) -> Exit:
    """Write the page, print the figures; REFUSED when something could not be asked or written."""
    code = Exit.REFUSED if evaluation.refused else Exit.DONE
    for item, reason in evaluation.refused:
        _say(f"{item}: {reason}", code)
    if work.arguments.output is not None:
        try:
            page = _page(evaluation, tally, work.reading)
            _write(work.arguments.output, page)
        except UserError as error:
            code = _say(error.sentence, Exit.REFUSED)
    plain = report.to_json(evaluation)
    if work.arguments.json:
        print(to_json(plain))
    else:
        _print(plain)
    print(printable(notice_of(evaluation.model)), file=sys.stderr)
    return code


def _check(arguments: argparse.Namespace) -> None:
    """UserError for numbers that make no sense and for a page that would land among the images."""
    if not 2 <= arguments.slices <= MOST_SLICES:
        raise UserError(_("Choose 2 to {most} slices.").format(most=MOST_SLICES))
    if arguments.limit is not None and arguments.limit < 1:
        raise UserError(_("Choose a limit of at least 1."))
    if arguments.forced and not TASKS[ASKED_AS[arguments.task]].grammar:
        raise UserError(_("The task {task} has no form to force.").format(task=arguments.task))
    for path in (arguments.output, arguments.resume):
        if path is not None and not path.absolute().parent.is_dir():
            sentence = _("The folder {path} does not exist.")
            raise UserError(sentence.format(path=path.absolute().parent))
        if path is not None and (path.is_dir() or _is_in(path, arguments.data_set)):
            raise UserError(_("{path} cannot be written. Name another file.").format(path=path))


def _is_in(path: Path, data_set: Path) -> bool:
    """Whether a file would take the data set's place, or come to lie in its folder."""
    target, opened = path.resolve(), data_set.resolve()
    return target == opened or (opened.is_dir() and opened in target.parents)


def _read(path: Path, task: EvaluationTask, limit: int | None) -> DataSet:
    if path.is_file():
        data_set = read_rows(path, task)
    elif is_phantom(path):
        data_set = read_phantoms(path, task)
    else:
        sentence = _("{path} is no data set: name a JSONL or CSV file, or a phantom's folder.")
        raise UserError(sentence.format(path=path))
    return DataSet(data_set.name, data_set.task, data_set.items[:limit])


def _load(work: _Run) -> ModelFacts:
    """Load the model with room for the task's pictures; UserError when that fails."""
    task = TASKS[ASKED_AS[work.arguments.task]]
    images = {"pair": 2, "volume": work.arguments.slices}.get(task.looks, 1)
    settings = Settings(n_ctx=context_for(images, task))
    work.engine.choose(work.pair.model, work.pair.projector, settings)
    print(_("Loading the model"), file=sys.stderr)
    for _progress in work.engine.load():
        pass
    facts = work.engine.facts
    if facts is None:
        raise UserError(_("The model was unloaded. Start again."))
    return facts


def _with_progress(steps: Iterator[Answered | Refused], total: int) -> Iterator[Answered | Refused]:
    """Say how far it is, and how long it takes from now, at most every few seconds."""
    started, said, asked = time.monotonic(), 0.0, 0
    for number, step in enumerate(steps, 1):
        asked += isinstance(step, Refused) or not step.was_kept
        now = time.monotonic()
        if now - said >= _SAY_EVERY_S or number == total:
            said = now
            left = (now - started) / asked * (total - number) if asked else 0.0
            text = _("{number} of {total}, about {minutes} min left")
            line = text.format(number=number, total=total, minutes=round(left / 60))
            print(line, file=sys.stderr)
        yield step


def _count(step: Answered | Refused, tally: _Tally) -> None:
    if isinstance(step, Refused):
        tally.refused.append((step.item.id, step.sentence))
        return
    tally.pairs.append((step.item, step.answer))
    tally.kept += step.was_kept


def _evaluation(data_set: DataSet, tally: _Tally, how: How, facts: ModelFacts) -> report.Evaluation:
    lines = {
        "model": facts.model.name,
        "quantization": facts.model.quantization,
        "model_sha256": facts.model_sha256,
        "projector_quantization": facts.projector.quantization,
        "projector_sha256": facts.projector_sha256,
        "llama_cpp": facts.llama_version,
        "backend": facts.backend,
        "think": str(how.think).lower(),
        "forced": str(how.forced).lower(),
        "answers_kept_from_before": str(tally.kept),
    }
    if data_set.task == "volume":
        lines["slices"] = str(how.slices)
    return report.Evaluation(
        data_set=data_set.name,
        task=data_set.task,
        model=facts.model.name,
        facts=tuple(lines.items()),
        measured=measure(data_set.task, tally.pairs),
        refused=tuple(tally.refused),
    )


def _page(evaluation: report.Evaluation, tally: _Tally, reading: Reading) -> str:
    scores = evaluation.measured.scores
    worst, best = report.best_and_worst(tally.pairs, scores)

    def shown(indices: Sequence[int]) -> list[report.Shown]:
        chosen = ((*tally.pairs[index], scores[index]) for index in indices)
        return [
            report.Shown(item, answer, score, _pictures(item, answer, reading))
            for item, answer, score in chosen
        ]

    return report.to_html(evaluation, worst=shown(worst), best=shown(best))


def _pictures(item: Item, answer: Answer, reading: Reading) -> tuple[PictureView, ...]:
    """The pictures of an item; none where a kept answer's image is not there any more."""
    try:
        return pictures_of(item, answer, reading)
    except UserError as error:
        _say(f"{item.id}: {error.sentence}", Exit.DONE)
        return ()


def _write(path: Path, text: str) -> None:
    """Write the page whole or not at all; UserError when it cannot be."""
    if path.exists() and not path.is_file():
        # Renaming over a device would take the device's place.
        raise UserError(_("{path} is no file that a page can replace.").format(path=path))
    try:
        descriptor, made = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(made).replace(path)
    except OSError as error:
        sentence = _("The page cannot be written to {path}.")
        raise UserError(sentence.format(path=path), str(error)) from None


def _print(plain: dict) -> None:  # type: ignore[type-arg]
    """The figures as lines, for reading."""
    print(printable(plain["card"]))
    groups = {"": plain["measures"], **plain["labels"]}
    for label, figures in groups.items():
        if label:
            print(printable(label))
        for name, figure in figures.items():
            value = _("not measured") if figure["value"] is None else f"{figure['value']:.3f}"
            print(f"  {name:16} {value:>12}  ({figure['count']})")


def _say(sentence: str, code: Exit) -> Exit:
    print(printable(sentence), file=sys.stderr)
    return code
