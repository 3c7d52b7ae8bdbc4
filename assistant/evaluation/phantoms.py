"""Folders that packaging/make_phantom.py writes, as a data set: truth.json says what is drawn.

The words of the questions and of the short report stand here once; the demo model learns them from
here, so that what is taught and what is measured cannot differ.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from assistant.evaluation.dataset import (
    DataSet,
    EvaluationTask,
    Item,
    Place,
    Truth,
)
from assistant.tasks.volume import which_slice
from viewer.errors import UserError
from viewer.spaces import FrameBox
from viewer.words import _

TRUTH_NAME: Final = "truth.json"
NAMES: Final[Mapping[str, str]] = {
    "right lung": "right lung",
    "left lung": "left lung",
    "heart": "heart",
    "nodule": "nodule",
    "effusion": "pleural effusion",
    "pneumothorax": "pneumothorax",
}
"""Labels of truth.json and the words that ask for them."""

FINDINGS: Final = ("nodule", "effusion", "pneumothorax")
IS_THERE: Final = "Is there a {name}?"
LARGE_HEART: Final = 0.5
"""Share of the chest's width from which a heart is called enlarged on a frontal X-ray."""


def is_phantom(path: Path) -> bool:
    """Whether a folder, or one right below it, holds a truth.json."""
    return any(True for _folder in _folders(path))


def read_phantoms(path: Path, task: EvaluationTask) -> DataSet:
    """All questions of a task about the phantoms of a folder; UserError for a truth that is none.

    A folder that holds no truth.json gives a data set without items.
    """
    items = [item for folder in _folders(path) for item in _items(folder, path, task)]
    return DataSet(path.name or str(path), task, tuple(items))


def question_whether(label: str) -> str:
    """The yes/no question for a finding."""
    return IS_THERE.format(name=NAMES[label])


def report_of(boxes: Mapping[str, FrameBox]) -> str:
    """The short report of a frontal X-ray by its boxes; without both lungs no side can be told."""
    right, left = boxes["right lung"], boxes["left lung"]
    edges = [right.left, right.right, left.left, left.right]
    middle, width = (min(edges) + max(edges)) / 2, max(edges) - min(edges)

    def side(name: str) -> str:
        return "right" if boxes[name].centre.column < middle else "left"

    lines = []
    for part, label in (("Lungs", "nodule"), ("Pleura", "effusion"), ("Air", "pneumothorax")):
        said = f"{label} on the {side(label)}" if label in boxes else f"no {label}"
        lines.append(f"{part}: {said}.")
    is_large = boxes["heart"].width > LARGE_HEART * width
    lines.append("Heart: enlarged." if is_large else "Heart: not enlarged.")
    return "\n".join(lines)


def _folders(path: Path) -> Iterator[Path]:
    if (path / TRUTH_NAME).is_file():
        yield path
    elif path.is_dir():
        yield from sorted(p for p in path.iterdir() if (p / TRUTH_NAME).is_file())


def _items(folder: Path, root: Path, task: EvaluationTask) -> Iterator[Item]:
    try:
        told = json.loads((folder / TRUTH_NAME).read_text(encoding="utf-8"))
        yield from _MAKERS[task](_Told(folder, root, told))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        sentence = _("{path} does not say what is drawn.")
        details = f"{type(error).__name__}: {error}"
        raise UserError(sentence.format(path=folder / TRUTH_NAME), details) from None


class _Told:
    """One truth.json; every lookup raises KeyError or TypeError where it is not as expected."""

    def __init__(self, folder: Path, root: Path, told: dict[str, Any]) -> None:
        self.name = folder.name
        self.told = told
        self._folder, self._root = folder, root

    def frontals(self) -> Iterator[tuple[str, str]]:
        """Role and SOP instance UID of each frontal X-ray, the prior last."""
        for series in self.told["series"].values():
            if series["modality"] == "DX" and series["view"] == "PA":
                yield str(series["role"]), str(series["instances"][0])

    def place(self, uid: str) -> Place:
        """Where an image is."""
        series = next(s for s in self.told["series"].values() if uid in s["instances"])
        path = self._folder / Path(str(series["folder"])).name
        return Place(path, path.relative_to(self._root).as_posix(), sop_instance_uid=uid)

    def boxes(self, uid: str) -> Mapping[str, list[FrameBox]]:
        """The boxes of an image by label."""
        found: dict[str, list[FrameBox]] = {}
        for box in self.told["boxes"][uid]:
            edges = (float(box[key]) for key in FrameBox.__match_args__)
            found.setdefault(str(box["label"]), []).append(FrameBox(*edges))
        return found


def _box_items(told: _Told) -> Iterator[Item]:
    for role, uid in told.frontals():
        boxes = told.boxes(uid)
        for label, words in NAMES.items():
            truth = Truth(boxes=tuple(boxes.get(label, ())))
            name = f"{told.name} {role} {label}"
            yield Item(name, "boxes", (told.place(uid),), words, label, truth)


def _yes_no_items(told: _Told) -> Iterator[Item]:
    for role, uid in told.frontals():
        boxes = told.boxes(uid)
        for label in FINDINGS:
            truth = Truth(word="yes" if label in boxes else "no")
            words, name = question_whether(label), f"{told.name} {role} {label}"
            yield Item(name, "yesno", (told.place(uid),), words, label, truth)


def _change_items(told: _Told) -> Iterator[Item]:
    frontals = dict(told.frontals())
    if {"prior", "current"} - set(frontals):
        return
    places = (told.place(frontals["prior"]), told.place(frontals["current"]))
    for label, word in told.told["changes"].items():
        if label in NAMES:
            truth = Truth(word=str(word))
            yield Item(f"{told.name} {label}", "change", places, NAMES[label], label, truth)


def _report_items(told: _Told) -> Iterator[Item]:
    for role, uid in told.frontals():
        first = {label: boxes[0] for label, boxes in told.boxes(uid).items()}
        truth = Truth(text=report_of(first))
        yield Item(f"{told.name} {role}", "report", (told.place(uid),), "", "report", truth)


def _volume_items(told: _Told) -> Iterator[Item]:
    for series in told.told["series"].values():
        if series["modality"] != "CT":
            continue
        place = told.place(str(series["instances"][0]))
        whole = Place(place.path, place.name)
        shown = told.told["slices"].get("nodule")
        truth = Truth(slice_index=None if shown is None else int(shown["largest"]))
        words = which_slice("nodule")
        yield Item(f"{told.name} nodule", "volume", (whole,), words, "nodule", truth)


_MAKERS: Final = {
    "boxes": _box_items,
    "change": _change_items,
    "yesno": _yes_no_items,
    "report": _report_items,
    "volume": _volume_items,
}
