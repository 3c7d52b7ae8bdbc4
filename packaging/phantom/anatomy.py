"""Who the phantom is: the measures that vary from seed to seed, and what is wrong with it.

All lengths in mm, all places LPS in mm with the origin between the lungs at mid height.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

Side = Literal["right", "left"]
Posture = Literal["upright", "supine"]
ABSENT = 0.0


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Measures of one healthy body; drawn by `draw_anatomy`."""

    seed: int
    is_female: bool
    age_years: int
    width: float
    depth: float
    height: float
    fat_mm: float
    heart: float
    heart_turn_deg: float
    right_dome_mm: float
    left_dome_mm: float
    knob_mm: float
    scoliosis_mm: float
    lung_hu: float
    vessel_scale: float
    stomach_gas_mm: float
    breast_mm: float
    rib_slope: float
    rib_mm: float


@dataclass(frozen=True, slots=True)
class Nodule:
    """A lump in a lung: centre, diameter and density (HU)."""

    centre_lps_mm: tuple[float, float, float]
    diameter_mm: float
    hu: float = 40.0


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong, each by its amount from 0 (absent) to 1; places in `draw_findings`."""

    nodules: tuple[Nodule, ...] = ()
    effusion: float = ABSENT
    effusion_side: Side = "right"
    pneumothorax: float = ABSENT
    pneumothorax_side: Side = "left"
    consolidation: float = ABSENT
    consolidation_side: Side = "right"
    consolidation_upper: bool = False
    cardiomegaly: float = ABSENT
    fracture: bool = False
    fracture_side: Side = "left"
    fracture_rib: int = 7


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings to draw; the rest of the body does not depend on it."""

    nodules: int = 0
    nodule_mm: float | None = None
    effusion: bool = False
    pneumothorax: bool = False
    consolidation: bool = False
    cardiomegaly: bool = False
    fracture: bool = False


@dataclass(frozen=True, slots=True)
class Patient:
    """A body, what is wrong with it, and how it is held."""

    anatomy: Anatomy
    findings: Findings = field(default_factory=Findings)
    posture: Posture = "upright"
    arms_up: bool = False

    @property
    def has_raised_arms(self) -> bool:
        """Whether the arms are above the head, as on a table and for a lateral X-ray."""
        return self.arms_up or self.posture == "supine"

    def held(self, posture: Posture) -> "Patient":
        """The same person standing before a detector or lying on a table."""
        return replace(self, posture=posture)


def draw_anatomy(seed: int) -> Anatomy:
    """The healthy body of a seed."""
    rng = np.random.default_rng((seed, 1))
    is_female = bool(rng.random() < 0.5)
    size = 0.94 if is_female else 1.02
    return Anatomy(
        seed=seed,
        is_female=is_female,
        age_years=int(rng.integers(24, 84)),
        width=size * float(rng.normal(1.0, 0.035)),
        depth=size * float(rng.normal(1.0, 0.05)),
        height=size * float(rng.normal(1.0, 0.05)),
        fat_mm=float(np.clip(rng.gamma(4.0, 3.2), 5.0, 28.0)),
        heart=size * float(np.clip(rng.normal(0.97, 0.05), 0.86, 1.08)),
        heart_turn_deg=float(rng.normal(0.0, 7.0)),
        right_dome_mm=float(rng.normal(-62.0, 7.0)),
        left_dome_mm=float(rng.normal(-13.0, 5.0)),
        knob_mm=float(rng.normal(17.0, 2.0)),
        scoliosis_mm=float(rng.normal(0.0, 2.5)),
        lung_hu=float(rng.normal(-862.0, 14.0)),
        vessel_scale=float(rng.normal(1.0, 0.1)),
        stomach_gas_mm=float(rng.uniform(8.0, 30.0)),
        breast_mm=float(rng.uniform(18.0, 42.0)) if is_female else 0.0,
        rib_slope=float(rng.normal(1.0, 0.1)),
        rib_mm=float(rng.normal(6.9, 0.35)),
    )


def followed_up(findings: Findings, rng: np.random.Generator) -> tuple[Findings, dict[str, str]]:
    """The older state of the same person, and how each finding has changed since.

    The changes are said per finding as improved, stable or worsened, from the prior to `findings`.
    """
    changes: dict[str, str] = {}
    amounts: dict[str, float] = {}
    for name in ("effusion", "pneumothorax", "consolidation", "cardiomegaly"):
        now = getattr(findings, name)
        before = _before(now, rng)
        if now > 0 or before > 0:
            changes[name] = _word(before, now)
        amounts[name] = before
    nodules = []
    for number, nodule in enumerate(findings.nodules):
        growth = float(rng.choice([0.62, 1.0, 1.0, 1.45]))
        nodules.append(replace(nodule, diameter_mm=nodule.diameter_mm * growth))
        word = "stable" if growth == 1.0 else "worsened" if growth < 1.0 else "improved"
        changes["nodule" if number == 0 else f"nodule {number + 1}"] = word
    prior = replace(
        findings,
        nodules=tuple(nodules),
        fracture=False,
        effusion=amounts["effusion"],
        pneumothorax=amounts["pneumothorax"],
        consolidation=amounts["consolidation"],
        cardiomegaly=amounts["cardiomegaly"],
    )
    return prior, changes


def _before(now: float, rng: np.random.Generator) -> float:
    if now == ABSENT:
        # Seldom something that has gone since, or most changes would be for the better.
        gone = float(rng.uniform(0.35, 0.8))
        return float(rng.choice([ABSENT, ABSENT, ABSENT, gone if gone > 0.6 else ABSENT]))
    kind = rng.integers(3)
    if kind == 0:
        return now
    if kind == 1:
        return float(rng.choice([ABSENT, now * 0.45]))
    return float(min(1.0, now * 1.3 + 0.3))


def _word(before: float, now: float) -> str:
    if abs(before - now) < 1e-6:
        return "stable"
    return "worsened" if now > before else "improved"
