"""The child's side of pictures in shared memory: attach, check, copy, let go."""

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assistant.engines.protocol import SharedPicture
from viewer.arena import Arena
from viewer.errors import UserError
from viewer.words import _

_MOST_PX: Final = 4096
_CHANNELS: Final = 3


def read(picture: SharedPicture) -> NDArray[np.uint8]:
    """(rows, columns, 3) RGB, copied; UserError when it is not what the message says."""
    shape = (picture.height, picture.width, _CHANNELS)
    if not (1 <= picture.height <= _MOST_PX and 1 <= picture.width <= _MOST_PX):
        raise _lost(f"{picture.width} x {picture.height}")
    if picture.offset < 0:
        raise _lost(f"offset {picture.offset}")
    try:
        with Arena.attach(picture.arena) as arena:
            pixels = arena.array(np.dtype(np.uint8), shape, picture.offset).copy()
    except (OSError, ValueError, TypeError) as error:
        raise _lost(str(error)) from error
    if hashlib.sha256(pixels.tobytes()).hexdigest() != picture.digest:
        raise _lost("digest differs")
    return pixels


def _lost(details: str) -> UserError:
    return UserError(_("The picture did not reach the model. Ask again."), details)
