"""JPEG XL (PS3.5 8.2.15) by libjxl."""

import imagecodecs
import numpy as np

from viewer.parsing.codestream import StreamHead, check_head, check_size, read_jpegxl_size
from viewer.parsing.decoders.family import as_stored
from viewer.parsing.decoders.frame import DecodedFrame
from viewer.parsing.faults import Fault
from viewer.study import PixelFormat, SkipReason
from viewer.words import _


def decode(data: bytes, pixels: PixelFormat) -> DecodedFrame:
    """Libjxl gives RGB, whatever the stream holds inside."""
    rows, columns = read_jpegxl_size(data)
    check_size(rows, columns, pixels)
    try:
        values = np.asarray(imagecodecs.jpegxl_decode(data))
    except (imagecodecs.JpegxlError, ValueError, RuntimeError):
        raise Fault(SkipReason.INVALID, _("Its pixel data is damaged.")) from None
    if values.ndim not in {2, 3} or values.shape[:2] != (rows, columns):
        raise Fault(SkipReason.INVALID, _("Its pixel data is not what its header says."))
    components = values.shape[2] if values.ndim == 3 else 1
    head = StreamHead(rows, columns, components, 8 * values.dtype.itemsize)
    notes = check_head(head, pixels)
    photometric = pixels.photometric if pixels.samples == 1 else "RGB"
    return DecodedFrame(as_stored(values, head, pixels), photometric, pixels.bits_stored, notes)
