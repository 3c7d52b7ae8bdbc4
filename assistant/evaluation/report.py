"""An evaluation as one HTML page: figures, published ones beside, best and worst with pictures.

The page needs no other file, runs no script and loads nothing: its policy says so to the browser,
and every text in it, whoever wrote it, is escaped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from assistant.evaluation.dataset import EvaluationTask, Item
from assistant.evaluation.kept import Answer
from assistant.evaluation.measures import FIGURES, IN_UNITS, Figure, Measured
from assistant.evaluation.pictures import PictureView
from assistant.evaluation.published import MODELS, NOTE, PUBLISHED, Published
from viewer.spaces import FrameBox
from viewer.words import N_, _

RESEARCH: Final = N_(
    "For research and teaching only. Not a medical device, not for diagnosis or treatment. These "
    "figures hold for these images and this model file alone and say nothing about care."
)
PICTURES: Final = N_(
    "This page holds pictures of the data set. Pass it on only as you may pass those."
)
NOT_MEASURED: Final = N_("not measured")
TRUE_COLOUR: Final = "#35c48b"
SAID_COLOUR: Final = "#f5a623"
SHOWN: Final = 6
"""How many of the best and of the worst items are shown."""

_ANSWER_CHARS: Final = 600
_STYLE: Final = """
body{background:#14171a;color:#d8dde2;font:15px/1.5 "DejaVu Sans",system-ui,sans-serif;
max-width:1080px;margin:2em auto;padding:0 1.5em}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.3em .9em .3em 0;text-align:right;border-bottom:1px solid #2b3137;vertical-align:top}
th:first-child,td:first-child{text-align:left}th{font-weight:600;color:#9aa5b0}
.notice{border-left:3px solid #f5a623;padding:.4em .9em;background:#1d2125}
.none{color:#7d8893}small{color:#9aa5b0}
.items{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:1.2em}
figure{margin:0;background:#1d2125;padding:.7em;border-radius:6px;overflow-wrap:anywhere}
svg{width:100%;height:auto;background:#000;display:block;margin-bottom:.3em}
pre{white-space:pre-wrap;margin:.3em 0;font-size:.85em}
"""
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Shown:
    """An item in the page, with what could be drawn of it."""

    item: Item
    answer: Answer
    score: float
    pictures: tuple[PictureView, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that is known at the end of an evaluation; ``refused`` are items with their reasons."""

    data_set: str
    task: EvaluationTask
    model: str
    facts: tuple[tuple[str, str], ...]
    measured: Measured
    refused: tuple[tuple[str, str], ...] = ()


def card(evaluation: Evaluation) -> str:
    """One line about a model on a data set, for a card beside its answers."""
    measured = evaluation.measured
    count = len(measured.scores)
    main = measured.overall[0] if measured.overall else None
    value = _value(main) if main is not None else _(NOT_MEASURED)
    name = _(FIGURES[main.id]) if main is not None else ""
    text = _("On {data_set}, n = {count}: {name} {value}")
    line = text.format(data_set=evaluation.data_set, count=count, name=name, value=value)
    false = next((f for f in measured.overall if f.id == "false_per_image"), None)
    if false is not None and false.value is not None:
        line += ", " + _("false boxes per image {value}").format(value=_value(false))
    return line


def best_and_worst(
    pairs: Sequence[tuple[Item, Answer]], scores: Sequence[float]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Indices of the worst and of the best items, no item in both; the first among equals."""
    order = sorted(range(len(pairs)), key=lambda index: scores[index])
    worst = order[: min(SHOWN, -(-len(order) // 2))]
    rest = [index for index in order if index not in worst and _tells(pairs[index])]
    best = sorted(rest, key=lambda index: -scores[index])[:SHOWN]
    return tuple(worst), tuple(best)


def to_html(evaluation: Evaluation, *, worst: Sequence[Shown], best: Sequence[Shown]) -> str:
    """The page."""
    title = _("Evaluation: {task} on {data_set}")
    heading = title.format(task=evaluation.task, data_set=evaluation.data_set)
    body = [
        f"<h1>{escape(heading)}</h1>",
        f'<p class="notice">{escape(_(RESEARCH))}</p>',
        f"<p>{escape(card(evaluation))}</p>",
        _table((_("Run"), ""), ((key, value) for key, value in evaluation.facts)),
        *_figures(evaluation.measured),
        *_confusion(evaluation.measured),
        *_published(evaluation),
        *_refused(evaluation.refused),
        *_items(_("Worst"), worst),
        *_items(_("Best"), best),
    ]
    if worst or best:
        body.append(f"<p><small>{escape(_(PICTURES))}</small></p>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        f"<title>{escape(heading)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """The same as plain values; a figure that was not measured is null."""
    measured = evaluation.measured
    return {
        "data_set": evaluation.data_set,
        "task": evaluation.task,
        "model": evaluation.model,
        "run": dict(evaluation.facts),
        "items": len(measured.scores) + len(evaluation.refused),
        "answered": len(measured.scores),
        "measures": _plain(measured.overall),
        "labels": {label: _plain(figures) for label, figures in measured.labels.items()},
        "confusion": [
            {"true": true, "said": said, "count": count}
            for (true, said), count in sorted(measured.confusion.items())
        ],
        "card": card(evaluation),
        "refused": [{"item": item, "reason": reason} for item, reason in evaluation.refused],
    }


def _plain(figures: Iterable[Figure]) -> dict[str, dict[str, Any]]:
    return {
        f.id: {"value": None if f.value is None else round(f.value, 6), "count": f.count}
        for f in figures
    }


def _tells(pair: tuple[Item, Answer]) -> bool:
    """Whether an item has something to show: an empty answer to an absent thing has not."""
    item, answer = pair
    return item.task != "boxes" or bool(item.truth.boxes or answer.boxes)


def _value(figure: Figure) -> str:
    if figure.value is None:
        return _(NOT_MEASURED)
    if figure.id in IN_UNITS:
        return f"{figure.value:.2f}"
    return f"{100 * figure.value:.1f} %"


def _figures(measured: Measured) -> Iterator[str]:
    yield f"<h2>{escape(_('Figures'))}</h2>"
    rows = [(_(FIGURES[f.id]), _value(f), str(f.count)) for f in measured.overall]
    yield _table((_("Over all items"), _("Value"), _("Count")), rows)
    if len(measured.labels) > 1:
        first = next(iter(measured.labels.values()))
        head = (_("Label"), *(_(FIGURES[f.id]) for f in first))
        rows_of = (
            (label, *(f"{_value(f)} ({f.count})" for f in own))
            for label, own in measured.labels.items()
        )
        yield f"<h2>{escape(_('By label'))}</h2>"
        yield _table(head, rows_of)


def _confusion(measured: Measured) -> Iterator[str]:
    if not measured.confusion:
        return
    true = sorted({true for true, _said in measured.confusion})
    said = sorted({said for _true, said in measured.confusion} | set(true) - {""})
    head = (_("True, and said →"), *(word or _("not readable") for word in said))
    rows = ((word, *(str(measured.confusion.get((word, s), 0)) for s in said)) for word in true)
    yield f"<h2>{escape(_('What was said for what is so'))}</h2>"
    yield _table(head, rows)


def _published(evaluation: Evaluation) -> Iterator[str]:
    yield f"<h2>{escape(_('Published figures'))}</h2>"
    head = (_("Data set"), _("Measure"), *MODELS, _("Here"))
    rows = (
        (row.data_set, _(row.measure), *map(_said, row.percent), _here(row, evaluation.measured))
        for row in PUBLISHED[evaluation.task]
    )
    yield _table(head, rows)
    yield f"<p><small>{escape(_(NOTE))}</small></p>"


def _here(row: Published, measured: Measured) -> str:
    value = measured.value(row.figure) if row.figure is not None else None
    return _(NOT_MEASURED) if value is None else f"{100 * value:.1f}"


def _said(percent: float | None) -> str:
    """A published figure; a dash where none was published."""
    return "–" if percent is None else f"{percent:.1f}"


def _refused(refused: Sequence[tuple[str, str]]) -> Iterator[str]:
    if refused:
        yield f"<h2>{escape(_('Not asked'))}</h2>"
        yield _table((_("Item"), _("Reason")), refused)


def _items(title: str, shown: Sequence[Shown]) -> Iterator[str]:
    if not shown:
        return
    yield f"<h2>{escape(title)}</h2>"
    if shown[0].item.task == "boxes":
        legend = (
            f'<span style="color:{TRUE_COLOUR}">{escape(_("true"))}</span>, '
            f'<span style="color:{SAID_COLOUR}">{escape(_("said by the model"))}</span>'
        )
        yield f"<p><small>{legend}</small></p>"
    yield '<div class="items">' + "\n".join(map(_item, shown)) + "</div>"


def _item(shown: Shown) -> str:
    item, answer = shown.item, shown.answer
    lines = [_svg(view) + f"<small>{escape(view.caption)}</small>" for view in shown.pictures]
    score = _("score {value}").format(value=f"{shown.score:.2f}")
    question = item.question or _("(describe)")
    lines.append(f"<div><b>{escape(item.id)}</b> <small>{escape(score)}</small></div>")
    lines.append(f"<div><small>{escape(question)}</small></div>")
    if truth := _truth(item):
        lines.append(f"<div><small>{escape(_('true: {truth}').format(truth=truth))}</small></div>")
    text = answer.text if len(answer.text) <= _ANSWER_CHARS else answer.text[:_ANSWER_CHARS] + "…"
    lines.append(f"<pre>{escape(text)}</pre>")
    return "<figure>" + "\n".join(lines) + "</figure>"


def _truth(item: Item) -> str:
    if item.task == "boxes":
        return "" if item.truth.boxes else _("not in this image")
    if item.task == "volume":
        index = item.truth.slice_index
        return _("none") if index is None else _("slice {index}").format(index=index)
    return item.truth.word or item.truth.text


def _svg(view: PictureView) -> str:
    """A picture with its boxes; rows are stretched where pixels are not square."""
    height = view.height * view.aspect
    line = max(view.width, view.height) / 160
    boxes = [_rectangle(b, view.aspect, line, TRUE_COLOUR, dashed=False) for b in view.true]
    boxes += [_rectangle(b, view.aspect, line, SAID_COLOUR, dashed=True) for b in view.said]
    return (
        f'<svg viewBox="0 0 {view.width} {height:.1f}" role="img">'
        f'<image href="{escape(view.uri)}" width="{view.width}" height="{height:.1f}" '
        f'preserveAspectRatio="none"/>{"".join(boxes)}</svg>'
    )


def _rectangle(box: FrameBox, aspect: float, line: float, colour: str, *, dashed: bool) -> str:
    dashes = f' stroke-dasharray="{2 * line:.1f}"' if dashed else ""
    return (
        f'<rect x="{box.left:.1f}" y="{box.top * aspect:.1f}" width="{box.width:.1f}" '
        f'height="{box.height * aspect:.1f}" fill="none" stroke="{colour}" '
        f'stroke-width="{line:.1f}"{dashes}/>'
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows]
    return "<table>" + "\n".join(lines) + "</table>"


def _cell(text: str) -> str:
    mark = ' class="none"' if text.startswith(_(NOT_MEASURED)) else ""
    return f"<td{mark}>{escape(text)}</td>"
