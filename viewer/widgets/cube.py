"""The letter cube of a 3D tile: which side of the patient looks at the reader."""

from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from viewer.state import VolumeView
from viewer.widgets import ink
from viewer.words import _

SIZE_PX: Final = 44.0
_FACES: Final = (
    ("L", (1, 0, 0), (0, 1, 0), (0, 0, -1)),
    ("R", (-1, 0, 0), (0, -1, 0), (0, 0, -1)),
    ("P", (0, 1, 0), (-1, 0, 0), (0, 0, -1)),
    ("A", (0, -1, 0), (1, 0, 0), (0, 0, -1)),
    ("H", (0, 0, 1), (1, 0, 0), (0, 1, 0)),
    ("F", (0, 0, -1), (1, 0, 0), (0, -1, 0)),
)
"""Letter, outward direction, and the letter's own right and down, LPS."""
_DARK: Final = 78
_LIGHT: Final = 176


def paint_cube(painter: QPainter, view: VolumeView, middle: QPointF) -> None:
    """Draw the cube as the patient is turned now."""
    right, down = np.asarray(view.right), np.asarray(view.down)
    into = np.cross(right, down)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    seen = []
    for letter, normal, across, along in _FACES:
        facing = -float(np.dot(normal, into))
        if facing > 0.02:
            seen.append((facing, letter, normal, across, along))
    for facing, letter, normal, across, along in sorted(seen):
        flat = [
            QPointF(float(np.dot(v, right)), float(np.dot(v, down))) * (SIZE_PX / 2)
            for v in (np.asarray(normal), np.asarray(across), np.asarray(along))
        ]
        _paint_face(painter, letter, middle, flat, facing)


def _paint_face(
    painter: QPainter, letter: str, middle: QPointF, flat: list[QPointF], facing: float
) -> None:
    """A face with its letter; ``flat``: its middle, its right and its down on the screen."""
    centre, across, along = flat
    corners = [
        middle + centre - across - along,
        middle + centre + across - along,
        middle + centre + across + along,
        middle + centre - across + along,
    ]
    grey = int(_DARK + (_LIGHT - _DARK) * facing * 0.6)
    painter.setPen(QPen(ink.BLACK, 1.5))
    painter.setBrush(QColor(grey, grey, grey + 3, 235))
    painter.drawPolygon(QPolygonF(corners))
    half = SIZE_PX / 2
    painter.save()
    painter.setTransform(
        QTransform(
            across.x() / half,
            across.y() / half,
            along.x() / half,
            along.y() / half,
            (middle + centre).x(),
            (middle + centre).y(),
        ),
        combine=True,
    )
    path = QPainterPath()
    size = ink.metrics(ink.LETTER)
    word = _(letter)
    path.addText(
        QPointF(-size.horizontalAdvance(word) / 2, size.capHeight() / 2), ink.LETTER.font(), word
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink.WHITE)
    painter.drawPath(path)
    painter.restore()
