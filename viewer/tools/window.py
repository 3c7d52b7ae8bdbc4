"""The window tool: drag right for wider, left for narrower, down for darker, up for brighter."""

from typing import Final

from viewer.edits import set_window
from viewer.state import Edit, TileWindow
from viewer.study import Window
from viewer.tools.surface import Pointer, Surface

FINE: Final = 0.25
_WIDTH_STEPS: Final = 256.0
_RANGE_STEPS: Final = 8192.0
_FINEST_PART: Final = 1000.0


def drag(surface: Surface, start: Pointer, now: Pointer) -> Edit | None:
    """Change the window as far as the pointer went; a quarter as much with the fine key held."""
    window = surface.window
    if window is None:
        return None
    step = step_of(window, surface.value_range) * (FINE if now.fine else 1.0)
    width = window.width + (now.at.x - start.at.x) * step
    center = window.center + (now.at.y - start.at.y) * step
    changed = bounded(Window(center, width, window.function), surface)
    return set_window(surface.tile, TileWindow(window=changed, source="user"))


def step_of(window: Window, value_range: tuple[float, float]) -> float:
    """Modality values for a logical pixel: in proportion to the width, so narrow windows work."""
    return max(window.width / _WIDTH_STEPS, (value_range[1] - value_range[0]) / _RANGE_STEPS)


def bounded(window: Window, surface: Surface) -> Window:
    """A window that exists: at least 1 wide on whole numbers, else a thousandth of the range."""
    low, high = surface.value_range
    least = 1.0 if surface.is_whole else max((high - low) / _FINEST_PART, 1e-9)
    width = max(window.width, least)
    if surface.is_whole and width >= 10.0:
        return Window(float(round(window.center)), float(round(width)), window.function)
    return Window(window.center, width, window.function)
