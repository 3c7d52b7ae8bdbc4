"""``second-read ask PATH "question"``: an answer with its boxes, provenance and timings.

The same road as the window's: a look of the series' image, ``assistant.ask.ask``, boxes on the
frame. JSON or the answer goes to standard output, sentences and stages to standard error.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from app.asking.identity import check_identity
from app.cli.exits import Exit
from app.cli.main import printable
from app.cli.output import to_json
from app.cli.scan import scan_library
from app.rendering import NoSuchImage, checked_index
from assistant.ask import Finished, Inquiry, Seen, Waiting, ask
from assistant.displays import CT_WINDOWS, Displays
from assistant.engines.process import Engine
from assistant.engines.protocol import Settings
from assistant.looks import Look
from assistant.models.installed import Installed, default_pair
from assistant.notices import called, notice_of
from assistant.prompts import check_words
from assistant.provenance import Identity, SeenLook
from assistant.subjects import frame_look, kind_of, region_of, volume_looks
from assistant.tasks import TASKS, Task
from assistant.tasks.volume import MOST_SLICES, USUAL_SLICES
from viewer.errors import UserError
from viewer.reading.frames import Frames
from viewer.reading.volumes import load_volume
from viewer.reading.workers import Workers
from viewer.study import FrameRef, Library, Series, Study
from viewer.words import _

_STAGES: Final = {
    "load": "Loading the model",
    "encode": "Encoding image {image} of {images}",
    "read": "Reading",
    "write": "Writing",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``ask``."""
    parser.add_argument("path", metavar="PATH", help=_("folder, file, ZIP archive or DICOMDIR"))
    parser.add_argument("question", nargs="?", default="", help=_("what you want to know"))
    parser.add_argument("--series", metavar="UID", default="", help=_("default: the first one"))
    parser.add_argument(
        "--index", type=int, metavar="N", help=_("counts from 0; default: the middle one")
    )
    parser.add_argument("--prior", metavar="PATH", help=_("the older study, to compare"))
    parser.add_argument(
        "--same-patient",
        action="store_true",
        help=_("compare although it is doubtful that both are the same patient; this is recorded"),
    )
    parser.add_argument("--task", choices=tuple(TASKS), help=_("default: by what is given"))
    parser.add_argument(
        "--slices",
        type=int,
        metavar="N",
        help=_("of a volume; default: {usual}, most: {most}").format(
            usual=USUAL_SLICES, most=MOST_SLICES
        ),
    )
    parser.add_argument("--think", action="store_true", help=_("let the model think first"))
    parser.add_argument("--model", type=Path, metavar="GGUF")
    parser.add_argument("--projector", type=Path, metavar="GGUF")
    parser.add_argument("--json", action="store_true", help=_("print JSON"))


def run(arguments: argparse.Namespace) -> Exit:
    """Ask once; the exit code."""
    try:
        task = _task(arguments)
        pair = chosen_pair(arguments.model, arguments.projector)
    except UserError as error:
        return _say(error, Exit.WRONG_ARGUMENTS)
    with ExitStack() as stack:
        workers = Workers()
        stack.callback(workers.close)
        frames = Frames(workers)
        stack.callback(frames.close)
        library = _read(workers, arguments.path)
        prior = _read(workers, arguments.prior) if arguments.prior else None
        for found in (library, prior):
            if found is not None and _first(found) is None:
                return _say(UserError(_nothing(found)), Exit.NOTHING_READABLE)
        try:
            inquiry = _inquiry(task, arguments, library, prior)
        except NoSuchImage as error:
            return _say(error, Exit.WRONG_ARGUMENTS)
        except UserError as error:
            return _refuse(error, arguments)
        source = _source((library, prior), frames)
        engine = Engine()
        stack.callback(engine.close)
        return _ask(inquiry, engine, pair, source, arguments)


def _ask(
    inquiry: Inquiry,
    engine: Engine,
    pair: Installed,
    source: Displays,
    arguments: argparse.Namespace,
) -> Exit:
    """Load, ask and print; every failure of the engine is one exit code."""
    n_ctx = context_for(len(inquiry.looks), inquiry.task)
    engine.choose(pair.model, pair.projector, Settings(n_ctx=n_ctx))
    started = time.monotonic()
    try:
        _load(engine)
    except UserError as error:
        return _say(error, Exit.NO_MODEL)
    load_s = time.monotonic() - started
    seen: Seen | None = None
    stage = ""
    try:
        for event in ask(inquiry, engine=engine, source=source):
            if isinstance(event, Waiting):
                stage = _show_stage(event, stage)
            elif isinstance(event, Seen):
                seen = event
                _warn(seen)
            elif isinstance(event, Finished) and seen is not None:
                timings = replace(
                    event.timings, load=load_s, total=event.timings.total + load_s,
                    first_token=event.timings.first_token + load_s,
                )  # fmt: skip
                _print(replace(event, timings=timings), seen, arguments)
    except UserError as error:
        return _refuse(error, arguments) if seen is None else _say(error, Exit.NO_MODEL)
    return Exit.DONE


def _load(engine: Engine) -> None:
    stage = ""
    for progress in engine.load():
        stage = _show_stage(Waiting(progress.stage, progress.done, progress.total), stage)


def _task(arguments: argparse.Namespace) -> Task:
    """The task that was named, else by what is given; UserError where they do not fit it."""
    usual = "compare" if arguments.prior else "describe"
    task = TASKS[arguments.task or usual]
    if task.template_for(arguments.question) is None:
        raise UserError(_("The task {task} needs a question.").format(task=task.id))
    check_words(arguments.question)
    _check_images(task, arguments)
    return task


def _check_images(task: Task, arguments: argparse.Namespace) -> None:
    """UserError where the arguments name other images than the task shows."""
    is_volume = task.looks == "volume"
    if arguments.slices is not None and not is_volume:
        raise UserError(_("--slices goes with --task volume alone. Leave it out."))
    if arguments.slices is not None and not 1 <= arguments.slices <= MOST_SLICES:
        raise UserError(_("Show 1 to {most} slices with --slices.").format(most=MOST_SLICES))
    if arguments.index is not None and is_volume:
        raise UserError(_("--task volume shows slices of the whole volume. Leave out --index."))
    if arguments.index is not None and arguments.index < 0:
        raise UserError(_("Images count from 0: --index 0 or more."))
    if task.looks == "pair" and not arguments.prior:
        raise UserError(_("Name the older study with --prior PATH."))
    if arguments.prior and task.looks != "pair":
        raise UserError(_("--prior goes with --task compare alone. Leave one of them out."))


def chosen_pair(model: Path | None, projector: Path | None) -> Installed:
    """The model files; UserError when only one of the two is named."""
    if model is None and projector is None:
        return default_pair()
    if model is None or projector is None:
        raise UserError(_("Name both files: --model GGUF --projector GGUF."))
    return Installed(model, projector)


def _inquiry(
    task: Task, arguments: argparse.Namespace, library: Library, prior: Library | None
) -> Inquiry:
    """What is asked, about which images; UserError where that cannot be."""
    study, series = _chosen(library, arguments.series)
    position = _position(series, arguments.index)
    looks: tuple[Look, ...] = (frame_look(study, series, position),)
    identity = Identity(_patient_key(library, series), (study.uid,))
    left_out = ""
    if task.looks == "volume":
        looks = volume_looks(study, series, wanted=arguments.slices or USUAL_SLICES)
        total = len(series.stacks[0].frames)
        left_out = _("{count} of {total} slices").format(count=len(looks), total=total)
    elif task.looks == "pair" and prior is not None:
        looks, identity = _both(arguments, (study, series, position), prior, identity)
    return Inquiry(
        task=task,
        looks=looks,
        identity=identity,
        words=arguments.question,
        kind=kind_of(series).prompt,
        region=region_of(series),
        think=arguments.think,
        left_out=left_out,
    )


def _both(
    arguments: argparse.Namespace,
    current: tuple[Study, Series, int],
    prior_library: Library,
    identity: Identity,
) -> tuple[tuple[Look, ...], Identity]:
    """Prior first, then current; UserError where they are not, or may not be, one patient."""
    study, series, position = current
    prior_study, prior = _chosen(prior_library, "")
    check = check_identity(prior_study.patient, study.patient)
    is_overridden = check.verdict == "doubtful" and arguments.same_patient
    if check.verdict != "same" and not is_overridden:
        hint = _(" Add --same-patient if you know.") if check.verdict == "doubtful" else ""
        raise UserError(check.sentence + hint, "\n".join(check.lines))
    looks = (
        frame_look(prior_study, prior, _position(prior, None), role="prior"),
        frame_look(study, series, position, role="current"),
    )
    uids = (prior_study.uid, study.uid)
    by = "command line" if is_overridden else ""
    return looks, Identity(identity.patient_key, uids, check.verdict, by)


def _chosen(library: Library, uid: str) -> tuple[Study, Series]:
    """A series with its study: the one named, else the first with pictures."""
    for _patient, study, series in library.all_series():
        if series.stacks and uid in {"", series.uid}:
            return study, series
    raise UserError(_("There is no series {uid} with pictures here.").format(uid=uid))


def _first(library: Library) -> Series | None:
    return next((s for _p, _st, s in library.all_series() if s.stacks), None)


def _patient_key(library: Library, series: Series) -> str:
    patient = library.patient_of(series.uid)
    return patient.key if patient is not None else ""


def _position(series: Series, index: int | None) -> int:
    return checked_index(index, len(series.stacks[0].frames))


def _read(workers: Workers, path: str) -> Library:
    if not Path(path).exists():
        return Library()
    return scan_library(workers, [path])


def _nothing(library: Library) -> str:
    if library.skipped:
        return _("Nothing can be shown: {sentence}").format(sentence=library.skipped[0].sentence)
    return _("There is no image at that path.")


def _source(libraries: tuple[Library | None, ...], frames: Frames) -> Displays:
    """Pictures from what was read."""
    found: dict[str, Series] = {}
    for library in libraries:
        for _patient, _study, series in library.all_series() if library is not None else ():
            found.setdefault(series.uid, series)
            frames.add(series.instances)
    return Displays(
        frames,
        series=found.get,
        volume=lambda uid, index: load_volume(found[uid].stacks[index], frames),
    )


def context_for(images: int, task: Task) -> int:
    """Room for that many images at 256 tokens each, the words and the answer."""
    need = images * 272 + 1000 + task.max_tokens + task.thought_tokens
    return max(4096, -(-need // 1024) * 1024)


def _show_stage(event: Waiting, last: str) -> str:
    """Say each stage once on standard error; the stage now."""
    text = _STAGES[event.stage].format(image=event.image + 1, images=event.images)
    if text != last:
        print(text, file=sys.stderr)
    return text


def _warn(seen: Seen) -> None:
    """Say what is to be known before the answer."""
    for sentence in seen.warnings:
        print(printable(sentence), file=sys.stderr)


def _print(finished: Finished, seen: Seen, arguments: argparse.Namespace) -> None:
    for sentence in (finished.note, *(r.sentence for r in finished.rejected)):
        if sentence:
            print(printable(sentence), file=sys.stderr)
    if arguments.json:
        print(to_json(report(finished, seen)))
        return
    model = finished.record["model"]
    print("\n".join(printable(line) for line in finished.answer.splitlines()))
    for kept in finished.kept:
        box = kept.box
        edges = f"{box.left:.1f} {box.top:.1f} {box.right:.1f} {box.bottom:.1f}"
        print(f"{printable(kept.said.label)}: {edges} px")
    name = called(model["name"], is_phantom_only=model["is_phantom_only"])
    print(notice_of(name), file=sys.stderr)


def report(finished: Finished, seen: Seen) -> dict[str, Any]:
    """An answer as the JSON that others build on; the README names its fields."""
    model, timings, counts = finished.record["model"], finished.timings, finished.counts
    return {
        "warnings": list(seen.warnings),
        "answer": finished.answer,
        "thought": finished.thought,
        "boxes": [
            {
                "label": kept.said.label,
                "left": kept.box.left,
                "top": kept.box.top,
                "right": kept.box.right,
                "bottom": kept.box.bottom,
                **_frame(seen.seen[kept.look_index]),
            }
            for kept in finished.kept
        ],
        "model": {key: model[key] for key in ("name", "sha256", "projector_sha256")},
        "template_sha256": finished.record["prompt"]["template_sha256"],
        "seen": list(_seen(seen)),
        "timings_s": {
            key: round(getattr(timings, key), 3)
            for key in ("load", "encode", "prompt", "first_token", "total")
        },
        "cache": {
            key: getattr(counts, key)
            for key in ("images_encoded", "images_reused", "tokens_reused", "tokens_evaluated")
        },
    }


def _seen(seen: Seen) -> Iterator[dict[str, Any]]:
    for one in seen.seen:
        yield {
            **_frame(one),
            "window": _windows(one),
            "size_px": [one.picture.size_px, one.picture.size_px],
            "sha256": one.picture.digest,
        }


def _frame(one: SeenLook) -> dict[str, Any]:
    where = one.look.where
    if not isinstance(where, FrameRef):  # the command line shows frames alone
        return {"sop_instance_uid": "", "frame_number": 0}
    return {"sop_instance_uid": where.sop_instance_uid, "frame_number": where.frame_number}


def _windows(one: SeenLook) -> Any:
    """The window; a list of three where CT was shown in colours; null for a lookup table."""
    if one.look.levels == "contract" and one.displayed.levels.ndim == 3:
        return [_window((low + high) / 2, high - low, "linear_exact") for low, high in CT_WINDOWS]
    window = one.displayed.window
    return _window(window.center, window.width, window.function) if window else None


def _window(center: float, width: float, function: str) -> dict[str, Any]:
    return {"center": center, "width": width, "function": function}


def _refuse(error: UserError, arguments: argparse.Namespace) -> Exit:
    """Say what was not done, in JSON too."""
    if arguments.json:
        print(to_json({"refused": [error.sentence]}))
    return _say(error, Exit.REFUSED)


def _say(error: UserError, code: Exit) -> Exit:
    print(printable(error.sentence), file=sys.stderr)
    return code
