"""The other planes as lines on a plane: gap, ring, dots that turn, slab edges with bars."""

import math
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from viewer.spaces import ViewPoint
from viewer.tools.crosshair import Cut
from viewer.widgets import ink
from viewer.words import _

GAP_PX: Final = 12.0
RING_PX: Final = 5.0
DOT_PX: Final = 4.0
BAR_PX: Final = (16.0, 6.0)


def paint_cuts(
    painter: QPainter, cuts: tuple[Cut, ...], *, slab_text: str = "", is_led: bool = True
) -> None:
    """Draw the lines; ``slab_text`` is written in the tile that has the pointer (``is_led``)."""
    if not cuts:
        return
    for cut in cuts:
        color = ink.PLANES[cut.kind]
        _paint_line(painter, cut, color)
        if cut.half_slab_px > 0:
            _paint_slab(painter, cut, color)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ring = QPainterPath()
    ring.addEllipse(QPointF(*cuts[0].centre), RING_PX, RING_PX)
    ink.haloed_path(painter, ring, QPen(ink.TEXT, 1.5))
    for cut in cuts:
        _paint_dots(painter, cut, ink.PLANES[cut.kind])
        if is_led and cut.half_slab_px > 0 and slab_text:
            _paint_slab_text(painter, cut, slab_text)


def slab_text(thickness_mm: float) -> str:
    """What is written at the slab's edge."""
    return _("slab {thickness} mm").format(thickness=f"{thickness_mm:.0f}")


def _paint_line(painter: QPainter, cut: Cut, color: QColor) -> None:
    straight = min(abs(cut.along[0]), abs(cut.along[1])) < 1e-3
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not straight)
    for end in cut.ends:
        length = math.dist(end, cut.centre)
        if length <= GAP_PX:
            continue
        start = QPointF(
            cut.centre.x + (end.x - cut.centre.x) * GAP_PX / length,
            cut.centre.y + (end.y - cut.centre.y) * GAP_PX / length,
        )
        line = QLineF(start, QPointF(*end))
        painter.setPen(QPen(ink.LINE_HALO, 3.0))
        painter.drawLine(line)
        painter.setPen(QPen(color, 1.0))
        painter.drawLine(line)


def _paint_slab(painter: QPainter, cut: Cut, color: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    across = cut.across
    for side in (1.0, -1.0):
        x, y = across[0] * cut.half_slab_px * side, across[1] * cut.half_slab_px * side
        path = QPainterPath(QPointF(cut.ends[0].x + x, cut.ends[0].y + y))
        path.lineTo(QPointF(cut.ends[1].x + x, cut.ends[1].y + y))
        ink.haloed_path(painter, path, ink.pen(color, 1.0, (4.0, 4.0)))
    for bar in cut.bars:
        _paint_bar(painter, bar, cut, color)


def _paint_bar(painter: QPainter, place: ViewPoint, cut: Cut, color: QColor) -> None:
    painter.save()
    painter.translate(QPointF(*place))
    painter.rotate(math.degrees(math.atan2(cut.along[1], cut.along[0])))
    painter.setPen(QPen(ink.LINE_HALO, 1))
    painter.setBrush(color)
    painter.drawRoundedRect(QRectF(-BAR_PX[0] / 2, -BAR_PX[1] / 2, *BAR_PX), 2, 2)
    painter.restore()


def _paint_dots(painter: QPainter, cut: Cut, color: QColor) -> None:
    painter.setPen(QPen(ink.BLACK, 1.5))
    painter.setBrush(color)
    for dot in cut.dots:
        painter.drawEllipse(QPointF(*dot), DOT_PX, DOT_PX)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _paint_slab_text(painter: QPainter, cut: Cut, text: str) -> None:
    lowest = max(cut.bars, key=lambda bar: bar.y)
    at = QPointF(lowest.x + 14, lowest.y + 20)
    ink.halo_text(painter, at, text, face=ink.CORNER_BOLD, color=ink.PLANES[cut.kind])
