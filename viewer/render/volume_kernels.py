"""Machine-code kernels of the CPU ray caster: levels, bricks, distance map, casting, projection.

Importing this module compiles or loads them (see `kernel_cache`). Arrays are [slice, row, column];
ray origins and directions arrive in patient coordinates (LPS, mm) and are mapped into voxel
coordinates by a matrix, so handedness is decided in one place, by `voxel_to_patient`.
All float arithmetic of the inner loops is single precision: constants carry their type. Parts
stand before the kernels that use them, because a kernel is compiled where it is defined.
"""
# ruff: noqa: C901, PLR0912, PLR0914, PLR0915, PLR1702, E402 - loops over voxels, written out

from typing import Final

import numpy as np
from numpy.typing import NDArray

from viewer.render.kernel_cache import compiled, inlined, prepare_cache

prepare_cache()
from numba import types

Int16Volume = NDArray[np.int16]
Codes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

ZERO: Final = np.float32(0)
ONE: Final = np.float32(1)
TINY: Final = np.float32(1e-6)
HUGE: Final = np.float32(1e9)
NUDGE: Final = np.float32(1e-3)
OPAQUE: Final = np.float32(0.95)
INVISIBLE: Final = np.float32(0.003)
FAINT: Final = np.float32(0.08)
LIT: Final = np.float32(0.02)
FLAT: Final = np.float32(1.0)
BYTE: Final = np.float32(255)
TO_UNIT: Final = np.float32(1 / 256)
_I32_ONE: Final = np.int32(1)
_I32_ZERO: Final = np.int32(0)

_VOLUME = types.Array(types.int16, 3, "C", readonly=True)
_VOLUME_OUT = types.int16[:, :, ::1]
_CODES = types.Array(types.uint8, 3, "C", readonly=True)
_CODES_OUT = types.uint8[:, :, ::1]
_BOUNDS = types.Array(types.int32, 3, "C", readonly=True)
_COUNTS = types.Array(types.int32, 1, "C", readonly=True)
_TABLES = types.Array(types.float32, 3, "C", readonly=True)
_COLOURS = types.Array(types.uint8, 2, "C", readonly=True)
_MATRIX = types.Array(types.float64, 2, "C", readonly=True)
_BOX = types.Array(types.float32, 2, "C", readonly=True)
_LIGHT = types.Array(types.float32, 1, "C", readonly=True)
_PICTURE = types.uint8[:, :, ::1]
_i, _f = types.int64, types.float32


@compiled(types.void(_VOLUME, _VOLUME_OUT, _i, _i, _i, _i, _i))
def reduce_volume(
    source: Int16Volume, target: Int16Volume, factor: int, depth: int, kind: int, first: int, last: int
) -> None:
    """Fill slices [first, last) of `target` from blocks of `depth` x `factor` x `factor` voxels.

    `kind`: 0 rounded mean, 1 maximum, -1 minimum.
    """
    count = factor * factor * depth
    for z in range(first, last):
        for y in range(target.shape[1]):
            for x in range(target.shape[2]):
                total = np.int32(0)
                highest = np.int32(-32768)
                lowest = np.int32(32767)
                for k in range(depth):
                    for j in range(factor):
                        for i in range(factor):
                            value = np.int32(source[z * depth + k, y * factor + j, x * factor + i])
                            total += value
                            highest = max(highest, value)
                            lowest = min(lowest, value)
                if kind == 0:
                    target[z, y, x] = (total + (count >> 1)) // count
                else:
                    target[z, y, x] = highest if kind > 0 else lowest


@compiled(types.void(_VOLUME, _i, _VOLUME_OUT, _VOLUME_OUT, _i, _i))
def bound_bricks(
    voxels: Int16Volume, shift: int, lowest: Int16Volume, highest: Int16Volume, first: int, last: int
) -> None:
    """Store minimum and maximum of bricks in layers [first, last); a brick has edges of 2**shift.

    One voxel beyond the brick counts too, because interpolation reaches there.
    """
    depth, height, width = voxels.shape
    edge = 1 << shift
    for brick_z in range(first, last):
        lowest[brick_z] = 32767
        highest[brick_z] = -32768
        for z in range(brick_z * edge, min(depth, brick_z * edge + edge + 1)):
            for brick_y in range(lowest.shape[1]):
                for y in range(brick_y * edge, min(height, brick_y * edge + edge + 1)):
                    for brick_x in range(lowest.shape[2]):
                        low = lowest[brick_z, brick_y, brick_x]
                        high = highest[brick_z, brick_y, brick_x]
                        for x in range(brick_x * edge, min(width, brick_x * edge + edge + 1)):
                            value = voxels[z, y, x]
                            low = min(low, value)
                            high = max(high, value)
                        lowest[brick_z, brick_y, brick_x] = low
                        highest[brick_z, brick_y, brick_x] = high


@inlined
def _spread(codes: Codes, z: int, y: int, x: int, way: int) -> None:
    """Lower one brick's distance by its thirteen neighbours that a sweep has passed already."""
    best = np.int32(codes[z, y, x])
    if best <= 1:
        return
    for k in range(14, 27):
        c = z + way * (k // 9 - 1)
        b = y + way * (k // 3 % 3 - 1)
        a = x + way * (k % 3 - 1)
        inside = c >= 0 and b >= 0 and a >= 0
        if inside and c < codes.shape[0] and b < codes.shape[1] and a < codes.shape[2]:
            best = min(best, max(np.int32(codes[c, b, a]), _I32_ONE) + _I32_ONE)
    codes[z, y, x] = best


@compiled(types.void(_VOLUME, _VOLUME, _COUNTS, _COUNTS, _f, _f, _CODES_OUT))
def code_bricks(
    lowest: Int16Volume,
    highest: Int16Volume,
    visible: NDArray[np.int32],
    dense: NDArray[np.int32],
    low: np.float32,
    scale: np.float32,
    codes: Codes,
) -> None:
    """Code each brick: 0 walk finely, 1 walk coarsely (faint), n + 1 nothing visible within n bricks.

    `visible` and `dense` count the table's entries above two opacities: entry k tells how many lie
    before k, so a range is judged by one subtraction. Two sweeps spread the chessboard distance.
    """
    last = visible.shape[0] - 2
    for z in range(codes.shape[0]):
        for y in range(codes.shape[1]):
            for x in range(codes.shape[2]):
                start = int((np.float32(lowest[z, y, x]) - low) * scale)
                end = int((np.float32(highest[z, y, x]) - low) * scale) + 1
                start = max(0, min(last, start))
                end = max(0, min(last, end))
                if visible[end + 1] == visible[start]:
                    codes[z, y, x] = 255
                else:
                    codes[z, y, x] = 1 if dense[end + 1] == dense[start] else 0
    for z in range(codes.shape[0]):
        for y in range(codes.shape[1]):
            for x in range(codes.shape[2]):
                _spread(codes, z, y, x, -1)
    for z in range(codes.shape[0] - 1, -1, -1):
        for y in range(codes.shape[1] - 1, -1, -1):
            for x in range(codes.shape[2] - 1, -1, -1):
                _spread(codes, z, y, x, 1)


@inlined
def _sample(voxels: Int16Volume, z: np.float32, y: np.float32, x: np.float32) -> np.float32:
    """Interpolate linearly at a voxel coordinate at least one voxel inside the far faces."""
    k, j, i = np.int32(z), np.int32(y), np.int32(x)
    fz, fy, fx = z - np.float32(k), y - np.float32(j), x - np.float32(i)
    a = np.float32(voxels[k, j, i])
    b = np.float32(voxels[k, j + 1, i])
    c = np.float32(voxels[k + 1, j, i])
    d = np.float32(voxels[k + 1, j + 1, i])
    a += (np.float32(voxels[k, j, i + 1]) - a) * fx
    b += (np.float32(voxels[k, j + 1, i + 1]) - b) * fx
    c += (np.float32(voxels[k + 1, j, i + 1]) - c) * fx
    d += (np.float32(voxels[k + 1, j + 1, i + 1]) - d) * fx
    a += (b - a) * fy
    c += (d - c) * fy
    return a + (c - a) * fz


@inlined
def _inverse(component: np.float32) -> np.float32:
    if abs(component) > TINY:
        return ONE / component
    return HUGE if component >= ZERO else -HUGE


@inlined
def _face(position: np.float32, component: np.float32, low: np.float32, high: np.float32) -> np.float32:
    """Distance along one axis to the face of [low, high] that lies ahead."""
    return ((high if component > ZERO else low) - position) * component


@inlined
def _steps_out(
    z: np.float32,
    y: np.float32,
    x: np.float32,
    iz: np.float32,
    iy: np.float32,
    ix: np.float32,
    shift: int,
    reach: int,
    per_step: np.float32,
) -> np.float32:
    """Count the steps that leave the cube of `reach` bricks around the brick of a point."""
    edge = np.float32(_I32_ONE << shift)
    kz, ky, kx = np.int32(z) >> shift, np.int32(y) >> shift, np.int32(x) >> shift
    ahead = _face(z, iz, np.float32(kz - reach) * edge, np.float32(kz + reach + 1) * edge)
    ahead = min(ahead, _face(y, iy, np.float32(ky - reach) * edge, np.float32(ky + reach + 1) * edge))
    ahead = min(ahead, _face(x, ix, np.float32(kx - reach) * edge, np.float32(kx + reach + 1) * edge))
    return max(ONE, np.float32(np.ceil(ahead * per_step)))


@inlined
def _ray(
    rays: Doubles, to_voxel: Doubles, box: Floats, column: int, row: int
) -> tuple[np.float32, ...]:
    """Start, unit direction (per mm) and length in mm of a pixel's ray inside the box, in voxels.

    `rays` rows, LPS: origin, its change per column and per row, direction, its changes.
    """
    u, v = column + 0.5, row + 0.5
    px = rays[0, 0] + rays[1, 0] * u + rays[2, 0] * v
    py = rays[0, 1] + rays[1, 1] * u + rays[2, 1] * v
    pz = rays[0, 2] + rays[1, 2] * u + rays[2, 2] * v
    dx = rays[3, 0] + rays[4, 0] * u + rays[5, 0] * v
    dy = rays[3, 1] + rays[4, 1] * u + rays[5, 1] * v
    dz = rays[3, 2] + rays[4, 2] * u + rays[5, 2] * v
    length = 1.0 / np.sqrt(dx * dx + dy * dy + dz * dz)
    dx, dy, dz = dx * length, dy * length, dz * length
    near, far = 0.0, 1e30
    for axis in range(3):
        m = to_voxel[axis]
        start = m[0] * px + m[1] * py + m[2] * pz + m[3]
        slope = m[0] * dx + m[1] * dy + m[2] * dz
        if abs(slope) < 1e-9:
            if start < box[0, axis] or start > box[1, axis]:
                far = -1e30
        else:
            a, b = (box[0, axis] - start) / slope, (box[1, axis] - start) / slope
            near, far = max(near, min(a, b)), min(far, max(a, b))
    px, py, pz = px + dx * near, py + dy * near, pz + dz * near
    s, r, c = to_voxel[0], to_voxel[1], to_voxel[2]
    return (
        np.float32(s[0] * px + s[1] * py + s[2] * pz + s[3]),
        np.float32(r[0] * px + r[1] * py + r[2] * pz + r[3]),
        np.float32(c[0] * px + c[1] * py + c[2] * pz + c[3]),
        np.float32(s[0] * dx + s[1] * dy + s[2] * dz),
        np.float32(r[0] * dx + r[1] * dy + r[2] * dz),
        np.float32(c[0] * dx + c[1] * dy + c[2] * dz),
        np.float32(far - near),
    )


@inlined
def _shade(
    voxels: Int16Volume,
    z: np.float32,
    y: np.float32,
    x: np.float32,
    dz: np.float32,
    dy: np.float32,
    dx: np.float32,
    metric: Floats,
    light: Floats,
) -> tuple[np.float32, np.float32]:
    """Brightness factor and highlight of a headlight by the gradient at a point.

    `metric` holds the six numbers of the voxel-to-millimetre metric, `light` ambient, diffuse,
    specular. Central differences over two voxels; shorter at the faces.
    """
    top_z = np.float32(voxels.shape[0] - 1) - NUDGE
    top_y = np.float32(voxels.shape[1] - 1) - NUDGE
    top_x = np.float32(voxels.shape[2] - 1) - NUDGE
    gz = _sample(voxels, min(z + ONE, top_z), y, x) - _sample(voxels, max(z - ONE, ZERO), y, x)
    gy = _sample(voxels, z, min(y + ONE, top_y), x) - _sample(voxels, z, max(y - ONE, ZERO), x)
    gx = _sample(voxels, z, y, min(x + ONE, top_x)) - _sample(voxels, z, y, max(x - ONE, ZERO))
    square = gz * gz * metric[0] + gy * gy * metric[1] + gx * gx * metric[2]
    square += gz * gy * metric[3] + gz * gx * metric[4] + gy * gx * metric[5]
    if square < FLAT:
        return light[0] + light[1], ZERO
    cosine = abs(gz * dz + gy * dy + gx * dx) * (ONE / np.sqrt(square))
    twice = cosine * cosine
    fourth = twice * twice
    return light[0] + light[1] * cosine, light[2] * fourth * fourth * twice


@inlined
def _march(
    voxels: Int16Volume,
    codes: Codes,
    shift: int,
    tables: Floats,
    low: np.float32,
    scale: np.float32,
    ray: tuple[np.float32, ...],
    start: np.float32,
    step: np.float32,
    metric: Floats,
    light: Floats,
) -> tuple[np.float32, np.float32, np.float32]:
    """Gather colour along one ray until it is opaque or leaves the box."""
    oz, oy, ox, dz, dy, dx, end = ray
    iz, iy, ix = _inverse(dz), _inverse(dy), _inverse(dx)
    top = np.int32(tables.shape[1] - 1)
    per_step = ONE / step
    red, green, blue, opacity = ZERO, ZERO, ZERO, ZERO
    t = start
    while t < end:
        z, y, x = oz + dz * t, oy + dy * t, ox + dx * t
        code = np.int32(codes[np.int32(z) >> shift, np.int32(y) >> shift, np.int32(x) >> shift])
        if code > 1:
            t += step * _steps_out(z, y, x, iz, iy, ix, shift, code - 2, per_step)
            continue
        entry = np.int32((_sample(voxels, z, y, x) - low) * scale)
        entry = max(_I32_ZERO, min(entry, top))
        alpha = tables[code, entry, 3]
        if alpha > INVISIBLE:
            weight = (ONE - opacity) * alpha
            bright, gloss = ONE, ZERO
            if weight > LIT:
                bright, gloss = _shade(voxels, z, y, x, dz, dy, dx, metric, light)
            red += weight * (tables[code, entry, 0] * bright + gloss)
            green += weight * (tables[code, entry, 1] * bright + gloss)
            blue += weight * (tables[code, entry, 2] * bright + gloss)
            opacity += weight
            if opacity > OPAQUE:
                fill = ONE / opacity
                return red * fill, green * fill, blue * fill
        t += step * np.float32(code + code + 1)
    return red, green, blue


@inlined
def _jitter(column: int, row: int) -> np.float32:
    """A number in [0, 1) that looks random from pixel to pixel and stays from frame to frame."""
    mixed = np.uint32(column * 73856093) ^ np.uint32(row * 19349663)
    mixed = np.uint32((mixed ^ (mixed >> np.uint32(13))) * np.uint32(1274126177))
    return np.float32((mixed >> np.uint32(8)) & np.uint32(255)) * TO_UNIT


@compiled(
    types.void(
        _VOLUME, _CODES, _i, _TABLES, _f, _f, _MATRIX, _MATRIX, _BOX, _LIGHT, _LIGHT, _f, _f, _PICTURE, _i, _i
    )
)
def cast(
    voxels: Int16Volume,
    codes: Codes,
    shift: int,
    tables: Floats,
    low: np.float32,
    scale: np.float32,
    rays: Doubles,
    to_voxel: Doubles,
    box: Floats,
    metric: Floats,
    light: Floats,
    step: np.float32,
    jitter: np.float32,
    picture: NDArray[np.uint8],
    first_row: int,
    row_step: int,
) -> None:
    """Cast the rays of rows first_row, first_row + row_step, ... of an RGBA picture.

    `tables` (2, entries, 4): colour and opacity for one step, and for the triple step of faint bricks.
    """
    for row in range(first_row, picture.shape[0], row_step):
        for column in range(picture.shape[1]):
            ray = _ray(rays, to_voxel, box, column, row)
            start = NUDGE + jitter * step * _jitter(column, row)
            red, green, blue = _march(
                voxels, codes, shift, tables, low, scale, ray, start, step, metric, light
            )
            picture[row, column, 0] = np.uint8(min(BYTE, red * BYTE))
            picture[row, column, 1] = np.uint8(min(BYTE, green * BYTE))
            picture[row, column, 2] = np.uint8(min(BYTE, blue * BYTE))
            picture[row, column, 3] = np.uint8(255)


@inlined
def _strongest_brick(
    bounds: NDArray[np.int32], shift: int, ray: tuple[np.float32, ...], step: np.float32
) -> tuple[np.float32, np.float32]:
    """Start and number of steps of a ray's way through the brick with the largest bound."""
    oz, oy, ox, dz, dy, dx, end = ray
    iz, iy, ix = _inverse(dz), _inverse(dy), _inverse(dx)
    per_step = ONE / step
    best, best_t, best_count = np.int32(-(2**31)), NUDGE, ZERO
    t = NUDGE
    while t < end:
        z, y, x = oz + dz * t, oy + dy * t, ox + dx * t
        count = _steps_out(z, y, x, iz, iy, ix, shift, _I32_ZERO, per_step)
        bound = bounds[np.int32(z) >> shift, np.int32(y) >> shift, np.int32(x) >> shift]
        if bound > best:
            best, best_t, best_count = bound, t, count
        t += step * count
    return best_t, best_count


@inlined
def _extreme(
    voxels: Int16Volume,
    bounds: NDArray[np.int32],
    shift: int,
    sign: np.float32,
    ray: tuple[np.float32, ...],
    step: np.float32,
) -> np.float32:
    """The largest signed sample along a ray; the most promising brick first, to skip the others."""
    oz, oy, ox, dz, dy, dx, end = ray
    iz, iy, ix = _inverse(dz), _inverse(dy), _inverse(dx)
    per_step = ONE / step
    current = -HUGE
    t, count = _strongest_brick(bounds, shift, ray, step)
    stop = min(end, t + step * count)
    while t < stop:
        current = max(current, sign * _sample(voxels, oz + dz * t, oy + dy * t, ox + dx * t))
        t += step
    t = NUDGE
    while t < end:
        z, y, x = oz + dz * t, oy + dy * t, ox + dx * t
        count = _steps_out(z, y, x, iz, iy, ix, shift, _I32_ZERO, per_step)
        bound = bounds[np.int32(z) >> shift, np.int32(y) >> shift, np.int32(x) >> shift]
        if np.float32(bound) <= current:
            t += step * count
            continue
        stop = min(end, t + step * (count - np.float32(0.5)))
        while t < stop:
            current = max(current, sign * _sample(voxels, oz + dz * t, oy + dy * t, ox + dx * t))
            t += step
    return current


@compiled(
    types.void(_VOLUME, _BOUNDS, _i, _f, _COLOURS, _f, _f, _MATRIX, _MATRIX, _BOX, _f, _PICTURE, _i, _i)
)
def project(
    voxels: Int16Volume,
    bounds: NDArray[np.int32],
    shift: int,
    sign: np.float32,
    colours: NDArray[np.uint8],
    low: np.float32,
    scale: np.float32,
    rays: Doubles,
    to_voxel: Doubles,
    box: Floats,
    step: np.float32,
    picture: NDArray[np.uint8],
    first_row: int,
    row_step: int,
) -> None:
    """Maximum (sign 1) or minimum (sign -1) intensity projection into rows of an RGBA picture.

    `bounds`: a brick's maximum, or minus its minimum. Rays that miss the box stay black.
    """
    top = np.int32(colours.shape[0] - 1)
    for row in range(first_row, picture.shape[0], row_step):
        for column in range(picture.shape[1]):
            ray = _ray(rays, to_voxel, box, column, row)
            value = _extreme(voxels, bounds, shift, sign, ray, step)
            picture[row, column] = 0
            picture[row, column, 3] = np.uint8(255)
            if value > -HUGE:
                entry = np.int32((sign * value - low) * scale)
                entry = max(_I32_ZERO, min(entry, top))
                picture[row, column, 0] = colours[entry, 0]
                picture[row, column, 1] = colours[entry, 1]
                picture[row, column, 2] = colours[entry, 2]


IS_COMPLETE: Final = True
