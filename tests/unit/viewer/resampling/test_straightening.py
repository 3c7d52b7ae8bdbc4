"""Tilted and uneven stacks on an even grid: against an analytic volume and numpy by hand."""

import sys

import numpy as np
import pytest

from viewer.errors import Cancelled, UserError
from viewer.geometry import arrange
from viewer.jobs import Cancel
from viewer.resampling import workers
from viewer.resampling.workers import Resampler

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
OBLIQUE = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)
SPACING = (0.9, 0.7)


@pytest.fixture(scope="module")
def resampler():
    with Resampler() as started:
        yield started


def pixels_lps(origin, orientation, rows, columns):
    """(rows, columns, 3) LPS mm of a slice's pixels."""
    across, down = np.array(orientation[:3]), np.array(orientation[3:])
    row, column = np.mgrid[:rows, :columns]
    return origin + row[..., None] * SPACING[0] * down + column[..., None] * SPACING[1] * across


def smooth(points):
    """A volume that is known everywhere: a slope and a wide Gaussian hill."""
    middle = np.array([12.0, 14.0, 16.0])
    hill = np.exp(-((points - middle) ** 2).sum(axis=-1) / (2 * 9.0**2))
    return points @ np.array([3.0, -2.0, 4.0]) + 1000 * hill


def stack_of(volume, positions, orientation, rows=40, columns=48):
    """Slices of a volume at positions, and their geometry."""
    slices = [volume(pixels_lps(p, orientation, rows, columns)) for p in positions]
    found = arrange(positions, orientation, rows=rows, columns=columns, pixel_spacing=SPACING)
    return np.stack(slices).astype(np.float32), found.geometry


def inside(cuts_shape, matrix, positions, orientation, rows=40, columns=48):
    """Which voxels of the result lie well within the slices given."""
    index = np.moveaxis(np.indices(cuts_shape), 0, -1)
    points = index @ matrix[:3, :3].T + matrix[:3, 3]
    normal = np.cross(orientation[:3], orientation[3:])
    along = positions @ normal
    heights = points @ normal
    known = (heights >= along[0] - 1e-6) & (heights <= along[-1] + 1e-6)
    for axis, size, spacing in ((3, rows, SPACING[0]), (0, columns, SPACING[1])):
        direction = np.array(orientation[axis : axis + 3])
        starts = np.interp(heights, along, positions @ direction)
        place = (points @ direction - starts) / spacing
        known &= (place >= 0) & (place <= size - 1)
    return points, known


def tilted(orientation, slope_mm, step_mm=2.0, count=16):
    normal = np.cross(orientation[:3], orientation[3:])
    down = np.array(orientation[3:])
    start = np.array([1.0, 2.0, 3.0])
    return start + np.outer(np.arange(count), step_mm * normal + slope_mm * down)


@pytest.mark.parametrize("orientation", [AXIAL, OBLIQUE])
@pytest.mark.parametrize("slope_mm", [0.0, 0.55, -0.8])
def test_a_tilted_stack_is_the_volume_it_was_cut_from(resampler, orientation, slope_mm):
    positions = tilted(orientation, slope_mm)
    voxels, geometry = stack_of(smooth, positions, orientation)
    made, matrix = resampler.straighten(voxels, positions, geometry)
    steps = matrix[:3, :3]
    np.testing.assert_allclose(steps.T @ steps, np.diag([4.0, 0.81, 0.49]), atol=1e-9)
    points, known = inside(made.shape, matrix, positions, orientation)
    assert known.mean() > 0.6
    np.testing.assert_allclose(made[known], smooth(points)[known], atol=2.0)


def test_uneven_gaps_are_the_volume_too(resampler):
    positions = np.column_stack([np.zeros(9), np.zeros(9), [0, 2, 4.1, 6, 8.1, 10, 12, 13.9, 16]])
    voxels, geometry = stack_of(smooth, positions, AXIAL)
    made, matrix = resampler.straighten(voxels, positions, geometry)
    points, known = inside(made.shape, matrix, positions, AXIAL)
    assert known.all()
    np.testing.assert_allclose(made, smooth(points), atol=12.0)


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32])
def test_it_is_linear_interpolation_to_the_last_digit(resampler, dtype):
    """numpy by hand: the two slices around, each moved in its plane by parts of a pixel."""
    positions = tilted(AXIAL, 0.5, count=5)
    positions[2, 2] += 0.15
    voxels, geometry = stack_of(smooth, positions, AXIAL, rows=12, columns=10)
    noise = np.random.default_rng(1).uniform(0, 3000, voxels.shape)
    voxels = (noise if dtype is np.float32 else np.rint(noise)).astype(dtype)
    made, matrix = resampler.straighten(voxels, positions, geometry)
    assert made.dtype == dtype
    along = positions[:, 2]
    for index in range(len(made)):
        z = matrix[2, 3] + index * geometry.spacing_mm[0]
        below = min(int(np.searchsorted(along, z + 1e-9, side="right")) - 1, len(along) - 2)
        share = (z - along[below]) / (along[below + 1] - along[below])
        start = (1 - share) * positions[below, 1] + share * positions[below + 1, 1]
        for row in range(made.shape[1]):
            place = (matrix[1, 3] + row * SPACING[0] - start) / SPACING[0]
            if not 0 <= place <= 11:
                continue
            first = min(int(place), 10)
            part = place - first
            lines = [
                (1 - part) * voxels[s, first] + part * voxels[s, first + 1].astype(float)
                for s in (below, below + 1)
            ]
            told = (1 - share) * lines[0] + share * lines[1]
            tolerance = 0.01 if dtype is np.float32 else 0.51
            np.testing.assert_allclose(made[index, row], told, atol=tolerance)


def test_what_no_slice_covers_takes_the_lowest_value(resampler):
    positions = tilted(AXIAL, 1.8, count=4)
    voxels, geometry = stack_of(lambda points: points[..., 0] * 0 + 7, positions, AXIAL)
    voxels[0, 0, 0] = -50
    made, _matrix = resampler.straighten(voxels, positions, geometry)
    assert made[0, -1, 0] == -50
    assert made[-1, 0, 0] == -50


def test_a_cancelled_job_ends():
    positions = tilted(AXIAL, 0.5)
    voxels, geometry = stack_of(smooth, positions, AXIAL)
    cancel = Cancel()
    cancel.set()
    with Resampler() as started, pytest.raises(Cancelled):
        started.straighten(voxels, positions, geometry, cancel)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_child_that_hangs_or_dies_is_a_sentence(monkeypatch):
    monkeypatch.setattr(workers, "_BASE_S", 0.0)
    monkeypatch.setattr(workers, "_VOXELS_PER_S", 1e12)
    positions = tilted(AXIAL, 0.5)
    voxels, geometry = stack_of(smooth, positions, AXIAL)
    with Resampler() as started, pytest.raises(UserError, match="resampling of slices"):
        started.straighten(voxels, positions, geometry)
