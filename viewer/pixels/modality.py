"""Stored values to modality values: bits, padding, rescale and modality LUT (PS3.3 C.11.1).

The value under the pointer and every statistic stop after this step.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.study import Grey, Instance, LookupTable, Palette, PixelFormat

WHOLE_LIMIT: Final = 1 << 30

Values = NDArray[Any]
"""Stored or modality values; the shape and dtype are said where it is used."""


@dataclass(frozen=True, slots=True)
class PixelFacts:
    """What turns the stored values of one frame, or of a volume, into a picture."""

    format: PixelFormat
    grey: Grey
    palette: Palette | None = None

    @property
    def is_color(self) -> bool:
        """Whether the picture has colours: three samples, or a palette."""
        return self.format.samples == 3 or self.format.photometric == "PALETTE COLOR"

    @property
    def is_whole(self) -> bool:
        """Whether every modality value is a whole number."""
        if self.grey.modality_lut is not None:
            return True
        return self.format.kind == "integer" and _is_whole_rescale(self.grey)

    @property
    def is_hu(self) -> bool:
        """Whether modality values are Hounsfield units."""
        return self.grey.unit.strip().upper() == "HU"


def facts_of(
    instance: Instance,
    frame_number: int = 1,
    photometric: str = "",
    bits_stored: int = 0,
) -> PixelFacts:
    """The facts of one frame of an instance that has pixels; per-frame values win (C.7.6.16).

    ``photometric`` and ``bits_stored`` are those of the decoded frame, where a codec knows better
    than the header.
    """
    if instance.pixels is None:
        raise ValueError("the instance has no pixels")
    grey = instance.grey
    if 0 < frame_number <= len(instance.frames):
        grey = instance.frames[frame_number - 1].grey or grey
    pixels = instance.pixels
    if photometric and photometric != pixels.photometric:
        pixels = replace(pixels, photometric=photometric)
    if bits_stored and bits_stored != pixels.bits_stored:
        pixels = replace(pixels, bits_stored=bits_stored, high_bit=bits_stored - 1)
    return PixelFacts(pixels, grey, instance.palette)


def facts_of_values(
    facts: PixelFacts,
    dtype: np.dtype[Any],
    *,
    slope: float = 1.0,
    intercept: float = 0.0,
    padding: int | None = None,
) -> PixelFacts:
    """The facts of a volume's values, made from frames with ``facts``: same windows and polarity.

    modality value = value * slope + intercept; ``padding`` is as it stands in the volume.
    """
    bits = 8 * dtype.itemsize
    pixel_format = replace(
        facts.format,
        bits_allocated=bits,
        bits_stored=bits,
        high_bit=bits - 1,
        signed=dtype.kind == "i",
        kind="float" if dtype.kind == "f" else "integer",
    )
    grey = replace(
        facts.grey,
        slope=slope,
        intercept=intercept,
        modality_lut=None,
        padding=padding,
        padding_limit=None,
    )
    return PixelFacts(pixel_format, grey)


def stored_dtype(facts: PixelFacts) -> np.dtype[Any]:
    """The dtype in which frames with these facts are decoded."""
    if facts.format.kind == "float":
        return np.dtype(np.float64 if facts.format.bits_allocated == 64 else np.float32)
    size = next(n for n in (1, 2, 4, 8) if facts.format.bits_allocated <= 8 * n)
    return np.dtype(f"{'i' if facts.format.signed else 'u'}{size}")


def mask_bits(raw: Values, facts: PixelFacts) -> tuple[Values, PixelFacts]:
    """Keep the Bits Stored below High Bit and extend the sign (PS3.5 8.1.1).

    ``raw`` is as decoded and may hold other things in its upper bits; padding stays as it is, for
    makers put it beyond Bits Stored, where no value meets it. Returns values of the same
    shape and dtype, ``raw`` itself where nothing is to be done, and the facts that go with them.
    To be called before values are interpolated; every other function here does it by itself.
    """
    pixels = facts.format
    width = raw.dtype.itemsize * 8
    is_as_stored = raw.dtype.kind != "f" and raw.dtype.itemsize == stored_dtype(facts).itemsize
    if not is_as_stored or raw.size == 0 or not 0 < pixels.bits_stored < width:
        return raw, facts
    low = min(max(pixels.high_bit + 1 - pixels.bits_stored, 0), width - pixels.bits_stored)
    if low == 0 and _fits(raw, pixels):
        return raw, facts
    unsigned = raw.view(f"u{raw.dtype.itemsize}")
    letter = "i" if pixels.signed else "u"
    lift = width - pixels.bits_stored
    lifted = np.left_shift(unsigned, lift - low).view(f"{letter}{raw.dtype.itemsize}")
    stored = np.right_shift(lifted, lift).view(raw.dtype)
    padding = padding_mask(raw, facts.grey)
    if padding is not None:
        stored[padding] = raw[padding]
    return stored, replace(facts, format=replace(pixels, high_bit=pixels.bits_stored - 1))


def rescale_of(grey: Grey) -> tuple[float, float]:
    """Slope and intercept, or (1, 0) where the file's are no rescale: slope 0, or not finite."""
    slope, intercept = float(grey.slope), float(grey.intercept)
    if slope == 0.0 or not math.isfinite(slope) or not math.isfinite(intercept):
        return 1.0, 0.0
    return slope, intercept


def to_modality(stored: Values, facts: PixelFacts) -> Values:
    """Turn stored values into modality values of the same shape (C.11.1).

    The modality LUT wins over slope and intercept. Whole numbers stay whole: the stored values
    themselves where there is nothing to do, else the smallest of int16, int32 and int64 that holds
    all of their dtype. Anything else is float32, or float64 where float32 would round.
    """
    grey = facts.grey
    stored, facts = mask_bits(stored, facts)
    if grey.modality_lut is not None:
        return look_up(stored, grey.modality_lut)
    slope, intercept = rescale_of(grey)
    if (slope, intercept) == (1.0, 0.0):
        return stored
    if stored.dtype.kind in "iu" and stored.dtype.itemsize <= 4 and _is_whole_rescale(grey):
        return _rescale_whole(stored, int(slope), int(intercept))
    is_wide = stored.dtype.itemsize > (4 if stored.dtype.kind == "f" else 2)
    with np.errstate(over="ignore", invalid="ignore"):  # a file may claim any slope
        scaled: Values = (stored.astype(np.float64) * slope + intercept).astype(
            np.float64 if is_wide else np.float32
        )
    return scaled


def padding_mask(stored: Values, grey: Grey) -> NDArray[np.bool_] | None:
    """Where stored values are padding (C.7.5.1.1.2), or None when the file names none.

    A padding value written with the other signedness is taken modulo the width of the pixels.
    """
    if grey.padding is None:
        return None
    other = grey.padding if grey.padding_limit is None else grey.padding_limit
    low, high = sorted((_wrapped(grey.padding, stored), _wrapped(other, stored)))
    if low == high:
        same: NDArray[np.bool_] = stored == low
        return same
    # Comparing in place of subtracting: unsigned differences would wrap.
    between: NDArray[np.bool_] = (stored >= low) & (stored <= high)
    return between


def look_up(values: Values, table: LookupTable) -> Values:
    """Look values up; those outside the table take its first or last entry (C.11.1.1.1)."""
    if values.dtype.kind == "f":
        values = np.nan_to_num(np.rint(values), nan=table.first)
    last = table.first + len(table.values) - 1
    index = np.clip(values.astype(np.int64), table.first, last) - table.first
    entries = np.asarray(table.values, np.int64)
    found: Values = entries.astype(_whole_dtype(int(entries.min()), int(entries.max())))[index]
    return found


def _is_whole_rescale(grey: Grey) -> bool:
    """Whether slope and intercept are whole, and small enough for 32-bit values in int64."""
    return all(v.is_integer() and abs(v) <= WHOLE_LIMIT for v in rescale_of(grey))


def _fits(stored: Values, pixels: PixelFormat) -> bool:
    """Whether every value lies within Bits Stored already."""
    low = -(1 << (pixels.bits_stored - 1)) if pixels.signed else 0
    return bool(stored.min() >= low and stored.max() < low + (1 << pixels.bits_stored))


def _rescale_whole(stored: Values, slope: int, intercept: int) -> Values:
    """Rescale integers in the smallest dtype that holds whatever their dtype can hold."""
    bounds = np.iinfo(stored.dtype)
    ends = (int(bounds.min) * slope + intercept, int(bounds.max) * slope + intercept)
    target = _whole_dtype(min(ends), max(ends))
    scaled: Values = stored.astype(target) * target.type(slope) + target.type(intercept)
    return scaled


def _whole_dtype(low: int, high: int) -> np.dtype[Any]:
    """The smallest signed integer dtype that holds both."""
    for kind in (np.int16, np.int32):
        bounds = np.iinfo(kind)
        if bounds.min <= low and high <= bounds.max:
            return np.dtype(kind)
    return np.dtype(np.int64)


def _wrapped(value: int, stored: Values) -> int:
    """Bring a value into the range of the pixels' dtype, modulo its width."""
    if stored.dtype.kind not in "iu":
        return value
    bounds = np.iinfo(stored.dtype)
    span = int(bounds.max) - int(bounds.min) + 1
    return (value - int(bounds.min)) % span + int(bounds.min)
