"""Grey levels of real files, exact, against pydicom's transforms and SimpleITK's reader."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.pixels import (
    apply_color_lut,
    apply_modality_lut,
    apply_voi_lut,
    convert_color_space,
    pixel_array,
)

from app.rendering import Rendered, Wanted, default_of_frame, find_series, render
from assistant.displays import Displays
from assistant.looks import Look
from viewer.calibration import calibration_of
from viewer.pixels.display import to_display
from viewer.pixels.modality import facts_of
from viewer.pixels.windows import VoiChoice, stored_choices
from viewer.reading.frames import Frames, Stored
from viewer.reading.grouping import group
from viewer.reading.workers import Found, Workers
from viewer.render.kernel_cache import load_kernels
from viewer.state import View
from viewer.study import Instance, Library, Window
from viewer.tools.transform import Area, Canvas, frame_to_view
from viewer.widgets.pictures import FramePicture, Grain

load_kernels()  # before each test has fresh folders, so that they are compiled once a machine

CHEST = "ct/ct_chest_cmbcrc_100"
GREY = (
    f"{CHEST}/0001.dcm",
    "cr_dx/dx_dog_chest_small.dcm",
    "cxr_pairs_as_dicom/p003/current.dcm",
    "mr/mr_dwi_multib_philips/0001.dcm",
    "sc/signed16.dcm",
    "sc/voi_lut_vlut04.dcm",
)
COLOUR = (
    "sc/palette_testpattern_8.dcm",
    "sc/palette_testpattern_16.dcm",
    "sc/rgb_planar0_color_px.dcm",
    "sc/rgb_planar1_color_pl.dcm",
    "sc/sc_rgb.dcm",
    "sc/sc_rgb_16bit.dcm",
    "sc/sc_ybr_full_uncompressed.dcm",
    "sc/sc_ybr_full_422_uncompressed.dcm",
)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    made.close()


def scanned(workers: Workers, *paths: Path) -> list[Instance]:
    return [p.instance for p in workers.scan([str(p) for p in paths]) if isinstance(p, Found)]


def dataset_of(path: Path) -> pydicom.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path)


def grey_truth(dataset: pydicom.Dataset, stored: np.ndarray) -> np.ndarray:
    """Grey levels 0.0 to 255.0 by pydicom, polarity by hand."""
    if not float(dataset.get("RescaleSlope", 1)).is_integer():
        dataset.VOILUTFunction = "LINEAR_EXACT"  # our rule for values that are not whole
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shown = apply_voi_lut(apply_modality_lut(stored, dataset), dataset, prefer_lut=False)
    if "VOILUTSequence" in dataset:
        bits = dataset.VOILUTSequence[0].LUTDescriptor[2]
        low, high = 0, (1 << bits) - 1
    else:
        low, high = output_range(dataset)
    grey = (shown.astype(np.float64) - low) / (high - low) * 255
    return 255 - grey if dataset.PhotometricInterpretation == "MONOCHROME1" else grey


def output_range(dataset: pydicom.Dataset) -> tuple[float, float]:
    """The range over which pydicom lays a window: that of Bits Stored, rescaled."""
    bits, signed = dataset.BitsStored, dataset.PixelRepresentation == 1
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    slope = float(dataset.get("RescaleSlope", 1))
    intercept = float(dataset.get("RescaleIntercept", 0))
    return low * slope + intercept, high * slope + intercept


def assert_rounded(shown: np.ndarray, truth: np.ndarray) -> None:
    """Every level is the true one, rounded; on a half either neighbour is."""
    assert shown.dtype == np.uint8
    assert np.abs(shown - truth).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("name", GREY)
def test_grey_levels_of_the_files_own_window(
    name: str, shared_data: Path, workers: Workers
) -> None:
    (instance,) = scanned(workers, shared_data / name)
    dataset = dataset_of(shared_data / name)
    stored = pixel_array(dataset, raw=True)
    facts = facts_of(instance)
    voi = stored_choices(instance, facts)[0].voi
    shown = to_display(stored, facts, voi)
    assert_rounded(shown, grey_truth(dataset, stored))
    assert shown.min() < shown.max()


def test_modality_lut_comes_before_the_window(shared_data: Path, workers: Workers) -> None:
    path = shared_data / "sc" / "modality_lut_mlut18.dcm"
    (instance,) = scanned(workers, path)
    dataset = dataset_of(path)
    stored = pixel_array(dataset, raw=True)
    values = apply_modality_lut(stored, dataset).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    window = Window((low + high) / 2, high - low, "linear_exact")
    shown = to_display(stored, facts_of(instance), window)
    assert_rounded(shown, np.clip((values - low) / (high - low) * 255, 0, 255))
    assert len(np.unique(shown)) > 10


@pytest.mark.parametrize("name", COLOUR)
def test_colours(name: str, shared_data: Path, workers: Workers) -> None:
    (instance,) = scanned(workers, shared_data / name)
    dataset = dataset_of(shared_data / name)
    stored = pixel_array(dataset, raw=True)
    shown = to_display(stored, facts_of(instance), Window(128, 256))
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        truth = apply_color_lut(stored, dataset).astype(np.float64)
        truth = truth / 257 if truth.max() > 255 else truth
    elif dataset.PhotometricInterpretation.startswith("YBR"):
        truth = convert_color_space(stored, "YBR_FULL", "RGB").astype(np.float64)
    else:
        truth = stored.astype(np.float64) * 255 / ((1 << dataset.BitsStored) - 1)
    # pydicom rounds its own YBR conversion, so that a level more or less may differ there.
    slack = 0.5 if dataset.PhotometricInterpretation.startswith("YBR") else 0.0
    assert np.abs(shown - truth).max() <= 0.5 + slack + 1e-6


@pytest.fixture(scope="module")
def chest(shared_data: Path, workers: Workers) -> Iterator[tuple[Library, Frames]]:
    instances = scanned(workers, shared_data / CHEST)
    frames = Frames(workers)
    frames.add(instances)
    yield group(instances), frames
    frames.close()


@pytest.fixture(scope="module")
def hounsfield(shared_data: Path) -> SimpleITK.Image:
    """The chest CT by SimpleITK, lowest slice first."""
    reader = SimpleITK.ImageSeriesReader()
    names = reader.GetGDCMSeriesFileNames(str(shared_data / CHEST))
    reader.SetFileNames(names)
    return reader.Execute()


def windowed(values: np.ndarray, *, center: float = 40.0, width: float = 400.0) -> np.ndarray:
    """C.11.2.1.2.1, written out."""
    ramp = ((values - (center - 0.5)) / (width - 1) + 0.5) * 255
    return np.floor(np.clip(ramp, 0, 255) + 0.5).astype(np.uint8)


def drawn(chest: tuple[Library, Frames], **wanted: object) -> Rendered:
    library, frames = chest
    request = Wanted(window=Window(40, 400), **wanted)  # type: ignore[arg-type]
    return render(find_series(library, ""), frames, request)


@pytest.mark.parametrize("index", [0, 37, 99])
@pytest.mark.parametrize("plane", ["stack", "axial"])
def test_a_slice_at_its_own_size_is_exact(
    chest: tuple[Library, Frames], hounsfield: SimpleITK.Image, plane: str, index: int
) -> None:
    shown = drawn(chest, plane=plane, index=index, size_px=(512, 512))
    truth = windowed(SimpleITK.GetArrayFromImage(hounsfield)[index])
    assert np.array_equal(shown.pixels, truth)
    assert (shown.index, shown.count) == (index, 100)


@pytest.mark.parametrize(("plane", "axis"), [("coronal", 1), ("sagittal", 2)])
def test_planes_across_the_slices_agree_with_simpleitk(
    chest: tuple[Library, Frames], hounsfield: SimpleITK.Image, plane: str, axis: int
) -> None:
    index, step = 250, hounsfield.GetSpacing()[0]
    slices, slice_mm = hounsfield.GetSize()[2], hounsfield.GetSpacing()[2]
    height = round(slices * slice_mm / step)
    shown = drawn(chest, plane=plane, index=index, size_px=(512, height)).pixels

    # The same plane by SimpleITK: square pixels that fit the height, centred on the volume.
    fitted = max(step, slices * slice_mm / height)
    size, origin = [512, 512, height], np.array(hounsfield.GetOrigin())
    origin += np.array([255.5, 255.5, 0]) * (step - fitted)
    origin[2] += (slices - 1) * slice_mm / 2 - (height - 1) / 2 * fitted
    size[2 - axis] = 1
    origin[2 - axis] = hounsfield.GetOrigin()[2 - axis] + index * step
    values = SimpleITK.GetArrayFromImage(
        SimpleITK.Resample(
            hounsfield,
            size,
            SimpleITK.Transform(),
            SimpleITK.sitkLinear,
            origin.tolist(),
            [fitted] * 3,
            hounsfield.GetDirection(),
            -5000,
        )
    )
    truth = windowed(values.squeeze(axis)[::-1].astype(np.float64))

    inner = slice(4, -4)
    # Interpolated values are rounded to whole HU there and here, a level is 1.6 HU.
    assert np.abs(shown[inner].astype(int) - truth[inner]).max() <= 1


def test_volume_shows_the_patient_from_the_front(chest: tuple[Library, Frames]) -> None:
    picture = drawn(chest, plane="volume", size_px=(300, 300)).pixels.astype(np.float64)
    assert picture.shape == (300, 300, 3)
    bone = picture.sum(axis=2) > 60
    columns = np.flatnonzero(bone.any(axis=0))
    rows = np.flatnonzero(bone.any(axis=1))
    assert 120 < (columns[0] + columns[-1]) / 2 < 180
    # Both shoulders lie in the upper part, and both arms reach the sides there alone.
    upper = bone[rows[0] : rows[0] + 25].any(axis=0).sum()
    lower = bone[rows[-1] - 15 : rows[-1]].any(axis=0).sum()
    assert upper > lower


def on_screen(stored: Stored, choice: VoiChoice) -> np.ndarray:
    """The frame as a tile draws it at one device pixel a column."""
    rows, columns = stored.pixels.shape[:2]
    canvas = Canvas(columns, rows, calibration_of(stored.instance).aspect)
    height = round(rows * canvas.aspect)
    transform = frame_to_view(View(), canvas, Area(0.0, 0.0, columns, height))
    facts = facts_of(stored.instance, stored.frame_number, stored.photometric, stored.bits_stored)
    picture = FramePicture()  # lives as long as its image, which copies nothing
    image = picture.image(
        stored,
        facts,
        choice.voi,
        invert=choice.invert,
        transform=transform,
        grain=Grain((columns, height), 1.0),
    )
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    samples = 1 if image.isGrayscale() else 3
    shown = lines[:, : image.width() * samples].reshape(height, columns, samples)
    return shown.squeeze().copy()


@pytest.mark.parametrize(
    "name",
    [
        CHEST,
        "cr_dx/cr_extremity_monochrome1_j2k.dcm",
        "mg/mg_mlo_jpeg_lossless.dcm",
        "cxr_pairs_as_dicom/p001/prior.dcm",
        "nm_pt/pt_jpeg_lossless_small.dcm",
        "us/us_palette_cine_rle.dcm",
        "us/us_ybr_small_cine.dcm",
    ],
)
def test_eye_model_and_file_get_one_picture(name: str, shared_data: Path, workers: Workers) -> None:
    instances = scanned(workers, shared_data / name)
    frames = Frames(workers)
    frames.add(instances)
    library = group(instances)
    series = find_series(library, "")
    ref = series.stacks[0].frames[0]
    stored = frames.get(ref)
    rows, columns = stored.pixels.shape[:2]

    written = render(series, frames, Wanted(index=0, size_px=(columns, rows)))
    sources = Displays(frames, library.find_series, lambda uid, index: pytest.fail("no volume"))
    look = Look(series.uid, instances[0].study.study_uid, ref)
    seen = sources.display(look).levels
    choice = default_of_frame(series, series.stacks[0], frames, 0)

    assert seen.max() > seen.min()
    assert np.array_equal(written.pixels, seen)
    assert np.array_equal(on_screen(stored, choice), seen)
    frames.close()
