"""A volume's values as int16, which the ray caster takes."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MIDDLE: Final = 1 << 15


def to_int16(
    values: NDArray[Any], slope: float = 1.0, intercept: float = 0.0
) -> tuple[NDArray[np.int16], float, float]:
    """Give int16 values, a slope above 0 and an intercept for values with theirs.

    ``narrow * new slope + new intercept`` is ``values * slope + intercept``: exact for integers of
    at most 16 bits, and without a copy for int16. Others are spread over the 16 bits from their
    smallest to their largest value; what is no number becomes the smallest.
    """
    narrow, step, offset = _narrowed(values)
    step, offset = step * slope, offset * slope + intercept
    if step < 0:
        return np.invert(narrow), -step, offset - step  # -x - 1, which cannot overflow
    return narrow, step, offset


def _narrowed(values: NDArray[Any]) -> tuple[NDArray[np.int16], float, float]:
    """int16 values with their own slope and intercept."""
    if values.dtype == np.int16:
        return values, 1.0, 0.0
    if values.dtype.kind in "iu" and values.dtype.itemsize == 1:
        return values.astype(np.int16), 1.0, 0.0
    if values.dtype == np.uint16:
        flipped = np.bitwise_xor(values, np.uint16(MIDDLE))
        return flipped.view(np.int16), 1.0, float(MIDDLE)
    return _spread(values)


def _spread(values: NDArray[Any]) -> tuple[NDArray[np.int16], float, float]:
    """Lay the range of the values over -32768 to 32767."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    slope = (high - low) / (2 * MIDDLE - 1) or 1.0
    steps = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / slope
    narrow = (np.rint(steps) - MIDDLE).astype(np.int16)
    return narrow, slope, low + MIDDLE * slope
