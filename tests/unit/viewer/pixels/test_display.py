"""The one path from stored pixels to grey levels."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.errors import UserError
from viewer.pixels.display import display_table, to_display
from viewer.pixels.modality import PixelFacts, stored_dtype
from viewer.pixels.voi import window_between
from viewer.study import Grey, LookupTable, Palette, PixelFormat, Window

SIGNED = PixelFormat(2, 2, signed=True)
RAMP = window_between(0, 255)


def facts(photometric: str = "MONOCHROME2", *, signed: bool = False, **grey: object) -> PixelFacts:
    pixel_format = PixelFormat(2, 2, signed=signed, photometric=photometric)
    return PixelFacts(pixel_format, Grey(**grey))  # type: ignore[arg-type]


def test_soft_tissue_on_signed_hounsfield_units() -> None:
    stored = np.array([[-1000, -160, -159], [40, 239, 3000]], np.int16)
    shown = to_display(stored, facts(signed=True), Window(40, 400))
    # 0.639 and 127.820, as the formula of C.11.2.1.2.1 gives them, rounded.
    assert shown.tolist() == [[0, 0, 1], [128, 255, 255]]
    assert shown.dtype == np.uint8


def test_rescale_comes_before_the_window() -> None:
    stored = np.array([[0, 1064, 4095]], np.uint16)
    shown = to_display(stored, facts(intercept=-1024.0), Window(40, 400))
    assert shown.tolist() == [[0, 128, 255]]


def test_monochrome1_presentation_inverse_and_the_reader_each_invert() -> None:
    stored = np.array([[0, 100, 255]], np.uint16)
    plain, inverse = [0, 100, 255], [255, 155, 0]

    def shown(photometric: str, *, shape_inverse: bool, invert: bool) -> list[int]:
        one = facts(photometric, presentation_inverse=shape_inverse)
        return to_display(stored, one, RAMP, invert=invert)[0].tolist()

    assert shown("MONOCHROME2", shape_inverse=False, invert=False) == plain
    assert shown("MONOCHROME2", shape_inverse=True, invert=False) == inverse
    assert shown("MONOCHROME1", shape_inverse=False, invert=False) == inverse
    assert shown("MONOCHROME1", shape_inverse=True, invert=False) == inverse
    assert shown("MONOCHROME2", shape_inverse=False, invert=True) == inverse
    assert shown("MONOCHROME1", shape_inverse=True, invert=True) == plain


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("invert", [False, True])
def test_padding_is_black_in_every_polarity(photometric: str, invert: bool) -> None:
    one = facts(photometric, signed=True, padding=-2000, padding_limit=-1990)
    shown = to_display(np.array([[-2000, -1995, -1990, 10]], np.int16), one, RAMP, invert=invert)
    assert shown[0, :3].tolist() == [0, 0, 0]
    assert shown[0, 3] in {10, 245}


def test_padding_written_unsigned_is_found_in_signed_pixels() -> None:
    one = facts("MONOCHROME1", signed=True, padding=65536 - 2000)
    shown = to_display(np.array([[-2000, 0]], np.int16), one, RAMP)
    assert shown.tolist() == [[0, 255]]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint32])
def test_table_and_value_by_value_agree(dtype: type) -> None:
    bounds = np.iinfo(dtype)
    stored = np.linspace(bounds.min, bounds.max, 4000).astype(dtype).reshape(50, 80)
    bits = bounds.bits
    pixel_format = PixelFormat(50, 80, 1, bits, bits, bits - 1, bounds.min < 0)
    one = PixelFacts(pixel_format, Grey(slope=0.5, intercept=3.0, padding=7))
    window = window_between(bounds.min / 2, bounds.max / 2, whole=False)
    wide = to_display(stored.astype(np.float64), replace(one, grey=replace(one.grey)), window)
    assert stored_dtype(one) == stored.dtype
    assert np.array_equal(to_display(stored, one, window), wide)


def test_float_pixels_take_the_exact_window() -> None:
    one = PixelFacts(PixelFormat(1, 3, bits_allocated=32, kind="float"), Grey(unit="SUVbw"))
    shown = to_display(np.array([[0.0, 2.5, np.nan]], np.float32), one, Window(2.5, 5))
    assert shown.tolist() == [[0, 128, 0]]


def test_table_writes_into_a_given_picture_and_takes_resampled_tiles() -> None:
    table = display_table(facts(signed=True), Window(40, 400))
    tile = np.array([[-200, 40], [41, 300]], np.int16)
    out = np.full((2, 2), 9, np.uint8)
    assert table.apply(tile, out) is out
    assert np.array_equal(out, table.apply(tile))
    assert np.array_equal(out[:, ::-1], table.apply(tile[:, ::-1]))
    assert np.array_equal(out, table.apply(tile.astype(np.int32), np.empty((2, 2), np.uint8)))


def test_voi_table_clamps_outside_and_scales_its_bits() -> None:
    voi = LookupTable(10, 12, (0, 2048, 4095))
    shown = to_display(np.array([[0, 10, 11, 12, 99]], np.uint16), facts(), voi)
    assert shown.tolist() == [[0, 0, 128, 255, 255]]


def test_rgb_passes_and_a_window_brightens_it() -> None:
    pixel_format = PixelFormat(1, 2, 3, 8, 8, 7, photometric="RGB")
    one = PixelFacts(pixel_format, Grey())
    stored = np.array([[[0, 100, 255], [1, 2, 3]]], np.uint8)
    assert np.array_equal(to_display(stored, one, Window(128, 256)), stored)
    assert np.array_equal(to_display(stored, one, Window(128, 256), invert=True), 255 - stored)
    assert to_display(stored, one, Window(64, 128))[0, 0].tolist() == [0, 201, 255]


@pytest.mark.parametrize(("dtype", "full"), [(np.uint16, 65535), (np.uint32, 2**32 - 1)])
def test_wide_rgb_is_scaled_to_8_bits(dtype: type, full: int) -> None:
    bits = np.iinfo(dtype).bits
    pixel_format = PixelFormat(1, 1, 3, bits, bits, bits - 1, photometric="RGB")
    stored = np.array([[[0, full // 2, full]]], dtype)
    shown = to_display(stored, PixelFacts(pixel_format, Grey()), Window(128, 256))
    assert shown[0, 0].tolist() in ([0, 127, 255], [0, 128, 255])


def test_ybr_gives_the_primaries_of_the_standard() -> None:
    pixel_format = PixelFormat(1, 3, 3, 8, 8, 7, photometric="YBR_FULL")
    # Red, green and blue by the forward formula of C.7.6.3.1.2.
    stored = np.array([[[76, 85, 255], [150, 44, 21], [29, 255, 107]]], np.uint8)
    shown = to_display(stored, PixelFacts(pixel_format, Grey()), Window(128, 256))
    expected = [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    assert np.abs(shown[0].astype(int) - expected).max() <= 2


def test_palette_of_16_bits_and_of_8_bits_in_16_bit_words() -> None:
    pixel_format = PixelFormat(1, 4, 1, 8, 8, 7, photometric="PALETTE COLOR")
    wide = LookupTable(1, 16, (0, 32896, 65535))
    narrow = LookupTable(1, 16, (0, 128, 255))
    one = PixelFacts(pixel_format, Grey(), Palette(wide, narrow, wide))
    shown = to_display(np.array([[0, 1, 2, 9]], np.uint8), one, Window(128, 256))
    assert shown[0].tolist() == [[0, 0, 0], [0, 0, 0], [128, 128, 128], [255, 255, 255]]


@pytest.mark.parametrize("photometric", ["ARGB", "", "YBR_PARTIAL_422"])
def test_unknown_colours_are_refused_by_name(photometric: str) -> None:
    one = PixelFacts(PixelFormat(1, 1, 3, 8, 8, 7, photometric=photometric), Grey())
    with pytest.raises(UserError, match=photometric or "nothing"):
        to_display(np.zeros((1, 1, 3), np.uint8), one, Window(128, 256))


ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)
ANY_WIDTH = st.floats(min_value=1e-300, max_value=1e300)


@given(
    slope=ANY_FLOAT,
    intercept=ANY_FLOAT,
    center=st.floats(-1e300, 1e300),
    width=ANY_WIDTH,
    function=st.sampled_from(["linear", "linear_exact", "sigmoid"]),
    padding=st.none() | st.integers(-(2**40), 2**40),
    bits=st.sampled_from([1, 8, 12, 16, 32, 64]),
    stored_bits=st.integers(1, 64),
    high_bit=st.integers(0, 63),
    signed=st.booleans(),
)
def test_whatever_a_header_claims_there_is_a_picture(
    *,
    slope: float,
    intercept: float,
    center: float,
    width: float,
    function: str,
    padding: int | None,
    bits: int,
    stored_bits: int,
    high_bit: int,
    signed: bool,
) -> None:
    pixel_format = PixelFormat(1, 4, 1, bits, min(stored_bits, bits), high_bit, signed)
    one = PixelFacts(pixel_format, Grey(slope, intercept, padding=padding, padding_limit=padding))
    bounds = np.iinfo(stored_dtype(one))
    stored = np.array([[bounds.min, 0, 1, bounds.max]], stored_dtype(one))
    shown = to_display(stored, one, Window(center, width, function))  # type: ignore[arg-type]
    assert shown.shape == (1, 4)
    assert shown.dtype == np.uint8
