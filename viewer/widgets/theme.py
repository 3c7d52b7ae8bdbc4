"""How the program looks: one frozen table that palette, stylesheet, painters and tests read.

Colours are "#RRGGBB"; sizes logical pixels. ``style.install`` gives the look to the application.
"""

from dataclasses import dataclass
from typing import Final

from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QApplication


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every colour of the program."""

    view: str = "#000000"
    window: str = "#15171A"
    panel: str = "#1D2024"
    raised: str = "#282C31"
    hover: str = "#31363C"
    press: str = "#3A4047"
    sel: str = "#213549"
    line: str = "#2B2F34"
    edge: str = "#4A5159"
    ctl: str = "#737B84"
    text: str = "#E6E8EA"
    second: str = "#A9AFB6"
    dis: str = "#7C838B"
    accent: str = "#4FB3FF"
    on_accent: str = "#000000"
    primary: str = "#3A6EA5"
    primary_hover: str = "#4075AE"
    primary_press: str = "#305D8C"
    on_primary: str = "#FFFFFF"
    warn: str = "#F5A623"
    err: str = "#FF6B6B"
    ok: str = "#5AD07A"
    own: str = "#FFD54A"
    ai: str = "#3DDBD9"
    other: str = "#C792EA"
    plane_axial: str = "#F05A5A"
    plane_sagittal: str = "#F0D24A"
    plane_coronal: str = "#5AD07A"
    role_current: str = "#C9CDD2"
    on_role_current: str = "#0B0D0F"
    role_prior: str = "#D8C29A"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Every size that more than one place needs, px."""

    bar: int = 48
    status: int = 28
    browser: int = 240
    browser_range: tuple[int, int] = (200, 400)
    assistant: int = 360
    assistant_range: tuple[int, int] = (320, 560)
    grid_least: int = 480
    gap: int = 4
    series_row: int = 68
    thumbnail: int = 56
    study_row: int = 28
    patient_row: int = 46
    finding_row: int = 44
    change_row: int = 48
    button: int = 32
    button_in_row: int = 28
    button_large: int = 36
    chip: int = 28
    target: int = 24
    icon: int = 20
    icon_small: int = 16
    radius_badge: int = 4
    radius_button: int = 6
    radius_card: int = 8
    radius_dialog: int = 12
    padding: int = 16
    focus_ring: int = 2


TOKENS: Final = Tokens()
SIZES: Final = Sizes()

BODY_PX: Final = 13
CORNER_PX: Final = 12
LETTER_PX: Final = 16
LINE_HEIGHT_PX: Final = 20
WEIGHTS: Final = {
    400: QFont.Weight.Normal,
    500: QFont.Weight.Medium,
    600: QFont.Weight.DemiBold,
}
SCALES: Final = (0.8, 2.0)
"""How far the reader may shrink and grow the type."""


def color(name: str, alpha: float = 1.0) -> QColor:
    """A token by its name, for painters; ``alpha`` from 0 to 1."""
    made = QColor(getattr(TOKENS, name))
    made.setAlphaF(alpha)
    return made


def font(size_px: int = BODY_PX, weight: int = 400) -> QFont:
    """The program's font with tabular digits, scaled as the reader chose."""
    made = QFont(QApplication.font())
    made.setPixelSize(round(size_px * type_scale()))
    made.setWeight(WEIGHTS[weight])
    return made


def type_scale() -> float:
    """How much larger than designed the reader wants the type."""
    return max(QApplication.font().pixelSize(), 1) / BODY_PX
