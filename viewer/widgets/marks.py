"""Measurements and findings on the image: who says it is visible without colour.

A person's marks are solid yellow. A model's are cyan, dashed, with cut corners and a pill that
says AI; confirmed ones are solid with a tick, rejected ones grey and dotted.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from viewer.annotations import Annotation
from viewer.spaces import ViewPoint
from viewer.tools.labels import Label, Rect, labelled, place_label
from viewer.tools.marks import handles, outline
from viewer.tools.transform import Transform
from viewer.widgets import ink
from viewer.words import _

CUT_PX: Final = 8.0
SMALL_PX: Final = 6.0
RING_PX: Final = 7.0
_CLEAR_PX: Final = 14.0
TICK_PX: Final = 12.0
HANDLE_PX: Final = 6.0
OFF_LINE_PX: Final = 10.0
DASH: Final = (6.0, 4.0)
DOTS: Final = (1.5, 4.0)
LEADER: Final = (2.0, 3.0)


@dataclass(frozen=True, slots=True)
class MarkLook:
    """What is needed beside the marks themselves: numbers, texts, selection, hover."""

    selected: str = ""
    hovered: str = ""
    numbers: Mapping[str, int] | None = None
    texts: Mapping[str, str] | None = None
    several_models: bool = False


def paint_marks(
    painter: QPainter,
    marks: tuple[Annotation, ...],
    transform: Transform,
    *,
    look: MarkLook,
    tile: Rect,
    taken: list[Rect],
) -> None:
    """Draw all marks of an image, then their labels; ``taken`` are the places of texts."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for mark in marks:
        _paint_shape(painter, mark, transform, look, tile)
    taken = list(taken)
    findings, more = labelled(marks, look.selected)
    for mark in findings:
        taken.append(_paint_finding_label(painter, mark, transform, look, tile, taken))
    if more:
        _paint_more(painter, more, tile, taken)
    for mark in marks:
        if not mark.by_model:
            taken.append(_paint_value(painter, mark, transform, look, tile, taken))


def view_box(mark: Annotation, transform: Transform) -> Rect:
    """The upright rectangle round a mark as it is seen, view px."""
    seen = [transform.to_view(point) for point in outline(mark)]
    return (
        min(p.x for p in seen),
        min(p.y for p in seen),
        max(p.x for p in seen),
        max(p.y for p in seen),
    )


def cut_outline(places: list[ViewPoint], cut: float = CUT_PX) -> QPainterPath:
    """A closed outline through places (the last is the first again), its corners cut off."""
    corners = places[:-1]
    path = QPainterPath()
    for index, corner in enumerate(corners):
        before, after = corners[index - 1], corners[(index + 1) % len(corners)]
        first, second = _towards(corner, before, cut), _towards(corner, after, cut)
        if index == 0:
            path.moveTo(first)
        else:
            path.lineTo(first)
        path.lineTo(second)
    path.closeSubpath()
    return path


def finding_pen(mark: Annotation, *, is_selected: bool) -> QPen:
    """The line of a finding, by its status."""
    width = ink.SELECTED_PX if is_selected else ink.LINE_PX
    if mark.status == "rejected":
        return ink.pen(ink.REJECTED, width, DOTS)
    return ink.pen(ink.AI, width, () if mark.status == "confirmed" else DASH)


def _paint_shape(
    painter: QPainter, mark: Annotation, transform: Transform, look: MarkLook, tile: Rect
) -> None:
    is_selected = mark.id == look.selected
    if mark.by_model:
        _paint_finding(painter, mark, transform, tile, is_selected=is_selected)
    else:
        width = ink.SELECTED_PX if is_selected or mark.id == look.hovered else ink.LINE_PX
        path = _own_path(mark, transform)
        ink.haloed_path(painter, path, ink.pen(ink.OWN, width))
    if is_selected:
        _paint_handles(painter, mark, transform)


def _paint_finding(
    painter: QPainter, mark: Annotation, transform: Transform, tile: Rect, *, is_selected: bool
) -> None:
    left, top, right, bottom = view_box(mark, transform)
    line = finding_pen(mark, is_selected=is_selected)
    if max(right - left, bottom - top) < SMALL_PX:
        path = QPainterPath()
        path.addEllipse(QPointF((left + right) / 2, (top + bottom) / 2), RING_PX, RING_PX)
        ink.haloed_path(painter, path, line)
        return
    seen = [transform.to_view(point) for point in outline(mark)]
    if left < tile[0] and top < tile[1] and right > tile[2] and bottom > tile[3]:
        # Deep inside a box no edge would be seen: its frame stays at the tile's own edge.
        seen = _rect_places((tile[0] + 5, tile[1] + 5, tile[2] - 5, tile[3] - 5))
    ink.haloed_path(painter, cut_outline(seen), line)


def _own_path(mark: Annotation, transform: Transform) -> QPainterPath:
    seen = [transform.to_view(point) for point in outline(mark)]
    path = QPainterPath(QPointF(*seen[0]))
    for place in seen[1:]:
        path.lineTo(QPointF(*place))
    if mark.kind == "length":
        _add_tick(path, seen[0], seen[1])
        _add_tick(path, seen[1], seen[0])
    if mark.kind == "angle" and len(seen) == 3:
        _add_arc(path, seen)
    return path


def _add_tick(path: QPainterPath, end: ViewPoint, other: ViewPoint) -> None:
    length = math.dist(end, other)
    if length < 1:
        return
    x, y = (other.y - end.y) / length * TICK_PX / 2, (end.x - other.x) / length * TICK_PX / 2
    path.moveTo(end.x - x, end.y - y)
    path.lineTo(end.x + x, end.y + y)


def _add_arc(path: QPainterPath, seen: list[ViewPoint]) -> None:
    vertex = seen[1]
    radius = min(24.0, math.dist(vertex, seen[0]) / 2, math.dist(vertex, seen[2]) / 2)
    if radius < 4:
        return
    first = math.degrees(math.atan2(vertex.y - seen[0].y, seen[0].x - vertex.x))
    last = math.degrees(math.atan2(vertex.y - seen[2].y, seen[2].x - vertex.x))
    sweep = math.remainder(last - first, 360.0)
    place = QRectF(vertex.x - radius, vertex.y - radius, 2 * radius, 2 * radius)
    path.arcMoveTo(place, first)
    path.arcTo(place, first, sweep)


def _paint_handles(painter: QPainter, mark: Annotation, transform: Transform) -> None:
    painter.setPen(QPen(ink.BLACK, 1))
    painter.setBrush(ink.WHITE)
    for point in handles(mark):
        x, y = transform.to_view(point)
        half = HANDLE_PX / 2
        painter.drawRect(QRectF(x - half, y - half, HANDLE_PX, HANDLE_PX))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def label_parts(mark: Annotation, look: MarkLook) -> tuple[tuple[str, QColor, ink.Face], ...]:
    """What the pill of a finding says: AI, its number, its label, who confirmed it."""
    number = (look.numbers or {}).get(mark.id)
    tag = f"AI {number}" if number else "AI"
    if mark.status == "rejected":
        words = " ".join(part for part in (mark.label, _("rejected")) if part)
        return ((tag, ink.SECOND, ink.CORNER_BOLD), (words, ink.SECOND, ink.CORNER))
    parts = [(tag, ink.AI, ink.CORNER_BOLD)]
    if mark.label:
        parts.append((_short(mark.label), ink.TEXT, ink.CORNER))
    if look.several_models and mark.model_name:
        parts.append((_short(mark.model_name), ink.SECOND, ink.CORNER))
    if mark.status == "confirmed":
        who = mark.confirmed_by or _("you")
        changed = f", {_('changed')}" if mark.changed else ""
        parts.append((f"✓ {_short(who)}{changed}", ink.SECOND, ink.CORNER))
    return tuple(parts)


def _paint_finding_label(
    painter: QPainter,
    mark: Annotation,
    transform: Transform,
    look: MarkLook,
    tile: Rect,
    taken: list[Rect],
) -> Rect:
    parts = label_parts(mark, look)
    seen = view_box(mark, transform)
    box = _inside(seen, tile)
    is_small = max(seen[2] - seen[0], seen[3] - seen[1]) < SMALL_PX
    if is_small:
        box = (box[0] - _CLEAR_PX, box[1] - _CLEAR_PX, box[2] + _CLEAR_PX, box[3] + _CLEAR_PX)
    label = place_label(box, (ink.pill_width(parts), ink.PILL_HEIGHT), tile, taken)
    if is_small and label.leader_to is None:
        label = Label(label.rect, _ring_edge(label.rect, seen))
    _paint_leader(painter, label, finding_pen(mark, is_selected=False).color())
    left, top, right, bottom = label.rect
    ink.pill(painter, QRectF(round(left), round(top), right - left, bottom - top), parts)
    return label.rect


def _ring_edge(label: Rect, seen: Rect) -> ViewPoint:
    """The place of a small mark's ring that its label's leader goes to."""
    x, y = (seen[0] + seen[2]) / 2, (seen[1] + seen[3]) / 2
    to_x, to_y = min(max(x, label[0]), label[2]) - x, min(max(y, label[1]), label[3]) - y
    length = math.hypot(to_x, to_y) or 1.0
    return ViewPoint(x + to_x / length * RING_PX, y + to_y / length * RING_PX)


def _paint_value(
    painter: QPainter,
    mark: Annotation,
    transform: Transform,
    look: MarkLook,
    tile: Rect,
    taken: list[Rect],
) -> Rect:
    lines = (look.texts or {}).get(mark.id, "").split("\n")
    lines = [line for line in lines if line]
    if not lines:
        return (0.0, 0.0, 0.0, 0.0)
    width = max(ink.width_of(line, ink.CORNER_BOLD) for line in lines)
    height = 16.0 * len(lines)
    box = _inside(_value_box(mark, transform, width), tile)
    gap = OFF_LINE_PX - 4
    grown = (box[0], box[1] - gap, box[2], box[3] + gap)
    below = mark.kind == "angle" and _opens_upwards(mark, transform)
    label = place_label(grown, (width, height), tile, taken, below_first=below)
    _paint_leader(painter, label, ink.OWN)
    for row, line in enumerate(lines):
        at = QPointF(label.rect[0], label.rect[1] + 12 + 16 * row)
        ink.halo_text(painter, at, line, face=ink.CORNER_BOLD, color=ink.OWN)
    return label.rect


def _value_box(mark: Annotation, transform: Transform, width: float) -> Rect:
    """What the text of a measurement stands beside: the middle of a line, the whole of a shape."""
    if mark.kind not in {"length", "angle"}:
        return view_box(mark, transform)
    seen = [transform.to_view(point) for point in mark.points]
    if mark.kind == "angle" and len(seen) > 1:
        x, y = seen[1]
        return x - width / 2, y - 2, x + width / 2, y + 2
    x, y = (seen[0].x + seen[1].x) / 2, (seen[0].y + seen[1].y) / 2
    # The text's own width of a slanting line is what it must keep clear of.
    run = abs(seen[1].x - seen[0].x) or 1.0
    rise = abs(seen[1].y - seen[0].y)
    half = min(rise / run * width / 2, rise / 2) if rise < run * 3 else 0.0
    if rise >= run * 3:
        return x + OFF_LINE_PX, y - 12, x + OFF_LINE_PX + width, y - 12
    return x - width / 2, y - half, x + width / 2, y + half


def _opens_upwards(mark: Annotation, transform: Transform) -> bool:
    """Whether the legs of an angle rise from its vertex: the text then goes below it."""
    seen = [transform.to_view(point) for point in mark.points]
    return len(seen) == 3 and seen[0].y + seen[2].y < 2 * seen[1].y


def _paint_leader(painter: QPainter, label: Label, color: QColor) -> None:
    if label.leader_to is None:
        return
    left, top, right, bottom = label.rect
    x = min(max(label.leader_to.x, left), right)
    y = min(max(label.leader_to.y, top), bottom)
    path = QPainterPath(QPointF(x, y))
    path.lineTo(QPointF(*label.leader_to))
    ink.haloed_path(painter, path, ink.pen(color, 1.0, LEADER))


def _paint_more(painter: QPainter, count: int, tile: Rect, taken: list[Rect]) -> None:
    text = _("+ {count} more AI marks").format(count=count)
    parts = ((text, ink.TEXT, ink.CORNER),)
    width = ink.pill_width(parts)
    corner = (tile[2] - 70 - width, tile[3] - 110, tile[2] - 70, tile[3] - 90)
    label = place_label(corner, (width, ink.PILL_HEIGHT), tile, taken)
    left, top, right, bottom = label.rect
    ink.pill(painter, QRectF(left, top, right - left, bottom - top), parts)


def _inside(box: Rect, tile: Rect) -> Rect:
    """The part of a box that can be seen; a place at the edge for one outside the tile."""
    left = min(max(box[0], tile[0]), tile[2] - 1)
    top = min(max(box[1], tile[1]), tile[3] - 1)
    return left, top, max(min(box[2], tile[2]), left), max(min(box[3], tile[3]), top)


def _towards(corner: ViewPoint, other: ViewPoint, cut: float) -> QPointF:
    """A place on the side that leads to another corner; a third of the side at most."""
    length = math.dist(corner, other) or 1.0
    part = min(cut, length / 3) / length
    return QPointF(corner.x + (other.x - corner.x) * part, corner.y + (other.y - corner.y) * part)


def _rect_places(rect: Rect) -> list[ViewPoint]:
    left, top, right, bottom = rect
    return [
        ViewPoint(left, top),
        ViewPoint(right, top),
        ViewPoint(right, bottom),
        ViewPoint(left, bottom),
        ViewPoint(left, top),
    ]


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
