"""Values under an outline, against SimpleITK and by hand."""

import math
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from viewer.pixels.modality import PixelFacts
from viewer.pixels.statistics import (
    box_mask,
    ellipse_mask,
    statistics_in_box,
    statistics_in_ellipse,
)
from viewer.spaces import FrameBox
from viewer.study import Grey, PixelFormat


def facts(photometric: str = "MONOCHROME2", **grey: object) -> PixelFacts:
    samples = 3 if photometric == "RGB" else 1
    pixel_format = PixelFormat(1, 1, samples, photometric=photometric)
    return PixelFacts(pixel_format, Grey(**grey))  # type: ignore[arg-type]


def test_a_pixel_belongs_to_a_box_by_its_centre() -> None:
    mask = box_mask((3, 4), FrameBox(0.6, 0.5, 2.5, 2.4))
    assert mask.tolist() == [
        [False, True, True, False],
        [False, True, True, False],
        [False, False, False, False],
    ]


def test_a_pixel_belongs_to_an_ellipse_by_its_centre() -> None:
    mask = ellipse_mask((3, 5), FrameBox(0, 0, 5, 3))
    assert mask.tolist() == [
        [False, True, True, True, False],
        [True, True, True, True, True],
        [False, True, True, True, False],
    ]
    assert not ellipse_mask((3, 3), FrameBox(1, 1, 1, 2)).any()


def test_statistics_are_in_modality_units_and_leave_padding_out() -> None:
    stored = np.array([[1, 2, 3], [4, 99, 5]], np.uint16)
    found = statistics_in_box(
        stored, facts(slope=2.0, intercept=-10.0, padding=99), FrameBox(0, 0, 3, 2)
    )
    assert found is not None
    assert (found.count, found.left_out, found.minimum, found.maximum) == (5, 1, -8, 0)
    assert found.mean == pytest.approx(-4.0)
    assert found.deviation == pytest.approx(math.sqrt(8.0))


def test_an_outline_over_the_border_counts_what_is_inside() -> None:
    stored = np.arange(6, dtype=np.int16).reshape(2, 3)
    found = statistics_in_box(stored, facts(), FrameBox(-5, -5, 1, 9))
    assert found is not None
    assert (found.count, found.minimum, found.maximum) == (2, 0, 3)


@pytest.mark.parametrize(
    "box", [FrameBox(1.1, 1.1, 1.2, 1.2), FrameBox(50, 50, 60, 60), FrameBox(-9, -9, -1, -1)]
)
def test_an_outline_without_pixels_has_no_statistics(box: FrameBox) -> None:
    assert statistics_in_box(np.zeros((3, 3), np.int16), facts(), box) is None
    assert statistics_in_ellipse(np.zeros((3, 3), np.int16), facts(), box) is None


def test_only_padding_or_no_numbers_have_no_statistics() -> None:
    whole = FrameBox(0, 0, 2, 2)
    assert statistics_in_box(np.full((2, 2), 7, np.int16), facts(padding=7), whole) is None
    assert statistics_in_box(np.full((2, 2), np.nan, np.float32), facts(), whole) is None


def test_colours_have_no_statistics() -> None:
    stored = np.zeros((2, 2, 3), np.uint8)
    assert statistics_in_box(stored, facts("RGB"), FrameBox(0, 0, 2, 2)) is None


def test_agrees_with_simpleitk_on_a_ct_slice(shared_data: Path) -> None:
    path = sorted((shared_data / "ct" / "ct_chest_cmbcrc_100").iterdir())[50]
    image = SimpleITK.ReadImage(str(path))
    hounsfield = SimpleITK.GetArrayFromImage(image)[0].astype(np.int16)
    box = FrameBox(200.3, 180.7, 290.1, 260.2)
    rows, columns = np.mgrid[0:512, 0:512] + 0.5
    inside = ((columns - 245.2) / 44.9) ** 2 + ((rows - 220.45) / 39.75) ** 2 <= 1

    truth = SimpleITK.LabelStatisticsImageFilter()
    label = SimpleITK.GetImageFromArray(inside.astype(np.uint8))
    truth.Execute(SimpleITK.GetImageFromArray(hounsfield), label)
    count = truth.GetCount(1)
    found = statistics_in_ellipse(hounsfield, facts(unit="HU"), box)

    assert found is not None
    assert found.count == count > 5000
    assert found.mean == pytest.approx(truth.GetMean(1))
    assert (found.minimum, found.maximum) == (truth.GetMinimum(1), truth.GetMaximum(1))
    # SimpleITK divides by n - 1.
    assert found.deviation == pytest.approx(truth.GetSigma(1) * math.sqrt((count - 1) / count))
