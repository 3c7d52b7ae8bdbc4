"""Machine-code kernels of the CPU ray caster: shaded casting, and projection of extremes.

Importing this module compiles or loads them (see `kernel_cache`). Arrays are [slice, row, column];
ray origins and directions arrive in patient coordinates (LPS, mm) and are mapped into voxel
coordinates by a matrix, so handedness is decided in one place, by `voxel_to_patient`.
All float arithmetic of the inner loops is single precision: constants carry their type. Parts
stand before the kernels that use them, because a kernel is compiled where it is defined.
"""
# ruff: noqa: E402 - numba after its cache folder is set

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.render.kernel_cache import compiled, inlined, prepare_cache

prepare_cache()
from numba import types

Int16Volume = NDArray[np.int16]
Codes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Scalar: TypeAlias = float | np.float32
Index: TypeAlias = int | np.signedinteger

ZERO: Final[Scalar] = np.float32(0)
ONE: Final[Scalar] = np.float32(1)
HALF: Final[Scalar] = np.float32(0.5)
TINY: Final[Scalar] = np.float32(1e-6)
HUGE: Final[Scalar] = np.float32(1e9)
NUDGE: Final[Scalar] = np.float32(1e-3)
OPAQUE: Final[Scalar] = np.float32(0.95)
INVISIBLE: Final[Scalar] = np.float32(0.003)
LIT: Final[Scalar] = np.float32(0.02)
FLAT: Final[Scalar] = np.float32(1.0)
BYTE: Final[Scalar] = np.float32(255)
TO_UNIT: Final[Scalar] = np.float32(1 / 256)
NEXT: Final = np.uint64(1)
_I32_ONE: Final = np.int32(1)
_I32_ZERO: Final = np.int32(0)

_VOLUME = types.Array(types.int16, 3, "C", readonly=True)
_CODES = types.Array(types.uint8, 3, "C", readonly=True)
_BOUNDS = types.Array(types.int32, 3, "C", readonly=True)
_TABLES = types.Array(types.float32, 3, "C", readonly=True)
_COLOURS = types.Array(types.uint8, 2, "C", readonly=True)
_MATRIX = types.Array(types.float64, 2, "C", readonly=True)
_BOX = types.Array(types.float32, 2, "C", readonly=True)
_LIGHT = types.Array(types.float32, 1, "C", readonly=True)
_PICTURE = types.uint8[:, :, ::1]
_i, _f = types.int64, types.float32


@inlined
def _sample(voxels: Int16Volume, z: Scalar, y: Scalar, x: Scalar) -> Scalar:
    """Interpolate linearly at a voxel coordinate at least one voxel inside the far faces."""
    k, j, i = np.int32(z), np.int32(y), np.int32(x)
    fz, fy, fx = z - np.float32(k), y - np.float32(j), x - np.float32(i)
    kz, jy, ix = np.uint64(k), np.uint64(j), np.uint64(i)
    kn, jn, xn = kz + NEXT, jy + NEXT, ix + NEXT
    a = np.float32(voxels[kz, jy, ix])
    b = np.float32(voxels[kz, jn, ix])
    c = np.float32(voxels[kn, jy, ix])
    d = np.float32(voxels[kn, jn, ix])
    a += (np.float32(voxels[kz, jy, xn]) - a) * fx
    b += (np.float32(voxels[kz, jn, xn]) - b) * fx
    c += (np.float32(voxels[kn, jy, xn]) - c) * fx
    d += (np.float32(voxels[kn, jn, xn]) - d) * fx
    a += (b - a) * fy
    c += (d - c) * fy
    return a + (c - a) * fz


@inlined
def _inverse(component: Scalar) -> Scalar:
    if component > TINY or component < -TINY:
        return ONE / component
    return HUGE if component >= ZERO else -HUGE


@inlined
def _face(position: Scalar, component: Scalar, low: Scalar, high: Scalar) -> Scalar:
    """Distance along one axis to the face of [low, high] that lies ahead."""
    return ((high if component > ZERO else low) - position) * component


@inlined
def _steps_out(
    z: Scalar,
    y: Scalar,
    x: Scalar,
    iz: Scalar,
    iy: Scalar,
    ix: Scalar,
    shift: Index,
    reach: Index,
    per_step: Scalar,
) -> Scalar:
    """Count the steps that leave the cube of `reach` bricks around the brick of a point."""
    edge = np.float32(_I32_ONE << shift)
    kz, ky, kx = np.int32(z) >> shift, np.int32(y) >> shift, np.int32(x) >> shift
    ahead = _face(z, iz, np.float32(kz - reach) * edge, np.float32(kz + reach + 1) * edge)
    ahead = min(
        ahead, _face(y, iy, np.float32(ky - reach) * edge, np.float32(ky + reach + 1) * edge)
    )
    ahead = min(
        ahead, _face(x, ix, np.float32(kx - reach) * edge, np.float32(kx + reach + 1) * edge)
    )
    return max(ONE, np.float32(np.ceil(ahead * per_step)))


@inlined
def _ray(
    rays: Doubles, to_voxel: Doubles, box: Floats, column: int, row: int
) -> tuple[Scalar, ...]:
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
    z: Scalar,
    y: Scalar,
    x: Scalar,
    dz: Scalar,
    dy: Scalar,
    dx: Scalar,
    metric: Floats,
    light: Floats,
) -> tuple[Scalar, Scalar]:
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
    shift: Index,
    tables: Floats,
    low: Scalar,
    scale: Scalar,
    ray: tuple[Scalar, ...],
    start: Scalar,
    step: Scalar,
    metric: Floats,
    light: Floats,
) -> tuple[Scalar, Scalar, Scalar]:
    """Gather colour along one ray until it is opaque or leaves the box.

    What adds too little to be worth a gradient gets the brightness of an average direction.
    """
    oz, oy, ox, dz, dy, dx, end = ray
    iz, iy, ix = _inverse(dz), _inverse(dy), _inverse(dx)
    top = np.int32(tables.shape[1] - 1)
    per_step = ONE / step
    average = light[0] + HALF * light[1]
    red, green, blue, opacity = ZERO, ZERO, ZERO, ZERO
    t: Scalar = start
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
            bright, gloss = average, ZERO
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
def _jitter(column: int, row: int) -> Scalar:
    """A number in [0, 1) that looks random from pixel to pixel and stays from frame to frame."""
    mixed = np.uint32(column * 73856093) ^ np.uint32(row * 19349663)
    mixed = np.uint32((mixed ^ (mixed >> np.uint32(13))) * np.uint32(1274126177))
    return np.float32((mixed >> np.uint32(8)) & np.uint32(255)) * TO_UNIT


@compiled(
    types.void(
        _VOLUME,
        _CODES,
        _i,
        _TABLES,
        _f,
        _f,
        _MATRIX,
        _MATRIX,
        _BOX,
        _LIGHT,
        _LIGHT,
        _f,
        _f,
        _PICTURE,
        _i,
        _i,
    )
)
def cast(
    voxels: Int16Volume,
    codes: Codes,
    shift: Index,
    tables: Floats,
    low: Scalar,
    scale: Scalar,
    rays: Doubles,
    to_voxel: Doubles,
    box: Floats,
    metric: Floats,
    light: Floats,
    step: Scalar,
    jitter: Scalar,
    picture: NDArray[np.uint8],
    first_row: int,
    row_step: int,
) -> None:
    """Cast the rays of rows first_row, first_row + row_step, ... of an RGBA picture.

    `tables` (2, entries, 4): colour and opacity for one step, then for a faint brick's three.
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
    bounds: NDArray[np.int32], shift: Index, ray: tuple[Scalar, ...], step: Scalar
) -> tuple[Scalar, Scalar]:
    """Start and number of steps of a ray's way through the brick with the largest bound."""
    oz, oy, ox, dz, dy, dx, end = ray
    iz, iy, ix = _inverse(dz), _inverse(dy), _inverse(dx)
    per_step = ONE / step
    best, best_t, best_count = np.int32(-(2**31)), NUDGE, ZERO
    t: Scalar = NUDGE
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
    shift: Index,
    sign: Scalar,
    ray: tuple[Scalar, ...],
    step: Scalar,
) -> Scalar:
    """The largest signed sample along a ray, its end included; -HUGE where there is no ray.

    The most promising brick comes first, so that most others can be skipped.
    """
    oz, oy, ox, dz, dy, dx, end = ray
    iz, iy, ix = _inverse(dz), _inverse(dy), _inverse(dx)
    per_step = ONE / step
    if end <= ZERO:
        return -HUGE
    current: Scalar = sign * _sample(voxels, oz + dz * end, oy + dy * end, ox + dx * end)
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
    types.void(
        _VOLUME, _BOUNDS, _i, _f, _COLOURS, _f, _f, _MATRIX, _MATRIX, _BOX, _f, _PICTURE, _i, _i
    )
)
def project(
    voxels: Int16Volume,
    bounds: NDArray[np.int32],
    shift: Index,
    sign: Scalar,
    colours: NDArray[np.uint8],
    low: Scalar,
    scale: Scalar,
    rays: Doubles,
    to_voxel: Doubles,
    box: Floats,
    step: Scalar,
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
