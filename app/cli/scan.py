"""``second-read scan``: what is under a path, as JSON or as a list to read.

Exit codes: 0 done, whatever was skipped; 3 no image at that path; 130 interrupted.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from app.cli.exits import Exit
from app.cli.output import to_json
from viewer.reading.grouping import group
from viewer.reading.workers import Found, Workers
from viewer.study import Geometry, Instance, Library, Patient, Series, Skipped, Stack, Study
from viewer.words import _


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``scan``."""
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", help=_("folder, file, ZIP archive or DICOMDIR")
    )
    parser.add_argument("--json", action="store_true", help=_("for programs, not for readers"))


def run(arguments: argparse.Namespace) -> Exit:
    """Print what was found to standard output, a sentence where nothing was to standard error."""
    workers = Workers()
    try:
        library = scan_library(workers, arguments.paths)
    finally:
        workers.close()
    whole = to_json(describe(library), indent=1)
    text = whole if arguments.json else _list(library)
    # a file name that is no text keeps its bytes as an escape, which JSON reads as well
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
    if library.patients:
        return Exit.DONE
    sys.stderr.write(_nothing(library) + "\n")
    return Exit.NOTHING_READABLE


def scan_library(workers: Workers, paths: Sequence[str]) -> Library:
    """Everything under paths, grouped."""
    instances: list[Instance] = []
    skipped: list[Skipped] = []
    for part in workers.scan(paths):
        if isinstance(part, Found):
            instances.append(part.instance)
        elif isinstance(part, Skipped):
            skipped.append(part)
    return group(instances, skipped)


def describe(library: Library) -> dict[str, Any]:
    """A library as the JSON that others build on; the README names its fields."""
    return {
        "patients": [_patient(patient) for patient in library.patients],
        "skipped": [{"path": s.path, "reason": s.sentence} for s in library.skipped],
        "warnings": list(_warnings(library)),
    }


def _patient(patient: Patient) -> dict[str, Any]:
    return {
        "name": patient.facts.name,
        "id": patient.facts.id,
        "studies": [_study(study) for study in patient.studies],
    }


def _study(study: Study) -> dict[str, Any]:
    return {
        "uid": study.uid,
        "date": study.date,
        "description": study.description,
        "series": [_series(series) for series in study.series],
    }


def _series(series: Series) -> dict[str, Any]:
    geometry = series.stacks[0].geometry if series.stacks else None
    return {
        "uid": series.uid,
        "modality": series.modality,
        "description": series.description,
        "number": series.number,
        "instances": len(series.instances),
        "frames": series.frame_count,
        "geometry": _geometry(geometry) if geometry is not None else None,
    }


def _geometry(geometry: Geometry) -> dict[str, Any]:
    return {
        "shape": list(geometry.shape),
        "spacing_mm": [round(value, 6) for value in geometry.spacing_mm],
        "orientation": [round(value, 9) for value in geometry.orientation],
        "origin_lps_mm": [round(value, 6) for value in geometry.origin_lps_mm],
        "uniform": geometry.uniform,
        "tilt_deg": round(geometry.tilt_deg, 3),
    }


def _warnings(library: Library) -> Iterator[str]:
    yield from library.warnings
    if len(library.patients) > 1:
        yield _("This holds images of {count} patients.").format(count=len(library.patients))
    for _patient_of, _study_of, series in library.all_series():
        for sentence in (*series.notes, *_stack_sentences(series.stacks)):
            yield _("Series {uid}: {sentence}").format(uid=series.uid, sentence=sentence)


def _stack_sentences(stacks: tuple[Stack, ...]) -> Iterator[str]:
    for index, stack in enumerate(stacks):
        if index:
            count = len(stack.frames)
            one = _("Another stack of 1 image: {label}")
            many = _("Another stack of {count} images: {label}")
            label = stack.label or _("of another form or direction")
            yield (one if count == 1 else many).format(count=count, label=label)
        else:
            yield from stack.notes


def _nothing(library: Library) -> str:
    if len(library.skipped) == 1:
        return _("Nothing can be shown: {sentence}").format(sentence=library.skipped[0].sentence)
    if library.skipped:
        return _("None of the {count} files there can be shown.").format(count=len(library.skipped))
    return _("There is no image at that path.")


def _list(library: Library) -> str:
    lines = []
    for patient in library.patients:
        lines.append(_plain(f"{patient.facts.name} ({patient.facts.id})"))
        for study in patient.studies:
            lines.append(_plain(f"  {study.date} {study.description}"))
            lines += [_plain(_line(series)) for series in study.series]
    lines += [_plain(f"- {skipped.path}: {skipped.sentence}") for skipped in library.skipped]
    return "\n".join(lines)


def _line(series: Series) -> str:
    number = "" if series.number is None else f"{series.number} "
    return f"    {number}{series.modality} {series.description} [{series.frame_count}]"


def _plain(text: str) -> str:
    """Foreign text for a terminal: control characters are shown, not obeyed."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
