"""The crop box: where its handles lie, and what a drag of one keeps."""

from dataclasses import replace

import numpy as np
import pytest

from viewer.spaces import ViewPoint
from viewer.state import State, VolumeView
from viewer.tools import crop_box
from viewer.tools.planes import Grid

# Axial slices towards the head: slices go up on the screen, columns to the patient's left.
MATRIX = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [2.0, 0, 0, 0], [0, 0, 0, 1.0]])
GRID = Grid(MATRIX, (51, 101, 101))
SIZE = (600.0, 600.0)
FROM_FRONT = VolumeView()
FROM_LEFT = VolumeView(right=(0.0, 1.0, 0.0), down=(0.0, 0.0, -1.0))


def handle(view: VolumeView, axis: int, end: int) -> crop_box.Handle:
    box = crop_box.box_on(view, GRID, SIZE)
    return next(h for h in box.handles if (h.axis, h.end) == (axis, end))


def dragged(view: VolumeView, axis: int, end: int, by: tuple[float, float]) -> VolumeView:
    taken = handle(view, axis, end)
    now = ViewPoint(taken.at.x + by[0], taken.at.y + by[1])
    state = crop_box.drag(0, view, taken, taken.at, now)(State())
    return state.doc.tiles[0].volume


def test_from_the_front_four_faces_can_be_dragged() -> None:
    handles = crop_box.box_on(FROM_FRONT, GRID, SIZE).handles
    assert {(h.axis, h.end) for h in handles} == {(0, 0), (0, 1), (2, 0), (2, 1)}
    assert handle(FROM_FRONT, 0, 1).at.y < 150, "the last slice is the head: at the top"
    assert handle(FROM_FRONT, 2, 1).at.x > 450, "the last column is the patient's left"
    assert len(crop_box.box_on(FROM_LEFT, GRID, SIZE).edges) == 12


def test_from_the_left_the_back_is_on_the_right() -> None:
    handles = crop_box.box_on(FROM_LEFT, GRID, SIZE).handles
    assert {h.axis for h in handles} == {0, 1}
    assert handle(FROM_LEFT, 1, 1).at.x > 450


def test_a_drag_by_half_the_axis_keeps_half() -> None:
    along = handle(FROM_FRONT, 2, 1).along
    kept = dragged(FROM_FRONT, 2, 1, (-along[0] / 2, 40.0))
    assert kept.crop[2] == pytest.approx((0.0, 0.5))
    assert kept.crop[:2] == FROM_FRONT.crop[:2]
    assert crop_box.is_cropped(kept)
    # The handle has followed the pointer.
    assert handle(kept, 2, 1).at.x == pytest.approx(300, abs=1)


def test_faces_never_meet_and_never_leave_the_volume() -> None:
    kept = dragged(FROM_FRONT, 0, 1, (0.0, 2000.0))
    assert kept.crop[0] == pytest.approx((0.0, 0.05))
    half = replace(FROM_FRONT, crop=((0.0, 1.0), (0.0, 1.0), (0.4, 1.0)))
    assert dragged(half, 2, 0, (-2000.0, 0.0)).crop[2] == (0.0, 1.0)
    assert not crop_box.is_cropped(FROM_FRONT)


def test_a_press_takes_hold_near_a_handle_only() -> None:
    box = crop_box.box_on(FROM_FRONT, GRID, SIZE)
    at = box.handles[0].at
    assert crop_box.handle_at(box, ViewPoint(at.x + 8, at.y)) == box.handles[0]
    assert crop_box.handle_at(box, ViewPoint(at.x + 20, at.y)) is None
    assert crop_box.handle_at(box, ViewPoint(300.0, 300.0)) is None
