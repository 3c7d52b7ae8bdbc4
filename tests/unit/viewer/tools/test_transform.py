"""The map from canvas to screen: round trips, places that stay, and the words turn and mirror."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.edits import mirror, rotate, set_view
from viewer.spaces import FramePoint, ViewPoint
from viewer.state import State, View
from viewer.tools.transform import Area, Canvas, at_scale, fitted, frame_to_view, panned, zoomed

views = st.builds(
    View,
    zoom=st.floats(0.1, 30),
    centre=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    rotation_deg=st.sampled_from([0.0, 90.0, 180.0, 270.0, 33.0, -12.5]),
    mirrored=st.booleans(),
)
canvases = st.builds(Canvas, st.integers(1, 4000), st.integers(1, 4000), st.floats(0.2, 5.0))
areas = st.builds(
    Area, st.floats(0, 50), st.floats(0, 50), st.floats(50, 2000), st.floats(50, 2000)
)
parts = st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))


@given(views, canvases, areas, parts)
def test_there_and_back_is_the_same_place(
    view: View, canvas: Canvas, area: Area, part: tuple[float, float]
) -> None:
    transform = frame_to_view(view, canvas, area)
    point = FramePoint(part[0] * canvas.columns, part[1] * canvas.rows)
    back = transform.to_frame(transform.to_view(point))
    assert math.dist(back, point) < 1e-6 * max(canvas.columns, canvas.rows, 1)


@given(views, canvases, areas, st.floats(0.25, 4.0))
def test_the_matrix_for_device_pixels_says_the_same(
    view: View, canvas: Canvas, area: Area, ratio: float
) -> None:
    transform = frame_to_view(view, canvas, area)
    matrix = transform.view_to_frame(ratio)
    place = transform.to_frame(ViewPoint(17.25, 31.5))
    found = matrix @ np.array([17.25 * ratio, 31.5 * ratio, 1.0])
    assert found == pytest.approx(place, rel=1e-6, abs=1e-6 * max(canvas.columns, canvas.rows))


@given(views, canvases, areas)
def test_the_centre_of_the_view_is_in_the_middle(view: View, canvas: Canvas, area: Area) -> None:
    transform = frame_to_view(view, canvas, area)
    centre = FramePoint(view.centre[0] * canvas.columns, view.centre[1] * canvas.rows)
    assert transform.to_view(centre) == pytest.approx(area.centre, abs=1e-6)


@given(canvases, areas, st.sampled_from([0.0, 90.0, 180.0, 270.0]), st.booleans())
def test_zoom_1_shows_all_of_the_canvas_and_touches_the_edges(
    canvas: Canvas, area: Area, turn: float, mirrored: bool
) -> None:
    transform = frame_to_view(View(rotation_deg=turn, mirrored=mirrored), canvas, area)
    corners = [(0, 0), (canvas.columns, 0), (0, canvas.rows), (canvas.columns, canvas.rows)]
    seen = [transform.to_view(FramePoint(*corner)) for corner in corners]
    width = max(p.x for p in seen) - min(p.x for p in seen)
    height = max(p.y for p in seen) - min(p.y for p in seen)
    assert width <= area.width + 1e-6
    assert height <= area.height + 1e-6
    assert width == pytest.approx(area.width) or height == pytest.approx(area.height)


@given(st.floats(0.5, 2.0), st.floats(220, 380), st.floats(220, 380))
def test_zoom_holds_what_is_under_the_pointer(factor: float, x: float, y: float) -> None:
    canvas, area = Canvas(512, 300, 1.4), Area(0, 0, 600, 600)
    view, at = View(zoom=2.0, rotation_deg=90), ViewPoint(x, y)
    before = frame_to_view(view, canvas, area).to_frame(at)
    after = frame_to_view(zoomed(view, canvas, area, factor=factor, about=at), canvas, area)
    assert after.to_view(before) == pytest.approx(at, abs=1e-6)


def test_pan_takes_the_picture_along_on_a_turned_mirrored_view() -> None:
    canvas, area = Canvas(512, 512), Area(0, 0, 600, 400)
    view = View(zoom=2.0, rotation_deg=90, mirrored=True)
    held = frame_to_view(view, canvas, area).to_frame(ViewPoint(300, 200))
    moved = panned(view, canvas, area, by=ViewPoint(30, -20))
    assert frame_to_view(moved, canvas, area).to_view(held) == pytest.approx((330, 180))


def test_pan_keeps_some_of_the_picture_in_the_middle() -> None:
    moved = panned(View(), Canvas(100, 100), Area(0, 0, 200, 200), by=ViewPoint(-9999, 9999))
    assert moved.centre == (1.0, 0.0)


def test_a_turn_is_clockwise_and_pixels_keep_their_shape() -> None:
    transform = frame_to_view(View(rotation_deg=90), Canvas(100, 50, 2.0), Area(0, 0, 100, 100))
    # Left of the frame is up, its top is right: a clock's hand from 12 to 3.
    assert transform.to_view(FramePoint(0, 0)) == pytest.approx((100, 0))
    assert transform.to_view(FramePoint(100, 0)) == pytest.approx((100, 100))
    assert transform.to_view(FramePoint(0, 50)) == pytest.approx((0, 0))


def test_one_to_one_is_a_device_pixel_for_a_frame_pixel() -> None:
    canvas, area = Canvas(3000, 2000), Area(0, 0, 500, 500)
    view = at_scale(View(), canvas, area, px_per_column=1 / 2.0)
    assert frame_to_view(view, canvas, area).view_px_per_column == pytest.approx(0.5)


def test_fit_keeps_turn_and_mirror() -> None:
    view = View(zoom=3, centre=(0.1, 0.2), rotation_deg=90, mirrored=True)
    assert fitted(view) == View(rotation_deg=90, mirrored=True)


@given(views.filter(lambda v: v.rotation_deg in {0.0, 90.0, 180.0, 270.0}), st.booleans())
def test_mirroring_flips_what_is_on_the_screen(view: View, left_right: bool) -> None:
    canvas, area = Canvas(300, 200, 1.2), Area(0, 0, 400, 400)
    state = set_view(0, view)(State())
    shown = frame_to_view(state.doc.tiles[0].view, canvas, area)
    flipped = mirror(0, left_right=left_right)(state).doc.tiles[0].view
    now = frame_to_view(flipped, canvas, area)
    for corner in ((0, 0), (300, 0), (0, 200)):
        x, y = shown.to_view(FramePoint(*corner))
        wanted = (400 - x, y) if left_right else (x, 400 - y)
        assert now.to_view(FramePoint(*corner)) == pytest.approx(wanted, abs=1e-6)


def test_four_quarter_turns_are_none() -> None:
    state = State()
    for _ in range(4):
        state = rotate(0, 90)(state)
    assert state.doc.tiles[0].view == View()
