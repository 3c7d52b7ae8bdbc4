"""What the model sees: crop, square pixels, padding, size; and the way back."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from assistant.looks import Displayed, Look, make_picture, place
from viewer.spaces import FrameBox, FramePoint
from viewer.study import FrameRef

LOOK = Look(series_uid="s", study_uid="st", where=FrameRef("i"))


class Given:
    """A source that shows what it is given."""

    def __init__(self, levels: np.ndarray, aspect: float = 1.0) -> None:
        self._displayed = Displayed(levels, aspect)

    def display(self, _look: Look) -> Displayed:
        return self._displayed


def picture(levels, size_px, *, crop=None, aspect=1.0):
    look = Look(series_uid="s", study_uid="st", where=FrameRef("i"), crop=crop)
    made, placement, _displayed = make_picture(look, Given(levels, aspect), size_px)
    return made, placement


def test_a_square_of_the_models_size_is_shown_as_it_is() -> None:
    levels = np.random.default_rng(1).integers(0, 256, (64, 64), dtype=np.uint8)
    made, _placement = picture(levels, 64)
    assert (made.pixels == levels[:, :, None]).all()
    assert made.digest == hashlib.sha256(made.pixels.tobytes()).hexdigest()


def test_padding_is_black_central_and_its_odd_pixel_comes_last() -> None:
    levels = np.full((5, 10), 200, np.uint8)
    made, placement = picture(levels, 10)
    assert (placement.pad_x, placement.pad_y) == (0, 2)
    assert (made.pixels[2:7] == 200).all()
    assert (made.pixels[:2] == 0).all()
    assert (made.pixels[7:] == 0).all()


def test_reducing_is_pillows_antialiased_bilinear_filter() -> None:
    levels = np.random.default_rng(2).integers(0, 256, (300, 300), dtype=np.uint8)
    rgb = np.repeat(levels[:, :, None], 3, axis=2)
    expected = np.asarray(Image.fromarray(rgb).resize((96, 96), Image.Resampling.BILINEAR))
    made, _placement = picture(levels, 96)
    assert (made.pixels == expected).all()


def test_colours_stay_colours() -> None:
    levels = np.zeros((8, 8, 3), np.uint8)
    levels[:, :, 0] = 255
    made, _placement = picture(levels, 8)
    assert made.pixels[0, 0].tolist() == [255, 0, 0]


def test_rows_twice_as_far_apart_make_the_picture_twice_as_high() -> None:
    levels = np.full((50, 100), 255, np.uint8)
    made, placement = picture(levels, 100, aspect=2.0)
    assert (placement.width, placement.height) == (100, 100)
    assert (made.pixels == 255).all()


def test_a_crop_grows_to_whole_pixels_and_leads_back() -> None:
    levels = np.arange(100, dtype=np.uint8).reshape(10, 10)
    made, placement = picture(levels, 4, crop=FrameBox(2.4, 3.0, 5.6, 7.0))
    assert placement.crop == FrameBox(2, 3, 6, 7)
    assert (made.pixels[:, :, 0] == levels[3:7, 2:6]).all()
    assert placement.to_frame(0, 0) == FramePoint(2, 3)
    assert placement.to_frame(1000, 1000) == FramePoint(6, 7)


@pytest.mark.parametrize("crop", [FrameBox(-5, -5, 500, 500), FrameBox(9.5, 9.5, 20, 20)])
def test_a_crop_that_reaches_beyond_stays_on_the_frame(crop) -> None:
    found = place((10, 10), crop, 1.0).crop
    assert 0 <= found.left < found.right <= 10
    assert 0 <= found.top < found.bottom <= 10


@given(
    st.integers(1, 5000), st.integers(1, 5000), st.floats(0.2, 5),
    st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip
def test_places_come_back(rows, columns, aspect, across, down) -> None:
    placement = place((rows, columns), None, aspect)
    point = FramePoint(columns * across, rows * down)
    back = placement.to_frame(*placement.to_picture(point))
    assert back.column == pytest.approx(point.column, abs=1e-6)
    assert back.row == pytest.approx(point.row, abs=1e-6)


@given(st.integers(1, 5000), st.integers(1, 5000), st.floats(0.2, 5))
def test_the_image_fills_its_part_of_the_square(rows, columns, aspect) -> None:
    placement = place((rows, columns), None, aspect)
    image = placement.image_units
    assert 0 <= image.left < image.right <= 1000 + 1e-9
    assert 0 <= image.top < image.bottom <= 1000 + 1e-9
    top_left = placement.to_frame(image.left, image.top)
    assert top_left == pytest.approx((0, 0), abs=1e-6)
