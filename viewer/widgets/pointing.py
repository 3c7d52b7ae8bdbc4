"""From Qt's pointer events to the words of the tools: buttons, modifiers, places, notches."""

import math
from typing import Final

from PySide6.QtCore import QPointF, Qt

from viewer.spaces import ViewPoint
from viewer.tools.bindings import Button, Modifier
from viewer.widgets.scene import Scene

_WHEEL_NOTCH: Final = 120
BUTTONS: Final[dict[Qt.MouseButton, Button]] = {
    Qt.MouseButton.LeftButton: "left",
    Qt.MouseButton.MiddleButton: "middle",
    Qt.MouseButton.RightButton: "right",
}


def view_point(place: QPointF) -> ViewPoint:
    """A place in a tile, logical px."""
    return ViewPoint(place.x(), place.y())


def modifier_of(held: Qt.KeyboardModifier) -> Modifier:
    """The one modifier that counts."""
    if held & Qt.KeyboardModifier.ControlModifier:
        return "ctrl"
    if held & Qt.KeyboardModifier.ShiftModifier:
        return "shift"
    return "alt" if held & Qt.KeyboardModifier.AltModifier else ""


def whole_notches(angle: int) -> int:
    """Whole notches of a wheel, at least one; towards the reader is positive: the next image."""
    notches = -angle / _WHEEL_NOTCH
    return int(math.copysign(max(1, round(abs(notches))), notches))


def is_on_picture(scene: Scene, at: ViewPoint) -> bool:
    """Whether a place lies on the image itself, not beside it."""
    if scene.message or scene.entry is None:
        return False
    if scene.tile.kind == "volume":
        return at.y >= scene.area.top
    point = scene.transform.to_frame(at)
    return 0 <= point.column <= scene.canvas.columns and 0 <= point.row <= scene.canvas.rows
