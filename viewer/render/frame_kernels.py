"""Machine-code kernels that resample one frame to device pixels, and oblique slabs of a volume.

Importing this module compiles or loads them (see `kernel_cache`). A colour frame (rows, columns, 3)
comes as (rows, columns * 3) with `samples` = 3. `frame_numpy` holds the same functions for the time
before these are loaded; both are tested against each other.
"""
# ruff: noqa: E402 - numba after its cache folder is set

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.render.kernel_cache import compiled, inlined, prepare_cache

prepare_cache()
from numba import types

Frame = NDArray[Any]
Whole = NDArray[np.uint32]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Scalar: TypeAlias = float | np.float32

_SCALARS = (types.int16, types.uint16, types.float32, types.uint8)
_WHOLE = types.Array(types.uint32, 1, "C", readonly=True)
_FLOATS = types.Array(types.float32, 1, "C", readonly=True)
_MATRIX = types.Array(types.float64, 2, "C", readonly=True)
_POINT = types.Array(types.float64, 1, "C", readonly=True)
_VOLUME = types.Array(types.int16, 3, "C", readonly=True)
_MASK = types.boolean[:, ::1]
_WEIGHTS = types.Array(types.float32, 2, "C", readonly=True)
_i, _u, _b, _f = types.int64, types.uint64, types.boolean, types.float32
_NEXT: Final = np.uint64(1)
_ZERO: Final[Scalar] = np.float32(0)
_HALF: Final[Scalar] = np.float32(0.5)
_LEAST: Final[Scalar] = np.float32(-32768)
_MOST: Final[Scalar] = np.float32(32767)


def _frame(scalar: Any) -> Any:
    return types.Array(scalar, 2, "C", readonly=True)


@inlined
def _stored(value: Scalar, bias: Scalar) -> Scalar:
    """Round down where a bias asks for it; a value that stays a fraction has none."""
    return np.floor(value) if bias > _ZERO else value


@compiled(
    *(
        types.void(_frame(s), _u, _WHOLE, _WHOLE, _FLOATS, _WHOLE, _WHOLE, _FLOATS, _f, s[:, ::1])
        for s in _SCALARS
    ),
    has_nan=True,
)
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
    """Interpolate linearly on a grid: out column i lies `across[i]` of the way from left to right.

    `left`, `right` are frame columns, `upper`, `lower` frame rows with `down` between them. Whole
    numbers get a `bias` of one half and are rounded down.
    """
    start = min(left.min(), right.min()) * samples
    end = (max(left.max(), right.max()) + _NEXT) * samples
    line = np.empty(end - start, np.float32)
    for row in range(out.shape[0]):
        part = down[row]
        above, below = frame[upper[row], start:end], frame[lower[row], start:end]
        for x in range(line.shape[0]):
            value = np.float32(above[x])
            line[x] = value + (np.float32(below[x]) - value) * part
        target = out[row]
        if samples == 1:
            for column in range(left.shape[0]):
                value = line[left[column] - start]
                value += (line[right[column] - start] - value) * across[column]
                target[column] = _stored(value + bias, bias)
        else:
            for column in range(left.shape[0]):
                a, b = left[column] * samples - start, right[column] * samples - start
                for sample in range(samples):
                    value = line[a + sample]
                    value += (line[b + sample] - value) * across[column]
                    target[column * samples + sample] = _stored(value + bias, bias)


@compiled(
    *(
        types.void(_frame(s), _u, _WHOLE, _WEIGHTS, _WHOLE, _WEIGHTS, _f, s[:, ::1])
        for s in _SCALARS
    ),
    has_nan=True,
)
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
    """Average rectangles: out column i weighs frame columns left[i] + k by `across[k, i]`.

    Rows likewise by `top` and `down`; weights sum to 1 and those beyond the frame are 0. Whole
    numbers get a `bias` of one half and are rounded down.
    """
    taps = across.shape[0]
    start = left.min() * samples
    end = min((left.max() + np.uint32(taps)) * samples, np.uint64(frame.shape[1]))
    line = np.zeros(end - start + np.uint64(taps) * samples, np.float32)
    sums = np.empty(left.shape[0], np.float32)
    for row in range(out.shape[0]):
        line[:] = _ZERO
        for k in range(down.shape[0]):
            weight = down[k, row]
            if weight > _ZERO:
                source = frame[top[row] + np.uint32(k), start:end]
                for x in range(source.shape[0]):
                    line[x] += weight * np.float32(source[x])
        target = out[row]
        for sample in range(samples):
            sums[:] = bias
            for k in range(taps):
                shift = np.uint64(k) * samples + sample - start
                weights = across[k]
                for column in range(sums.shape[0]):
                    sums[column] += weights[column] * line[left[column] * samples + shift]
            for column in range(sums.shape[0]):
                target[column * samples + sample] = _stored(sums[column], bias)


@compiled(
    *(types.void(_frame(s), _u, _MATRIX, _b, _f, s[:, ::1], _MASK) for s in _SCALARS),
    has_nan=True,
)
def turn(
    frame: Frame,
    samples: int,
    device_to_frame: NDArray[np.float64],
    is_nearest: bool,
    bias: float,
    out: Frame,
    inside: Mask,
) -> None:
    """Sample the frame at device pixel centres by any affine map to edge coordinates, (2, 3).

    Pixels whose centre falls beside the frame become 0 and are not `inside`. Whole numbers get a
    `bias` of one half and are rounded down.
    """
    m = device_to_frame
    rows, columns = frame.shape[0], frame.shape[1] // samples
    end_x, end_y = np.float64(columns - 1), np.float64(rows - 1)
    for v in range(out.shape[0]):
        target, covered_row = out[v], inside[v]
        start_x = m[0, 0] * 0.5 + m[0, 1] * (v + 0.5) + m[0, 2]
        start_y = m[1, 0] * 0.5 + m[1, 1] * (v + 0.5) + m[1, 2]
        for u in range(covered_row.shape[0]):
            x, y = start_x + m[0, 0] * u, start_y + m[1, 0] * u
            covered = x >= 0.0 and y >= 0.0 and x < columns and y < rows
            covered_row[u] = covered
            place = np.uint64(u) * samples
            if not covered:
                for sample in range(samples):
                    target[place + sample] = 0
                continue
            if is_nearest:
                row, column = np.uint64(y), np.uint64(x) * samples
                for sample in range(samples):
                    target[place + sample] = frame[row, column + sample]
                continue
            x, y = min(max(x - 0.5, 0.0), end_x), min(max(y - 0.5, 0.0), end_y)
            i, j = np.uint64(np.int32(x)), np.uint64(np.int32(y))
            fx, fy = np.float32(x - np.float64(i)), np.float32(y - np.float64(j))
            a = i * samples
            b = a + samples if x < end_x else a
            below = j + _NEXT if y < end_y else j
            for sample in range(samples):
                high = np.float32(frame[j, a + sample])
                high += (np.float32(frame[j, b + sample]) - high) * fx
                low = np.float32(frame[below, a + sample])
                low += (np.float32(frame[below, b + sample]) - low) * fx
                target[place + sample] = _stored(high + (low - high) * fy + bias, bias)


@inlined
def _is_within(voxels: NDArray[np.int16], z: float, y: float, x: float) -> bool:
    """Tell whether a point lies in the volume, the outer half of its border voxels included."""
    near = z >= -0.5 and y >= -0.5 and x >= -0.5
    return (
        near
        and z < voxels.shape[0] - 0.5
        and y < voxels.shape[1] - 0.5
        and x < voxels.shape[2] - 0.5
    )


@inlined
def _linear(voxels: NDArray[np.int16], z: float, y: float, x: float) -> Scalar:
    """Interpolate at a point within the volume; the outermost values reach to its faces."""
    z = min(max(z, 0.0), np.float64(voxels.shape[0] - 1))
    y = min(max(y, 0.0), np.float64(voxels.shape[1] - 1))
    x = min(max(x, 0.0), np.float64(voxels.shape[2] - 1))
    k, j, i = np.uint64(np.int32(z)), np.uint64(np.int32(y)), np.uint64(np.int32(x))
    fz, fy = np.float32(z - np.float64(k)), np.float32(y - np.float64(j))
    fx = np.float32(x - np.float64(i))
    kn = min(k + _NEXT, np.uint64(voxels.shape[0] - 1))
    jn = min(j + _NEXT, np.uint64(voxels.shape[1] - 1))
    xn = min(i + _NEXT, np.uint64(voxels.shape[2] - 1))
    a, b = np.float32(voxels[k, j, i]), np.float32(voxels[k, jn, i])
    c, d = np.float32(voxels[kn, j, i]), np.float32(voxels[kn, jn, i])
    a += (np.float32(voxels[k, j, xn]) - a) * fx
    b += (np.float32(voxels[k, jn, xn]) - b) * fx
    c += (np.float32(voxels[kn, j, xn]) - c) * fx
    d += (np.float32(voxels[kn, jn, xn]) - d) * fx
    a += (b - a) * fy
    c += (d - c) * fy
    return a + (c - a) * fz


@compiled(
    types.void(
        _VOLUME, _POINT, _POINT, _POINT, _POINT, _i, _i, types.int16, types.int16[:, ::1], _MASK
    )
)
def slab(
    voxels: NDArray[np.int16],
    corner: NDArray[np.float64],
    right: NDArray[np.float64],
    down: NDArray[np.float64],
    through: NDArray[np.float64],
    layers: int,
    kind: int,
    background: int,
    out: NDArray[np.int16],
    inside: Mask,
) -> None:
    """Project `layers` parallel planes: `kind` 0 mean, 1 maximum, -1 minimum.

    All vectors are (slice, row, column) in voxel coordinates: centre of the first pixel on the
    first layer, and the changes per pixel to the right, down, and per layer. Samples beside the
    volume do not count; where none is left, `out` is the background and `inside` false.
    """
    for v in range(out.shape[0]):
        for u in range(out.shape[1]):
            z = corner[0] + right[0] * u + down[0] * v
            y = corner[1] + right[1] * u + down[1] * v
            x = corner[2] + right[2] * u + down[2] * v
            end = layers - 1
            far = z + through[0] * end, y + through[1] * end, x + through[2] * end
            is_whole = _is_within(voxels, z, y, x) and _is_within(voxels, far[0], far[1], far[2])
            total, highest, lowest, count = _ZERO, _LEAST, _MOST, 0
            for _layer in range(layers):
                if is_whole or _is_within(voxels, z, y, x):
                    value = _linear(voxels, z, y, x)
                    total += value
                    highest, lowest = max(highest, value), min(lowest, value)
                    count += 1
                z, y, x = z + through[0], y + through[1], x + through[2]
            inside[v, u] = count > 0
            if count == 0:
                out[v, u] = background
            elif kind == 0:
                out[v, u] = np.int16(np.floor(total / np.float32(count) + _HALF))
            else:
                out[v, u] = np.int16(np.floor((highest if kind > 0 else lowest) + _HALF))


IS_COMPLETE: Final = True
