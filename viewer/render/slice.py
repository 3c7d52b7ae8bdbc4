"""One frame resampled to device pixels: stored values in, stored values out, windowed afterwards.

Interpolating values before the window, not grey levels after it, is what keeps narrow windows true.
Enlarging interpolates linearly, reducing averages the area a device pixel covers (large radiographs
alias otherwise), labels and 1-bit frames take the nearest pixel.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.render import frame_numpy
from viewer.render.kernel_cache import FRAME_KERNELS, loaded

Interpolation: TypeAlias = Literal["linear", "nearest"]
_Weights: TypeAlias = tuple[NDArray[np.uint32], NDArray[np.float32]]

_KERNEL_TYPES: Final = ("int16", "uint16", "float32", "uint8")
_ALIGNED: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Tile:
    """A frame at device pixels: values (height, width[, 3]) of the frame's dtype, 0 beside it.

    `inside` (height, width) tells which pixels show the frame; the others are never a value.
    """

    values: NDArray[Any]
    inside: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where the device pixels of one axis lie on the frame: their centres, in edge coordinates.

    `covered` [first, last) are the pixels whose centre is on the frame, of `length` in all.
    """

    centres: NDArray[np.float64]
    ratio: float
    covered: slice
    length: int


def resample_frame(
    frame: NDArray[Any],
    frame_to_device: NDArray[np.float64],
    size_px: tuple[int, int],
    *,
    interpolation: Interpolation = "linear",
) -> Tile:
    """Resample a frame (rows, columns[, 3]) to a tile of (width, height) device pixels.

    `frame_to_device` (2, 3) maps frame edge coordinates (column, row, 1) to device pixels: zoom,
    pan, rotation and mirroring in one. At a scale of 1 and whole pixels the values are the frame's.
    Raises `ValueError` for a matrix without an inverse.
    """
    linear, offset = frame_to_device[:, :2], frame_to_device[:, 2]
    if abs(np.linalg.det(linear)) < 1e-12:
        raise ValueError("the view has no extent")
    inverse = np.linalg.inv(linear)
    device_to_frame = np.column_stack([inverse, -inverse @ offset])
    samples = frame.shape[2] if frame.ndim == 3 else 1
    flat = np.ascontiguousarray(frame).reshape(frame.shape[0], -1)
    small = _ALIGNED * np.abs(inverse).max()
    if max(abs(inverse[0, 1]), abs(inverse[1, 0])) <= small:
        values, inside = _on_grid(flat, samples, device_to_frame, size_px, interpolation)
    elif max(abs(inverse[0, 0]), abs(inverse[1, 1])) <= small:
        exchanged, turned_size = device_to_frame[:, [1, 0, 2]], (size_px[1], size_px[0])
        values, inside = _on_grid(flat, samples, exchanged, turned_size, interpolation)
        values, inside = _transposed(values, samples), np.ascontiguousarray(inside.T)
    else:
        values, inside = _at_an_angle(flat, samples, device_to_frame, size_px, interpolation)
    shape = (*inside.shape, samples) if frame.ndim == 3 else inside.shape
    return Tile(values.reshape(shape), inside)


def _kernels(dtype: np.dtype[Any]) -> Any:
    module = loaded(FRAME_KERNELS) if dtype.name in _KERNEL_TYPES else None
    return module or frame_numpy


def _on_grid(
    flat: NDArray[Any],
    samples: int,
    device_to_frame: NDArray[np.float64],
    size_px: tuple[int, int],
    interpolation: Interpolation,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Resample where device axes run along frame axes, so that each is treated by itself."""
    width, height = size_px
    across = _axis(device_to_frame[0, 0], device_to_frame[0, 2], width, flat.shape[1] // samples)
    down = _axis(device_to_frame[1, 1], device_to_frame[1, 2], height, flat.shape[0])
    if across.length == 0 or down.length == 0:
        return np.zeros((height, width * samples), flat.dtype), np.zeros((height, width), np.bool_)
    shown = (_nearest if interpolation == "nearest" else _smooth)(flat, samples, across, down)
    if across.length == width and down.length == height:
        return shown, np.ones((height, width), np.bool_)
    values = np.zeros((height, width * samples), flat.dtype)
    inside = np.zeros((height, width), np.bool_)
    start, stop = across.covered.start * samples, across.covered.stop * samples
    values[down.covered, start:stop] = shown
    inside[down.covered, across.covered] = True
    return values, inside


def _axis(per_pixel: float, start: float, length: int, extent: int) -> _Axis:
    centres = per_pixel * _middles(length) + start
    covered = np.flatnonzero((centres >= 0) & (centres < extent))
    if len(covered) == 0:
        return _Axis(centres[:0], abs(per_pixel), slice(0, 0), 0)
    run = slice(int(covered[0]), int(covered[-1]) + 1)
    return _Axis(centres[run], abs(per_pixel), run, len(covered))


def _nearest(flat: NDArray[Any], samples: int, across: _Axis, down: _Axis) -> NDArray[Any]:
    columns = across.centres.astype(int)[:, None] * samples + np.arange(samples)
    return flat.take(down.centres.astype(int), axis=0).take(columns.ravel(), axis=1)


def _middles(count: int) -> NDArray[np.float64]:
    return np.arange(0.5, count, dtype=np.float64)


def _smooth(flat: NDArray[Any], samples: int, across: _Axis, down: _Axis) -> NDArray[Any]:
    """Average along the axes that are reduced, interpolate along the others."""
    rows, columns = flat.shape[0], flat.shape[1] // samples
    if across.ratio > 1 or down.ratio > 1:
        flat = _averaged(flat, samples, _weights(across, columns), _weights(down, rows))
        if across.ratio > 1 and down.ratio > 1:
            return flat
        across, down = _after_reduction(across), _after_reduction(down)
        rows, columns = flat.shape[0], flat.shape[1] // samples
    out = np.empty((down.length, across.length * samples), flat.dtype)
    grid = (*_neighbours(across, columns), *_neighbours(down, rows))
    kernels, bias = _kernels(flat.dtype), _bias(flat.dtype)
    kernels.enlarge(flat, samples, *grid, bias, out)
    return out


def _averaged(flat: NDArray[Any], samples: int, across: _Weights, down: _Weights) -> NDArray[Any]:
    (left, columns), (top, rows) = across, down
    out = np.empty((len(top), len(left) * samples), flat.dtype)
    kernels, bias = _kernels(flat.dtype), _bias(flat.dtype)
    kernels.reduce(flat, samples, left, columns, top, rows, bias, out)
    return out


def _weights(axis: _Axis, extent: int) -> _Weights:
    """What each device pixel averages; single frame pixels on an axis that is not reduced."""
    if axis.ratio <= 1:
        return np.arange(extent, dtype=np.uint32), np.ones((1, extent), np.float32)
    half = axis.ratio / 2
    starts = np.clip(axis.centres - half, 0, extent)
    return _span_weights(starts, np.clip(axis.centres + half, 0, extent))


def _span_weights(starts: NDArray[np.float64], ends: NDArray[np.float64]) -> _Weights:
    """First frame pixel of each span, and the share (taps, spans) of that and the next ones."""
    first = np.floor(starts)
    taps = np.arange(int(np.ceil(ends - first).max()))[:, None]
    shares = np.minimum(ends, first + taps + 1) - np.maximum(starts, first + taps)
    weights = np.clip(shares, 0, None) / (ends - starts)
    return first.astype(np.uint32), weights.astype(np.float32)


def _after_reduction(axis: _Axis) -> _Axis:
    """The axis of a frame reduced along it: device pixels one by one."""
    if axis.ratio <= 1:
        return axis
    return _Axis(_middles(axis.length), 1.0, axis.covered, axis.length)


def _neighbours(
    axis: _Axis, extent: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float32]]:
    """The two frame pixels around each device pixel's centre, and the way between them."""
    place = np.clip(axis.centres - 0.5, 0, extent - 1)
    near = place.astype(np.uint32)
    far = np.minimum(near + 1, extent - 1).astype(np.uint32)
    return near, far, (place - near).astype(np.float32)


def _transposed(values: NDArray[Any], samples: int) -> NDArray[Any]:
    colours = values.reshape(values.shape[0], -1, samples)
    return np.ascontiguousarray(colours.swapaxes(0, 1)).reshape(colours.shape[1], -1)


def _at_an_angle(
    flat: NDArray[Any],
    samples: int,
    device_to_frame: NDArray[np.float64],
    size_px: tuple[int, int],
    interpolation: Interpolation,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Resample at a free angle; a reduction first averages whole blocks, then interpolates."""
    width, height = size_px
    block = round(float(abs(np.linalg.det(device_to_frame[:, :2])) ** 0.5))
    if interpolation == "linear" and block > 1:
        flat, device_to_frame = _blocks(flat, samples, block), device_to_frame / block
    out = np.empty((height, width * samples), flat.dtype)
    inside = np.empty((height, width), np.bool_)
    kernels, bias = _kernels(flat.dtype), _bias(flat.dtype)
    is_nearest = interpolation == "nearest"
    kernels.turn(flat, samples, device_to_frame, is_nearest, bias, out, inside)
    return out, inside


def _blocks(flat: NDArray[Any], samples: int, block: int) -> NDArray[Any]:
    spans = []
    for extent in (flat.shape[1] // samples, flat.shape[0]):
        starts = np.arange(0.0, extent, block)
        spans.append(_span_weights(starts, np.minimum(starts + block, extent)))
    return _averaged(flat, samples, spans[0], spans[1])


def _bias(dtype: np.dtype[Any]) -> float:
    return 0.0 if dtype.kind == "f" else 0.5
