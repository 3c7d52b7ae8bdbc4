"""A first crop box for CT: the patient without the table, so that bones are not seen through it."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.render.volume import CropBox

_STRIDE: Final = 4
_FEWEST_SLICES: Final = 0.02
_MARGIN_VOXELS: Final = 4.0


def patient_box(voxels: NDArray[Any], *, denser_than: float) -> CropBox | None:
    """Find the largest connected body in the slices laid over one another.

    `voxels` (slices, rows, columns); `denser_than` is a stored value between air and tissue, about
    -300 HU. Slices are never cropped. None when nothing is denser. It is a proposal: what it leaves
    out may be part of the patient, so the view says that it is cropped and can show all.
    """
    dense = voxels[:, ::_STRIDE, ::_STRIDE] > denser_than
    shadow = dense.sum(axis=0) > _FEWEST_SLICES * len(voxels)
    if not shadow.any():
        return None
    rows, columns = np.nonzero(_largest_part(shadow))
    low = np.array([rows.min(), columns.min()]) * _STRIDE - _MARGIN_VOXELS
    high = (np.array([rows.max(), columns.max()]) + 1) * _STRIDE + _MARGIN_VOXELS
    low, high = np.maximum(low, 0), np.minimum(high, np.array(voxels.shape[1:]) - 1)
    top = float(len(voxels) - 1)
    return CropBox((0.0, float(low[0]), float(low[1])), (top, float(high[0]), float(high[1])))


def _largest_part(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The connected part (by edges) of a small mask that has the most pixels."""
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        padded = np.pad(labels, 1)
        spread = np.maximum.reduce(
            [labels, padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]
        )
        spread[~mask] = 0
        if np.array_equal(spread, labels):
            break
        labels = spread
    counts = np.bincount(labels.ravel())
    counts[0] = 0
    part: NDArray[np.bool_] = labels == counts.argmax()
    return part
