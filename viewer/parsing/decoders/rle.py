"""RLE Lossless (PS3.5 annex G): byte planes, each packed by PackBits."""

from struct import Struct
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from viewer.parsing.decoders.frame import DecodedFrame
from viewer.parsing.decoders.native import decode_native
from viewer.parsing.faults import Fault
from viewer.reading.stored import stored_dtype
from viewer.study import PixelFormat, SkipReason
from viewer.words import _

_HEADER: Final = Struct("<16I")
_MAX_RUN: Final = 128


def decode(data: bytes, pixels: PixelFormat) -> DecodedFrame:
    """Segments are the samples' bytes, the highest byte of each sample first."""
    segments = _segments(data)
    if pixels.bits_allocated == 1:
        packed = _unpack(segments[0], -(-pixels.rows * pixels.columns // 8))
        return decode_native(packed.tobytes(), pixels)
    dtype = stored_dtype(pixels)
    if pixels.bits_allocated == 12 or len(segments) != pixels.samples * dtype.itemsize:
        raise Fault(SkipReason.INVALID, _("Its pixel data is not what its header says."))
    count = pixels.rows * pixels.columns
    values = np.empty((count, pixels.samples, dtype.itemsize), np.uint8)
    for index, segment in enumerate(segments):
        sample, byte = divmod(index, dtype.itemsize)
        values[:, sample, dtype.itemsize - 1 - byte] = _unpack(segment, count)
    shape = (pixels.rows, pixels.columns, pixels.samples)
    array = values.reshape(-1).view(dtype).reshape(shape)
    if pixels.samples == 1:
        array = array[..., 0]
    photometric = "YBR_FULL" if pixels.photometric == "YBR_FULL_422" else pixels.photometric
    return DecodedFrame(array, photometric, pixels.bits_stored)


def _segments(data: bytes) -> list[bytes]:
    if len(data) < _HEADER.size:
        raise _damaged()
    count, *offsets = _HEADER.unpack_from(data)
    if not 1 <= count <= 15:
        raise _damaged()
    starts = offsets[:count]
    ends = [*starts[1:], len(data)]
    spans = list(zip(starts, ends, strict=True))
    if any(not _HEADER.size <= start < end <= len(data) for start, end in spans):
        raise _damaged()
    return [data[start:end] for start, end in spans]


def _unpack(segment: bytes, count: int) -> NDArray[Any]:
    """A segment's bytes; a trailing pad byte may add to them."""
    if len(segment) * _MAX_RUN < count:
        raise Fault(SkipReason.TRUNCATED, _("The end of its pixel data is missing."))
    try:
        unpacked = imagecodecs.packbits_decode(segment)
    except (imagecodecs.PackbitsError, imagecodecs.ImcdError, ValueError, RuntimeError):
        raise _damaged() from None
    if len(unpacked) < count:
        raise Fault(SkipReason.TRUNCATED, _("The end of its pixel data is missing."))
    return np.frombuffer(unpacked, np.uint8, count)


def _damaged() -> Fault:
    return Fault(SkipReason.INVALID, _("Its pixel data is damaged."))
