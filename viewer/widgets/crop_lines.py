"""The crop box of a 3D tile: its edges, and a handle on each face that can be dragged."""

from typing import Final

from PySide6.QtCore import QLineF, QPointF
from PySide6.QtGui import QPainter, QPen

from viewer.tools.crop_box import Box
from viewer.widgets import ink

HANDLE_PX: Final = 6.0


def paint_box(painter: QPainter, box: Box) -> None:
    """Draw the box over the picture."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    lines = [QLineF(QPointF(*first), QPointF(*last)) for first, last in box.edges]
    for pen in (QPen(ink.LINE_HALO, 3.0), QPen(ink.ACCENT, 1.0)):
        painter.setPen(pen)
        painter.drawLines(lines)
    painter.setPen(QPen(ink.BLACK, 1.5))
    painter.setBrush(ink.ACCENT)
    for handle in box.handles:
        painter.drawEllipse(QPointF(*handle.at), HANDLE_PX, HANDLE_PX)
