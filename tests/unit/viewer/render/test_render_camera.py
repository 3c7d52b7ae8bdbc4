import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.render.camera import (
    Camera,
    View,
    orbit,
    pan,
    patient_to_view,
    pixel_rays,
    standard_camera,
    turned,
    volume_corners,
    zoom,
)

CORNERS = volume_corners(np.eye(4), (101, 101, 101))

# What a reader sees at the right and upper edge of the screen, by the side looked from.
SIDES = {
    "A": ((1, 0, 0), (0, 0, 1)),
    "P": ((-1, 0, 0), (0, 0, 1)),
    "R": ((0, -1, 0), (0, 0, 1)),
    "L": ((0, 1, 0), (0, 0, 1)),
    "H": ((-1, 0, 0), (0, -1, 0)),
    "F": ((1, 0, 0), (0, -1, 0)),
}


@pytest.mark.parametrize("view", list(SIDES))
def test_each_side_has_the_patient_the_right_way_round(view: View) -> None:
    camera = standard_camera(view, CORNERS)
    assert camera.right == pytest.approx(SIDES[view][0])
    assert camera.up == pytest.approx(SIDES[view][1])
    assert turned(standard_camera("A", CORNERS), view).right == pytest.approx(SIDES[view][0])


def test_the_whole_volume_fits_a_narrow_picture() -> None:
    for size in ((600, 600), (300, 900), (900, 300)):
        camera = standard_camera("A", CORNERS, aspect=size[0] / size[1], perspective_angle_deg=0)
        on_screen = patient_to_view(camera, CORNERS, size)
        assert on_screen[:, 0].min() >= 0
        assert on_screen[:, 0].max() <= size[0]
        assert on_screen[:, 1].min() >= 0
        assert on_screen[:, 1].max() <= size[1]


def test_a_drag_to_the_right_brings_the_patients_right_to_the_front() -> None:
    camera = orbit(standard_camera("A", CORNERS), right_deg=90, down_deg=0)
    assert camera.direction == pytest.approx((1, 0, 0), abs=1e-12)
    assert camera.up == pytest.approx((0, 0, 1))


def test_a_drag_down_brings_the_head_to_the_front() -> None:
    camera = orbit(standard_camera("A", CORNERS), right_deg=0, down_deg=90)
    assert camera.direction == pytest.approx((0, 0, -1), abs=1e-12)


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-180, 180)), max_size=30))
def test_turning_keeps_axes_at_right_angles(turns: list[tuple[float, float]]) -> None:
    camera = standard_camera("L", CORNERS)
    for right, down in turns:
        camera = orbit(camera, right_deg=right, down_deg=down)
    axes = np.array([camera.right, camera.up, camera.direction])
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.linalg.det(axes) == pytest.approx(-1)


@pytest.mark.parametrize("angle", [0.0, 30.0])
def test_a_pan_moves_the_patient_with_the_pointer(angle: float) -> None:
    camera = standard_camera("A", CORNERS, perspective_angle_deg=angle)
    focus = np.array([camera.focal_point_lps_mm])
    moved = pan(camera, right_px=40, down_px=-25, height_px=500)
    before, after = (patient_to_view(c, focus, (600, 500)) for c in (camera, moved))
    assert (after - before)[0] == pytest.approx((40, -25, 0), abs=1e-9)


def test_a_zoom_enlarges_about_the_focal_point() -> None:
    camera = standard_camera("A", CORNERS, perspective_angle_deg=0)
    point = np.array([[70.0, 50.0, 50.0]])
    before, after = (patient_to_view(c, point, (600, 500)) for c in (camera, zoom(camera, 2)))
    assert after[0, 0] - 300 == pytest.approx(2 * (before[0, 0] - 300))


@pytest.mark.parametrize("angle", [0.0, 40.0])
def test_a_pixels_ray_passes_through_what_is_projected_on_it(angle: float) -> None:
    camera = orbit(
        standard_camera("R", CORNERS, perspective_angle_deg=angle), right_deg=20, down_deg=-35
    )
    point = np.array([12.0, 77.0, 31.0])
    x, y, _ = patient_to_view(camera, point[None], (320, 240))[0]
    rays = pixel_rays(camera, (320, 240))
    origin = rays[0] + x * rays[1] + y * rays[2]
    direction = rays[3] + x * rays[4] + y * rays[5]
    direction /= np.linalg.norm(direction)
    off_ray = np.cross(point - origin, direction)
    assert off_ray == pytest.approx(0, abs=1e-6)


def test_a_point_behind_the_eye_has_no_place_on_the_screen() -> None:
    camera = Camera((0, 0, 0), (0, 1, 0), (0, 0, 1), 100.0, 30.0)
    behind = np.array([[0.0, -2 * camera.eye_distance_mm, 0.0]])
    assert np.isnan(patient_to_view(camera, behind, (100, 100))[0, 0])
