"""From image to image: which one is next on the screen, and what a drag or a trackpad asks for.

A stack ascends along its normal; the screen shows the head, the right side and the front first,
unless the numbers of the acquisition all run the other way.
"""

from collections.abc import Mapping
from typing import Final

from viewer.edits import set_position
from viewer.geometry import slice_normal
from viewer.state import Edit
from viewer.study import Instance, Series, Stack
from viewer.tools.surface import Pointer, Surface

PX_PER_IMAGE: Final = 24.0
MANY: Final = 10
_LEAST_PX: Final = 2.0
_FEW_IMAGES: Final = 8
_ASCENDING: Final = (1.0, 1.0, -1.0)
"""The sign of x, y, z in which the screen goes on: right to left, front to back, head to foot."""


def is_reversed(stack: Stack, instances: Mapping[str, Instance]) -> bool:
    """Whether the image shown first has the highest index."""
    if stack.geometry is None or len(stack.frames) < 2:
        return False
    numbers = [_number(instances, ref.sop_instance_uid) for ref in stack.frames]
    if None not in numbers and len(set(numbers)) == len(numbers):
        known = [n for n in numbers if n is not None]
        if known == sorted(known):
            return False
        if known == sorted(known, reverse=True):
            return True
    normal = slice_normal(stack.geometry.orientation)
    axis = max(range(3), key=lambda i: abs(float(normal[i])))
    return float(normal[axis]) * _ASCENDING[axis] < 0


def instances_of(series: Series) -> dict[str, Instance]:
    """The instances of a series by UID."""
    return {i.sop_instance_uid: i for i in series.instances}


def stepped(position: int, by: int, *, length: int, is_reversed: bool) -> int:
    """The index ``by`` images further on the screen; stops at the ends."""
    step = -by if is_reversed else by
    return min(max(position + step, 0), length - 1)


def shown_number(position: int, *, length: int, is_reversed: bool) -> int:
    """The number of an image as the reader counts, from 1."""
    return length - position if is_reversed else position + 1


def position_of_number(number: int, *, length: int, is_reversed: bool) -> int:
    """The index of the image with this number on the screen; numbers count from 1."""
    number = min(max(number, 1), length)
    return length - number if is_reversed else number - 1


def scroll(surface: Surface, start: Pointer, now: Pointer) -> Edit | None:
    """Scroll by dragging: the tile's height is the whole stack."""
    px = px_per_image(surface.area.height, surface.length)
    by = int((now.at.y - start.at.y) / px)
    target = stepped(surface.position, by, length=surface.length, is_reversed=surface.is_reversed)
    return set_position(surface.tile, target)


def px_per_image(height_px: float, length: int) -> float:
    """View px that a drag goes for one image; at least 2."""
    return max(_LEAST_PX, height_px / max(length, _FEW_IMAGES))


class ScrollSum:
    """Sums a trackpad's small steps; one image for each 24 px, at most one at a time."""

    def __init__(self) -> None:
        self._rest = 0.0

    def add(self, pixels: float) -> int:
        """Images to go for this event: -1, 0 or 1, positive towards the next image."""
        if pixels * self._rest < 0:
            self._rest = 0.0
        self._rest += pixels
        if abs(self._rest) < PX_PER_IMAGE:
            return 0
        step = 1 if self._rest > 0 else -1
        self._rest = (abs(self._rest) - PX_PER_IMAGE) % PX_PER_IMAGE * step
        return step

    def clear(self) -> None:
        """Forget what was summed, at the end of a gesture or of a stack."""
        self._rest = 0.0


def _number(instances: Mapping[str, Instance], uid: str) -> int | None:
    instance = instances.get(uid)
    return None if instance is None or instance.frame_count > 1 else instance.instance_number
