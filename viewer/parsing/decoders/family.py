"""What the JPEG family's decoders share: fit decoded values to the header's type."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.parsing.codestream import StreamHead
from viewer.parsing.faults import Fault
from viewer.reading.stored import stored_dtype
from viewer.study import PixelFormat, SkipReason
from viewer.words import _


def as_stored(values: NDArray[Any], head: StreamHead, pixels: PixelFormat) -> NDArray[Any]:
    """Decoded values in the header's integer type, (rows, columns[, samples]).

    A stream without signs in a file with signs holds two's complement of the stream's precision.
    """
    shape = (head.rows, head.columns)
    if head.components > 1:
        shape = (*shape, head.components)  # type: ignore[assignment]
    if values.size != np.prod(shape):
        raise Fault(SkipReason.INVALID, _("Its pixel data is not what its header says."))
    dtype = stored_dtype(pixels)
    array = values.reshape(shape)
    if pixels.signed == head.signed or head.precision >= 8 * dtype.itemsize:
        return array.astype(dtype, copy=False)
    wide = array.astype(np.int64)
    if pixels.signed:
        half = 1 << (head.precision - 1)
        wide = ((wide + half) & ((1 << head.precision) - 1)) - half
    else:
        wide &= (1 << head.precision) - 1
    return wide.astype(dtype)
