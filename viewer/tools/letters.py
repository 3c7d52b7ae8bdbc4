"""Orientation letters of a picture, from what is on the screen now and nothing else.

The screen's right and down are followed back through the current view (rotation, mirror, plane)
into the patient, then named. Without a recorded orientation there are no letters.
"""

import math
from typing import Final

import numpy as np

from viewer.annotations import PlaneRef
from viewer.geometry import EdgeLetters, edge_letters, is_valid_orientation, projection_letters
from viewer.study import FramePlane
from viewer.tools.transform import Transform

_OFF_AXIS: Final = math.sin(math.radians(10.0))


def frame_letters(
    transform: Transform, aspect: float, plane: FramePlane, patient_orientation: tuple[str, ...]
) -> EdgeLetters:
    """The letters of a stored frame as it is turned and mirrored now."""
    if plane.orientation is not None and is_valid_orientation(plane.orientation):
        row, column = np.array(plane.orientation[:3]), np.array(plane.orientation[3:])
        right, down = _mm(transform.right, aspect), _mm(transform.down, aspect)
        return edge_letters(row * right[0] + column * right[1], row * down[0] + column * down[1])
    return _turned(projection_letters(patient_orientation), transform, aspect)


def plane_letters(transform: Transform, plane: PlaneRef) -> EdgeLetters:
    """The letters of a plane as it is turned and mirrored now."""
    row, column = np.array(plane.right), np.array(plane.down)
    right, down = transform.right, transform.down
    return edge_letters(row * right[0] + column * right[1], row * down[0] + column * down[1])


def _turned(letters: EdgeLetters, transform: Transform, aspect: float) -> EdgeLetters:
    """Letters of a projection, which has directions but no place, moved to the screen's edges."""
    right = _named(letters, _mm(transform.right, aspect))
    down = _named(letters, _mm(transform.down, aspect))
    left = _named(letters, _mm((-transform.right[0], -transform.right[1]), aspect))
    top = _named(letters, _mm((-transform.down[0], -transform.down[1]), aspect))
    return EdgeLetters(left=left, right=right, top=top, bottom=down)


def _named(letters: EdgeLetters, direction: tuple[float, float]) -> str:
    """The letters that lie in a direction (right, down) of the frame as it is stored."""
    length = math.hypot(*direction) or 1.0
    across, down = direction[0] / length, direction[1] / length
    parts = [
        (abs(across), letters.right if across > 0 else letters.left),
        (abs(down), letters.bottom if down > 0 else letters.top),
    ]
    parts.sort(key=lambda part: -part[0])
    return "".join(dict.fromkeys("".join(name for size, name in parts if size >= _OFF_AXIS)))


def _mm(direction: tuple[float, float], aspect: float) -> tuple[float, float]:
    """A direction on the canvas in equal units along columns and rows."""
    return direction[0], direction[1] * aspect
