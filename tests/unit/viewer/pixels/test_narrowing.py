"""Volumes as int16."""

import numpy as np
import pytest

from viewer.pixels.narrowing import to_int16


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16])
def test_up_to_16_bits_are_exact(dtype: type) -> None:
    bounds = np.iinfo(dtype)
    values = np.array([bounds.min, 0, 1, bounds.max], dtype)
    narrow, slope, intercept = to_int16(values)
    assert narrow.dtype == np.int16
    assert (narrow * slope + intercept).tolist() == values.tolist()


def test_a_negative_slope_is_turned_round() -> None:
    values = np.array([-32768, 0, 7, 32767], np.int16)
    narrow, slope, intercept = to_int16(values, -2.0, 5.0)
    assert slope == 2.0
    assert (narrow * slope + intercept).tolist() == [v * -2.0 + 5.0 for v in values.tolist()]


def test_int16_is_not_copied() -> None:
    values = np.zeros(3, np.int16)
    assert to_int16(values)[0] is values


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_wider_values_are_spread_over_16_bits(dtype: type) -> None:
    values = np.linspace(-70000, 500000, 1000).astype(dtype)
    narrow, slope, intercept = to_int16(values)
    assert np.abs(narrow * slope + intercept - values).max() <= slope
    assert (narrow.min(), narrow.max()) == (-32768, 32767)


def test_what_is_no_number_becomes_the_smallest() -> None:
    narrow, _slope, _intercept = to_int16(np.array([np.nan, np.inf, -np.inf, 1.0, 3.0], np.float32))
    assert narrow.tolist() == [-32768, 32767, -32768, -32768, 32767]
    assert to_int16(np.full(2, 5.0, np.float32))[0].tolist() == [-32768, -32768]
