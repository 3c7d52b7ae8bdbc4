"""Deflated Image Frame Compression (PS3.5 A.4.14, 8.2.16): one raw deflate stream a frame."""

import zlib

from viewer.parsing.decoders.frame import DecodedFrame
from viewer.parsing.decoders.native import decode_native
from viewer.parsing.faults import Fault
from viewer.parsing.pixel_format import frame_bits
from viewer.study import PixelFormat, SkipReason
from viewer.words import _


def decode(data: bytes, pixels: PixelFormat) -> DecodedFrame:
    """Inflate at most one frame's bytes, then read them as uncompressed."""
    need = -(-frame_bits(pixels) // 8)
    try:
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, need + 1)
    except zlib.error:
        raise Fault(SkipReason.INVALID, _("Its pixel data is damaged.")) from None
    return decode_native(inflated, pixels)
