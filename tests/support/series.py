"""DICOM series with a known truth, written when a test needs one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True)
class SeriesTruth:
    """What was written: slice i of ``values`` lies at ``positions[i]`` in ``paths[i]``."""

    folder: Path
    paths: tuple[Path, ...]
    series_uid: str
    study_uid: str
    values: NDArray[Any]
    positions: NDArray[np.float64]
    orientation: tuple[float, ...]
    spacing_mm: tuple[float, float, float]


def make_series(
    folder: Path,
    shape: tuple[int, int, int] = (5, 16, 12),
    *,
    spacing_mm: tuple[float, float, float] = (2.0, 0.8, 0.7),
    orientation: tuple[float, ...] = AXIAL,
    origin_lps_mm: tuple[float, float, float] = (-10.0, -20.0, 30.0),
    positions: NDArray[np.float64] | None = None,
    values: NDArray[Any] | None = None,
    modality: str = "CT",
    name: str = "Doe^Jane",
    patient_id: str = "P1",
    number: int = 1,
    slope: float = 1.0,
    intercept: float = 0.0,
    change: Callable[[Dataset, int], None] = lambda _dataset, _index: None,
) -> SeriesTruth:
    """Write one file a slice, slices ascending along the normal; values count up by default.

    ``positions`` (slices, 3) replaces the even grid; ``change(dataset, index)`` may alter a file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    normal = np.cross(orientation[:3], orientation[3:])
    if positions is None:
        positions = np.asarray(origin_lps_mm) + np.outer(
            np.arange(shape[0]) * spacing_mm[0], normal
        )
    if values is None:
        values = (np.arange(np.prod(shape), dtype=np.int64) % 4000).astype(np.int16).reshape(shape)
    series_uid, study_uid, frame_uid = generate_uid(), generate_uid(), generate_uid()
    paths = []
    for index, position in enumerate(positions):
        dataset = _dataset(values[index])
        dataset.PatientName, dataset.PatientID = name, patient_id
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study_uid, series_uid
        dataset.FrameOfReferenceUID = frame_uid
        dataset.Modality, dataset.SeriesNumber = modality, number
        dataset.StudyDate, dataset.StudyTime = "20240105", "101112"
        dataset.InstanceNumber = index + 1
        dataset.ImagePositionPatient = [float(v) for v in position]
        dataset.ImageOrientationPatient = list(orientation)
        dataset.PixelSpacing = [spacing_mm[1], spacing_mm[2]]
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, intercept
        change(dataset, index)
        path = folder / f"{index:04d}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        paths.append(path)
    return SeriesTruth(
        folder, tuple(paths), series_uid, study_uid, values, positions, orientation, spacing_mm
    )


def write_image(path: Path, values: NDArray[Any], **elements: Any) -> Path:
    """Write one image without a place in the patient; ``elements`` are DICOM keywords."""
    dataset = _dataset(values)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.Modality = "OT"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def tilted_positions(count: int, step_lps_mm: Sequence[float]) -> NDArray[np.float64]:
    """Positions that go the same step each time, whatever the normal is."""
    return np.outer(np.arange(count), np.asarray(step_lps_mm, dtype=np.float64))


def _dataset(values: NDArray[Any]) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    bits = 8 * values.dtype.itemsize
    dataset.Rows, dataset.Columns = values.shape[:2]
    dataset.SamplesPerPixel = 3 if values.ndim == 3 else 1
    dataset.PhotometricInterpretation = "RGB" if values.ndim == 3 else "MONOCHROME2"
    if values.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    data = np.ascontiguousarray(values).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    return dataset
