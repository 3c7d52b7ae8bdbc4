"""JPEG baseline, extended and lossless (PS3.5 8.2.1) by libjpeg-turbo: components as they are."""

import imagecodecs
import numpy as np

from viewer.parsing.codestream import check_end, check_head, read_jpeg
from viewer.parsing.decoders.family import as_stored
from viewer.parsing.decoders.frame import DecodedFrame
from viewer.parsing.faults import Fault
from viewer.study import PixelFormat, SkipReason
from viewer.words import _


def decode(data: bytes, pixels: PixelFormat) -> DecodedFrame:
    """Colour stays as the stream has it: the stream's own marks decide which, else the header."""
    head = read_jpeg(data)
    notes = check_head(head, pixels)
    check_end(data)
    space = "YCBCR" if head.components == 3 else None
    try:
        values = imagecodecs.jpeg8_decode(data, colorspace=space, outcolorspace=space)
    except (imagecodecs.Jpeg8Error, ValueError, RuntimeError):
        raise Fault(SkipReason.INVALID, _("Its pixel data is damaged.")) from None
    array = as_stored(np.asarray(values), head, pixels)
    return DecodedFrame(array, _photometric(head.colour, pixels), pixels.bits_stored, notes)


def _photometric(colour: str, pixels: PixelFormat) -> str:
    if pixels.samples == 1:
        return pixels.photometric
    if colour:
        return "RGB" if colour == "RGB" else "YBR_FULL"
    return "YBR_FULL" if pixels.photometric.startswith("YBR") else pixels.photometric
