"""Where one is in a stack, at the tile's right edge; images that are not read yet are hatched."""

from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter

from viewer.study import FrameRef
from viewer.tools.stepping import shown_number
from viewer.widgets import ink
from viewer.widgets.scene import Scene
from viewer.widgets.theme import TOKENS

WIDTH_PX: Final = 3.0
LEAST_THUMB_PX: Final = 8.0
_EDGE_PX: Final = 2.0
_READ: Final = QColor(TOKENS.edge)
_HATCHED: Final = QColor(TOKENS.ctl)


def paint_position(painter: QPainter, scene: Scene, read: frozenset[FrameRef]) -> None:
    """Draw the bar of a stack of several images; ``read`` are the frames that are here."""
    if scene.stack is None or scene.tile.kind != "stack" or len(scene.stack.frames) < 2:
        return
    track = _track(scene)
    painter.fillRect(track, _READ)
    count = len(scene.stack.frames)
    for first, last in unread_runs(scene, read):
        top = track.top() + track.height() * first / count
        run = QRectF(track.left(), top, WIDTH_PX, track.height() * (last - first) / count)
        painter.fillRect(run, ink.BLACK)
        painter.fillRect(run, QBrush(_HATCHED, Qt.BrushStyle.Dense5Pattern))
    painter.fillRect(thumb(scene), ink.ACCENT)


def thumb(scene: Scene) -> QRectF:
    """The part of the bar that stands for the image on the screen."""
    track = _track(scene)
    count = len(scene.stack.frames) if scene.stack else 1
    number = shown_number(scene.position, length=count, is_reversed=scene.is_reversed)
    height = max(track.height() / count, LEAST_THUMB_PX)
    top = track.top() + (track.height() - height) * (number - 1) / max(count - 1, 1)
    return QRectF(track.left(), top, WIDTH_PX, height)


def unread_runs(scene: Scene, read: frozenset[FrameRef]) -> list[tuple[int, int]]:
    """Runs [first, last) of images that are not read yet, in the order of the screen."""
    frames = scene.stack.frames if scene.stack else ()
    if len(read) >= len(frames):
        return []
    ordered = reversed(frames) if scene.is_reversed else frames
    runs: list[tuple[int, int]] = []
    for index, ref in enumerate(ordered):
        if ref in read:
            continue
        if runs and runs[-1][1] == index:
            runs[-1] = runs[-1][0], index + 1
        else:
            runs.append((index, index + 1))
    return runs


def _track(scene: Scene) -> QRectF:
    area = scene.area
    left = area.left + area.width - WIDTH_PX - _EDGE_PX
    return QRectF(left, area.top + _EDGE_PX, WIDTH_PX, max(area.height - 2 * _EDGE_PX, 1.0))
