"""Which window a picture starts with."""

from dataclasses import replace

import numpy as np
import pytest

from viewer.pixels.display import to_display
from viewer.pixels.modality import PixelFacts, facts_of
from viewer.pixels.presets import CT_PRESETS, find_preset, presets_for
from viewer.pixels.voi import apply_voi, ends_of
from viewer.pixels.windows import (
    default_window,
    full_range,
    identity_window,
    next_source,
    resolve_window,
    stored_choices,
    window_index,
)
from viewer.study import (
    Grey,
    Instance,
    LookupTable,
    PatientFacts,
    PixelFormat,
    StoredWindow,
    StudyFacts,
    Window,
)

TWELVE_BITS = PixelFormat(1, 1, bits_stored=12, high_bit=11)
EMPTY = np.empty(0)
WIDE = np.arange(-1000.0, 1001.0)
NARROW = StoredWindow(Window(40, 400), "MEDIASTINUM")
LUT = LookupTable(0, 8, tuple(range(256)), "CONTRAST")


def made(
    modality: str,
    *,
    pixels: PixelFormat = TWELVE_BITS,
    sop_class: str = "1.2",
    **grey: object,
) -> tuple[Instance, PixelFacts]:
    instance = Instance(
        "x",
        "1",
        sop_class,
        PatientFacts(),
        StudyFacts(modality=modality),
        pixels=pixels,
        grey=Grey(**grey),  # type: ignore[arg-type]
    )
    return instance, facts_of(instance)


def test_the_files_first_window_comes_first_with_its_name() -> None:
    other = StoredWindow(Window(-600, 1500))
    choice = default_window(*made("CT", windows=(NARROW, other), unit="HU"), WIDE)
    assert (choice.voi, choice.name, choice.note) == (Window(40, 400), "MEDIASTINUM", "")


@pytest.mark.parametrize(("modality", "first"), [("DX", LUT), ("MG", LUT), ("CR", NARROW.window)])
def test_radiographs_take_the_lut_before_the_window(
    modality: str, first: Window | LookupTable
) -> None:
    instance, facts = made(modality, windows=(NARROW,), voi_luts=(LUT,))
    assert [c.source for c in stored_choices(instance, facts)] == ["file:0", "file:1"]
    assert default_window(instance, facts, EMPTY).voi == first


def test_a_window_that_shows_nothing_gives_way_with_a_note() -> None:
    useless = StoredWindow(Window(30000, 10))
    choice = default_window(*made("MR", windows=(useless,)), np.arange(1001.0))
    assert isinstance(choice.voi, Window)
    assert ends_of(choice.voi) == (5, 995)
    assert "shows nothing" in choice.note


def test_ct_in_hounsfield_units_starts_with_soft_tissue() -> None:
    assert default_window(*made("CT", unit="HU"), WIDE).voi == Window(40, 400)
    without_unit = default_window(*made("CT"), WIDE).voi
    assert isinstance(without_unit, Window)
    assert ends_of(without_unit) == (-990, 990)


@pytest.mark.parametrize(("unit", "upper"), [("SUVbw", 5.0), ("Bq/ml", 1.99)])
def test_pet_runs_from_zero_in_inverted_grey(unit: str, upper: float) -> None:
    choice = default_window(*made("PT", unit=unit, slope=0.5), np.linspace(0, 2, 401))
    assert choice.invert
    assert isinstance(choice.voi, Window)
    assert ends_of(choice.voi, whole=False) == pytest.approx((0.0, upper))


@pytest.mark.parametrize("signed", [False, True])
def test_eight_bits_are_shown_as_stored(signed: bool) -> None:
    pixels = PixelFormat(1, 256, 1, 8, 8, 7, signed)
    instance, facts = made("OT", pixels=pixels)
    choice = default_window(instance, facts, np.arange(100.0))
    stored = np.arange(256, dtype=np.uint8).view(np.int8 if signed else np.uint8)[None]
    shown = to_display(np.sort(stored), facts, choice.voi)
    assert shown.tolist() == [list(range(256))]


def test_one_bit_is_black_and_white() -> None:
    _instance, facts = made("OT", pixels=PixelFormat(1, 2, 1, 1, 1, 0))
    shown = apply_voi(np.array([0, 1]), identity_window(facts))
    assert shown.tolist() == [0.0, 255.0]


@pytest.mark.parametrize("signed", [False, True])
def test_captures_of_16_bits_are_not_left_flat(signed: bool) -> None:
    pixels = PixelFormat(1, 1, signed=signed)
    instance, facts = made("OT", pixels=pixels, sop_class="1.2.840.10008.5.1.4.1.1.7")
    assert default_window(instance, facts, EMPTY).voi == identity_window(facts)
    choice = default_window(instance, facts, np.arange(1001.0))
    assert isinstance(choice.voi, Window)
    assert ends_of(choice.voi) == (5, 995)
    wide = default_window(instance, facts, np.linspace(0, 30000, 1001))
    assert wide.voi == identity_window(facts)


def test_eight_bits_stay_as_stored_however_dark() -> None:
    instance, facts = made("US", pixels=PixelFormat(1, 1, 1, 8, 8, 7))
    choice = default_window(instance, facts, np.zeros(1000))
    assert choice.voi == identity_window(facts)


def test_float_captures_get_the_automatic_window() -> None:
    pixels = PixelFormat(1, 1, bits_allocated=32, bits_stored=32, high_bit=31, kind="float")
    instance, facts = made("US", pixels=pixels)
    choice = default_window(instance, facts, np.linspace(0, 1, 1001))
    assert isinstance(choice.voi, Window)
    assert ends_of(choice.voi, whole=False) == pytest.approx((0.005, 0.995))


def test_a_wholeslide_class_is_no_secondary_capture() -> None:
    instance, facts = made("SM", sop_class="1.2.840.10008.5.1.4.1.1.77.1.6")
    choice = default_window(instance, facts, np.arange(1001.0))
    assert isinstance(choice.voi, Window)
    assert ends_of(choice.voi) == (5, 995)


def test_identity_follows_rescale_and_modality_lut() -> None:
    _instance, facts = made("US", slope=2.0, intercept=-100.0)
    assert ends_of(identity_window(facts)) == (-100, 4095 * 2 - 100)
    _instance, looked_up = made("US", modality_lut=LUT)
    assert ends_of(identity_window(looked_up)) == (0, 255)


def test_colours_offer_no_stored_window_and_start_untouched() -> None:
    pixels = PixelFormat(1, 1, 3, 8, 8, 7, photometric="RGB")
    instance, facts = made("US", pixels=pixels, windows=(NARROW,))
    assert stored_choices(instance, facts) == ()
    for source in ("file:0", "auto", "full"):
        choice = resolve_window(source, None, instance=instance, facts=facts, sample=EMPTY)
        assert choice.voi == Window(128, 256)


def test_sources_of_a_tile() -> None:
    instance, facts = made("CT", unit="HU", windows=(NARROW, StoredWindow(Window(-600, 1500))))

    def resolved(source: str, window: Window | None = None) -> Window | LookupTable:
        return resolve_window(source, window, instance=instance, facts=facts, sample=WIDE).voi

    assert resolved("file:1") == Window(-600, 1500)
    assert resolved("file:9") == Window(-600, 1500)
    assert resolved("user", Window(1, 2)) == Window(1, 2)
    assert resolved("user", Window(1, 0)) == NARROW.window
    assert resolved("preset:bone") == Window(350, 2000)
    assert resolved("preset:nothing") == NARROW.window
    auto, full = resolved("auto"), resolved("full")
    assert isinstance(auto, Window)
    assert isinstance(full, Window)
    assert ends_of(auto) == (-990, 990)
    assert ends_of(full) == (-1000, 1000)


def test_a_window_in_the_state_keeps_its_presets_name() -> None:
    instance, facts = made("CT", unit="HU")
    lung = find_preset("lung")
    assert lung is not None
    choice = resolve_window(
        "preset:lung", lung.window, instance=instance, facts=facts, sample=EMPTY
    )
    assert choice.name == "Lung"
    user = resolve_window("user", lung.window, instance=instance, facts=facts, sample=EMPTY)
    assert user.name == ""


def test_presets_act_on_hounsfield_units_only() -> None:
    _instance, hounsfield = made("CT", unit="HU")
    _instance, other = made("CT")
    assert presets_for("CT", hounsfield) == CT_PRESETS
    assert presets_for("CT", other) == ()
    assert presets_for("MR", hounsfield) == ()


def test_presets_of_the_keys_are_those_of_the_table() -> None:
    on_keys = {p.key: (p.id, p.window.width, p.window.center) for p in CT_PRESETS if p.key}
    assert on_keys == {
        "1": ("soft_tissue", 400, 40),
        "2": ("lung", 1500, -600),
        "3": ("bone", 2000, 350),
        "4": ("brain", 80, 40),
        "5": ("liver", 150, 90),
    }
    assert len({p.id for p in CT_PRESETS}) == len(CT_PRESETS)


def test_key_zero_goes_round() -> None:
    assert next_source("user", 2) == "file:0"
    seen = ["file:0"]
    for _ in range(4):
        seen.append(next_source(seen[-1], 2))
    assert seen == ["file:0", "file:1", "auto", "full", "file:0"]
    assert next_source("file:0", 0) == "auto"


def test_full_range_without_pixels_is_that_of_the_bits() -> None:
    _instance, facts = made("MR")
    choice = full_range(facts, EMPTY)
    assert isinstance(choice.voi, Window)
    assert ends_of(choice.voi) == (0, 4095)
    fractional = replace(facts, grey=Grey(slope=0.5))
    half = full_range(fractional, EMPTY).voi
    assert isinstance(half, Window)
    assert ends_of(half, whole=False) == (0, 2047.5)


def test_mr_keeps_the_first_images_window() -> None:
    assert window_index("MR", 7) == 0
    assert window_index("CT", 7) == 7
