"""Modality values to grey levels: windows, VOI LUTs and windows found from the values (C.11.2)."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.pixels.modality import PixelFacts, Values, padding_mask, to_modality
from viewer.study import LookupTable, VoiFunction, Window

Voi = Window | LookupTable
"""How modality values become grey levels."""

WHITE: Final = 255.0
AUTOMATIC_PERCENT: Final = (0.5, 99.5)
UNUSABLE_SHARE: Final = 0.98
CONTRAST_LEVELS: Final = 16.0
NARROWEST: Final = 1e-30
"""The width of a window over values that are all the same and not whole."""
WIDEST_ENTRY_BITS: Final = 16
SAMPLED_FRAMES: Final = 9
SAMPLE_LIMIT: Final = 1 << 18
"""Values of a series that an automatic window is taken from: 0.5 % of them are still 1,300."""


def apply_voi(values: Values, voi: Voi, *, whole: bool = True) -> NDArray[np.float64]:
    """Map modality values to grey levels 0.0 to 255.0, same shape; NaN becomes black.

    ``whole`` says that values can only be whole numbers; a "linear" window on others is applied
    as "linear_exact", because its half-unit shift means nothing there.
    """
    if isinstance(voi, LookupTable):
        return _apply_table(values, voi)
    x = np.nan_to_num(np.asarray(values, np.float64))
    ramp = {"sigmoid": _sigmoid, "linear_exact": _linear_exact, "linear": _linear}
    with np.errstate(over="ignore"):  # far outside a narrow window is black or white all the same
        return ramp[_function_for(voi, whole=whole)](x, voi)


def is_usable(voi: Voi) -> bool:
    """Whether the standard allows it: numbers and a width above 0, or a table with entries."""
    if isinstance(voi, LookupTable):
        return bool(voi.values)
    return bool(np.isfinite(voi.center) and np.isfinite(voi.width) and voi.width > 0)


def window_between(low: float, high: float, *, whole: bool = True) -> Window:
    """The window that makes ``low`` black and ``high`` white."""
    if whole:
        return Window((low + high) / 2 + 0.5, max(high - low, 0.0) + 1.0, "linear")
    return Window((low + high) / 2, max(high - low, NARROWEST), "linear_exact")


def ends_of(window: Window, *, whole: bool = True) -> tuple[float, float]:
    """The values at which the ramp of a window begins and ends."""
    if _function_for(window, whole=whole) == "linear":
        middle, half = window.center - 0.5, (window.width - 1) / 2
    else:
        middle, half = window.center, window.width / 2
    return middle - half, middle + half


def window_of_table(table: LookupTable) -> Window:
    """The linear window over the range of a VOI LUT, for a drag that begins on it."""
    return window_between(table.first, table.first + len(table.values) - 1)


def full_scale(table: LookupTable) -> int:
    """The entry that is white: the largest of the table's bits, or of those its entries need.

    Descriptors with too few bits, or with none that make sense, are found in real files.
    """
    needed = max(max(table.values).bit_length(), 1)
    bits = table.bits if needed <= table.bits <= WIDEST_ENTRY_BITS else needed
    return (1 << bits) - 1


def sample_values(frames: Sequence[tuple[Values, PixelFacts]]) -> NDArray[np.float64]:
    """Modality values of a series that are not padding, thinned evenly to ``SAMPLE_LIMIT``.

    ``frames`` are stored values (rows, columns) with their facts: all frames, or some spread over
    the series, or one volume (slices, rows, columns). Values that are not finite are left out. The
    result is one-dimensional.
    """
    if not frames:
        return np.empty(0)
    each = max(SAMPLE_LIMIT // len(frames), 1)
    parts = [_sample_frame(stored, facts, limit=each) for stored, facts in frames]
    return np.concatenate(parts)


def frames_to_sample(count: int) -> tuple[int, ...]:
    """Indices of the frames of a stack that speak for it in ``sample_values``, evenly spread."""
    if count <= SAMPLED_FRAMES:
        return tuple(range(count))
    return tuple(round(i * (count - 1) / (SAMPLED_FRAMES - 1)) for i in range(SAMPLED_FRAMES))


def automatic_window(sample: NDArray[np.float64], *, whole: bool = True) -> Window | None:
    """The window from 0.5 % to 99.5 % of the sample, or None when the sample is empty."""
    if sample.size == 0:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = percentiles(sample, AUTOMATIC_PERCENT)
    if whole:
        low, high = float(round(low)), float(round(high))
    return window_between(low, high, whole=whole)


def percentiles(sample: NDArray[np.float64], wanted: Sequence[float]) -> tuple[float, ...]:
    """What ``np.percentile`` says of a sample that is not empty.

    numpy's own loads its masked arrays at the first call, some 40 ms before the first picture.
    """
    places = [percent / 100 * (sample.size - 1) for percent in wanted]
    ranks = [(math.floor(place), math.ceil(place)) for place in places]
    parted = np.partition(sample, [rank for pair in ranks for rank in pair], axis=None)
    return tuple(
        float(parted[low] + (parted[high] - parted[low]) * (place - low))
        for place, (low, high) in zip(places, ranks, strict=True)
    )


def hides_everything(voi: Voi, sample: NDArray[np.float64], *, whole: bool = True) -> bool:
    """Whether more than 98 % of the sample would be black, or more than 98 % white."""
    if sample.size == 0:
        return False
    grey = apply_voi(sample, voi, whole=whole)
    ends = (np.count_nonzero(grey <= 0.5), np.count_nonzero(grey >= WHITE - 0.5))
    return bool(max(ends) > UNUSABLE_SHARE * sample.size)


def shows_contrast(voi: Voi, sample: NDArray[np.float64], *, whole: bool = True) -> bool:
    """Whether the middle 99 % of the sample spread over at least 16 grey levels."""
    if sample.size == 0:
        return True
    ends = np.array(percentiles(sample, AUTOMATIC_PERCENT))
    return bool(np.ptp(apply_voi(ends, voi, whole=whole)) >= CONTRAST_LEVELS)


def _function_for(window: Window, *, whole: bool) -> VoiFunction:
    """The function to apply: "linear" needs whole values and a width of at least 1."""
    if window.function == "linear" and (not whole or window.width < 1):
        return "linear_exact"
    return window.function


def _linear(x: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """C.11.2.1.2.1; a width of 1 is a threshold."""
    middle, span = window.center - 0.5, window.width - 1
    if span == 0:
        return np.where(x <= middle, 0.0, WHITE)
    return np.clip(((x - middle) / span + 0.5) * WHITE, 0.0, WHITE)


def _linear_exact(x: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """C.11.2.1.3.2."""
    return np.clip(((x - window.center) / window.width + 0.5) * WHITE, 0.0, WHITE)


def _sigmoid(x: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """C.11.2.1.3.1; the exponent is held where the result is 0 or 255 to the last bit."""
    exponent = np.clip(-4.0 * (x - window.center) / window.width, -700.0, 700.0)
    grey: NDArray[np.float64] = WHITE / (1.0 + np.exp(exponent))
    return grey


def _apply_table(values: Values, table: LookupTable) -> NDArray[np.float64]:
    """C.11.2.1.1; values outside the table take its first or last entry."""
    x: NDArray[Any] = np.rint(np.nan_to_num(np.asarray(values, np.float64)))
    index = np.clip(x - table.first, 0, len(table.values) - 1).astype(np.intp)
    grey: NDArray[np.float64] = np.asarray(table.values, np.float64)[index]
    return grey * (WHITE / full_scale(table))


def _sample_frame(stored: Values, facts: PixelFacts, *, limit: int) -> NDArray[np.float64]:
    """At most ``limit`` modality values of one frame, spread evenly, without padding."""
    flat = stored.reshape(-1)
    stride = max(-(-flat.size // limit), 1)
    while math.gcd(stride, stored.shape[-1]) > 1:  # else the same few columns, row after row
        stride += 1
    flat = flat[::stride]
    padding = padding_mask(flat, facts.grey)
    if padding is not None:
        flat = flat[~padding]
    values = to_modality(flat, facts).astype(np.float64)
    return values[np.isfinite(values)]
