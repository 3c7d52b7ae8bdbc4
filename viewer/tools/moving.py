"""Tools that move the picture in its tile: zoom and pan."""

from typing import Final

from viewer.edits import set_view
from viewer.spaces import ViewPoint
from viewer.state import Edit
from viewer.tools.surface import Pointer, Surface
from viewer.tools.transform import panned, zoomed

_PX_FOR_DOUBLE: Final = 120.0
WHEEL_STEP: Final = 1.2


def zoom(surface: Surface, start: Pointer, now: Pointer) -> Edit | None:
    """Zoom about the press point: up enlarges, down reduces."""
    factor = 2.0 ** ((start.at.y - now.at.y) / _PX_FOR_DOUBLE)
    return zoom_by(surface, factor, start.at)


def zoom_by(surface: Surface, factor: float, about: ViewPoint) -> Edit:
    """Zoom by a factor about a place of the tile."""
    view = zoomed(surface.view, surface.canvas, surface.area, factor=factor, about=about)
    return set_view(surface.tile, view)


def pan(surface: Surface, start: Pointer, now: Pointer) -> Edit | None:
    """Take the picture along with the pointer."""
    by = ViewPoint(now.at.x - start.at.x, now.at.y - start.at.y)
    return set_view(surface.tile, panned(surface.view, surface.canvas, surface.area, by=by))
