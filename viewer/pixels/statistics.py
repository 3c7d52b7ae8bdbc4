"""Mean, spread, ends and count of the modality values under an outline, padding left out."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.pixels.modality import PixelFacts, Values, padding_mask, to_modality
from viewer.spaces import FrameBox


@dataclass(frozen=True, slots=True)
class Statistics:
    """Values under an outline, in the modality's unit.

    ``deviation`` is that of these pixels themselves (divided by n). ``left_out`` counts pixels
    under the outline that are padding or no number.
    """

    mean: float
    deviation: float
    minimum: float
    maximum: float
    count: int
    left_out: int = 0


def box_mask(shape: tuple[int, int], box: FrameBox) -> NDArray[np.bool_]:
    """Pixels of a (rows, columns) frame whose centre lies in the box, its edges included."""
    rows, columns = _centres(shape)
    in_rows = (rows >= box.top) & (rows <= box.bottom)
    in_columns = (columns >= box.left) & (columns <= box.right)
    inside: NDArray[np.bool_] = in_rows[:, None] & in_columns[None, :]
    return inside


def ellipse_mask(shape: tuple[int, int], box: FrameBox) -> NDArray[np.bool_]:
    """Pixels of a (rows, columns) frame whose centre lies in the ellipse that fills the box."""
    if box.width <= 0 or box.height <= 0:
        return np.zeros(shape, np.bool_)
    rows, columns = _centres(shape)
    down = ((rows - box.centre.row) / (box.height / 2)) ** 2
    across = ((columns - box.centre.column) / (box.width / 2)) ** 2
    inside: NDArray[np.bool_] = down[:, None] + across[None, :] <= 1.0
    return inside


def statistics_in_box(stored: Values, facts: PixelFacts, box: FrameBox) -> Statistics | None:
    """The values in a box on a frame (rows, columns); None when there are none, or colours."""
    return _statistics_under(stored, facts, box, is_ellipse=False)


def statistics_in_ellipse(stored: Values, facts: PixelFacts, box: FrameBox) -> Statistics | None:
    """The values in the ellipse that fills a box; None when there are none, or colours."""
    return _statistics_under(stored, facts, box, is_ellipse=True)


def _statistics_under(
    stored: Values, facts: PixelFacts, box: FrameBox, *, is_ellipse: bool
) -> Statistics | None:
    """Cut the frame to the box, so that the cost is that of the outline, then count."""
    if facts.is_color or stored.ndim != 2:
        return None
    top, bottom = _reach(box.top, box.bottom, stored.shape[0])
    left, right = _reach(box.left, box.right, stored.shape[1])
    part = stored[top:bottom, left:right]
    local = FrameBox(box.left - left, box.top - top, box.right - left, box.bottom - top)
    outline = ellipse_mask if is_ellipse else box_mask
    return _summary(part[outline(part.shape, local)], facts)


def _summary(stored: Values, facts: PixelFacts) -> Statistics | None:
    """Statistics of one-dimensional stored values."""
    padding = padding_mask(stored, facts.grey)
    kept = stored if padding is None else stored[~padding]
    values = to_modality(kept, facts).astype(np.float64)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return None
    return Statistics(
        mean=float(values.mean()),
        deviation=float(values.std()),
        minimum=float(values.min()),
        maximum=float(values.max()),
        count=int(values.size),
        left_out=int(stored.size - values.size),
    )


def _centres(shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edge coordinates of the pixel centres along the rows and the columns axis."""
    rows = np.arange(shape[0], dtype=np.float64) + 0.5
    return rows, np.arange(shape[1], dtype=np.float64) + 0.5


def _reach(low: float, high: float, size: int) -> tuple[int, int]:
    """The pixels from ``low`` to ``high``, half open, within the frame."""
    start = min(max(math.floor(low), 0), size)
    return start, max(min(math.ceil(high), size), start)
