"""Numbers of measurements: geometry by hand, words as the reader sees them."""

import math

import numpy as np
import pytest

from viewer.annotations import Annotation, Kind
from viewer.calibration import Calibration
from viewer.measure import (
    measure,
    measure_angle,
    measure_length,
    number,
    scale_bar,
    value_text,
)
from viewer.pixels.modality import PixelFacts
from viewer.spaces import FramePoint
from viewer.study import FrameRef, Grey, PixelFormat, UltrasoundRegion

P = FramePoint
MM = Calibration("pixel_spacing", (0.5, 0.5))
TALL = Calibration("pixel_spacing", (2.0, 1.0), aspect=2.0)
DETECTOR = Calibration("imager", (0.5, 0.5), "at detector")
PIXELS = Calibration("none")
SLIDE = Calibration("pixel_spacing", (0.0005, 0.0005), is_microscopic=True)
SPECTRUM = Calibration("region", region=UltrasoundRegion(0, 0, 200, 200, 4, 7, 0.01, -1.5))
HOUNSFIELD = PixelFacts(PixelFormat(4, 4, signed=True), Grey(unit="HU", padding=-2000))


def mark(kind: Kind, *points: FramePoint) -> Annotation:
    return Annotation("1", kind, "1.2", FrameRef("1.2.3"), points)


@pytest.mark.parametrize(
    ("calibration", "end", "text"),
    [
        (MM, P(30, 40), "25.0 mm"),
        (MM, P(300, 400), "250 mm"),
        (DETECTOR, P(30, 40), "25.0 mm at detector"),
        (TALL, P(3, 2), "5.0 mm"),
        (PIXELS, P(3, 4), "5.0 px"),
        (Calibration("none", aspect=1.2), P(3, 4), "no length: pixels are not square"),
        (SLIDE, P(300, 400), "250 µm"),
        (SLIDE, P(3000, 4000), "2.5 mm"),
        (SPECTRUM, P(42, 54), "Δt 0.42 s · Δv 81.0 cm/s"),
    ],
)
def test_length(calibration: Calibration, end: FramePoint, text: str) -> None:
    assert measure_length(P(0, 0), end, calibration).text == text


def test_length_across_a_region_without_units_is_not_given() -> None:
    region = UltrasoundRegion(0, 0, 9, 9, 0, 0, 1.0, 1.0)
    found = measure_length(P(0, 0), P(5, 5), Calibration("region", region=region))
    assert (found.text, found.value) == ("no length: the region has no units", None)


@pytest.mark.parametrize(
    ("calibration", "points", "degrees"),
    [
        (MM, (P(10, 0), P(0, 0), P(0, 10)), 90.0),
        (MM, (P(10, 10), P(0, 0), P(10, 0)), 45.0),
        # Twice as tall as wide: one row down and one column right is steeper than 45 degrees.
        (TALL, (P(10, 10), P(0, 0), P(10, 0)), math.degrees(math.atan2(2, 1))),
        (PIXELS, (P(-10, 1), P(0, 0), P(-10, -1)), 2 * math.degrees(math.atan(0.1))),
        (MM, (P(-10, 0), P(0, 0), P(10, 0)), 180.0),
    ],
)
def test_angle_at_the_middle_point(
    calibration: Calibration, points: tuple[FramePoint, ...], degrees: float
) -> None:
    found = measure_angle(points, calibration)
    assert found.value == pytest.approx(degrees)
    assert found.text == f"{degrees:.1f}°"


def test_no_angle_between_seconds_and_centimetres() -> None:
    assert measure_angle((P(1, 0), P(0, 0), P(0, 1)), SPECTRUM).value is None


@pytest.mark.parametrize(
    ("kind", "calibration", "size", "text"),
    [
        ("box", MM, 10, "25.0 mm²"),
        ("box", MM, 40, "4.0 cm²"),
        ("box", TALL, 10, "2.0 cm²"),
        ("box", DETECTOR, 10, "25.0 mm² at detector"),
        ("box", PIXELS, 20, "400 px²"),
        ("ellipse", MM, 10, "19.6 mm²"),
        ("box", SLIDE, 100, "2500 µm²"),
        ("box", SPECTRUM, 10, ""),
    ],
)
def test_area(kind: Kind, calibration: Calibration, size: int, text: str) -> None:
    assert measure(mark(kind, P(0, 0), P(size, size)), calibration).text == text


def test_values_under_an_outline_stand_below_its_area() -> None:
    stored = np.array([[-2000, 10, 20, 30]] * 4, np.int16)
    found = measure(mark("box", P(4, 4), P(0, 0)), MM, stored=stored, facts=HOUNSFIELD)
    assert found.lines == ("4.0 mm²", "20.0 ± 8.2 HU", "min 10 · max 30 · n 12")
    assert found.statistics is not None
    assert found.statistics.left_out == 4


def test_ellipse_has_its_own_pixels() -> None:
    stored = np.zeros((4, 4), np.int16)
    stored[[0, 0, -1, -1], [0, -1, 0, -1]] = 900
    found = measure(mark("ellipse", P(0, 0), P(4, 4)), MM, stored=stored, facts=HOUNSFIELD)
    assert found.lines[1:] == ("0.0 ± 0.0 HU", "min 0 · max 0 · n 12")


def test_marks_name_their_number() -> None:
    assert measure(mark("length", P(0, 0), P(0, 10)), MM).value == 5.0
    assert measure(mark("angle", P(1, 0), P(0, 0), P(0, 1)), MM).unit == "°"
    assert measure(mark("finding", P(0, 0), P(5, 5)), MM).text == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (23.44, "23.4"),
        (-3.0, "−3.0"),
        (-0.04, "0.0"),
        (99.94, "99.9"),
        (99.96, "100"),
        (1234.5, "1234"),
        (-1234.6, "−1235"),
        (float("nan"), "–"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


def test_value_under_the_pointer() -> None:
    stored = np.array([[-2000, -900], [46, 7]], np.int16)
    assert value_text(stored, HOUNSFIELD, P(0.9, 1.0)) == "46 HU"
    assert value_text(stored, HOUNSFIELD, P(1.0, 0.99)) == "−900 HU"
    assert value_text(stored, HOUNSFIELD, P(0.5, 0.5)) == "padding"
    for outside in (P(-0.01, 0), P(2, 0), P(0, 2)):
        assert value_text(stored, HOUNSFIELD, outside) == ""


def test_value_of_fractions_and_of_colours() -> None:
    activity = PixelFacts(PixelFormat(1, 1), Grey(slope=0.5, unit="Bq/ml"))
    assert value_text(np.array([[3]], np.uint16), activity, P(0, 0)) == "1.5 Bq/ml"
    colour = PixelFacts(PixelFormat(1, 1, 3, 8, 8, 7, photometric="RGB"), Grey())
    assert value_text(np.array([[[1, 20, 255]]], np.uint8), colour, P(0, 0)) == "1 20 255"


@pytest.mark.parametrize(
    ("extent_px", "mm_per_px", "length_mm", "label"),
    [
        (800, 0.5, 100, "100 mm"),
        (800, 0.25, 50, "50 mm"),
        (800, 0.1, 20, "20 mm"),
        (400, 0.05, 5, "5 mm"),
        (800, 0.0035, 0.5, "0.5 mm"),
        (600, 0.6, 100, "100 mm"),
    ],
)
def test_scale_bar_is_near_a_quarter_of_the_tile(
    extent_px: float, mm_per_px: float, length_mm: float, label: str
) -> None:
    bar = scale_bar(extent_px, mm_per_px, basis="at detector")
    assert bar is not None
    assert bar.length_mm == pytest.approx(length_mm)
    assert bar.length_px == pytest.approx(length_mm / mm_per_px)
    assert (bar.label, bar.basis) == (label, "at detector")


def test_scale_bar_on_a_slide_and_without_a_scale() -> None:
    bar = scale_bar(800, 0.0005, is_microscopic=True)
    assert bar is not None
    assert bar.label == "100 µm"
    assert scale_bar(800, 0.0) is None
    assert scale_bar(800, math.nan) is None
