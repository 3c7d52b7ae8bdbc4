"""Made files: a CT with one bright block in a known corner of the patient, and a colour capture."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    generate_uid,
)

EXTENT = 32
"""Voxels along each axis; the block fills the eighth towards left, back and head."""


def patient_block() -> np.ndarray:
    """HU indexed [z, y, x], each index ascending towards head, back and left."""
    block = np.full((EXTENT, EXTENT, EXTENT), -1000, np.int16)
    block[EXTENT * 5 // 8 :, EXTENT * 5 // 8 :, EXTENT * 5 // 8 :] = 1000
    return block


def write_block(folder: Path, row: tuple[int, int, int], column: tuple[int, int, int]) -> None:
    """Write the block as a series whose rows and columns run along patient axes, 2 mm apart.

    ``row`` and ``column`` are unit vectors along an axis, LPS.
    """
    normal = np.cross(row, column)
    study_uid, series_uid, reference_uid = generate_uid(), generate_uid(), generate_uid()
    patient = patient_block().transpose(2, 1, 0)  # [x, y, z]
    along = _by_axis(row, column, normal)
    corner = np.array([0 if sum(axis) > 0 else EXTENT - 1 for axis in along])
    for number in range(EXTENT):
        origin = corner + number * normal
        steps = np.arange(EXTENT)
        index = (
            origin + steps[:, None, None] * np.array(column) + steps[None, :, None] * np.array(row)
        )
        pixels = patient[index[..., 0], index[..., 1], index[..., 2]].astype(np.int16)
        _write(
            folder / f"{number:03}.dcm",
            pixels,
            (study_uid, series_uid, reference_uid),
            position=[float(2 * v) for v in origin],
            orientation=[*map(float, row), *map(float, column)],
            number=number + 1,
        )


def _by_axis(*directions: object) -> list[np.ndarray]:
    """For x, y and z the direction that runs along it."""
    vectors = [np.asarray(d) for d in directions]
    return [next(v for v in vectors if v[axis]) for axis in range(3)]


def _write(
    path: Path,
    pixels: np.ndarray,
    uids: tuple[str, str, str],
    *,
    position: list[float],
    orientation: list[float],
    number: int,
) -> None:
    file = _new_file(path, CTImageStorage)
    file.StudyInstanceUID, file.SeriesInstanceUID, file.FrameOfReferenceUID = uids
    file.PatientID, file.PatientName, file.Modality = "BLOCK", "Block^Made", "CT"
    file.InstanceNumber, file.SeriesNumber = number, 1
    file.ImagePositionPatient, file.ImageOrientationPatient = position, orientation
    file.PixelSpacing, file.SliceThickness = [2.0, 2.0], 2.0
    file.Rows, file.Columns = pixels.shape
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 16, 16, 15, 1
    file.RescaleSlope, file.RescaleIntercept, file.RescaleType = 1, 0, "HU"
    file.PixelData = pixels.tobytes()
    pydicom.dcmwrite(path, file, enforce_file_format=True)


def write_colours(path: Path, pixels: np.ndarray) -> None:
    """Write RGB pixels (rows, columns, 3) of 8 bits as a secondary capture."""
    file = _new_file(path, SecondaryCaptureImageStorage)
    file.StudyInstanceUID, file.SeriesInstanceUID = generate_uid(), generate_uid()
    file.PatientID, file.PatientName, file.Modality = "COLOUR", "Colour^Made", "OT"
    file.Rows, file.Columns = pixels.shape[:2]
    file.SamplesPerPixel, file.PhotometricInterpretation = 3, "RGB"
    file.PlanarConfiguration = 0
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 8, 8, 7, 0
    file.PixelData = pixels.tobytes()
    pydicom.dcmwrite(path, file, enforce_file_format=True)


def _new_file(path: Path, sop_class: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = generate_uid()
    file = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    return file
