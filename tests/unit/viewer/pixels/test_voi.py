"""Windows and VOI LUTs against the standard's formulas (PS3.3 C.11.2.1)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.pixels.modality import PixelFacts
from viewer.pixels.voi import (
    SAMPLE_LIMIT,
    apply_voi,
    automatic_window,
    ends_of,
    frames_to_sample,
    full_scale,
    hides_everything,
    is_usable,
    percentiles,
    sample_values,
    window_between,
    window_of_table,
)
from viewer.study import Grey, LookupTable, PixelFormat, Window

FUNCTIONS = ("linear", "linear_exact", "sigmoid")


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        ("linear", -160, 0.0),
        ("linear", -159, 0.639),
        ("linear", 40, 127.820),
        ("linear", 239, 255.0),
        ("linear_exact", 40, 127.5),
        ("linear_exact", 239, 254.363),
        ("linear_exact", 240, 255.0),
        ("sigmoid", -160, 30.397),
        ("sigmoid", 40, 127.5),
        ("sigmoid", 240, 224.603),
    ],
)
def test_window_400_40(function: str, value: int, expected: float) -> None:
    window = Window(40, 400, function)  # type: ignore[arg-type]
    assert apply_voi(np.array([value]), window)[0] == pytest.approx(expected, abs=0.0005)


def test_linear_on_values_that_are_not_whole_is_exact() -> None:
    window = Window(2.5, 5.0, "linear")
    assert apply_voi(np.array([2.5]), window, whole=False)[0] == 127.5
    assert apply_voi(np.array([2.5]), window, whole=True)[0] == pytest.approx(159.375)


def test_width_of_one_is_a_threshold() -> None:
    grey = apply_voi(np.array([9, 10, 11]), Window(10, 1, "linear"))
    assert grey.tolist() == [0.0, 255.0, 255.0]


def test_width_below_one_is_exact() -> None:
    assert apply_voi(np.array([0.5]), Window(0.5, 0.5))[0] == 127.5


def test_sigmoid_far_out_neither_overflows_nor_warns() -> None:
    grey = apply_voi(np.array([-1e300, 1e300]), Window(0, 1e-3, "sigmoid"))
    assert grey.tolist() == pytest.approx([0.0, 255.0])


def test_nan_is_black() -> None:
    assert apply_voi(np.array([np.nan]), Window(100, 50), whole=False)[0] == 0.0


@given(
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e6),
    st.sampled_from(FUNCTIONS),
    st.lists(st.integers(-40000, 40000), min_size=2, max_size=20),
    st.booleans(),
)
def test_every_window_is_monotone_and_within_black_and_white(
    center: float, width: float, function: str, values: list[int], whole: bool
) -> None:
    window = Window(center, width, function)  # type: ignore[arg-type]
    grey = apply_voi(np.array(sorted(values)), window, whole=whole)
    assert (np.diff(grey) >= 0).all()
    assert grey.min() >= 0.0
    assert grey.max() <= 255.0


@given(st.integers(-30000, 30000), st.integers(1, 30000), st.booleans())
def test_window_between_has_its_ends_at_black_and_white(low: int, span: int, whole: bool) -> None:
    window = window_between(low, low + span, whole=whole)
    assert apply_voi(np.array([low, low + span]), window, whole=whole).tolist() == [0.0, 255.0]
    assert ends_of(window, whole=whole) == pytest.approx((low, low + span))


def test_window_over_one_single_value_is_usable() -> None:
    for whole in (True, False):
        window = window_between(5.0, 5.0, whole=whole)
        assert is_usable(window)
        assert np.isfinite(apply_voi(np.array([5.0, 6.0]), window, whole=whole)).all()


@pytest.mark.parametrize(
    ("voi", "expected"),
    [
        (Window(0, 1), True),
        (Window(0, 0), False),
        (Window(0, -5), False),
        (Window(float("nan"), 5), False),
        (Window(0, float("inf")), False),
        (LookupTable(0, 8, (1,)), True),
        (LookupTable(0, 8, ()), False),
    ],
)
def test_usable(voi: Window | LookupTable, expected: bool) -> None:
    assert is_usable(voi) is expected


def test_window_of_a_table_covers_its_range() -> None:
    window = window_of_table(LookupTable(100, 12, tuple(range(50))))
    assert ends_of(window) == (100, 149)


def facts(**grey: object) -> PixelFacts:
    return PixelFacts(PixelFormat(1, 1), Grey(**grey))  # type: ignore[arg-type]


def test_automatic_window_leaves_half_a_percent_out_at_both_ends() -> None:
    window = automatic_window(np.arange(1001, dtype=np.float64))
    assert window is not None
    assert ends_of(window) == (5, 995)
    assert automatic_window(np.empty(0)) is None


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
def test_percentiles_are_those_of_numpy(count: int) -> None:
    sample = np.random.default_rng(count).normal(0, 500, count)
    wanted = (0.0, 0.5, 50.0, 99.5, 100.0)
    assert percentiles(sample, wanted) == pytest.approx(tuple(np.percentile(sample, wanted)))


def test_sample_leaves_out_padding_and_covers_the_series() -> None:
    padded = np.array([[-2000, 1, 2]], np.int16)
    other = np.array([[10, 20, 30]], np.int16)
    one = facts(padding=-2000, intercept=100.0)
    assert sorted(sample_values([(padded, one), (other, one)])) == [101, 102, 110, 120, 130]
    assert sample_values([]).size == 0


def test_sample_is_bounded_and_without_nan() -> None:
    large = np.zeros((2000, 2000), np.float32)
    large[0, 0] = np.nan
    sample = sample_values([(large, facts()), (large, facts())])
    assert 0 < sample.size <= SAMPLE_LIMIT


def test_sample_of_a_volume_takes_columns_evenly() -> None:
    volume = np.broadcast_to(np.arange(512, dtype=np.int16), (128, 64, 512)).copy()
    sample = sample_values([(volume, facts())])
    counts = np.bincount(sample.astype(int), minlength=512)
    assert counts.min() > 0.8 * counts.mean()


def test_frames_to_sample_are_spread_over_the_stack() -> None:
    assert frames_to_sample(0) == ()
    assert frames_to_sample(3) == (0, 1, 2)
    assert frames_to_sample(101) == (0, 12, 25, 38, 50, 62, 75, 88, 100)


@pytest.mark.parametrize(
    ("bits", "entries", "white"),
    [(12, (0, 4095), 4095), (16, (0, 4095), 65535), (8, (0, 4095), 4095), (0, (0, 9), 15),
     (60000, (0, 255), 255), (8, (0, 0), 255), (0, (0, 0), 1)],
)  # fmt: skip
def test_white_of_a_table(bits: int, entries: tuple[int, ...], white: int) -> None:
    assert full_scale(LookupTable(0, bits, entries)) == white


@pytest.mark.parametrize(
    ("window", "expected"),
    [(Window(50, 100), False), (Window(5000, 10), True), (Window(-5000, 10), True)],
)
def test_a_window_that_shows_nothing_is_found(window: Window, expected: bool) -> None:
    assert hides_everything(window, np.arange(100.0)) is expected
    assert hides_everything(window, np.empty(0)) is False
