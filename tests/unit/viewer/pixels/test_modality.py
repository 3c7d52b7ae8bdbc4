"""Bits, padding, rescale and modality LUT."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.pixels.modality import (
    PixelFacts,
    facts_of,
    facts_of_values,
    look_up,
    mask_bits,
    padding_mask,
    to_modality,
)
from viewer.study import (
    FrameFacts,
    Grey,
    Instance,
    LookupTable,
    PatientFacts,
    PixelFormat,
    StudyFacts,
)


def facts(**grey: object) -> PixelFacts:
    return PixelFacts(PixelFormat(1, 1), Grey(**grey))  # type: ignore[arg-type]


def test_whole_rescale_stays_whole_and_does_not_wrap() -> None:
    values = to_modality(np.array([0, 65535], np.uint16), facts(intercept=-1024.0))
    assert values.tolist() == [-1024, 64511]
    assert values.dtype == np.int32
    assert to_modality(np.array([0, 255], np.uint8), facts(intercept=-1024.0)).dtype == np.int16


def test_whole_rescale_of_32_bits_does_not_wrap() -> None:
    one = PixelFacts(PixelFormat(1, 1, bits_allocated=32, bits_stored=32), Grey(slope=3.0))
    values = to_modality(np.array([2**32 - 1], np.uint32), one)
    assert values.tolist() == [3 * (2**32 - 1)]


def test_without_a_rescale_values_are_the_stored_ones() -> None:
    stored = np.array([1, 2], np.uint16)
    assert to_modality(stored, facts()) is stored


@pytest.mark.parametrize(
    "grey", [{"slope": 0.0, "intercept": 5.0}, {"slope": float("nan")}, {"intercept": float("inf")}]
)
def test_a_rescale_that_is_none_is_ignored(grey: dict[str, float]) -> None:
    assert to_modality(np.array([7], np.int16), facts(**grey)).tolist() == [7]


def test_fractions_are_float32_and_wide_integers_float64() -> None:
    half = facts(slope=0.277658)
    assert to_modality(np.array([32767], np.int16), half).dtype == np.float32
    assert to_modality(np.array([32767], np.int16), half)[0] == pytest.approx(9098.0196, rel=1e-7)
    wide = to_modality(np.array([2**31 - 1], np.int32), half)
    assert wide.dtype == np.float64
    assert wide[0] == (2**31 - 1) * 0.277658


def test_modality_lut_wins_over_slope() -> None:
    table = LookupTable(-1, 16, (10, 20, 40000))
    one = facts(slope=2.0, modality_lut=table)
    values = to_modality(np.array([-5, -1, 0, 1, 9], np.int16), one)
    assert values.tolist() == [10, 10, 20, 40000, 40000]
    assert one.is_whole


def test_lookup_of_fractions_takes_the_nearest_entry() -> None:
    table = LookupTable(0, 8, (3, 4, 5))
    assert look_up(np.array([0.4, 0.6, np.nan]), table).tolist() == [3, 4, 3]


def test_padding_range_may_run_either_way() -> None:
    stored = np.array([-3, -2, -1, 0], np.int16)
    for ends in ((-2, -1), (-1, -2)):
        mask = padding_mask(stored, Grey(padding=ends[0], padding_limit=ends[1]))
        assert mask is not None
        assert mask.tolist() == [False, True, True, False]
    assert padding_mask(stored, Grey()) is None


def test_padding_of_float_pixels_is_compared_as_it_is() -> None:
    mask = padding_mask(np.array([-1.5, 7.0], np.float32), Grey(padding=7))
    assert mask is not None
    assert mask.tolist() == [False, True]


def masked(raw: list[int], *, bits: int, high: int, signed: bool = False) -> list[int]:
    pixels = PixelFormat(1, 1, bits_stored=bits, high_bit=high, signed=signed)
    stored = np.array(raw, np.uint16).view(np.int16 if signed else np.uint16)
    one = PixelFacts(pixels, Grey())
    once, cleaned = mask_bits(stored, one)
    again, _facts = mask_bits(once, cleaned)
    assert np.array_equal(again, once)
    assert np.array_equal(to_modality(stored, one), once)
    assert np.array_equal(to_modality(once, cleaned), once)
    return once.tolist()


def test_bits_above_bits_stored_are_dropped_and_the_sign_extended() -> None:
    raw = [0xF001, 0x0FFF, 0x0800, 0x07FF]
    assert masked(raw, bits=12, high=11) == [1, 4095, 2048, 2047]
    assert masked(raw, bits=12, high=11, signed=True) == [1, -1, -2048, 2047]


def test_bits_below_the_lowest_stored_one_are_shifted_out() -> None:
    assert masked([0xABCD, 0x0001], bits=12, high=15) == [0xABC, 0]


def test_pixels_that_fit_their_bits_are_not_copied() -> None:
    fitting = np.array([0, 4095], np.uint16)
    one = PixelFacts(PixelFormat(1, 2, bits_stored=12, high_bit=11), Grey())
    assert mask_bits(fitting, one)[0] is fitting
    floats = np.array([1.5], np.float32)
    assert mask_bits(floats, one)[0] is floats
    full = np.array([0xFFFF], np.uint16)
    assert mask_bits(full, facts())[0] is full


@given(st.integers(2, 16), st.booleans(), st.integers(0, 65535))
def test_masked_values_lie_within_their_bits(bits: int, signed: bool, value: int) -> None:
    low = -(1 << (bits - 1)) if signed else 0
    (stored,) = masked([value], bits=bits, high=bits - 1, signed=signed)
    assert low <= stored < low + (1 << bits)
    assert (stored - value) % (1 << bits) == 0


def test_padding_beyond_bits_stored_is_found() -> None:
    one = PixelFacts(PixelFormat(1, 2, bits_stored=12, high_bit=11), Grey(padding=0xF830))
    stored, cleaned = mask_bits(np.array([0xF830, 0x0830, 0x1001], np.uint16), one)
    assert stored.tolist() == [0xF830, 0x0830, 0x0001]
    mask = padding_mask(stored, cleaned.grey)
    assert mask is not None
    assert mask.tolist() == [True, False, False]


def test_a_frame_brings_its_own_rescale_and_the_codec_its_colours() -> None:
    instance = Instance(
        "x",
        "1.2",
        "1.2.840.10008.5.1.4.1.1.2.1",
        PatientFacts(),
        StudyFacts(),
        pixels=PixelFormat(1, 1, photometric="YBR_FULL_422"),
        frame_count=2,
        grey=Grey(slope=1.0),
        frames=(FrameFacts(), FrameFacts(grey=Grey(slope=3.0))),
    )
    assert facts_of(instance, 1).grey.slope == 1.0
    assert facts_of(instance, 2).grey.slope == 3.0
    decoded = facts_of(instance, 1, photometric="RGB", bits_stored=12).format
    assert (decoded.photometric, decoded.bits_stored, decoded.high_bit) == ("RGB", 12, 11)
    with pytest.raises(ValueError, match="no pixels"):
        facts_of(Instance("x", "1", "1", PatientFacts(), StudyFacts()))


def test_facts_of_a_volume_keep_polarity_and_windows() -> None:
    frame = PixelFacts(
        PixelFormat(1, 1, bits_stored=12, photometric="MONOCHROME1"),
        Grey(slope=2.0, intercept=-1024.0, unit="HU", padding=0, padding_limit=3),
    )
    volume = facts_of_values(frame, np.dtype(np.int16), padding=-1024)
    assert volume.format.signed
    assert volume.format.bits_stored == 16
    assert volume.format.photometric == "MONOCHROME1"
    assert (volume.grey.slope, volume.grey.intercept, volume.grey.unit) == (1.0, 0.0, "HU")
    assert (volume.grey.padding, volume.grey.padding_limit) == (-1024, None)
    assert facts_of_values(frame, np.dtype(np.float32)).format.kind == "float"
