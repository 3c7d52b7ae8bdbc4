"""Grids and letters against hand-worked truths, and round trips through the affine."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.geometry import (
    arrange,
    direction_letters,
    edge_letters,
    is_valid_orientation,
    needs_straightening,
    opposite_letters,
    plane_name,
    projection_letters,
    slice_normal,
    unit,
    voxel_to_patient,
)

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def arranged(z, *, spacing=(0.5, 0.5), orientation=AXIAL):
    positions = np.array([(0.0, 0.0, float(v)) for v in z])
    return arrange(positions, orientation, rows=4, columns=6, pixel_spacing=spacing)


@pytest.mark.parametrize(
    ("vector", "letters"),
    [
        ((1, 0, 0), "L"),
        ((-1, 0, 0), "R"),
        ((0, 1, 0), "P"),
        ((0, -1, 0), "A"),
        ((0, 0, 1), "H"),
        ((0, 0, -1), "F"),
        ((-0.6, -0.8, 0), "AR"),
        ((1, 1, 0), "LP"),
        ((1, 1, 1), "LPH"),
        ((0.99, 0.16, 0), "L"),
        ((0.98, 0.18, 0), "LP"),
        ((0, 0, 0), ""),
    ],
)
def test_a_direction_is_named_by_its_large_components(vector, letters):
    assert direction_letters(vector) == letters


def test_opposites_are_letter_by_letter():
    assert opposite_letters("AR") == "PL"
    assert opposite_letters("HLP") == "FRA"


def test_edges_of_an_axial_picture_in_radiological_view():
    edges = edge_letters((1, 0, 0), (0, 1, 0))
    assert (edges.left, edges.right, edges.top, edges.bottom) == ("R", "L", "A", "P")


def test_edges_of_a_chest_film_come_from_patient_orientation():
    edges = projection_letters(("L", "F"))
    assert (edges.left, edges.right, edges.top, edges.bottom) == ("R", "L", "H", "F")


@pytest.mark.parametrize("recorded", [(), ("L",), ("L", ""), ("LE", "V"), ("L", "F", "H")])
def test_no_letters_are_invented(recorded):
    assert projection_letters(recorded) == projection_letters(())


@pytest.mark.parametrize(
    ("orientation", "name"), [(AXIAL, "axial"), (CORONAL, "coronal"), (SAGITTAL, "sagittal")]
)
def test_planes_are_named_by_their_normal(orientation, name):
    assert plane_name(slice_normal(orientation)).name == name


def test_a_plane_between_the_axes_is_oblique():
    named = plane_name((1, 0, 1))
    assert named.name == "oblique"
    assert named.off_deg == pytest.approx(45)


def test_slices_are_put_in_order_whatever_order_they_come_in():
    found = arranged([4, 0, 2, 6])
    assert found.order == (1, 2, 0, 3)
    assert found.geometry.spacing_mm == (2, 0.5, 0.5)
    assert found.geometry.origin_lps_mm == (0, 0, 0)


@pytest.mark.parametrize(
    ("z", "regularity", "missing"),
    [
        ([0, 2, 4, 6], "uniform", 0),
        ([0, 2, 4.04, 6], "uniform", 0),
        ([0, 2, 4.06, 6], "uneven", 0),
        ([0, 2, 4, 8], "missing", 1),
        ([0, 5, 15, 20], "missing", 1),
        ([0, 4.002, 8.004, 9.085, 16.084], "irregular", 0),
        ([1, 1, 1], "one_place", 0),
    ],
)
def test_gaps_are_judged_by_their_median(z, regularity, missing):
    found = arranged(z)
    assert (found.regularity, found.missing) == (regularity, missing)
    assert found.geometry.uniform == (regularity == "uniform")


def test_tilt_is_measured_from_positions():
    positions = np.array([(0.0, 0.5 * i, 2.0 * i) for i in range(6)])
    found = arrange(positions, AXIAL, rows=4, columns=4, pixel_spacing=(0.5, 0.5))
    assert found.is_tilted
    assert found.geometry.tilt_deg == pytest.approx(np.degrees(np.arctan(0.25)))
    assert needs_straightening(found.geometry)


def test_a_drift_below_half_a_pixel_is_no_tilt():
    positions = np.array([(0.0, 0.001 * i, 2.0 * i) for i in range(6)])
    assert not arrange(positions, AXIAL, rows=4, columns=4, pixel_spacing=(0.5, 0.5)).is_tilted


def test_an_even_straight_stack_needs_no_straightening():
    assert not needs_straightening(arranged([0, 1, 2]).geometry)


@pytest.mark.parametrize(
    ("orientation", "valid"),
    [(AXIAL, True), ((1, 0, 0, 0, 1.005, 0), True), ((1, 0, 0, 1, 0, 0), False),
     ((2, 0, 0, 0, 1, 0), False)],
)  # fmt: skip
def test_orientations_must_be_unit_and_right_angled(orientation, valid):
    assert is_valid_orientation(orientation) is valid


def test_a_vector_without_direction_is_refused():
    with pytest.raises(ValueError, match="direction"):
        unit((0, 0, 0))


angles = st.floats(-3.0, 3.0)


@given(angles, angles, st.floats(0.2, 4), st.floats(0.2, 4), st.floats(0.2, 4))
def test_voxels_land_where_their_slice_lies(turn, lean, step, down, across):
    row = np.array([np.cos(turn), np.sin(turn), 0.0])
    column = np.array([-np.sin(turn) * np.cos(lean), np.cos(turn) * np.cos(lean), np.sin(lean)])
    normal = np.cross(row, column)
    positions = np.array([10.0, -20.0, 5.0]) + np.outer(np.arange(4) * step, normal)
    found = arrange(
        positions, (*row, *column), rows=8, columns=9, pixel_spacing=(down, across)
    ).geometry  # fmt: skip
    matrix = voxel_to_patient(found)
    expected = positions[2] + 3 * down * column + 5 * across * row
    np.testing.assert_allclose((matrix @ [2, 3, 5, 1])[:3], expected, atol=1e-9)
    back = np.linalg.inv(matrix) @ [*expected, 1]
    np.testing.assert_allclose(back[:3], [2, 3, 5], atol=1e-6)
