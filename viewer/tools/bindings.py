"""Which button does what: the left one the chosen tool, the others always the same."""

from dataclasses import dataclass
from typing import Final, Literal

from viewer.state import ToolName

Button = Literal["left", "middle", "right"]
Modifier = Literal["", "shift", "ctrl", "alt"]
Action = ToolName | Literal["tool", "menu", "rotate", "next_image", "next_many", "follow"]


@dataclass(frozen=True, slots=True)
class Binding:
    """A button with a modifier, and what a drag with it does on planes and in 3D."""

    button: Button
    modifier: Modifier
    action: Action
    in_volume: Action


BINDINGS: Final = (
    Binding("left", "", "tool", "rotate"),
    Binding("left", "shift", "pan", "pan"),
    Binding("left", "ctrl", "zoom", "zoom"),
    Binding("left", "alt", "scroll", "rotate"),
    Binding("middle", "", "pan", "pan"),
    Binding("right", "", "zoom", "zoom"),
)
WHEEL: Final[dict[Modifier, Action]] = {
    "": "next_image",
    "shift": "next_many",
    "ctrl": "zoom",
    "alt": "next_image",
}
CLICK_PX: Final = 3.0
"""A press that moved no further is a click: the right button's opens the menu."""


def action_of(button: Button, modifier: Modifier, tool: ToolName, *, in_volume: bool) -> Action:
    """What a drag does; a modifier without a row of its own changes nothing."""
    rows = {(b.button, b.modifier): b for b in BINDINGS}
    row = rows.get((button, modifier)) or rows[button, ""]
    if in_volume:
        return row.in_volume
    if row.action != "tool":
        return row.action
    # The crop tool has work in 3D only.
    return "window" if tool == "crop" else tool


def wheel_action(modifier: Modifier, *, in_volume: bool) -> Action:
    """What the wheel does: images, and zoom in 3D."""
    return "zoom" if in_volume else WHEEL[modifier]
