"""Stored colours to RGB, 8 bits a sample (PS3.3 C.7.6.3.1.2, C.7.6.3.1.5).

Planar order, chroma subsampling and the colour transforms of JPEG 2000 are undone by the decoder.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.errors import UserError
from viewer.pixels.modality import PixelFacts, Values, look_up, mask_bits
from viewer.study import LookupTable, Palette
from viewer.words import _

RGB: Final = frozenset({"RGB", "YBR_ICT", "YBR_RCT"})
YBR: Final = frozenset({"YBR_FULL", "YBR_FULL_422"})

# ITU-R BT.601 over the full range, as PS3.3 C.7.6.3.1.2 gives it, solved for red, green and blue.
YBR_TO_RGB: Final = np.linalg.inv(
    np.array(
        [[0.2990, 0.5870, 0.1140], [-0.1687, -0.3313, 0.5000], [0.5000, -0.4187, -0.0813]],
        np.float64,
    )
).astype(np.float32)


def to_rgb(stored: Values, facts: PixelFacts) -> NDArray[np.uint8]:
    """Turn stored colours into RGB of shape (rows, columns, 3).

    ``stored`` is (rows, columns, 3), or palette indices (rows, columns). Raises UserError for a
    colour space that is not shown.
    """
    photometric = facts.format.photometric
    if photometric == "PALETTE COLOR" and facts.palette is not None and stored.ndim == 2:
        return _from_palette(mask_bits(stored, facts)[0], facts.palette)
    if photometric in RGB and stored.ndim == 3:
        return _to_8_bits(stored, facts.format.bits_stored)
    if photometric in YBR and stored.ndim == 3:
        return _from_ybr(stored, facts.format.bits_stored)
    raise UserError(
        _("This image stores its colours as {photometric}, which is not shown.").format(
            photometric=photometric or _("nothing")
        )
    )


def _to_8_bits(stored: Values, bits_stored: int) -> NDArray[np.uint8]:
    """Scale samples of ``bits_stored`` bits to 0 to 255."""
    if stored.dtype == np.uint8 and bits_stored == 8:
        return stored
    full = float((1 << bits_stored) - 1)
    return to_grey_levels(stored.astype(np.float32) * np.float32(255.0 / full))


def _from_ybr(stored: Values, bits_stored: int) -> NDArray[np.uint8]:
    """Full-range YCbCr to RGB; chroma is offset by half the range."""
    matrix = YBR_TO_RGB * np.float32(255.0 / ((1 << bits_stored) - 1))
    half = np.float32(1 << (bits_stored - 1))
    luma = stored[..., 0].astype(np.float32)
    blue, red = stored[..., 1].astype(np.float32) - half, stored[..., 2].astype(np.float32) - half
    rgb = np.empty(stored.shape, np.uint8)
    # Channel by channel: a third of the time of one product with the matrix.
    for channel, weights in enumerate(matrix):
        rgb[..., channel] = to_grey_levels(weights[0] * luma + weights[1] * blue + weights[2] * red)
    return rgb


def _from_palette(stored: Values, palette: Palette) -> NDArray[np.uint8]:
    """Look indices up in three tables."""
    rgb = np.empty((*stored.shape, 3), np.uint8)
    for channel, table in enumerate((palette.red, palette.green, palette.blue)):
        rgb[..., channel] = look_up(stored, _to_8_bit_table(table))
    return rgb


def _to_8_bit_table(table: LookupTable) -> LookupTable:
    """Entries of 0 to 255; 16-bit ones are divided by 257, unless all of them are 8-bit values."""
    if max(table.values) <= 255:
        return table
    entries = tuple((value + 128) // 257 for value in table.values)
    return LookupTable(table.first, 8, entries)


def to_grey_levels(grey: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Round levels to the nearest of 0 to 255, halves upwards."""
    levels: NDArray[np.uint8] = np.clip(np.floor(grey + 0.5), 0, 255).astype(np.uint8)
    return levels
