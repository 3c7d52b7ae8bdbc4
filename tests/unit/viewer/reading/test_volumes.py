"""Volumes: modality values in the right place, at one times the memory of the pixels."""

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.uid import RLELossless
from series import make_series

from viewer.errors import Cancelled, UserError
from viewer.jobs import Cancel
from viewer.reading.frames import Frames
from viewer.reading.grouping import group
from viewer.reading.volumes import load_volume
from viewer.reading.workers import Found, Workers


@pytest.fixture(scope="module")
def workers():
    workers = Workers(2)
    yield workers
    workers.close()


@pytest.fixture
def load(workers):
    """Open a folder and load its largest stack."""
    opened = []

    def load(folder, **options):
        found = [p.instance for p in workers.scan([str(folder)]) if isinstance(p, Found)]
        series = max((s for _, _, s in group(found).all_series()), key=lambda s: s.frame_count)
        frames = Frames(workers)
        opened.append(frames)
        frames.add(found)
        return load_volume(series.stacks[0], frames, **options)

    yield load
    for frames in opened:
        frames.close()


def test_a_ct_is_whole_hounsfield_units_in_its_own_type(load, tmp_path):
    truth = make_series(tmp_path, (6, 16, 12), intercept=-1024)
    volume = load(tmp_path)
    assert volume.voxels.dtype == np.int16
    assert (volume.slope, volume.intercept, volume.unit) == (1, 0, "HU")
    np.testing.assert_array_equal(volume.voxels, truth.values - 1024)


def test_unsigned_values_that_fit_become_signed_in_place(load, tmp_path):
    values = np.full((4, 8, 8), 4095, np.uint16)
    make_series(tmp_path, values.shape, values=values, intercept=-1000)
    volume = load(tmp_path)
    assert volume.voxels.dtype == np.int16
    assert int(volume.voxels.max()) == 3095


def test_unsigned_values_that_do_not_fit_stay_with_their_intercept(load, tmp_path):
    values = np.full((4, 8, 8), 60000, np.uint16)
    make_series(tmp_path, values.shape, values=values, intercept=-1000)
    volume = load(tmp_path)
    assert (volume.voxels.dtype, volume.intercept) == (np.uint16, -1000)


def test_a_fractional_slope_stays_beside_the_voxels(load, tmp_path):
    make_series(tmp_path, (4, 8, 8), modality="MR", slope=1.25, intercept=3)
    volume = load(tmp_path)
    assert (volume.slope, volume.intercept, volume.voxels.dtype) == (1.25, 3, np.int16)


def test_slices_with_their_own_slope_become_values(load, tmp_path):
    def change(dataset, index):
        dataset.RescaleSlope = 0.5 * (index + 1)

    truth = make_series(tmp_path, (4, 8, 8), modality="PT", change=change)
    volume = load(tmp_path)
    slopes = 0.5 * np.arange(1, 5)[:, None, None]
    np.testing.assert_allclose(volume.voxels, truth.values * slopes, rtol=1e-6)


def test_the_affine_leads_to_the_written_positions(load, tmp_path):
    turn = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)
    truth = make_series(tmp_path, (5, 10, 8), orientation=turn, spacing_mm=(3.0, 0.9, 0.7))
    volume = load(tmp_path)
    corner = volume.voxel_to_patient @ [4, 9, 7, 1]
    down, across = np.array(turn[3:]) * 0.9, np.array(turn[:3]) * 0.7
    np.testing.assert_allclose(corner[:3], truth.positions[4] + 9 * down + 7 * across, atol=1e-4)


def test_the_chest_ct_is_what_simpleitk_reads(load, shared_data):
    folder = shared_data / "ct" / "ct_chest_cmbcrc_100"
    volume = load(folder)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    theirs = reader.Execute()
    np.testing.assert_array_equal(volume.voxels, SimpleITK.GetArrayFromImage(theirs))
    for index in ((0, 0, 0), (99, 511, 511), (50, 10, 300)):
        ours = (volume.voxel_to_patient @ [*index, 1])[:3]
        told = theirs.TransformIndexToPhysicalPoint([int(i) for i in reversed(index)])
        np.testing.assert_allclose(ours, told, atol=0.01)


def test_slices_arrive_from_the_middle(load, tmp_path):
    make_series(tmp_path, (5, 8, 8))
    order = []
    load(tmp_path, on_slice=lambda index, _volume: order.append(index))
    assert order == [2, 3, 1, 4, 0]


def test_a_tilted_stack_is_straightened(load, tmp_path):
    """A rod along z, cut by slices that wander in y, stands upright again."""
    shape, drift = (7, 32, 8), 1.5
    positions = np.array([(0.0, drift * i, 4.0 * i) for i in range(shape[0])])
    values = np.zeros(shape, np.int16)
    for index in range(shape[0]):
        row = round(20 - drift * index)
        values[index, row, 3] = 1000 if drift * index == round(drift * index) else 0
    make_series(tmp_path, shape, positions=positions, values=values, spacing_mm=(4.0, 1.0, 1.0))
    volume = load(tmp_path)
    assert volume.interpolated
    assert volume.frames == ()
    steps = volume.voxel_to_patient[:3, :3]
    np.testing.assert_allclose(steps.T @ steps, np.diag([16.0, 1.0, 1.0]), atol=1e-9)
    for index in range(0, shape[0], 2):
        place = np.unravel_index(int(np.argmax(volume.voxels[index])), volume.voxels.shape[1:])
        patient = volume.voxel_to_patient @ [index, *place, 1]
        np.testing.assert_allclose(patient[:3], [3, 20, 4 * index], atol=1e-6)


def test_uneven_gaps_are_interpolated_at_their_true_places(load, tmp_path):
    z = np.array([0.0, 2.0, 4.15, 6.0, 8.0])
    positions = np.column_stack([np.zeros(5), np.zeros(5), z])
    ramp = np.rint(z * 100).astype(np.int16)
    values = np.broadcast_to(ramp[:, None, None], (5, 6, 6)).copy()
    make_series(tmp_path, values.shape, positions=positions, values=values)
    volume = load(tmp_path)
    heights = volume.voxel_to_patient[2, 3] + volume.spacing_mm[0] * np.arange(len(volume.voxels))
    np.testing.assert_allclose(volume.voxels[:, 3, 3], heights * 100, atol=1)


def test_a_stack_that_is_no_volume_says_why(load, tmp_path):
    positions = np.array([(0, 0, z) for z in (0.0, 2.0, 4.0, 8.0)])
    make_series(tmp_path, (4, 8, 8), positions=positions)
    with pytest.raises(UserError, match="1 slice is missing"):
        load(tmp_path)


def test_a_cancelled_load_ends(load, tmp_path):
    make_series(tmp_path, (4, 8, 8))
    cancel = Cancel()
    cancel.set()
    with pytest.raises(Cancelled):
        load(tmp_path, cancel=cancel)


def test_embedded_bits_above_bits_stored_are_masked(load, tmp_path):
    def change(dataset, _index):
        dataset.BitsStored, dataset.HighBit = 12, 11

    values = np.full((3, 8, 8), 0x7FFF, np.int16).view(np.uint16)
    make_series(tmp_path, values.shape, values=values, modality="MR", change=change)
    assert int(load(tmp_path).voxels.max()) == 0x0FFF


def test_compressed_slices_make_the_same_volume(load, tmp_path):
    def change(dataset, _index):
        dataset.compress(RLELossless, encoding_plugin="pydicom")

    truth = make_series(tmp_path, (5, 16, 12), change=change)
    np.testing.assert_array_equal(load(tmp_path).voxels, truth.values)


def test_a_mosaic_is_unfolded_into_its_slices(load, shared_data):
    """Tile 5 of a 6 x 6 mosaic lies in its first row, at columns 320 to 383."""
    path = min((shared_data / "mr" / "mr_mosaic_ep2d_asc").iterdir())
    volume = load(path)
    whole = pydicom.dcmread(path).pixel_array
    assert volume.voxels.shape == (36, 64, 64)
    np.testing.assert_array_equal(volume.voxels[5], whole[:64, 320:384])
    np.testing.assert_array_equal(volume.voxels[6], whole[64:128, :64])


def test_a_tilted_series_is_the_slope_it_was_cut_from(load, tmp_path):
    """Values rise evenly with place, which linear interpolation gives back; half a unit each way
    is lost by whole numbers in the files, and again in the volume."""
    shape, slope = (12, 24, 20), np.array([7.0, -5.0, 9.0])
    positions = np.array([(1.0, 2.0 + 0.65 * i, 3.0 + 2.5 * i) for i in range(shape[0])])
    slice_index, row, column = np.indices(shape)
    places = positions[slice_index] + np.stack([column * 0.7, row * 0.8, 0 * row], axis=-1)
    values = np.rint(places @ slope).astype(np.int16)
    make_series(tmp_path, shape, values=values, positions=positions, spacing_mm=(2.5, 0.8, 0.7))
    volume = load(tmp_path)
    assert volume.interpolated
    index = np.moveaxis(np.indices(volume.voxels.shape), 0, -1)
    patient = index @ volume.voxel_to_patient[:3, :3].T + volume.voxel_to_patient[:3, 3]
    starts = positions[:, 1][index[..., 0]]
    known = (patient[..., 1] >= starts) & (patient[..., 1] <= starts + 23 * 0.8)
    assert known.sum() >= 12 * 22 * 20
    assert np.abs(volume.voxels - patient @ slope)[known].max() <= 1.0 + 1e-9
