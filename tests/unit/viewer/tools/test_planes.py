"""Cuts through a volume: radiological, at right angles, and at the place that they name."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.spaces import FramePoint, PatientPoint
from viewer.state import PLANE_KINDS, TileKind
from viewer.tools.planes import (
    UNTURNED,
    Grid,
    Sheet,
    canvas_of,
    cross,
    directions_of,
    dot,
    normal_of,
    plane_through,
    slice_number,
    stepped,
    to_patient,
    to_plane,
    turned,
    unit,
)

axes = st.tuples(*[st.floats(-1, 1) for _ in range(3)]).filter(lambda v: math.hypot(*v) > 0.1)
kinds = st.sampled_from(PLANE_KINDS)
points = st.builds(PatientPoint, *[st.floats(-200, 200) for _ in range(3)])


def _grid(
    spacing: tuple[float, float, float] = (3.0, 0.7, 0.5),
    shape: tuple[int, int, int] = (20, 64, 48),
) -> Grid:
    matrix = np.eye(4)
    matrix[:3, 0] = (0, 0, spacing[0])
    matrix[:3, 1] = (0, spacing[1], 0)
    matrix[:3, 2] = (spacing[2], 0, 0)
    matrix[:3, 3] = (-10, -20, 5)
    return Grid(matrix, shape)


def test_unturned_planes_are_radiological() -> None:
    assert directions_of("axial", UNTURNED) == ((1, 0, 0), (0, 1, 0))
    assert directions_of("coronal", UNTURNED) == ((1, 0, 0), (0, 0, -1))
    assert directions_of("sagittal", UNTURNED) == ((0, 1, 0), (0, 0, -1))


@given(axes, st.floats(-180, 180), axes, st.floats(-180, 180), kinds)
def test_any_turn_leaves_right_angles_and_the_side_one_looks_from(
    first: tuple[float, float, float],
    by: float,
    second: tuple[float, float, float],
    more: float,
    kind: TileKind,
) -> None:
    turn = turned(turned(UNTURNED, first, by), second, more)
    right, down = directions_of(kind, turn)
    normal = normal_of(kind, turn)
    assert dot(right, down) == pytest.approx(0, abs=1e-9)
    assert dot(right, normal) == pytest.approx(0, abs=1e-9)
    assert math.hypot(*right) == pytest.approx(1)
    assert math.hypot(*down) == pytest.approx(1)
    sign = -1.0 if kind == "sagittal" else 1.0
    assert cross(right, down) == pytest.approx(tuple(sign * n for n in normal), abs=1e-9)


def test_turning_about_a_planes_own_normal_leaves_its_picture_still() -> None:
    turn = turned(UNTURNED, (0, 0, 1), 30)
    assert directions_of("axial", turn) == directions_of("axial", UNTURNED)
    assert directions_of("coronal", turn)[1] == (0, 0, -1)
    right = directions_of("coronal", turn)[0]
    assert right == pytest.approx((math.cos(math.radians(30)), math.sin(math.radians(30)), 0))


@given(kinds, points)
def test_the_plane_goes_through_its_place_and_back(kind: TileKind, place: PatientPoint) -> None:
    turn = turned(UNTURNED, (0.3, 1.0, -0.2), 25)
    plane = plane_through(_grid(), kind, turn, place)
    point, off = to_plane(plane, place)
    assert off == pytest.approx(0, abs=1e-9)
    assert to_patient(plane, point) == pytest.approx(tuple(place), abs=1e-6)


@given(kinds)
def test_all_of_the_volume_lies_on_the_canvas(kind: TileKind) -> None:
    grid = _grid()
    plane = plane_through(grid, kind, UNTURNED, grid.centre)
    canvas = canvas_of(plane)
    corners = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in grid.shape])).reshape(3, 8)
    places = (grid.voxel_to_patient @ np.vstack([corners, np.ones(8)]))[:3].T
    for place in places:
        point, _off = to_plane(plane, PatientPoint(*place))
        assert -1e-6 <= point.column <= canvas.columns + 1e-6
        assert -1e-6 <= point.row <= canvas.rows + 1e-6


def test_planes_of_alike_size_share_a_scale() -> None:
    grid = _grid((3.0, 0.7, 0.7), (100, 400, 400))
    sizes = {plane_through(grid, k, UNTURNED, grid.centre).rows for k in PLANE_KINDS}
    assert len(sizes) == 1
    long = _grid((3.0, 0.7, 0.7), (400, 400, 400))
    axial = plane_through(long, "axial", UNTURNED, long.centre)
    assert axial.rows * axial.mm_per_px == pytest.approx(280, abs=1)


@pytest.mark.parametrize(("kind", "axis", "sign"), [("axial", 2, -1), ("coronal", 1, 1)])
def test_the_next_plane_lies_towards_feet_or_back(kind: TileKind, axis: int, sign: int) -> None:
    grid = _grid()
    after = stepped(grid, kind, UNTURNED, grid.centre, by=1)
    step = (3.0, 0.7)[kind == "coronal"]
    assert after[axis] - grid.centre[axis] == pytest.approx(sign * step)


def test_slices_are_counted_from_the_head_and_steps_stop_at_the_ends() -> None:
    grid = _grid()
    top = PatientPoint(0, 0, 5 + 19 * 3.0)
    assert slice_number(grid, "axial", UNTURNED, top) == (1, 20)
    assert slice_number(grid, "axial", UNTURNED, PatientPoint(0, 0, 5)) == (20, 20)
    assert stepped(grid, "axial", UNTURNED, top, by=-3) == pytest.approx(tuple(top))
    bottom = stepped(grid, "axial", UNTURNED, top, by=100)
    assert bottom.z == pytest.approx(5)


def test_a_sheet_knows_pixels_that_are_not_square() -> None:
    sheet = Sheet(PatientPoint(10, 20, 30), (0.5, 0, 0), (0, 2.0, 0))
    place = to_patient(sheet, FramePoint(4, 3))
    assert place == (12, 26, 30)
    point, off = to_plane(sheet, PatientPoint(12, 26, 33))
    assert point == (4, 3)
    assert off == pytest.approx(3)


def test_unit_and_cross_are_right_handed() -> None:
    assert cross((1, 0, 0), (0, 1, 0)) == (0, 0, 1)
    assert unit((0, 3, 4)) == pytest.approx((0, 0.6, 0.8))
