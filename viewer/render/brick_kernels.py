"""Machine-code kernels that make a volume ready for the ray caster: levels, bricks, distance map.

Importing this module compiles or loads them (see `kernel_cache`). Arrays are [slice, row, column].
"""
# ruff: noqa: C901, E402 - loops over voxels, written out; numba after its folder is set

from typing import Final

import numpy as np
from numpy.typing import NDArray

from viewer.render.kernel_cache import compiled, inlined, prepare_cache

prepare_cache()
from numba import types

Int16Volume = NDArray[np.int16]

_VOLUME = types.Array(types.int16, 3, "C", readonly=True)
_VOLUME_OUT = types.int16[:, :, ::1]
_CODES_OUT = types.uint8[:, :, ::1]
_COUNTS = types.Array(types.int32, 1, "C", readonly=True)
_i, _f = types.int64, types.float32
_I32_ONE: Final = np.int32(1)


@compiled(types.void(_VOLUME, _VOLUME_OUT, _i, _i, _i, _i, _i))
def reduce_volume(
    source: Int16Volume,
    target: Int16Volume,
    factor: int,
    depth: int,
    kind: int,
    first: int,
    last: int,
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
    voxels: Int16Volume,
    shift: int,
    lowest: Int16Volume,
    highest: Int16Volume,
    first: int,
    last: int,
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
def _spread(codes: NDArray[np.uint8], z: int, y: int, x: int, way: int) -> None:
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
    low: float,
    scale: float,
    codes: NDArray[np.uint8],
) -> None:
    """Code each brick: 0 walk finely, 1 coarsely (faint), n + 1 nothing visible within n bricks.

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


IS_COMPLETE: Final = True
