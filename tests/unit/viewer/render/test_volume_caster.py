import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from viewer.errors import Cancelled
from viewer.render import brick_kernels, volume_kernels  # noqa: F401 - from the real cache
from viewer.render.camera import View, patient_to_view, standard_camera
from viewer.render.levels import LevelName
from viewer.render.transfer import TransferFunction
from viewer.render.volume import FULL, CropBox, Quality, VolumeCaster

WHITE = TransferFunction(
    "shaded", opacity=((300, 0.0), (500, 1.0)), colour=((300, 1, 1, 1), (500, 1, 1, 1))
)
MAXIMUM = TransferFunction("max", opacity=(), colour=((0, 0, 0, 0), (1000, 1, 1, 1)))
MINIMUM = TransferFunction("min", opacity=(), colour=((0, 0, 0, 0), (1000, 1, 1, 1)))
STILL = Quality(has_jitter=False, step_voxels=0.5)


def upright() -> NDArray[np.float64]:
    """Axial slices from feet to head: 3 mm apart, pixels of 1 mm; a right-handed grid."""
    matrix = np.eye(4)
    matrix[:3, :3] = [[0, 0, 1], [0, 1, 0], [3, 0, 0]]
    return matrix


def head_first() -> NDArray[np.float64]:
    """The same from head to feet: left-handed."""
    matrix = upright()
    matrix[2, 0], matrix[2, 3] = -3, 90
    return matrix


def oblique() -> NDArray[np.float64]:
    """Turned about two axes."""
    a, b = np.radians(20), np.radians(-35)
    first = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    second = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    matrix = upright()
    matrix[:3, :3] = first @ second @ matrix[:3, :3]
    return matrix


def with_ball(at: tuple[int, int, int]) -> NDArray[np.int16]:
    """One bright ball (slice, row, column) in darkness."""
    s, r, c = np.indices((31, 80, 90))
    distance = np.sqrt((3 * (s - at[0])) ** 2 + (r - at[1]) ** 2 + (c - at[2]) ** 2)
    return np.where(distance < 9, 1000, 0).astype(np.int16)


def centre_of_light(picture: NDArray[np.uint8]) -> tuple[float, float]:
    rows, columns = np.nonzero(picture[:, :, 0] > 40)
    return columns.mean() + 0.5, rows.mean() + 0.5


@pytest.mark.parametrize("transfer", [WHITE, MAXIMUM], ids=["shaded", "max"])
@pytest.mark.parametrize("level", ["full", "half", "quarter"])
@pytest.mark.parametrize("grid", [upright, head_first, oblique], ids=lambda grid: grid.__name__)
def test_a_ball_is_seen_where_the_patient_has_it(
    grid, level: LevelName, transfer: TransferFunction
) -> None:
    ball = (8, 25, 70)
    matrix = grid()
    place = matrix @ (*ball, 1)
    with VolumeCaster(with_ball(ball), matrix) as caster:
        caster.set_transfer(transfer)
        for view in ("A", "P", "R", "L", "H", "F"):
            camera = standard_camera(view, caster.corners_lps_mm)
            picture = caster.render(camera, (120, 100), Quality(level, has_jitter=False))
            expected = patient_to_view(camera, place[None, :3], (120, 100))[0, :2]
            assert centre_of_light(picture) == pytest.approx(expected, abs=1.5), view


@pytest.mark.parametrize(("transfer", "extreme"), [(MAXIMUM, np.max), (MINIMUM, np.min)])
def test_a_projection_equals_numpys_along_an_axis(transfer: TransferFunction, extreme) -> None:
    voxels = np.random.default_rng(7).integers(0, 1000, (20, 40, 40)).astype(np.int16)
    matrix = np.eye(4)
    matrix[:3, :3] = [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    with VolumeCaster(voxels, matrix) as caster:
        caster.set_transfer(transfer)
        camera = standard_camera("A", caster.corners_lps_mm, perspective_angle_deg=0)
        side = round(2 * camera.parallel_scale_mm)
        camera = type(camera)(
            (19.5, 19.5, 9.5), camera.direction, camera.up, side / 2, perspective_angle_deg=0
        )
        picture = caster.render(camera, (side, side), Quality(step_voxels=1.0, has_jitter=False))
    grey = extreme(voxels, axis=1)[::-1] / 1000 * 255
    top, left = (side - 20) // 2, (side - 40) // 2
    middle = picture[top + 1 : top + 19, left + 1 : left + 39, 0].astype(float)
    assert middle == pytest.approx(grey[1:19, 1:39], abs=2)


def test_rescaled_values_meet_the_transfer_function() -> None:
    hounsfield = with_ball((15, 40, 45))
    stored = (hounsfield // 2 + 512).astype(np.int16)
    with (
        VolumeCaster(hounsfield, upright()) as plain,
        VolumeCaster(stored, upright(), slope=2.0, intercept=-1024.0) as rescaled,
    ):
        pictures = []
        for caster in (plain, rescaled):
            caster.set_transfer(WHITE)
            camera = standard_camera("A", caster.corners_lps_mm)
            pictures.append(caster.render(camera, (90, 90), STILL).astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() <= 2


@pytest.mark.parametrize("level", ["full", "half", "quarter"])
@pytest.mark.parametrize("transfer", [WHITE, MAXIMUM], ids=["shaded", "max"])
def test_crop_leaves_the_asked_voxels_alone(level: LevelName, transfer: TransferFunction) -> None:
    voxels = np.full((31, 80, 90), 900, np.int16)
    kept = CropBox(low=(10, 20, 30), high=(20, 60, 50))
    with VolumeCaster(voxels, upright()) as caster:
        caster.set_transfer(transfer)
        camera = standard_camera("A", caster.corners_lps_mm, perspective_angle_deg=0)
        picture = caster.render(camera, (200, 200), Quality(level, has_jitter=False), crop=kept)
        corners = upright() @ np.array([(10, 20, 30, 1), (20, 60, 50, 1)]).T
        (left, bottom), (right, top) = patient_to_view(camera, corners.T[:, :3], (200, 200))[:, :2]
    rows, columns = np.nonzero(picture[:, :, 0])
    assert columns.min() == pytest.approx(left, abs=1.5)
    assert columns.max() + 1 == pytest.approx(right, abs=1.5)
    assert rows.min() == pytest.approx(top, abs=1.5)
    assert rows.max() + 1 == pytest.approx(bottom, abs=1.5)


def test_an_empty_crop_shows_nothing() -> None:
    with VolumeCaster(with_ball((15, 40, 45)), upright()) as caster:
        caster.set_transfer(WHITE)
        camera = standard_camera("A", caster.corners_lps_mm)
        nothing = caster.render(camera, (50, 50), crop=CropBox((20, 9, 9), (10, 30, 30)))
    assert not nothing[:, :, :3].any()
    assert (nothing[:, :, 3] == 255).all()


def test_skipping_empty_bricks_changes_no_pixel() -> None:
    noise = np.random.default_rng(3).integers(-50, 50, (40, 64, 64)).astype(np.int16)
    noise[18:22, 10:50, 10:50] += 600
    with VolumeCaster(noise, upright()) as caster:
        caster.set_transfer(WHITE)
        camera = standard_camera("L", caster.corners_lps_mm)
        skipping = caster.render(camera, (150, 150), STILL)
        everything = caster._prepare("full")
        everything.codes[:] = 0
        walking = caster.render(camera, (150, 150), STILL)
    assert np.abs(skipping.astype(int) - walking).max() <= 1


def test_a_new_transfer_function_shows_at_once() -> None:
    with VolumeCaster(with_ball((15, 40, 45)), upright()) as caster:
        camera = standard_camera("A", caster.corners_lps_mm)
        caster.set_transfer(WHITE)
        assert caster.render(camera, (60, 60)).max(axis=(0, 1))[0] > 100
        caster.set_transfer(WHITE.moved(shift=5000))
        assert not caster.render(camera, (60, 60))[:, :, :3].any()


class CancelAfter:
    """A cancel that comes after so many checks."""

    def __init__(self, checks: int) -> None:
        self.left = checks

    def check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled


def test_cancelling_stops_between_parts() -> None:
    with VolumeCaster(with_ball((15, 40, 45)), upright()) as caster:
        caster.set_transfer(WHITE)
        camera = standard_camera("A", caster.corners_lps_mm)
        cancel = CancelAfter(3)
        with pytest.raises(Cancelled):
            caster.render(camera, (400, 400), cancel=cancel)
        assert cancel.left == -1
        assert caster.render(camera, (40, 40)).shape == (40, 40, 4)


def test_refining_ends_with_the_full_picture() -> None:
    with VolumeCaster(with_ball((15, 40, 45)), upright()) as caster:
        caster.set_transfer(WHITE)
        camera = standard_camera("A", caster.corners_lps_mm)
        full = caster.render(camera, (90, 70))
        coarse = caster.render(camera, (90, 70), Quality("quarter"))
        pictures = list(caster.render_over(coarse, camera))
    assert len(pictures) == 4
    assert not np.array_equal(pictures[0], full)
    assert np.array_equal(pictures[-1], full)


def test_closing_ends_the_threads() -> None:
    caster = VolumeCaster(with_ball((15, 40, 45)), upright())
    caster.set_transfer(WHITE)
    caster.render(standard_camera("A", caster.corners_lps_mm), (20, 20))
    caster.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("volume")]


@pytest.mark.parametrize("shape", [(2, 2, 2), (2, 300, 3), (3, 17, 400)])
def test_thin_volumes_render_from_all_sides(shape: tuple[int, int, int]) -> None:
    with VolumeCaster(np.full(shape, 900, np.int16), upright()) as caster:
        caster.set_transfer(WHITE)
        for view in ("A", "L", "H"):
            camera = standard_camera(view, caster.corners_lps_mm)
            for level in ("full", "half", "quarter"):
                assert caster.render(camera, (40, 40), Quality(level)).any()


def test_the_eye_may_stand_inside_the_volume() -> None:
    with VolumeCaster(with_ball((15, 40, 45)), upright()) as caster:
        caster.set_transfer(WHITE)
        camera = standard_camera("A", caster.corners_lps_mm)
        inside = type(camera)(camera.focal_point_lps_mm, camera.direction, camera.up, 5.0, 60.0)
        assert caster.render(inside, (40, 40), FULL).shape == (40, 40, 4)


def test_other_arrays_are_refused() -> None:
    for voxels in (np.zeros((4, 4, 4), np.float32), np.zeros((1, 4, 4), np.int16)):
        with pytest.raises(ValueError, match="int16"):
            VolumeCaster(voxels, upright())


def test_read_only_voxels_are_fine() -> None:
    voxels = with_ball((15, 40, 45))
    voxels.flags.writeable = False
    with VolumeCaster(voxels, upright()) as caster:
        caster.set_transfer(WHITE)
        view: View = "A"
        assert caster.render(standard_camera(view, caster.corners_lps_mm), (40, 40)).any()
