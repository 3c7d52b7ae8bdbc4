"""Windows by name: the CT presets of the keys 1 to 5 and of the menu."""

from dataclasses import dataclass
from typing import Final

from viewer.pixels.modality import PixelFacts
from viewer.study import Window
from viewer.words import N_


@dataclass(frozen=True, slots=True)
class Preset:
    """A window with a name; ``key`` is the digit that sets it, or "" when only the menu does."""

    id: str
    name: str
    window: Window
    key: str = ""


CT_PRESETS: Final = (
    Preset("soft_tissue", N_("Soft tissue"), Window(40, 400), "1"),
    Preset("lung", N_("Lung"), Window(-600, 1500), "2"),
    Preset("bone", N_("Bone"), Window(350, 2000), "3"),
    Preset("brain", N_("Brain"), Window(40, 80), "4"),
    Preset("liver", N_("Liver"), Window(90, 150), "5"),
    Preset("mediastinum", N_("Mediastinum"), Window(40, 350)),
    Preset("cta", N_("CT angiography"), Window(200, 600)),
    Preset("stroke", N_("Stroke"), Window(40, 40)),
    Preset("spine", N_("Spine"), Window(40, 300)),
    Preset("temporal_bone", N_("Temporal bone"), Window(700, 4000)),
)


def presets_for(modality: str, facts: PixelFacts) -> tuple[Preset, ...]:
    """The presets that mean something here: those of CT, and only on Hounsfield units."""
    return CT_PRESETS if modality == "CT" and facts.is_hu else ()


def find_preset(preset_id: str) -> Preset | None:
    """The preset with this id, or None."""
    return next((p for p in CT_PRESETS if p.id == preset_id), None)
