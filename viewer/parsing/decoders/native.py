"""Uncompressed pixels in all the ways they are written (PS3.5 8.1, 8.2; PS3.3 C.7.6.3.1)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.parsing.decoders.frame import DecodedFrame
from viewer.parsing.faults import Fault
from viewer.reading.stored import stored_dtype
from viewer.study import PixelFormat, SkipReason
from viewer.words import _


def decode(data: bytes, pixels: PixelFormat) -> DecodedFrame:
    """One frame of whole bytes, little endian."""
    return decode_native(data, pixels)


def decode_native(
    data: bytes, pixels: PixelFormat, *, little: bool = True, skip_bits: int = 0
) -> DecodedFrame:
    """One frame; ``skip_bits`` are the bits of the first byte that belong to the frame before."""
    is_422 = pixels.photometric == "YBR_FULL_422" and pixels.samples == 3
    samples = 2 if is_422 else pixels.samples
    flat = _values(data, pixels, pixels.rows * pixels.columns * samples, little, skip_bits)
    photometric = pixels.photometric
    if is_422:
        values = _full_chroma(flat, pixels)
        photometric = "YBR_FULL"
    elif pixels.samples == 1:
        values = flat.reshape(pixels.rows, pixels.columns)
    elif pixels.planar == 1:
        planes = flat.reshape(pixels.samples, pixels.rows, pixels.columns)
        values = np.ascontiguousarray(planes.transpose(1, 2, 0))
    else:
        values = flat.reshape(pixels.rows, pixels.columns, pixels.samples)
    return DecodedFrame(values, photometric, pixels.bits_stored)


def swap_pairs(data: bytes) -> bytes:
    """Bytes of 16-bit words in the other order (8-bit pixels in big endian OW)."""
    even = data[: len(data) // 2 * 2]
    return np.frombuffer(even, "<u2").byteswap().tobytes() + data[len(even) :]


def _values(
    data: bytes, pixels: PixelFormat, count: int, little: bool, skip_bits: int
) -> NDArray[Any]:
    need = -(-(count * pixels.bits_allocated + skip_bits) // 8)
    if len(data) < need:
        raise Fault(SkipReason.TRUNCATED, _("The end of its pixel data is missing."))
    raw = np.frombuffer(data, np.uint8, need)
    if pixels.bits_allocated == 1:
        return np.unpackbits(raw, bitorder="little")[skip_bits : skip_bits + count]
    if pixels.bits_allocated == 12:
        return _unpack_12(raw, count, skip_bits)
    dtype = stored_dtype(pixels)
    return raw.view(dtype if little else dtype.newbyteorder(">")).astype(dtype, copy=False)


def _unpack_12(raw: NDArray[np.uint8], count: int, skip_bits: int) -> NDArray[np.uint16]:
    """Two pixels in three bytes, the lowest bits first."""
    bits = np.unpackbits(raw, bitorder="little")[skip_bits : skip_bits + 12 * count]
    weights = (1 << np.arange(12)).astype(np.uint16)
    unpacked: NDArray[np.uint16] = bits.reshape(count, 12) @ weights
    return unpacked.astype(np.uint16)


def _full_chroma(flat: NDArray[Any], pixels: PixelFormat) -> NDArray[Any]:
    """Y Y Cb Cr for two pixels as Y Cb Cr for each (PS3.3 C.7.6.3.1.2)."""
    if pixels.columns % 2:
        raise Fault(SkipReason.INVALID, _("Its colours need an even number of columns."))
    pairs = flat.reshape(pixels.rows, pixels.columns // 2, 4)
    out = np.empty((pixels.rows, pixels.columns, 3), flat.dtype)
    out[:, 0::2, 0], out[:, 1::2, 0] = pairs[..., 0], pairs[..., 1]
    out[..., 1] = np.repeat(pairs[..., 2], 2, axis=1)
    out[..., 2] = np.repeat(pairs[..., 3], 2, axis=1)
    return out
