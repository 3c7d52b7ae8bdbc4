"""The one path from stored pixels to 8 bits: screen, thumbnail, command line and model.

stored -> modality -> VOI -> polarity, as a table of every stored value where these have at most
16 bits, so that what the eye saw, what a file got and what a model was shown cannot differ.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.pixels.color import to_grey_levels, to_rgb
from viewer.pixels.modality import PixelFacts, Values, padding_mask, stored_dtype, to_modality
from viewer.pixels.voi import Voi, apply_voi
from viewer.study import Window

BACKGROUND: Final = 0
"""Padding is drawn black, as everything round the image, whatever the polarity."""

RGB_IDENTITY: Final = Window(128.0, 256.0)
"""The window that leaves 8-bit colours as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class DisplayTable:
    """How stored values of one frame or volume become grey levels; kept until the window changes.

    ``levels`` holds a level for each bit pattern of ``dtype``; None where that would be more than
    65,536, or where pixels are floats: these are computed one by one.
    """

    facts: PixelFacts
    voi: Voi
    inverse: bool
    dtype: np.dtype[Any]
    levels: NDArray[np.uint8] | None

    def apply(self, stored: Values, out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """Give the grey levels of stored values; any shape, also resampled ones.

        ``out``, contiguous and of the same shape, is written into and returned when given.
        """
        if self.levels is None or stored.dtype != self.dtype:
            return _into(_grey_levels(stored, self), out)
        index = stored.view(f"u{stored.dtype.itemsize}")
        # "wrap" lets numpy write into ``out`` without a copy; an index is never out of range.
        taken: NDArray[np.uint8] = np.take(self.levels, index, out=out, mode="wrap")
        return taken


def display_table(facts: PixelFacts, voi: Voi, *, invert: bool = False) -> DisplayTable:
    """Make the table of grey pixels; ``invert`` is the reader's wish, polarity is the file's.

    MONOCHROME1 and Presentation LUT Shape INVERSE are the same inversion, done once (C.11.6).
    """
    is_inverse = facts.format.photometric == "MONOCHROME1" or facts.grey.presentation_inverse
    table = DisplayTable(facts, voi, is_inverse != invert, stored_dtype(facts), levels=None)
    if table.dtype.kind == "f" or table.dtype.itemsize > 2:
        return table
    patterns = np.arange(1 << (8 * table.dtype.itemsize), dtype=f"u{table.dtype.itemsize}")
    levels = _grey_levels(patterns.view(table.dtype), table)
    return DisplayTable(facts, voi, table.inverse, table.dtype, levels)


def to_display(
    stored: Values, facts: PixelFacts, voi: Voi, *, invert: bool = False
) -> NDArray[np.uint8]:
    """Turn stored pixels into what the eye gets: (rows, columns), or (rows, columns, 3) RGB.

    ``stored`` is (rows, columns), or (rows, columns, 3) for colour. A window on colours acts on
    the 8-bit samples. Raises UserError for a colour space that is not shown.
    """
    if not facts.is_color:
        return display_table(facts, voi, invert=invert).apply(stored)
    return windowed_colors(to_rgb(stored, facts), voi, invert=invert)


def windowed_colors(rgb: NDArray[np.uint8], voi: Voi, *, invert: bool = False) -> NDArray[np.uint8]:
    """Apply a window, and the reader's inversion, to 8-bit RGB samples of any shape."""
    has_window = isinstance(voi, Window) and voi != RGB_IDENTITY
    if not has_window:
        return 255 - rgb if invert else rgb
    levels = to_grey_levels(apply_voi(np.arange(256), voi))
    return np.take(255 - levels if invert else levels, rgb)


def _grey_levels(stored: Values, table: DisplayTable) -> NDArray[np.uint8]:
    """Compute grey levels value by value."""
    facts = table.facts
    grey = apply_voi(to_modality(stored, facts), table.voi, whole=facts.is_whole)
    levels = to_grey_levels(grey)
    if table.inverse:
        np.subtract(255, levels, out=levels)
    padding = padding_mask(stored, facts.grey)
    if padding is not None:
        levels[padding] = BACKGROUND
    return levels


def _into(levels: NDArray[np.uint8], out: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """Copy into ``out`` when it is given."""
    if out is None:
        return levels
    out[...] = levels
    return out
