import numpy as np
import pytest

from viewer.render.stored import as_int16

LADDER = np.linspace(0, 1, 60).reshape(3, 4, 5)


@pytest.mark.parametrize(
    "voxels",
    [
        (LADDER * 4000 - 1000).astype(np.int16),
        (LADDER * 30_000).astype(np.uint16),
        (LADDER * 65_535).astype(np.uint16),
        (LADDER * 255).astype(np.uint8),
        (LADDER * 255 - 128).astype(np.int8),
    ],
    ids=lambda voxels: f"{voxels.dtype} up to {voxels.max()}",
)
def test_whole_numbers_come_back_exactly(voxels: np.ndarray) -> None:
    volume = as_int16(voxels, slope=2.0, intercept=-7.0)
    assert volume.voxels.dtype == np.int16
    values = volume.voxels.astype(float) * volume.slope + volume.intercept
    assert np.array_equal(values, voxels.astype(float) * 2 - 7)


def test_fractions_come_back_within_half_a_step() -> None:
    voxels = (LADDER * 12.5 + 0.25).astype(np.float32)
    volume = as_int16(voxels, slope=3.0, intercept=1.0)
    values = volume.voxels.astype(float) * volume.slope + volume.intercept
    assert values == pytest.approx(voxels.astype(float) * 3 + 1, abs=3 * 12.5 / 65_000)


def test_what_is_no_number_becomes_the_lowest() -> None:
    voxels = np.array([[[0.5, np.nan], [2.5, np.inf]]])
    volume = as_int16(voxels)
    values = volume.voxels * volume.slope + volume.intercept
    assert values[0, 1, 0] == pytest.approx(2.5, abs=1e-3)
    assert (
        values[0, 0, 1] == values[0, 1, 1] == volume.voxels.min() * volume.slope + volume.intercept
    )


def test_flat_volumes_are_fine() -> None:
    for level in (0.0, 4.5):
        volume = as_int16(np.full((2, 2, 2), level, np.float32))
        values = volume.voxels * volume.slope + volume.intercept
        assert values == pytest.approx(np.full((2, 2, 2), level), abs=1e-3)


def test_common_types_are_not_copied() -> None:
    for dtype in (np.int16, np.uint16):
        voxels = (LADDER * 1000).astype(dtype)
        assert np.shares_memory(as_int16(voxels).voxels, voxels)
