"""Any volume as the int16 the ray caster takes, with the rescale that leads back to its values."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_STEPS: Final = 65_000
_HALF_RANGE: Final = 32_500


@dataclass(frozen=True, slots=True)
class StoredVolume:
    """int16 voxels (slices, rows, columns); modality value = voxel * `slope` + `intercept`."""

    voxels: NDArray[np.int16]
    slope: float
    intercept: float


def as_int16(voxels: NDArray[Any], *, slope: float = 1.0, intercept: float = 0.0) -> StoredVolume:
    """Give the volume as int16 for drawing; exact for whole numbers of up to 16 bits.

    int16, and uint16 up to 32,767, are used where they are. Other values are copied, fractions in
    65,000 even steps over their range; NaN and infinity become the lowest. Measurements never use
    these voxels.
    """
    if voxels.dtype == np.int16:
        return StoredVolume(voxels, slope, intercept)
    if voxels.dtype == np.uint16:
        if voxels.max() < 2**15:
            return StoredVolume(voxels.view(np.int16), slope, intercept)
        moved = (voxels ^ np.uint16(2**15)).view(np.int16)
        return StoredVolume(moved, slope, intercept + 2**15 * slope)
    if voxels.dtype.itemsize == 1:
        return StoredVolume(voxels.astype(np.int16), slope, intercept)
    return _in_steps(voxels, slope, intercept)


def _in_steps(voxels: NDArray[Any], slope: float, intercept: float) -> StoredVolume:
    finite = np.isfinite(voxels)
    low, high = float(voxels[finite].min(initial=0)), float(voxels[finite].max(initial=0))
    step = (high - low) / _STEPS or 1.0
    shifted = np.where(finite, voxels, low) - low
    stored = (np.rint(shifted / step) - _HALF_RANGE).astype(np.int16)
    return StoredVolume(stored, slope * step, intercept + slope * (low + _HALF_RANGE * step))
