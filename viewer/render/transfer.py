"""How values become light: transfer functions of the volume view, and the presets as a table.

Positions are modality values (HU for CT). MR has no scale of its own, so its presets are written in
parts of the data's range, 0 to 1, and fitted to a volume before use.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.words import N_

Projection: TypeAlias = Literal["shaded", "max", "min"]
ENTRIES: Final = 4096


@dataclass(frozen=True, slots=True)
class TransferFunction:
    """Opacity and colour by modality value, piecewise linear, constant beyond both ends.

    `opacity`: (value, opacity of one millimetre); unused by projections. `colour`: (value, red,
    green, blue), 0 to 1. `ambient`, `diffuse`, `specular` weigh the headlight.
    """

    projection: Projection
    opacity: tuple[tuple[float, float], ...]
    colour: tuple[tuple[float, float, float, float], ...]
    ambient: float = 0.2
    diffuse: float = 0.9
    specular: float = 0.2

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest value at which anything changes."""
        values = [point[0] for point in (*self.opacity, *self.colour)]
        return min(values), max(values)

    def moved(self, *, shift: float = 0.0, stretch: float = 1.0) -> "TransferFunction":
        """Shift by a value and stretch about the middle of the span, as a window drag does."""
        low, high = self.span
        middle = (low + high) / 2
        return self._mapped(scale=stretch, offset=middle - middle * stretch + shift)

    def fitted(self, low: float, high: float) -> "TransferFunction":
        """Turn positions in parts of a range, 0 to 1, into values from `low` to `high`."""
        return self._mapped(scale=high - low, offset=low)

    def opacity_table(self) -> NDArray[np.float32]:
        """Opacity of one millimetre at `ENTRIES` even steps over the span: (ENTRIES,)."""
        points = np.asarray(self.opacity or ((0.0, 1.0),), np.float64)
        return np.interp(self._steps(), points[:, 0], points[:, 1]).astype(np.float32)

    def colour_table(self) -> NDArray[np.float32]:
        """Red, green and blue at the same steps: (ENTRIES, 3)."""
        points = np.asarray(self.colour, np.float64)
        steps = self._steps()
        channels = [np.interp(steps, points[:, 0], points[:, k]) for k in (1, 2, 3)]
        return np.stack(channels, axis=1).astype(np.float32)

    def _steps(self) -> NDArray[np.float64]:
        return np.linspace(*self.span, ENTRIES)

    def _mapped(self, *, scale: float, offset: float) -> "TransferFunction":
        return replace(
            self,
            opacity=tuple((value * scale + offset, a) for value, a in self.opacity),
            colour=tuple((value * scale + offset, r, g, b) for value, r, g, b in self.colour),
        )


@dataclass(frozen=True, slots=True)
class VolumePreset:
    """A transfer function by name; `is_relative` ones are fitted to the data's range first."""

    id: str
    name: str
    modality: Literal["CT", "MR"]
    transfer: TransferFunction
    is_relative: bool = False

    def for_range(self, low: float, high: float) -> TransferFunction:
        """Give the function for data whose values mostly lie from `low` to `high`."""
        return self.transfer.fitted(low, high) if self.is_relative else self.transfer


_GREY: Final = ((0.0, 0.0, 0.0, 0.0), (1.0, 1.0, 1.0, 1.0))

VOLUME_PRESETS: Final = (
    VolumePreset(
        "ct_bone",
        N_("CT bone"),
        "CT",
        TransferFunction(
            "shaded",
            opacity=((140, 0.0), (220, 0.12), (350, 0.75), (900, 0.95)),
            colour=(
                (140, 0.42, 0.25, 0.17),
                (240, 0.66, 0.50, 0.38),
                (450, 0.86, 0.76, 0.63),
                (900, 0.96, 0.92, 0.84),
                (1800, 1.0, 1.0, 0.98),
            ),
        ),
    ),
    VolumePreset(
        "ct_muscle",
        N_("CT muscle and bone"),
        "CT",
        TransferFunction(
            "shaded",
            opacity=((-20, 0.0), (30, 0.08), (80, 0.35), (200, 0.5), (400, 0.9)),
            colour=(
                (-20, 0.45, 0.16, 0.12),
                (40, 0.62, 0.24, 0.18),
                (110, 0.76, 0.38, 0.28),
                (250, 0.88, 0.74, 0.58),
                (600, 0.96, 0.92, 0.84),
            ),
        ),
    ),
    VolumePreset(
        "ct_skin",
        N_("CT skin"),
        "CT",
        TransferFunction(
            "shaded",
            opacity=((-500, 0.0), (-250, 0.35), (-100, 0.9)),
            colour=((-500, 0.60, 0.42, 0.34), (-150, 0.90, 0.71, 0.60), (200, 0.96, 0.84, 0.76)),
            specular=0.1,
        ),
    ),
    VolumePreset(
        "ct_lung",
        N_("CT lung"),
        "CT",
        TransferFunction(
            "shaded",
            opacity=((-740, 0.0), (-600, 0.10), (-420, 0.10), (-300, 0.0)),
            colour=((-740, 0.35, 0.55, 0.75), (-520, 0.80, 0.86, 0.92), (-300, 1.0, 0.85, 0.80)),
        ),
    ),
    VolumePreset(
        "ct_mip",
        N_("CT vessels, maximum"),
        "CT",
        TransferFunction("max", opacity=(), colour=((0, 0, 0, 0), (700, 1, 1, 1))),
    ),
    VolumePreset(
        "mr_soft",
        N_("MR soft tissue"),
        "MR",
        TransferFunction(
            "shaded",
            opacity=((0.08, 0.0), (0.18, 0.04), (0.40, 0.30), (0.75, 0.60), (1.0, 0.75)),
            colour=(
                (0.08, 0.30, 0.20, 0.18),
                (0.30, 0.66, 0.50, 0.44),
                (0.60, 0.90, 0.80, 0.72),
                (1.0, 1.0, 0.98, 0.95),
            ),
        ),
        is_relative=True,
    ),
    VolumePreset(
        "mr_mip",
        N_("MR vessels, maximum"),
        "MR",
        TransferFunction("max", opacity=(), colour=_GREY),
        is_relative=True,
    ),
)


def volume_presets(modality: str) -> tuple[VolumePreset, ...]:
    """List the presets for a modality; those of MR for all that has no presets of its own."""
    kind = "CT" if modality == "CT" else "MR"
    return tuple(preset for preset in VOLUME_PRESETS if preset.modality == kind)
