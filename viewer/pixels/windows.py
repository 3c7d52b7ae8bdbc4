"""Which window a picture starts with, which others it offers, and what a tile's choice means.

Sources are the words of ``viewer.state.TileWindow``: "file:n", "auto", "full",
"preset:<id>" or "user".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from viewer.pixels.display import RGB_IDENTITY
from viewer.pixels.modality import PixelFacts, rescale_of
from viewer.pixels.presets import CT_PRESETS, find_preset, presets_for
from viewer.pixels.voi import (
    Voi,
    automatic_window,
    full_scale,
    hides_everything,
    is_usable,
    percentiles,
    shows_contrast,
    window_between,
)
from viewer.study import Instance, Window
from viewer.words import _

Sample = NDArray[np.float64]
"""Modality values of the series without padding (``voi.sample_values``); may be empty."""

SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
AS_STORED_MODALITIES: Final = frozenset({"US", "IVUS", "SC"})
LUT_FIRST_MODALITIES: Final = frozenset({"DX", "MG"})
PT_UPPER_SUV: Final = 5.0


@dataclass(frozen=True, slots=True)
class VoiChoice:
    """A window or LUT, where it comes from, its name for the corner, and what is doubtful.

    ``invert`` is True where the picture is drawn black on white by custom (PET).
    """

    voi: Voi
    source: str
    name: str = ""
    note: str = ""
    invert: bool = False


def resolve_window(
    source: str, window: Window | None, *, instance: Instance, facts: PixelFacts, sample: Sample
) -> VoiChoice:
    """Say what a tile's choice means for this series.

    A ``window`` is taken as it is. An unusable or absent one of the file, and a preset that does
    not apply, give the default.
    """
    if window is not None and is_usable(window):
        return VoiChoice(window, source, _name_of_window(source))
    kind, _colon, rest = source.partition(":")
    if kind == "auto":
        return _automatic(facts, sample)
    if kind == "full":
        return full_range(facts, sample)
    preset = find_preset(rest) if kind == "preset" else None
    if preset is not None and preset in presets_for(instance.study.modality, facts):
        return VoiChoice(preset.window, source, _(preset.name))
    index = int(rest) if kind == "file" and rest.isdecimal() else 0
    return _from_file(index, instance=instance, facts=facts, sample=sample)


def default_window(instance: Instance, facts: PixelFacts, sample: Sample) -> VoiChoice:
    """The window a series starts with: the file's first, else by modality."""
    return _from_file(0, instance=instance, facts=facts, sample=sample)


def stored_choices(instance: Instance, facts: PixelFacts) -> tuple[VoiChoice, ...]:
    """What the file offers, best first: windows, then VOI LUTs; LUTs first for DX and MG."""
    if facts.is_color:
        return ()
    windows: list[tuple[Voi, str]] = [(w.window, w.explanation) for w in facts.grey.windows]
    tables: list[tuple[Voi, str]] = [(t, t.explanation) for t in facts.grey.voi_luts if t.values]
    is_lut_first = instance.study.modality in LUT_FIRST_MODALITIES
    ordered = tables + windows if is_lut_first else windows + tables
    return tuple(
        VoiChoice(voi, f"file:{n}", name or _("File’s own"))
        for n, (voi, name) in enumerate(ordered)
    )


def window_index(modality: str, index: int) -> int:
    """The frame whose stored window counts for frame ``index``: in MR the first, else its own.

    The windows of MR images are set one by one by the scanner, and would flicker when scrolling.
    """
    return 0 if modality == "MR" else index


def next_source(source: str, stored_count: int) -> str:
    """The source that key 0 goes to: the file's windows one by one, automatic, full range."""
    order = [f"file:{n}" for n in range(max(stored_count, 1))] + ["auto", "full"]
    return order[(order.index(source) + 1) % len(order)] if source in order else order[0]


def identity_window(facts: PixelFacts) -> Window:
    """The window over all that Bits Stored can hold, so that 8 bits come out as they are."""
    if facts.is_color:
        return RGB_IDENTITY
    table = facts.grey.modality_lut
    if table is not None:
        return window_between(0, full_scale(table))
    bits = facts.format.bits_stored
    low = -(1 << (bits - 1)) if facts.format.signed else 0
    slope, intercept = rescale_of(facts.grey)
    ends = (low * slope + intercept, (low + (1 << bits) - 1) * slope + intercept)
    return window_between(min(ends), max(ends), whole=facts.is_whole)


def full_range(facts: PixelFacts, sample: Sample) -> VoiChoice:
    """From the smallest to the largest value of the sample; of Bits Stored when it is empty."""
    if facts.is_color or sample.size == 0:
        return VoiChoice(identity_window(facts), "full", _("Full range"))
    ends = float(sample.min()), float(sample.max())
    return VoiChoice(window_between(*ends, whole=facts.is_whole), "full", _("Full range"))


def _from_file(index: int, *, instance: Instance, facts: PixelFacts, sample: Sample) -> VoiChoice:
    """The n-th choice of the file when it shows something, else the modality's own."""
    stored = stored_choices(instance, facts)
    if not stored:
        return _by_modality(instance, facts, sample)
    choice = stored[min(index, len(stored) - 1)]
    if is_usable(choice.voi) and not hides_everything(choice.voi, sample, whole=facts.is_whole):
        return choice
    found = _automatic(facts, sample)
    note = _("The file's window shows nothing. The automatic one is used.")
    return VoiChoice(found.voi, choice.source, found.name, note)


def _by_modality(instance: Instance, facts: PixelFacts, sample: Sample) -> VoiChoice:
    """The window of a file that brings none.

    Captures of more than 8 bits often use a small part of them; shown as stored they were flat.
    """
    modality = instance.study.modality
    if facts.is_color or _is_shown_as_stored(instance, facts):
        identity = identity_window(facts)
        is_made_for_the_eye = facts.is_color or facts.format.bits_stored <= 8
        if is_made_for_the_eye or shows_contrast(identity, sample, whole=facts.is_whole):
            return VoiChoice(identity, "file:0", _("As stored"))
    if modality == "CT" and facts.is_hu:
        return VoiChoice(CT_PRESETS[0].window, "file:0", _(CT_PRESETS[0].name))
    if modality == "PT" and sample.size:
        return _pet(facts, sample)
    found = _automatic(facts, sample)
    return VoiChoice(found.voi, "file:0", found.name)


def _is_shown_as_stored(instance: Instance, facts: PixelFacts) -> bool:
    """Whether grey levels were made for the eye already: ultrasound, captures, 8 bits."""
    if facts.format.kind == "float":
        return False
    return (
        facts.format.bits_stored <= 8
        or instance.study.modality in AS_STORED_MODALITIES
        or f"{instance.sop_class_uid}.".startswith(f"{SECONDARY_CAPTURE}.")
    )


def _pet(facts: PixelFacts, sample: Sample) -> VoiChoice:
    """Black on white from 0 to the 99.5th percentile, at least to 5 in SUV."""
    high = percentiles(sample, (99.5,))[0]
    if facts.grey.unit.upper().startswith("SUV"):
        high = max(PT_UPPER_SUV, high)
    window = window_between(0.0, high, whole=facts.is_whole)
    return VoiChoice(window, "file:0", _("Automatic"), invert=True)


def _automatic(facts: PixelFacts, sample: Sample) -> VoiChoice:
    """0.5 % to 99.5 % of the series; the full range when nothing was sampled."""
    window = None if facts.is_color else automatic_window(sample, whole=facts.is_whole)
    return VoiChoice(window or identity_window(facts), "auto", _("Automatic"))


def _name_of_window(source: str) -> str:
    """The name of a window that stands in the state."""
    kind, _colon, rest = source.partition(":")
    preset = find_preset(rest) if kind == "preset" else None
    return _(preset.name) if preset is not None else ""
