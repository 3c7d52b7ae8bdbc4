"""Native pixels, read by the window itself at an offset that a worker found (no parsing).

The bytes go straight into their array: nothing is copied, and no worker has to be free for it.
"""

import os
import stat
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.errors import UserError
from viewer.reading.stored import frame_bytes, frame_shape, stored_dtype
from viewer.study import Instance
from viewer.words import _

_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def is_native(instance: Instance) -> bool:
    """Whether the window may read this instance's pixels by itself."""
    return instance.location.offset is not None and not instance.member


def read_native(
    instance: Instance, frame_number: int, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """One frame of native pixels, into ``out`` when it is given and fits.

    UserError when the file is gone or shorter than it was.
    """
    pixels, offset = instance.pixels, instance.location.offset
    if pixels is None or offset is None:
        raise UserError(_("This object holds no picture."))
    dtype, shape = stored_dtype(pixels), frame_shape(pixels)
    array = np.empty(shape, dtype) if out is None else out
    if array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
        raise ValueError("out does not fit the frame")
    size = frame_bytes(pixels)
    _read_into(
        instance.path,
        offset + (frame_number - 1) * size,
        memoryview(array.view(np.uint8).reshape(-1).data),
    )
    return array


def _read_into(path: str, offset: int, target: memoryview) -> None:
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        raise UserError(
            _("The file of this image cannot be opened any more. Open its folder again."), path
        ) from None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or offset + len(target) > facts.st_size:
            raise UserError(_("The file of this image has changed. Open its folder again."), path)
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as stream:
            stream.seek(offset)
            filled = 0
            while filled < len(target):
                count = stream.readinto(target[filled:])
                if not count:
                    raise UserError(
                        _("The file of this image has changed. Open its folder again."), path
                    )
                filled += count
    except OSError as error:
        raise UserError(_("The file of this image cannot be read."), str(error)) from None
    finally:
        os.close(descriptor)
