"""Whether answers turn with the phantoms: the figures that need both answers about one of them."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from assistant.evaluation.dataset import EvaluationTask, Item
from assistant.evaluation.kept import Answer, Kept
from assistant.evaluation.phantoms import TRUTH_NAME, read_phantoms
from assistant.evaluation.run import How, key_of
from assistant.tasks.compare import SWAPPED

MOVED_LABELS: Final = ("heart", "nodule", "effusion", "pneumothorax")
"""The lungs exchange their names in the mirror, so the same words ask for another one."""
NEAR: Final = 0.03
"""Of the picture's width: so far may a centre lie from the mirrored one."""

Shares = dict[str, dict[str, Any]]
"""Figures as ``second-read evaluate --json`` writes them."""
Asked = tuple[Path, Path]
"""A data set of phantoms, and the file that keeps its answers."""


def moved(plain: Asked, mirrored: Asked, model: dict[str, str]) -> dict[str, Shares]:
    """Where the boxes went, by label, of the findings that are there and got a box both times.

    ``moved``: how often the box's centre lies where the mirror puts the first;
    ``other_side``: how often it lies beyond the picture's middle.
    """
    near: dict[str, list[bool]] = {label: [] for label in MOVED_LABELS}
    beyond: dict[str, list[bool]] = {label: [] for label in MOVED_LABELS}
    for item, first, second in _both(plain, mirrored, "boxes", model):
        is_there = item.label in MOVED_LABELS and bool(item.truth.boxes)
        if not (is_there and first.boxes and second.boxes):
            continue
        columns = _columns(item)
        one, other = first.boxes[0].centre, second.boxes[0].centre
        off = math.hypot(columns - one.column - other.column, one.row - other.row)
        near[item.label].append(off <= NEAR * columns)
        beyond[item.label].append((one.column < columns / 2) != (other.column < columns / 2))
    return {
        label: {"moved": _share(near[label]), "other_side": _share(beyond[label])}
        for label in MOVED_LABELS
    }


def turned_round(plain: Asked, swapped: Asked, model: dict[str, str]) -> Shares:
    """``turned``: of the changes answered improved or worsened, how many became the other word."""
    turned = [
        second.verdict == SWAPPED[first.verdict]
        for _item, first, second in _both(plain, swapped, "change", model)
        if first.verdict in {"improved", "worsened"}
    ]
    return {"turned": _share(turned)}


def _both(
    plain: Asked, turned: Asked, task: EvaluationTask, model: dict[str, str]
) -> Iterator[tuple[Item, Answer, Answer]]:
    """The items of a turned data set, with the model's answers before and after the turn."""
    first, second = (dict(_answers(asked, task, model)) for asked in (plain, turned))
    for item in read_phantoms(turned[0], task).items:
        if item.id in first and item.id in second:
            yield item, first[item.id], second[item.id]


def _answers(
    asked: Asked, task: EvaluationTask, model: dict[str, str]
) -> Iterator[tuple[str, Answer]]:
    kept = Kept(asked[1])
    for item in read_phantoms(asked[0], task).items:
        answer = kept.find(key_of(item, How(), model))
        if answer is not None:
            yield item.id, answer


def _columns(item: Item) -> float:
    """The width of a mirrored phantom's X-ray, px."""
    told = json.loads((item.places[0].path.parent / TRUTH_NAME).read_text())
    return float(told["columns"])


def _share(values: list[bool]) -> dict[str, Any]:
    value = sum(values) / len(values) if values else None
    return {"value": value, "count": len(values)}
