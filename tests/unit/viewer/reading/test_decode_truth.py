"""Every row of DECODE.csv through the program's own path: scan, workers, decoders, masking."""

import csv
import hashlib
from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom
import pytest

from viewer.errors import UserError
from viewer.pixels.modality import facts_of, mask_bits
from viewer.reading.frames import Frames
from viewer.reading.workers import Found, Workers
from viewer.study import FrameRef

FOLDERS = (
    "charsets", "cr_dx", "ct", "cxr_pairs_as_dicom", "dicomdir", "mg", "mr", "multiframe", "nm_pt",
    "rt", "sc", "seg", "syntaxes", "us", "wsi",
)  # fmt: skip
LOSSY_DELIVERED = {
    "syntaxes/testpattern_jpeg_baseline_ybr422.dcm": "YBR_FULL",
    "syntaxes/testpattern_jpeg_baseline_ybrfull.dcm": "YBR_FULL",
    "syntaxes/jpeg_rgb_no_color_transform.dcm": "RGB",
    "syntaxes/j2k_us1_rct.dcm": "RGB",
    "syntaxes/jpegxl_us_27f.dcm": "RGB",
    "sc/sc_ybr_full_422_uncompressed.dcm": "YBR_FULL",
    "us/us_ybr_small_cine.dcm": "YBR_FULL",
}


@pytest.fixture(scope="module")
def workers():
    workers = Workers(2)
    yield workers
    workers.close()


def decoded(workers, instance):
    """All frames as one array, as the program shows them; mosaics are put together again."""
    frames = Frames(workers)
    frames.add([instance])
    stored = [
        frames.get(FrameRef(instance.sop_instance_uid, number + 1))
        for number in range(instance.frame_count)
    ]
    arrays = [mask_bits(s.pixels, facts_of(instance, s.frame_number))[0] for s in stored]
    return stored[0].photometric, arrays


def as_mosaic(arrays, shape):
    _frames, rows, columns = shape
    height, width = arrays[0].shape
    whole = np.zeros((rows, columns), arrays[0].dtype)
    across = columns // width
    for index, tile in enumerate(arrays):
        top, left = index // across * height, index % across * width
        whole[top : top + height, left : left + width] = tile
    return whole[np.newaxis]


def rows_of(shared_data):
    rows = defaultdict(list)
    with (shared_data / "DECODE.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            rows[row["path"].split("/")[0]].append(row)
    return rows


def fault_of(row, arrays):
    """What is wrong with decoded values, "" when they are right."""
    shape = tuple(int(v) for v in row["shape"].split(";"))
    values = np.stack(arrays)
    if values.shape != shape:
        values = as_mosaic(arrays, shape)
    if values.dtype.name != row["dtype"]:
        return f"{values.dtype.name} instead of {row['dtype']}"
    if row["lossless"] == "yes":
        return "" if hashlib.sha256(values.tobytes()).hexdigest() == row["sha256"] else "hash"
    tolerance = float(row["tolerance"])
    told = (float(row["min"]), float(row["max"]))
    off = max(abs(int(values.min()) - told[0]), abs(int(values.max()) - told[1]))
    mean_off = abs(float(values.mean()) - float(row["mean"]))
    return "" if off <= tolerance and mean_off <= 0.05 * tolerance + 0.02 else f"{off} {mean_off}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_stored_values_are_those_of_the_truth_table(shared_data, workers, folder):
    rows = rows_of(shared_data)[folder]
    found = {}
    for part in workers.scan([str(shared_data / folder)]):
        if isinstance(part, Found):
            found[str(Path(part.instance.path).relative_to(shared_data.resolve()))] = part.instance
    faults = {}
    for row in rows:
        instance = found.get(row["path"])
        if instance is None:
            faults[row["path"]] = "not found"
            continue
        try:
            photometric, arrays = decoded(workers, instance)
        except UserError as error:
            faults[row["path"]] = error.sentence
            continue
        if row["path"] in LOSSY_DELIVERED and photometric != LOSSY_DELIVERED[row["path"]]:
            faults[row["path"]] = photometric
        if row["shape"] and (fault := fault_of(row, arrays)):
            faults[row["path"]] = fault
    assert faults == {}


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize("name", ["ct512_jpeg2000.dcm", "ct512_jpeglslossy.dcm"])
def test_lossy_slices_stay_near_the_uncompressed_one(shared_data, workers, name):
    folder = shared_data / "syntaxes"
    found = [p.instance for p in workers.scan([str(folder / name)]) if isinstance(p, Found)]
    _photometric, (values,) = decoded(workers, found[0])
    truth = pydicom.dcmread(folder / "ct512_littleendianexplicit.dcm").pixel_array
    ours = values.astype(int) + int(found[0].grey.intercept)
    dataset = pydicom.dcmread(folder / "ct512_littleendianexplicit.dcm")
    theirs = truth.astype(int) + int(dataset.get("RescaleIntercept", 0))
    assert np.abs(ours - theirs).mean() < 12


def test_cropped_tiles_are_shown_as_they_are_and_said(shared_data, workers):
    path = shared_data / "multiframe" / "wsi_multiframe_jpeg_140f.dcm"
    (instance,) = [p.instance for p in workers.scan([str(path)]) if isinstance(p, Found)]
    decoded_frames = list(workers.decode(instance, range(1, 141)))
    sizes = [d.pixels.shape[:2] for d in decoded_frames]
    counts = {size: sizes.count(size) for size in set(sizes)}
    assert counts == {(240, 240): 117, (240, 55): 9, (121, 240): 13, (121, 55): 1}
    assert all(bool(d.notes) == (d.pixels.shape[:2] != (240, 240)) for d in decoded_frames)
