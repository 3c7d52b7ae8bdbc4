"""JPEG 2000 and High-Throughput JPEG 2000 (PS3.5 8.2.4, 8.2.14), both by OpenJPEG.

OpenJPH would decode HTJ2K twice as fast, but crashed and hung on damaged streams.
"""

import imagecodecs
import numpy as np

from viewer.parsing.codestream import check_end, check_head, read_jpeg2000
from viewer.parsing.decoders.family import as_stored
from viewer.parsing.decoders.frame import DecodedFrame
from viewer.parsing.faults import Fault
from viewer.study import PixelFormat, SkipReason
from viewer.words import _


def decode(data: bytes, pixels: PixelFormat) -> DecodedFrame:
    """The decoder undoes the stream's own colour transform, so such pixels are RGB afterwards."""
    head = read_jpeg2000(data)
    notes = check_head(head, pixels)
    check_end(data)
    try:
        values = np.asarray(imagecodecs.jpeg2k_decode(data))
    except (imagecodecs.Jpeg2kError, ValueError, RuntimeError):
        raise Fault(SkipReason.INVALID, _("Its pixel data is damaged.")) from None
    photometric = pixels.photometric
    if head.transformed or photometric in {"YBR_RCT", "YBR_ICT"}:
        photometric = "RGB"
    return DecodedFrame(as_stored(values, head, pixels), photometric, pixels.bits_stored, notes)
