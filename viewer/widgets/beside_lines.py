"""Room for words beside the lines of the other planes: letters step aside, sentences wrap."""

from typing import Final

from PySide6.QtCore import QPointF

from viewer.geometry import EdgeLetters
from viewer.tools import crosshair
from viewer.tools.crosshair import Cut
from viewer.tools.labels import Rect
from viewer.widgets import ink
from viewer.widgets.scene import Scene

MARGIN: Final = 12.0
_CLEAR_PX: Final = 4.0
_STEP_PX: Final = 4.0
_FURTHEST_PX: Final = 120.0
_LEAST_ROOM_PX: Final = 130.0
_SENTENCE_PX: Final = 60.0


def lines_on(scene: Scene) -> tuple[Cut, ...]:
    """The other planes that are drawn as lines on a tile."""
    if not scene.tile.is_plane or scene.state.nav.tool != "crosshair":
        return ()
    return crosshair.cuts_on(scene.state, scene.surface)


def letter_places(scene: Scene, letters: EdgeLetters) -> list[tuple[QPointF, str]]:
    """Baselines of the letters at the middles of the four sides, or as near as lines allow."""
    area, size, cuts = scene.area, ink.metrics(ink.LETTER), lines_on(scene)
    middle, height = area.centre, size.capHeight()
    right = area.left + area.width - MARGIN - size.horizontalAdvance(letters.right)
    bottom = area.top + area.height - MARGIN - 2
    upright = (
        (letters.left, area.left + MARGIN, middle.y + height / 2, False),
        (letters.right, right, middle.y + height / 2, False),
        (letters.top, middle.x, area.top + MARGIN + height, True),
        (letters.bottom, middle.x, bottom, True),
    )
    places = []
    for text, x, y, is_sideways in upright:
        if text:
            width = size.horizontalAdvance(text)
            at = QPointF(x - width / 2 if is_sideways else x, y)
            places.append((_stepped(at, (width, height), cuts, is_sideways=is_sideways), text))
    return places


def room_before_lines(scene: Scene, left: float, top: float) -> float:
    """Where a sentence that begins at a place (view px) ends: before a line, or at the margin."""
    edge = scene.size[0] - MARGIN
    for cut in lines_on(scene):
        if abs(cut.along[1]) < abs(cut.along[0]):
            continue
        for y in (top, top + _SENTENCE_PX):
            x = cut.centre.x + (y - cut.centre.y) * cut.along[0] / cut.along[1]
            x -= cut.half_slab_px / abs(cut.along[1]) + 2 * _CLEAR_PX
            if x - left >= _LEAST_ROOM_PX:
                edge = min(edge, x)
    return edge


def _stepped(
    at: QPointF, size: tuple[float, float], cuts: tuple[Cut, ...], *, is_sideways: bool
) -> QPointF:
    """The nearest place along the side, up or to the left first, that no line runs through."""
    step = 0.0
    while step <= _FURTHEST_PX:
        for shift in (-step, step):
            moved = at + (QPointF(shift, 0) if is_sideways else QPointF(0, shift))
            rect = (moved.x(), moved.y() - size[1], moved.x() + size[0], moved.y())
            if not any(_meets(cut, rect) for cut in cuts):
                return moved
        step += _STEP_PX
    return at


def _meets(cut: Cut, rect: Rect) -> bool:
    """Whether a plane's line or an edge of its slab runs through a rectangle, or close by."""
    left, top, right, bottom = rect
    x, y = cut.across
    offs = [
        (column - cut.centre.x) * x + (row - cut.centre.y) * y
        for column in (left, right)
        for row in (top, bottom)
    ]
    low, high = min(offs) - _CLEAR_PX, max(offs) + _CLEAR_PX
    edges = (-cut.half_slab_px, 0.0, cut.half_slab_px)
    return any(low <= edge <= high for edge in edges)
