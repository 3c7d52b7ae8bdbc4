"""A data set: questions about images with their truth, from JSONL, from CSV or from phantoms.

The format is written down in docs/evaluation.md. A row that does not keep it ends the reading with
its number and what is wrong: a truth that was half understood would measure nothing.
"""

import csv
import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from assistant.tasks.base import TaskId
from viewer import limits
from viewer.errors import UserError
from viewer.spaces import FrameBox
from viewer.words import _

EvaluationTask = Literal["boxes", "change", "yesno", "report", "volume"]

ASKED_AS: Final[Mapping[EvaluationTask, TaskId]] = {
    "boxes": "find",
    "change": "change",
    "yesno": "yesno",
    "report": "describe",
    "volume": "volume",
}
"""The task of the program that asks the questions of each evaluation."""

CHANGES: Final = ("improved", "stable", "worsened")
_SAME_CHANGE: Final = {"improving": "improved", "worsening": "worsened"}
NONE: Final = "none"
FILE_BYTES: Final = 256 * limits.MIB
ROW_CHARS: Final = 1 * limits.MIB
"""A million rows of one question each; more than this is no list of questions."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image is: a path, and in it a series or an instance; "" takes the only one.

    ``name`` is the path as the data set writes it. ``frame_number`` counts from 1.
    """

    path: Path
    name: str
    series_uid: str = ""
    sop_instance_uid: str = ""
    frame_number: int = 1


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so: each task fills its own field and leaves the others.

    ``boxes`` in pixel edges of the frame. ``slice_index`` counts from 0 along the normal; None when
    what is looked for is on no slice.
    """

    boxes: tuple[FrameBox, ...] = ()
    word: str = ""
    text: str = ""
    slice_index: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One question with its truth; ``places`` holds the prior first where there are two.

    ``label`` is what figures are grouped by, for example the finding.
    """

    id: str
    task: EvaluationTask
    places: tuple[Place, ...]
    question: str
    label: str
    truth: Truth

    @property
    def digest(self) -> str:
        """SHA-256 of what is asked about what, in hex; the truth plays no part."""
        places = [
            (p.name, p.series_uid, p.sop_instance_uid, p.frame_number, _size(p.path))
            for p in self.places
        ]
        text = json.dumps([self.task, self.question, places], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class DataSet:
    """Items of one task, in the order of their file."""

    name: str
    task: EvaluationTask
    items: tuple[Item, ...]


def read_rows(path: Path, task: EvaluationTask) -> DataSet:
    """Read a JSONL or CSV file; rows that name another task are left out.

    UserError with the number of the first row that is wrong.
    """
    rows = _csv_rows(path) if path.suffix.lower() == ".csv" else _json_rows(path)
    items: list[Item] = []
    for number, row in rows:
        if _text(row, "task") in {"", task}:
            try:
                items += _items(row, task, path.parent, str(number))
            except ValueError as error:
                raise _bad_row(path, number, str(error)) from None
    return DataSet(path.name, task, tuple(items))


Row = Mapping[str, Any]


def _json_rows(path: Path) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise _bad_row(path, number, _("it is no JSON object."))
        yield number, row


def _csv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Rows by the names of the first one; the truth is text, of boxes JSON."""
    reader = csv.DictReader(_lines(path), strict=True)
    try:
        for row in reader:
            plain = {key: value for key, value in row.items() if key and value is not None}
            yield reader.line_num, {key: value.strip() for key, value in plain.items()}
    except csv.Error as error:
        raise _bad_row(path, reader.line_num, _("it cannot be read as CSV."), str(error)) from None


def _lines(path: Path) -> Iterator[str]:
    """The lines of a text file, none longer than a row may be."""
    try:
        if path.stat().st_size > FILE_BYTES:
            raise UserError(_("{name} is too large for a data set.").format(name=path.name))
        with path.open(encoding="utf-8-sig", newline="") as stream:
            while line := stream.readline(ROW_CHARS):
                yield line
    except (OSError, UnicodeDecodeError) as error:
        sentence = _("The data set {name} cannot be read.")
        raise UserError(sentence.format(name=path.name), str(error)) from None


def _bad_row(path: Path, number: int, reason: str, details: str = "") -> UserError:
    sentence = _("Row {number} of {name}: {reason}")
    return UserError(sentence.format(number=number, name=path.name, reason=reason), details)


def _items(row: Row, task: EvaluationTask, folder: Path, number: str) -> Iterator[Item]:
    """The questions of a row: one, or for boxes one for each label when nothing is asked."""
    places = _places(row, task, folder)
    name = _text(row, "id") or number
    question, label = _text(row, "question"), _text(row, "label")
    if task == "boxes" and not question:
        yield from _by_label(row, places, name)
        return
    if not question and task != "report":
        raise ValueError(_("it asks nothing; write a question."))
    truth = _TRUTHS[task](_truth(row))
    yield Item(name, task, places, question, label or question or task, truth)


def _by_label(row: Row, places: tuple[Place, ...], name: str) -> Iterator[Item]:
    """A question for every label of a list of boxes, and for every one that is absent."""
    found: dict[str, list[FrameBox]] = {}
    for entry in _list(_truth(row)):
        label = _text(entry, "label") if isinstance(entry, dict) else ""
        if not label:
            raise ValueError(_("without a question each box needs a label."))
        found.setdefault(label, []).append(_box(entry))
    for label in _list(row.get("absent") or []):
        if not isinstance(label, str) or label in found:
            raise ValueError(_("absent is a list of labels that have no box."))
        found[label] = []
    for label, boxes in found.items():
        truth = Truth(boxes=tuple(boxes))
        yield Item(f"{name} {label}", "boxes", places, label, label, truth)


def _places(row: Row, task: EvaluationTask, folder: Path) -> tuple[Place, ...]:
    current = _place(row, folder, "image", "")
    if task != "change":
        return (current,)
    return (_place(row, folder, "prior", "prior_"), current)


def _place(row: Row, folder: Path, key: str, prefix: str) -> Place:
    name = _text(row, key)
    if not name or "\0" in name:
        raise ValueError(_("{key} names no file or folder.").format(key=key))
    return Place(
        path=folder / name,
        name=name,
        series_uid=_text(row, f"{prefix}series"),
        sop_instance_uid=_text(row, f"{prefix}instance"),
        frame_number=_whole(row.get(f"{prefix}frame") or 1, least=1),
    )


def _truth(row: Row) -> Any:
    if "truth" not in row:
        raise ValueError(_("it has no truth."))
    return row["truth"]


def _box_truth(value: Any) -> Truth:
    return Truth(boxes=tuple(_box(entry) for entry in _list(value)))


def _change_truth(value: Any) -> Truth:
    word = str(value).strip().casefold()
    word = _SAME_CHANGE.get(word, word)
    if word not in CHANGES:
        raise ValueError(_("its truth is not improved, stable or worsened."))
    return Truth(word=word)


def _yes_no_truth(value: Any) -> Truth:
    word = str(value).strip().casefold()
    if word not in {"yes", "no"}:
        raise ValueError(_("its truth is not yes or no."))
    return Truth(word=word)


def _report_truth(value: Any) -> Truth:
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        raise ValueError(_("its truth is not a text."))
    return Truth(text=text)


def _slice_truth(value: Any) -> Truth:
    if isinstance(value, str) and value.strip().casefold() == NONE:
        return Truth()
    return Truth(slice_index=_whole(value, least=0))


_TRUTHS: Final[Mapping[EvaluationTask, Callable[[Any], Truth]]] = {
    "boxes": _box_truth,
    "change": _change_truth,
    "yesno": _yes_no_truth,
    "report": _report_truth,
    "volume": _slice_truth,
}
TASK_NAMES: Final = get_args(EvaluationTask)


def _box(entry: Any) -> FrameBox:
    edges = [entry.get(k) if isinstance(entry, dict) else None for k in FrameBox.__match_args__]
    if not all(_is_finite(edge) for edge in edges):
        raise ValueError(_("a box needs the numbers left, top, right and bottom."))
    box = FrameBox(*(float(edge) for edge in edges))  # type: ignore[arg-type]
    if box.left >= box.right or box.top >= box.bottom:
        raise ValueError(_("a box has its edges in the wrong order."))
    return box


def _list(value: Any) -> list[Any]:
    """A list, or the text of one, as CSV holds it."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, list):
        return found
    raise ValueError(_("its truth is no list of boxes."))


def _whole(value: Any, *, least: int) -> int:
    """A whole number, or the text of one."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(
            _("{value} is no number from {least} on.").format(value=value, least=least)
        )
    return value


def _is_finite(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and abs(value) < math.inf


def _text(row: Row, key: str) -> str:
    value = row.get(key, "")
    if value is None or isinstance(value, (str, int)):
        return "" if value is None else str(value).strip()
    raise ValueError(_("{key} is not a text.").format(key=key))


def _size(path: Path) -> int:
    """Length of a file in bytes, 0 for what is none: enough to see that it was exchanged."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0
