"""From answers to the figures of the published tables; every figure carries its count.

An answer that cannot be read is a wrong answer: it never leaves the count. Figures are shares from
0 to 1, None where nothing could be counted ("not measured"). docs/evaluation.md defines each.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final, Literal

from assistant.evaluation.dataset import CHANGES, EvaluationTask, Item
from assistant.evaluation.kept import Answer
from viewer.spaces import FrameBox
from viewer.words import N_

HIT_IOU: Final = 0.5
NEAR_SLICES: Final = 2
YES_NO: Final = ("yes", "no")

FigureId = Literal[
    "mean_iou", "iou_50", "found", "false", "false_per_image", "accuracy", "macro_accuracy",
    "macro_f1", "f1_yes", "sensitivity", "specificity", "token_f1", "same_text", "slice_near",
    "slice_found", "slice_false", "parse_rate", "seconds",
]  # fmt: skip

FIGURES: Final[Mapping[FigureId, str]] = {
    "mean_iou": N_("Mean IoU"),
    "iou_50": N_("IoU at least 0.5"),
    "found": N_("Found"),
    "false": N_("False on empty"),
    "false_per_image": N_("False boxes per image"),
    "accuracy": N_("Accuracy"),
    "macro_accuracy": N_("Macro accuracy"),
    "macro_f1": N_("Macro F1"),
    "f1_yes": N_("F1 of yes"),
    "sensitivity": N_("Sensitivity"),
    "specificity": N_("Specificity"),
    "token_f1": N_("Token F1"),
    "same_text": N_("Same text"),
    "slice_near": N_("Within 2 shown slices"),
    "slice_found": N_("Named a slice"),
    "slice_false": N_("Named one on empty"),
    "parse_rate": N_("Parse rate"),
    "seconds": N_("Seconds an item"),
}
"""Every figure with its words."""

IN_UNITS: Final[frozenset[FigureId]] = frozenset({"seconds", "false_per_image"})
"""Figures that are no shares."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value over ``count`` items; None where there was nothing to measure."""

    id: FigureId
    value: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one evaluation: over all items, and of each label.

    ``scores`` is how right each item was, 0 to 1, in the order of the items; ``confusion`` counts
    items by (true word, said word), "" for an answer that could not be read.
    """

    task: EvaluationTask
    overall: tuple[Figure, ...]
    labels: Mapping[str, tuple[Figure, ...]]
    scores: tuple[float, ...]
    confusion: Mapping[tuple[str, str], int]

    def value(self, id: FigureId, label: str = "") -> float | None:  # noqa: A002
        """A figure of a label, or over all; None where it was not measured."""
        figures = self.labels.get(label, ()) if label else self.overall
        return next((f.value for f in figures if f.id == id), None)


Pair = tuple[Item, Answer]


def measure(task: EvaluationTask, pairs: Sequence[Pair]) -> Measured:
    """All figures of a task over items with their answers."""
    by_label: dict[str, list[Pair]] = defaultdict(list)
    for item, answer in pairs:
        by_label[item.label].append((item, answer))
    figures = _FIGURES[task]
    common = (
        _share("parse_rate", (a.is_parsed for _i, a in pairs)),
        Figure("seconds", median(a.seconds for _i, a in pairs) if pairs else None, len(pairs)),
    )
    return Measured(
        task=task,
        overall=(*_overall(task, pairs, by_label), *common),
        labels={label: figures(own) for label, own in by_label.items()},
        scores=tuple(score(item, answer) for item, answer in pairs),
        confusion=Counter((i.truth.word, a.verdict) for i, a in pairs if i.truth.word),
    )


def score(item: Item, answer: Answer) -> float:
    """How right an answer is, from 0 to 1; one that could not be read is 0."""
    if not answer.is_parsed and item.task != "boxes":
        return 0.0
    if item.task == "boxes":
        return boxes_iou(item.truth.boxes, answer.boxes, is_parsed=answer.is_parsed)
    if item.task == "report":
        return token_f1(item.truth.text, answer.text)
    if item.task == "volume":
        return float(_is_near(item, answer))
    return float(answer.verdict == item.truth.word)


def iou(one: FrameBox, other: FrameBox) -> float:
    """Intersection over union of two boxes."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    both = max(width, 0.0) * max(height, 0.0)
    union = one.width * one.height + other.width * other.height - both
    return both / union if union > 0 else 0.0


def boxes_iou(truth: Sequence[FrameBox], said: Sequence[FrameBox], *, is_parsed: bool) -> float:
    """Sum of the IoU of boxes matched one to one, best first, over the larger number of boxes.

    With one box on either side it is their IoU. Nothing there and nothing said is 1, but only when
    the answer could be read.
    """
    if not truth and not said:
        return float(is_parsed)
    pairs = sorted(((iou(t, s), i, j) for i, t in enumerate(truth) for j, s in enumerate(said)))
    total, used_truth, used_said = 0.0, set(), set()
    for overlap, i, j in reversed(pairs):
        if i not in used_truth and j not in used_said:
            total += overlap
            used_truth.add(i)
            used_said.add(j)
    return total / max(len(truth), len(said))


def token_f1(truth: str, said: str) -> float:
    """Harmonic mean of precision and recall over words, each counted as often as it stands."""
    wanted, given = Counter(_words(truth)), Counter(_words(said))
    both = sum((wanted & given).values())
    if not both:
        return float(not wanted and not given)
    precision, recall = both / sum(given.values()), both / sum(wanted.values())
    return 2 * precision * recall / (precision + recall)


def macro_accuracy(pairs: Sequence[Pair], words: Sequence[str]) -> float | None:
    """Mean over the words that are true somewhere of the share of them that was said."""
    shares = []
    for word in words:
        own = [a.verdict == word for i, a in pairs if i.truth.word == word]
        if own:
            shares.append(fmean(own))
    return fmean(shares) if shares else None


def f1(pairs: Sequence[Pair], word: str) -> float | None:
    """F1 of one word; None when it is neither true nor said."""
    true = sum(i.truth.word == word for i, _a in pairs)
    said = sum(a.verdict == word for _i, a in pairs)
    both = sum(i.truth.word == word == a.verdict for i, a in pairs)
    return 2 * both / (true + said) if true + said else None


def _box_figures(pairs: Sequence[Pair]) -> tuple[Figure, ...]:
    there = [(i, a) for i, a in pairs if i.truth.boxes]
    empty = [a for i, a in pairs if not i.truth.boxes]
    overlaps = [score(i, a) for i, a in there]
    wrong = [sum(not _touches(b, i.truth.boxes) for b in a.boxes) for i, a in pairs]
    return (
        _mean("mean_iou", overlaps),
        _share("iou_50", (o >= HIT_IOU for o in overlaps)),
        _share("found", (any(_touches(b, i.truth.boxes) for b in a.boxes) for i, a in there)),
        _share("false", (bool(a.boxes) for a in empty)),
        _mean("false_per_image", wrong),
    )


def _change_figures(pairs: Sequence[Pair]) -> tuple[Figure, ...]:
    values = [value for word in CHANGES if (value := f1(pairs, word)) is not None]
    return (
        _share("accuracy", (i.truth.word == a.verdict for i, a in pairs)),
        Figure("macro_accuracy", macro_accuracy(pairs, CHANGES), len(pairs)),
        Figure("macro_f1", fmean(values) if values else None, len(pairs)),
    )


def _yes_no_figures(pairs: Sequence[Pair]) -> tuple[Figure, ...]:
    return (
        _share("accuracy", (i.truth.word == a.verdict for i, a in pairs)),
        Figure("f1_yes", f1(pairs, "yes"), len(pairs)),
        _share("sensitivity", (a.verdict == "yes" for i, a in pairs if i.truth.word == "yes")),
        _share("specificity", (a.verdict == "no" for i, a in pairs if i.truth.word == "no")),
    )


def _report_figures(pairs: Sequence[Pair]) -> tuple[Figure, ...]:
    same = (_words(i.truth.text) == _words(a.text) for i, a in pairs)
    return (_mean("token_f1", [score(i, a) for i, a in pairs]), _share("same_text", same))


def _volume_figures(pairs: Sequence[Pair]) -> tuple[Figure, ...]:
    there = [(i, a) for i, a in pairs if i.truth.slice_index is not None]
    empty = [a for i, a in pairs if i.truth.slice_index is None]
    return (
        _share("slice_near", (_is_near(i, a) for i, a in there)),
        _share("slice_found", (a.slice_index is not None for _i, a in there)),
        _share("slice_false", (a.slice_index is not None for a in empty)),
    )


_FIGURES: Final[Mapping[EvaluationTask, Callable[[Sequence[Pair]], tuple[Figure, ...]]]] = {
    "boxes": _box_figures,
    "change": _change_figures,
    "yesno": _yes_no_figures,
    "report": _report_figures,
    "volume": _volume_figures,
}


def _overall(
    task: EvaluationTask, pairs: Sequence[Pair], by_label: Mapping[str, Sequence[Pair]]
) -> tuple[Figure, ...]:
    """A task's figures over all items; macro figures are means over labels where that is so."""
    figures = _FIGURES[task](pairs)
    if task == "change":
        values = [macro_accuracy(own, CHANGES) for own in by_label.values()]
        return tuple(
            _over_labels("macro_accuracy", values) if f.id == "macro_accuracy" else f
            for f in figures
        )
    if task == "yesno":
        macro = _over_labels("macro_f1", [f1(own, "yes") for own in by_label.values()])
        both = Figure("macro_accuracy", macro_accuracy(pairs, YES_NO), len(pairs))
        return (*(f for f in figures if f.id != "f1_yes"), both, macro)
    return figures


def _over_labels(id: FigureId, values: Iterable[float | None]) -> Figure:  # noqa: A002
    known = [value for value in values if value is not None]
    return Figure(id, fmean(known) if known else None, len(known))


def _touches(box: FrameBox, others: Iterable[FrameBox]) -> bool:
    return any(iou(box, other) > 0 for other in others)


def _is_near(item: Item, answer: Answer) -> bool:
    """Whether the said slice is at most two shown slices from the true one, or rightly none."""
    if not answer.is_parsed or item.truth.slice_index is None or answer.slice_index is None:
        return answer.is_parsed and item.truth.slice_index == answer.slice_index
    shown, true = answer.positions, item.truth.slice_index
    nearest = min(range(len(shown)), key=lambda index: abs(shown[index] - true))
    return abs(shown.index(answer.slice_index) - nearest) <= NEAR_SLICES


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _share(id: FigureId, values: Iterable[bool]) -> Figure:  # noqa: A002
    return _mean(id, [float(value) for value in values])


def _mean(id: FigureId, values: Sequence[float]) -> Figure:  # noqa: A002
    return Figure(id, fmean(values) if values else None, len(values))
