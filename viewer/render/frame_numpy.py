"""The frame kernels in numpy alone: the first paint, before machine code is there, and rare dtypes.

Same names, arguments and results as in `frame_kernels`, within one rounding step.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[Any]
Whole = NDArray[np.uint32]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def enlarge(
    frame: Frame,
    samples: int,
    left: Whole,
    right: Whole,
    across: Floats,
    upper: Whole,
    lower: Whole,
    down: Floats,
    bias: float,
    out: Frame,
) -> None:
    """Interpolate linearly on a grid of columns and rows; see `frame_kernels.enlarge`."""
    colours = frame.reshape(frame.shape[0], -1, samples)
    start, end = int(min(left.min(), right.min())), int(max(left.max(), right.max())) + 1
    part = down[:, None, None]
    above = colours[upper, start:end].astype(np.float32)
    lines = above + (colours[lower, start:end] - above) * part
    near = lines[:, left - start]
    values = near + (lines[:, right - start] - near) * across[None, :, None]
    out[...] = _stored(values, bias).reshape(out.shape)


def reduce(
    frame: Frame,
    samples: int,
    left: Whole,
    across: Floats,
    top: Whole,
    down: Floats,
    bias: float,
    out: Frame,
) -> None:
    """Average the frame over rectangles, given by weights; see `frame_kernels.reduce`."""
    rows, columns = frame.shape[0], frame.shape[1] // samples
    lines = np.zeros((len(out), frame.shape[1]), np.float32)
    for k, weights in enumerate(down):
        lines += weights[:, None] * frame[np.minimum(top + k, rows - 1)]
    colours = lines.reshape(len(out), columns, samples)
    values = np.zeros((len(out), len(left), samples), np.float32)
    for k, weights in enumerate(across):
        values += weights[None, :, None] * colours[:, np.minimum(left + k, columns - 1)]
    out[...] = _stored(values, bias).reshape(out.shape)


def turn(
    frame: Frame,
    samples: int,
    device_to_frame: NDArray[np.float64],
    is_nearest: bool,
    bias: float,
    out: Frame,
    inside: Mask,
) -> None:
    """Sample the frame at device pixel centres by any affine map; see `frame_kernels.turn`."""
    colours = frame.reshape(frame.shape[0], -1, samples)
    rows, columns = colours.shape[:2]
    v, u = np.indices(inside.shape) + 0.5
    grid = np.stack([u, v, np.ones_like(u)])
    x, y = np.einsum("ij,jhw->ihw", device_to_frame, grid)
    covered = (x >= 0) & (y >= 0) & (x < columns) & (y < rows)
    inside[...] = covered
    target = out.reshape(*covered.shape, samples)
    target[...] = 0
    x, y = x[covered], y[covered]
    if is_nearest:
        target[covered] = colours[y.astype(int), x.astype(int)]
        return
    x, y = np.clip(x - 0.5, 0, columns - 1), np.clip(y - 0.5, 0, rows - 1)
    i, j = x.astype(int), y.astype(int)
    fx, fy = (x - i)[:, None], (y - j)[:, None]
    right, below = np.minimum(i + 1, columns - 1), np.minimum(j + 1, rows - 1)
    high = colours[j, i] * (1 - fx) + colours[j, right] * fx
    low = colours[below, i] * (1 - fx) + colours[below, right] * fx
    target[covered] = _stored(high * (1 - fy) + low * fy, bias)


def _stored(values: NDArray[Any], bias: float) -> NDArray[Any]:
    return np.floor(values + bias) if bias > 0 else values
