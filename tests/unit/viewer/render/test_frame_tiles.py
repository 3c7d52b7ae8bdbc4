from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its own convention
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from viewer.render import frame_kernels, frame_numpy
from viewer.render import slice as frame_slice
from viewer.render.slice import resample_frame

DTYPES = [np.int16, np.uint16, np.float32, np.uint8]


def noise(shape: tuple[int, ...], dtype: Any = np.int16) -> NDArray[Any]:
    low, high = (0, 250) if dtype == np.uint8 else (0, 60000) if dtype == np.uint16 else (-900, 900)
    return np.random.default_rng(5).integers(low, high, shape).astype(dtype)


def view(scale: float = 1.0, angle_deg: float = 0.0, shift: tuple[float, float] = (0, 0)):
    a = np.radians(angle_deg)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]).round(15)
    return np.column_stack([scale * turn, shift])


@pytest.mark.parametrize("dtype", [*DTYPES, np.int32, np.int8, np.float64])
def test_one_to_one_shows_the_stored_values(dtype) -> None:
    frame = noise((30, 40), np.int16).astype(dtype)
    tile = resample_frame(frame, view(shift=(5, -3)), (50, 40))
    assert tile.values.dtype == dtype
    assert np.array_equal(tile.values[:27, 5:45], frame[3:])
    assert tile.inside.sum() == 27 * 40
    assert not tile.values[~tile.inside].any()


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns_and_mirrors_move_pixels_only(quarters: int, interpolation) -> None:
    frame = noise((20, 30))
    width, height = (20, 30) if quarters % 2 else (30, 20)
    matrix = view(angle_deg=90 * quarters)
    corners = matrix[:, :2] @ [[0, 30, 0, 30], [0, 0, 20, 20]]
    matrix[:, 2] = -corners.min(axis=1)
    tile = resample_frame(frame, matrix, (width, height), interpolation=interpolation)
    assert np.array_equal(tile.values, np.rot90(frame, -quarters))
    mirrored = np.diag([-1.0, 1, 1]) @ np.vstack([matrix, [0, 0, 1]])
    mirrored[0, 2] += width
    tile = resample_frame(frame, mirrored[:2], (width, height), interpolation=interpolation)
    assert np.array_equal(tile.values, np.rot90(frame, -quarters)[:, ::-1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_reducing_averages_what_a_pixel_covers(dtype) -> None:
    frame = noise((60, 90), dtype)
    tile = resample_frame(frame, view(scale=1 / 3), (30, 20))
    expected = frame.reshape(20, 3, 30, 3).astype(np.float64).mean(axis=(1, 3))
    assert tile.values == pytest.approx(expected, abs=0.51 if dtype != np.float32 else 1e-3)


def test_a_fractional_reduction_weighs_partly_covered_pixels() -> None:
    frame = np.array([[0, 100, 0, 0, 100]], np.float32).repeat(5, axis=0)
    tile = resample_frame(frame, view(scale=0.4), (2, 2))
    assert tile.values[0] == pytest.approx([100 / 2.5, 100 / 2.5])


@pytest.mark.parametrize(("scale", "angle"), [(2.7, 0.0), (1.0, 33.0), (3.1, 120.0)])
def test_enlarging_equals_simpleitk(scale: float, angle: float) -> None:
    frame = noise((32, 40), np.float32)
    matrix = view(scale, angle, (60, 50))
    inverse = np.linalg.inv(matrix[:, :2])
    to_frame = sitk.AffineTransform(2)
    to_frame.SetMatrix(inverse.ravel())
    # SimpleITK counts from pixel centres, the view from edges.
    to_frame.SetTranslation(inverse @ (0.5 - matrix[:, 2]) - 0.5)
    expected = sitk.GetArrayFromImage(
        sitk.Resample(
            sitk.GetImageFromArray(frame), (140, 130), to_frame, sitk.sitkLinear, (0.0, 0.0)
        )
    )
    tile = resample_frame(frame, matrix, (140, 130))
    within = tile.inside & (expected != 0)
    assert within.sum() > 0.9 * tile.inside.sum()
    assert tile.values[within] == pytest.approx(expected[within], abs=0.05)


@pytest.mark.parametrize("angle", [0.0, 90.0, 25.0])
@pytest.mark.parametrize("scale", [0.3, 1.0, 2.5])
def test_colour_is_resampled_channel_by_channel(scale: float, angle: float) -> None:
    frame = noise((40, 50, 3), np.uint8)
    matrix = view(scale, angle, (70, 60))
    colour = resample_frame(frame, matrix, (150, 140))
    assert colour.values.shape == (140, 150, 3)
    for channel in range(3):
        grey = resample_frame(np.ascontiguousarray(frame[:, :, channel]), matrix, (150, 140))
        assert np.array_equal(colour.values[:, :, channel], grey.values)
        assert np.array_equal(colour.inside, grey.inside)


def test_nearest_shows_only_values_of_the_frame() -> None:
    frame = np.array([[3, 900], [77, 5]], np.int16)
    for angle in (0.0, 90.0, 31.0):
        matrix = view(9.5, angle, (30, 20))
        tile = resample_frame(frame, matrix, (60, 60), interpolation="nearest")
        assert set(np.unique(tile.values[tile.inside])) == {3, 900, 77, 5}


def test_a_view_beside_the_frame_is_empty() -> None:
    for angle in (0.0, 40.0):
        tile = resample_frame(noise((10, 10)), view(1.0, angle, (500, 500)), (50, 40))
        assert not tile.inside.any()
        assert not tile.values.any()


def test_non_square_pixels_may_be_enlarged_one_way_and_reduced_the_other() -> None:
    frame = np.repeat(np.arange(20, dtype=np.float32)[:, None] * 10, 30, axis=1)
    tile = resample_frame(frame, np.array([[2.0, 0, 0], [0, 0.5, 0]]), (60, 10))
    assert tile.values[:, 7] == pytest.approx(np.arange(10) * 20 + 5)


def test_nan_stays_where_it_is() -> None:
    frame = np.ones((20, 20), np.float32)
    frame[10, 10] = np.nan
    tile = resample_frame(frame, view(2.0), (40, 40))
    assert 4 <= np.isnan(tile.values).sum() <= 16
    assert np.nanmin(tile.values) == np.nanmax(tile.values) == 1


def test_a_view_without_extent_is_refused() -> None:
    with pytest.raises(ValueError, match="extent"):
        resample_frame(noise((4, 4)), np.zeros((2, 3)), (10, 10))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("angle", [0.0, 90.0, 25.0])
@pytest.mark.parametrize("scale", [0.37, 1.6])
def test_numpy_gives_what_the_kernels_give(
    monkeypatch: pytest.MonkeyPatch, dtype, samples: int, angle: float, scale: float
) -> None:
    frame = noise((50, 61) if samples == 1 else (50, 61, 3), dtype)
    matrix = view(scale, angle, (30.3, 20.7))
    fast = resample_frame(frame, matrix, (90, 80))
    monkeypatch.setattr(frame_slice, "loaded", lambda _name: None)
    plain = resample_frame(frame, matrix, (90, 80))
    assert np.array_equal(fast.inside, plain.inside)
    difference = np.abs(fast.values.astype(np.float64) - plain.values)
    assert difference.max() <= (0.1 if dtype == np.float32 else 1)
    assert (difference > 0.1).mean() < 0.01


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    scale=st.floats(0.05, 12),
    angle=st.sampled_from([0.0, 90.0, 180.0, 270.0]) | st.floats(0, 360),
    x=st.floats(-60, 60),
    y=st.floats(-60, 60),
)
def test_no_view_invents_values(
    rows: int, columns: int, scale: float, angle: float, x: float, y: float
) -> None:
    frame = noise((rows, columns))
    tile = resample_frame(frame, view(scale, angle, (x, y)), (37, 29))
    assert tile.values.shape == tile.inside.shape == (29, 37)
    if tile.inside.any():
        assert tile.values[tile.inside].min() >= frame.min()
        assert tile.values[tile.inside].max() <= frame.max()
    assert not tile.values[~tile.inside].any()


def test_both_kernel_modules_offer_the_same() -> None:
    for name in ("enlarge", "reduce", "turn"):
        assert callable(getattr(frame_kernels, name))
        assert callable(getattr(frame_numpy, name))
