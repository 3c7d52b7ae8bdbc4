"""JPEG-LS, lossless and near-lossless (PS3.5 8.2.3) by CharLS."""

import imagecodecs
import numpy as np

from viewer.parsing.codestream import check_end, check_head, read_jpegls
from viewer.parsing.decoders.family import as_stored
from viewer.parsing.decoders.frame import DecodedFrame
from viewer.parsing.faults import Fault
from viewer.study import PixelFormat, SkipReason
from viewer.words import _


def decode(data: bytes, pixels: PixelFormat) -> DecodedFrame:
    """Signed values come as two's complement of the stream's precision."""
    head = read_jpegls(data)
    notes = check_head(head, pixels)
    check_end(data)
    try:
        values = np.asarray(imagecodecs.jpegls_decode(data))
    except (imagecodecs.JpeglsError, ValueError, RuntimeError):
        raise Fault(SkipReason.INVALID, _("Its pixel data is damaged.")) from None
    if head.components > 1 and values.shape[0] == head.components != values.shape[-1]:
        values = np.ascontiguousarray(np.moveaxis(values, 0, -1))
    return DecodedFrame(
        as_stored(values, head, pixels), pixels.photometric, pixels.bits_stored, notes
    )
