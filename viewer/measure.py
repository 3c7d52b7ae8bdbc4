"""Numbers of measurements as text, each with its unit and the basis of its calibration.

Geometry is in frame edge coordinates (``FramePoint``); pixels need not be square. A number that
would lie is not given: the text says why.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from viewer.annotations import Annotation, PlaneRef
from viewer.calibration import Calibration
from viewer.pixels.modality import PixelFacts, Values, padding_mask, to_modality
from viewer.pixels.part import Part
from viewer.pixels.statistics import Statistics, statistics_in_box, statistics_in_ellipse
from viewer.spaces import FrameBox, FramePoint
from viewer.study import Grey, UltrasoundRegion
from viewer.words import _

MM2_PER_CM2: Final = 100.0
MM3_PER_CM3: Final = 1_000.0
MICROMETRES_PER_MM: Final = 1_000.0
SQUARE: Final = 0.01
"""Pixels whose sides differ by less than this part count as square."""

# PS3.3 C.8.5.5.1.15: what an axis of an ultrasound region measures.
REGION_UNITS: Final = {
    1: ("Δ", "%"),
    2: ("Δ", "dB"),
    3: ("Δd", "cm"),
    4: ("Δt", "s"),
    5: ("Δf", "Hz"),
    6: ("Δ", "dB/s"),
    7: ("Δv", "cm/s"),
    8: ("ΔA", "cm²"),
    9: ("Δ", "cm²/s"),
    10: ("ΔV", "cm³"),
    11: ("Δ", "cm³/s"),
    12: ("Δα", "°"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What to write beside a mark: ``lines`` of text, the main number alone, and its unit.

    ``value`` is None where no number can be given.
    """

    lines: tuple[str, ...]
    value: float | None = None
    unit: str = ""
    statistics: Statistics | None = None

    @property
    def text(self) -> str:
        """All of it in one line, for lists."""
        return " · ".join(self.lines)


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A scale bar: its length on the screen, what it stands for, and its words."""

    length_px: float
    length_mm: float
    label: str
    basis: str


def measure(
    mark: Annotation,
    calibration: Calibration,
    *,
    stored: Values | None = None,
    facts: PixelFacts | None = None,
    how: str = "",
) -> Measured:
    """Say what a mark measures; a finding measures nothing.

    ``stored`` is the frame it lies on, (rows, columns), with its facts: without them ellipse and
    box give their area alone. ``how`` says how these values came about where they are not stored.
    """
    points = mark.points
    if mark.kind == "length":
        return measure_length(points[0], points[1], calibration)
    if mark.kind == "angle":
        return measure_angle(points, calibration)
    if mark.kind in {"ellipse", "box"}:
        statistics = None
        if stored is not None and facts is not None:
            within = statistics_in_ellipse if mark.kind == "ellipse" else statistics_in_box
            statistics = within(stored, facts, mark.box)
        unit = facts.grey.unit if facts is not None else ""
        area = _ellipse_px2 if mark.kind == "ellipse" else _box_px2
        return _measure_area(area(mark.box), calibration, statistics, unit=unit, how=how)
    if mark.kind == "sphere":
        return _measure_sphere(mark)
    return Measured(())


def measure_length(start: FramePoint, end: FramePoint, calibration: Calibration) -> Measured:
    """The distance between two places."""
    columns, rows = end.column - start.column, end.row - start.row
    if calibration.region is not None:
        return _measure_axes(abs(columns), abs(rows), calibration.region)
    spacing = calibration.spacing_mm
    if spacing is None:
        if not _is_square(calibration):
            return Measured((_("no length: pixels are not square"),))
        pixels = math.hypot(columns, rows)
        return Measured((f"{number(pixels)} px",), pixels, "px")
    length = math.hypot(columns * spacing[1], rows * spacing[0])
    if calibration.is_microscopic and length < 1.0:
        micrometres = length * MICROMETRES_PER_MM
        return Measured((f"{number(micrometres)} µm",), micrometres, "µm")
    return Measured((_with_basis(f"{number(length)} mm", calibration),), length, "mm")


def measure_angle(points: tuple[FramePoint, ...], calibration: Calibration) -> Measured:
    """The angle at the second of three points, 0° to 180°, as it is in the patient."""
    if calibration.region is not None:
        return Measured((_("no angle: the axes have other units"),))
    first, vertex, last = points[:3]
    a = math.atan2((first.row - vertex.row) * calibration.aspect, first.column - vertex.column)
    b = math.atan2((last.row - vertex.row) * calibration.aspect, last.column - vertex.column)
    degrees = math.degrees(abs(math.remainder(a - b, math.tau)))
    return Measured((f"{degrees:.1f}°",), degrees, "°")


def measure_part(part: Part | None, voxel_mm: float, grey: Grey, *, diameter_mm: float) -> Measured:
    """The volume of a part of a volume found in a sphere, in cubes of ``voxel_mm`` a side.

    The lines tell the threshold and the mean, and where the part goes on beyond the sphere.
    """
    if part is None:
        words = _("no volume: nothing stands out in this sphere")
        return Measured((_diameter(diameter_mm), words))
    volume, unit = part.count * voxel_mm**3, "mm³"
    if volume >= MM3_PER_CM3:
        volume, unit = volume / MM3_PER_CM3, "cm³"
    threshold = with_unit(number(part.threshold), grey.unit)
    side = _("over {value}") if part.is_above else _("under {value}")
    lines = [
        f"{_significant(volume)} {unit} ({side.format(value=threshold)})",
        with_unit(f"{number(part.mean)} ± {number(part.deviation)}", grey.unit),
    ]
    if part.is_cut:
        lines.append(_("goes on beyond the sphere"))
    return Measured(tuple(lines), volume, unit)


def value_text(stored: Values, facts: PixelFacts, place: FramePoint) -> str:
    """The value of the pixel under a place in the modality's unit; "" outside the frame.

    ``stored`` is (rows, columns), or (rows, columns, 3) for colour, whose samples are given.
    """
    row, column = math.floor(place.row), math.floor(place.column)
    if not (0 <= row < stored.shape[0] and 0 <= column < stored.shape[1]):
        return ""
    pixel = stored[row : row + 1, column]
    if facts.is_color:
        return " ".join(str(sample) for sample in pixel.reshape(-1).tolist())
    padding = padding_mask(pixel, facts.grey)
    if padding is not None and bool(padding.any()):
        return _("padding")
    value = float(to_modality(pixel, facts)[0])
    return with_unit(_plain(value) if facts.is_whole else number(value), facts.grey.unit)


def scale_bar(
    extent_px: float, mm_per_px: float, *, basis: str = "", is_microscopic: bool = False
) -> ScaleBar | None:
    """The bar whose length is 1, 2 or 5 times a power of ten mm nearest to a quarter of a tile.

    ``extent_px`` is the tile's height (its width for a horizontal bar) and ``mm_per_px`` the
    patient's mm in one of these px. None where there is no scale.
    """
    wanted = extent_px * mm_per_px / 4
    if not (math.isfinite(wanted) and wanted > 0):
        return None
    power = 10.0 ** math.floor(math.log10(wanted))
    length = min((m * power for m in (1, 2, 5, 10)), key=lambda mm: abs(mm - wanted))
    label = _bar_label(length, is_microscopic=is_microscopic)
    return ScaleBar(length / mm_per_px, length, label, basis)


def number(value: float) -> str:
    """One decimal below 100, none above, and a true minus."""
    if not math.isfinite(value):
        return "–"
    text = f"{abs(value):.1f}"
    if float(text) >= 100:
        text = f"{abs(value):.0f}"
    is_negative = value < 0 and float(text) != 0
    return f"−{text}" if is_negative else text


def with_unit(text: str, unit: str) -> str:
    """A number and its unit, which may be none."""
    return f"{text} {unit}" if unit else text


def _measure_area(
    pixels: float,
    calibration: Calibration,
    statistics: Statistics | None,
    *,
    unit: str,
    how: str,
) -> Measured:
    """An area of so many square px, and the values under it."""
    area, area_unit, line = _area(pixels, calibration)
    lines = [line] if line else []
    if statistics is not None:
        show: Callable[[float], str] = _ends_of(statistics)
        spread = f"{number(statistics.mean)} ± {number(statistics.deviation)}"
        lines.append(with_unit(with_unit(spread, unit), f"({how})" if how else ""))
        ends = _("min {low} · max {high} · n {count}")
        lines.append(
            ends.format(
                low=show(statistics.minimum), high=show(statistics.maximum), count=statistics.count
            )
        )
    return Measured(tuple(lines), area, area_unit, statistics)


def _area(pixels: float, calibration: Calibration) -> tuple[float | None, str, str]:
    """Value, unit and text of an area."""
    spacing = calibration.spacing_mm
    if spacing is None:
        if calibration.region is not None or not _is_square(calibration):
            return None, "", ""
        return pixels, "px²", f"{number(pixels)} px²"
    area = pixels * spacing[0] * spacing[1]
    if calibration.is_microscopic and area < 1.0:
        micro = area * MICROMETRES_PER_MM**2
        return micro, "µm²", f"{number(micro)} µm²"
    if area < MM2_PER_CM2:
        return area, "mm²", _with_basis(f"{number(area)} mm²", calibration)
    square_cm = area / MM2_PER_CM2
    return square_cm, "cm²", _with_basis(f"{number(square_cm)} cm²", calibration)


def _measure_sphere(mark: Annotation) -> Measured:
    """What is known of a sphere without the values in it: how large it is."""
    if not isinstance(mark.where, PlaneRef):
        return Measured((_("no volume on a single image: drag it on a plane (M)"),))
    diameter = 2 * math.dist(*mark.points) * mark.where.mm_per_px
    return Measured((_diameter(diameter),), diameter, "mm")


def _diameter(mm: float) -> str:
    return f"⌀ {number(mm)} mm"


def _measure_axes(columns: float, rows: float, region: UltrasoundRegion) -> Measured:
    """A length across an ultrasound region whose axes are no lengths: each axis apart."""
    parts = []
    for extent, delta, unit in (
        (columns, region.delta_x, region.unit_x),
        (rows, region.delta_y, region.unit_y),
    ):
        if unit in REGION_UNITS:
            sign, word = REGION_UNITS[unit]
            parts.append(f"{sign} {_significant(extent * abs(delta))} {word}")
    return Measured((" · ".join(parts) or _("no length: the region has no units"),))


def _ends_of(statistics: Statistics) -> Callable[[float], str]:
    """Whole ends are written as whole numbers."""
    is_whole = statistics.minimum.is_integer() and statistics.maximum.is_integer()
    return _plain if is_whole else number


def _plain(value: float) -> str:
    """A whole number with a true minus."""
    return f"{int(value)}".replace("-", "−")


def _significant(value: float) -> str:
    """Two decimals below 10, which tenths of a second need; else as every number."""
    return f"{value:.2f}" if abs(value) < 10 else number(value)


def _bar_label(length_mm: float, *, is_microscopic: bool) -> str:
    """Millimetres as lengths have them; micrometres below 1 mm on slides."""
    if length_mm >= 1 or not is_microscopic:
        return f"{length_mm:g} mm"
    return f"{length_mm * MICROMETRES_PER_MM:g} µm"


def _with_basis(text: str, calibration: Calibration) -> str:
    """A number with the words that say where its millimetres come from."""
    return f"{text} {calibration.basis}" if calibration.basis else text


def _is_square(calibration: Calibration) -> bool:
    """Whether px along both axes are the same, or are claimed to be."""
    return abs(calibration.aspect - 1.0) < SQUARE


def _ellipse_px2(box: FrameBox) -> float:
    """Area of the ellipse that fills a box."""
    return float(np.pi) / 4 * box.width * box.height


def _box_px2(box: FrameBox) -> float:
    """Area of a box."""
    return box.width * box.height
