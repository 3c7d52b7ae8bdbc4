from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from viewer.render import frame_kernels  # noqa: F401 - from the real cache
from viewer.render import planes as plane_module
from viewer.render.planes import Plane, Slicer, centred_plane, standard_plane
from viewer.spaces import PatientPoint

SHAPE = (20, 40, 50)


def axial_grid() -> NDArray[np.float64]:
    """Slices from feet to head, 2 mm apart, pixels of 1 mm."""
    matrix = np.eye(4)
    matrix[:3, :3] = [[0, 0, 1], [0, 1, 0], [2, 0, 0]]
    matrix[:3, 3] = (-20, -30, 100)
    return matrix


def noise(dtype=np.int16) -> NDArray[np.generic]:
    return np.random.default_rng(2).integers(0, 200, SHAPE).astype(dtype)


def oblique_plane() -> Plane:
    right = np.array([0.8, 0.6, 0.0])
    down = np.cross(np.array([0.36, -0.48, 0.8]), right)
    return centred_plane(
        tuple(right), tuple(down), PatientPoint(5.03, -10.04, 119.02), (60, 50), 0.8
    )


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.uint8, np.float32])
def test_a_plane_through_voxel_centres_shows_the_slice(dtype) -> None:
    voxels = noise(dtype)
    plane = Plane((-20, -30, 100 + 2 * 7), (1, 0, 0), (0, 1, 0))
    picture = Slicer(voxels, axial_grid()).slice_plane(plane, (50, 40), 1.0)
    assert picture.values.dtype == dtype
    assert np.array_equal(picture.values, voxels[7])
    assert picture.inside.all()


def test_left_handed_stacks_show_the_same() -> None:
    voxels = noise()
    reversed_grid = axial_grid()
    reversed_grid[2, 0], reversed_grid[2, 3] = -2, 100 + 2 * 19
    plane = oblique_plane()
    one = Slicer(voxels, axial_grid()).slice_plane(plane, (60, 50), 0.8)
    other = Slicer(voxels[::-1], reversed_grid).slice_plane(plane, (60, 50), 0.8)
    assert np.abs(one.values.astype(int) - other.values).max() <= 1


@pytest.mark.parametrize(
    ("name", "left_at", "posterior_at", "head_at"),
    [
        ("axial", "right", "bottom", None),
        ("coronal", "right", None, "top"),
        ("sagittal", None, "right", "top"),
    ],
)
def test_standard_planes_are_radiological(name, left_at, posterior_at, head_at) -> None:
    centre = PatientPoint(4.5, -10.5, 119)
    s, r, c = np.indices(SHAPE)
    for axis, side in ((c, left_at), (r, posterior_at), (s, head_at)):
        picture = Slicer(axis.astype(np.int16), axial_grid()).slice_plane(
            standard_plane(name, centre, (30, 30), 1.0), (30, 30), 1.0
        )
        rises = {
            "right": picture.values[:, -1] > picture.values[:, 0],
            "bottom": picture.values[-1] > picture.values[0],
            "top": picture.values[0] > picture.values[-1],
        }
        assert {at for at, higher in rises.items() if higher.all()} == ({side} - {None})


@pytest.mark.parametrize(("projection", "extreme"), [("max", np.max), ("min", np.min)])
def test_a_slab_projects_its_thickness(projection, extreme) -> None:
    voxels = noise()
    plane = Plane((-20, -30 + 20, 138), (1, 0, 0), (0, 0, -1))
    picture = Slicer(voxels, axial_grid()).slice_plane(
        plane, (50, 20), 2.0, slab_mm=5, projection=projection
    )
    expected = extreme(voxels[::-1, 18:23, ::2], axis=1)
    assert np.array_equal(picture.values[:, :25], expected)


def test_a_mean_slab_ignores_what_lies_beside_the_volume() -> None:
    voxels = np.full(SHAPE, 500, np.int16)
    at_the_edge = Plane((-20, -30, 100), (1, 0, 0), (0, 0.8, 0.6))
    for plane in (at_the_edge, Plane((-20, -30, 100), (1, 0, 0), (0, 1, 0))):
        picture = Slicer(voxels, axial_grid()).slice_plane(plane, (50, 40), 1.0, slab_mm=30)
        assert picture.inside.any()
        assert (picture.values[picture.inside] == 500).all()


@pytest.mark.parametrize("slab_mm", [0.0, 6.0])
@pytest.mark.parametrize("low", [-32768, -3024, 0])
def test_beside_the_volume_is_never_a_value(low: int, slab_mm: float) -> None:
    voxels = np.full(SHAPE, low, np.int16)
    voxels[0, 0, 0] = 32767
    for plane in (oblique_plane(), Plane((-40, -50, 120), (1, 0, 0), (0, 1, 0))):
        picture = Slicer(voxels, axial_grid()).slice_plane(
            plane, (90, 90), 1.0, slab_mm=slab_mm, projection="min"
        )
        assert picture.inside.any()
        assert not picture.inside.all()
        assert picture.values[picture.inside].min() == low


@pytest.mark.parametrize("projection", ["max", "min", "mean"])
def test_the_own_slab_kernel_equals_vtk(monkeypatch: pytest.MonkeyPatch, projection) -> None:
    slicer, plane = Slicer(noise(), axial_grid()), oblique_plane()
    ours = slicer.slice_plane(plane, (60, 50), 0.8, slab_mm=8, projection=projection)
    monkeypatch.setattr(plane_module, "loaded", lambda _name: None)
    vtk = slicer.slice_plane(plane, (60, 50), 0.8, slab_mm=8, projection=projection)
    assert np.array_equal(ours.inside, vtk.inside)
    assert np.abs(ours.values.astype(int) - vtk.values)[ours.inside].max() <= 1


def test_planes_cut_at_once_equal_planes_cut_in_turn() -> None:
    slicer = Slicer(noise(), axial_grid())
    planes = [oblique_plane().shifted(deeper_mm=step) for step in range(-8, 8)]

    def cut(plane: Plane) -> NDArray[np.int16]:
        return slicer.slice_plane(plane, (60, 50), 0.8).values

    in_turn = [cut(plane) for plane in planes]
    with ThreadPoolExecutor(4) as threads:
        assert all(map(np.array_equal, threads.map(cut, planes), in_turn))


def test_a_point_on_a_plane_is_where_it_was_cut() -> None:
    plane = standard_plane("coronal", PatientPoint(1, 2, 3), (101, 51), 0.5)
    assert plane.point_at(25, 12.5) == pytest.approx((1, 2, 3))
    assert plane.point_at(0, 0) == pytest.approx((1 - 25, 2, 3 + 12.5))
    assert plane.normal == pytest.approx((0, 1, 0))


def test_a_read_only_volume_is_fine() -> None:
    voxels = noise()
    voxels.flags.writeable = False
    picture = Slicer(voxels, axial_grid()).slice_plane(oblique_plane(), (60, 50), 0.8)
    assert picture.inside.any()


@pytest.mark.parametrize("slab_mm", [2.0, 7.0, 8.0])
@pytest.mark.parametrize("place", [11.0, 11.25])
@pytest.mark.parametrize("down", [1.0, -1.0])
@pytest.mark.parametrize("tilt_deg", [0.0, 1.0])
def test_a_slab_lies_evenly_about_its_plane(
    slab_mm: float, place: float, down: float, tilt_deg: float
) -> None:
    ramp = np.arange(24, dtype=np.int16)[:, None, None] * np.int16(10)
    voxels = np.ascontiguousarray(np.broadcast_to(ramp, (24, 32, 32)))
    to_patient = np.eye(4)[[2, 1, 0, 3]]
    tilt = np.radians(tilt_deg)
    right = (float(np.cos(tilt)), 0.0, float(np.sin(tilt)))
    plane = Plane((15.0, 15.0, place), right, (0.0, down, 0.0))
    ends = [
        Slicer(voxels, to_patient).slice_plane(
            plane, (1, 1), 1.0, slab_mm=slab_mm, projection=projection
        )
        for projection in ("min", "mean", "max")
    ]
    low, mean, high = (float(end.values[0, 0]) for end in ends)
    assert (low + high) / 2 == pytest.approx(10 * place, abs=1)
    assert mean == pytest.approx(10 * place, abs=1)
    assert high - low == pytest.approx(10 * (slab_mm - 1), abs=1)
