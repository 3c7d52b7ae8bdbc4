"""Pointer shapes: what the left button would do here, white with a black edge."""

from functools import lru_cache
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QCursor, QPainter, QPainterPath, QPen, QPixmap

from viewer.tools.bindings import Action, action_of
from viewer.widgets import ink
from viewer.widgets.scene import Scene

SIZE_PX: Final = 24
_RATIO: Final = 2.0


def cursor_of(scene: Scene, held: Action | None, *, is_inside: bool) -> QCursor:
    """The shape for what a button does, or would do; an arrow beside the picture."""
    if scene.message_kind == "busy":
        return QCursor(Qt.CursorShape.BusyCursor)
    if held == "pan":
        return QCursor(Qt.CursorShape.ClosedHandCursor)
    if not is_inside and held is None:
        return QCursor(Qt.CursorShape.ArrowCursor)
    in_volume = scene.tile.kind == "volume"
    action: Action = held or action_of("left", "", scene.state.nav.tool, in_volume=in_volume)
    if action == "pan":
        return QCursor(Qt.CursorShape.OpenHandCursor)
    if action == "rotate":
        return QCursor(Qt.CursorShape.SizeAllCursor)
    return _drawn(action if action in _PATHS else "measure")


@lru_cache(maxsize=16)
def _drawn(name: str) -> QCursor:
    picture = QPixmap(int(SIZE_PX * _RATIO), int(SIZE_PX * _RATIO))
    picture.setDevicePixelRatio(_RATIO)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    lines, filled = _PATHS[name]()
    painter.strokePath(lines, QPen(ink.BLACK, 3.5, c=Qt.PenCapStyle.RoundCap))
    painter.strokePath(lines, QPen(ink.WHITE, 1.75, c=Qt.PenCapStyle.RoundCap))
    painter.fillPath(filled, ink.WHITE)
    painter.end()
    hot = 9 if name == "zoom" else SIZE_PX // 2
    return QCursor(picture, hot, hot)


def _window() -> tuple[QPainterPath, QPainterPath]:
    lines, filled = QPainterPath(), QPainterPath(QPointF(12, 5))
    lines.addEllipse(QPointF(12, 12), 7, 7)
    filled.arcTo(QRectF(5, 5, 14, 14), 90, -180)
    filled.closeSubpath()
    return lines, filled


def _zoom() -> tuple[QPainterPath, QPainterPath]:
    lines = QPainterPath()
    lines.addEllipse(QPointF(9, 9), 6, 6)
    lines.moveTo(13.5, 13.5)
    lines.lineTo(20, 20)
    return lines, QPainterPath()


def _scroll() -> tuple[QPainterPath, QPainterPath]:
    lines = QPainterPath()
    for y in (10.5, 13.5):
        lines.moveTo(5, y)
        lines.lineTo(19, y)
    for tip, base in ((3.0, 6.5), (21.0, 17.5)):
        lines.moveTo(8.5, base)
        lines.lineTo(12, tip)
        lines.lineTo(15.5, base)
    return lines, QPainterPath()


def _measure() -> tuple[QPainterPath, QPainterPath]:
    """A thin cross with an open centre, so that the place aimed at is seen."""
    lines = QPainterPath()
    for near, far in ((8.0, 2.0), (16.0, 22.0)):
        lines.moveTo(12, near)
        lines.lineTo(12, far)
        lines.moveTo(near, 12)
        lines.lineTo(far, 12)
    return lines, QPainterPath()


_PATHS: Final = {"window": _window, "zoom": _zoom, "scroll": _scroll, "measure": _measure}
