"""Phantom pictures as DICOM files: DX, CT and MR with everything the standard asks for.

PS3.3 A.26 (Digital X-Ray), A.3 (CT), A.4 (MR). Identifiers derive from the seed under 2.25.
"""

import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from phantom.anatomy import Anatomy
from phantom.ct import Grid

DX, CT, MR = (
    "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
)  # fmt: skip
MANUFACTURER = "Second Read phantom"
_SPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "phantom.second-read.example")


def uid(*names: object) -> str:
    """The identifier of what these names say, always the same."""
    return f"2.25.{uuid.uuid5(_SPACE, '/'.join(str(name) for name in names)).int}"


@dataclass(frozen=True, slots=True)
class Series:
    """Where a picture belongs: patient, study, series."""

    anatomy: Anatomy
    study: str
    study_date: date
    modality: str
    number: int
    description: str

    @property
    def study_uid(self) -> str:
        """Study Instance UID."""
        return uid(self.anatomy.seed, self.study)

    @property
    def series_uid(self) -> str:
        """Series Instance UID."""
        return uid(self.anatomy.seed, self.study, self.modality, self.number)

    def instance_uid(self, number: int) -> str:
        """SOP Instance UID of instance `number`."""
        return uid(self.anatomy.seed, self.study, self.modality, self.number, number)


def write_xray(
    path: Path, series: Series, stored: NDArray[np.uint16], *, view: str, pixel_mm: float
) -> str:
    """Write a DX image for presentation (rows, columns), 12 bit; its SOP Instance UID."""
    ds = _instance(series, DX, 1)
    _pixels(ds, stored, bits=12)
    ds.ImageType = ["DERIVED", "PRIMARY", ""]
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = -1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.PresentationLUTShape = "IDENTITY"
    ds.WindowCenter, ds.WindowWidth = "2048", "4096"
    ds.WindowCenterWidthExplanation = "NORMAL"
    ds.LossyImageCompression = "00"
    ds.BurnedInAnnotation = "NO"
    ds.ImagerPixelSpacing = [f"{pixel_mm:.8g}"] * 2
    ds.PositionerType = "COLUMN"
    ds.DetectorType = "DIRECT"
    ds.DetectorConfiguration = "AREA"
    ds.FieldOfViewShape = "RECTANGLE"
    ds.DistanceSourceToDetector = "1800"
    ds.DistanceSourceToPatient = "1650"
    ds.KVP = "120"
    ds.BodyPartExamined = "CHEST"
    ds.ImageLaterality = "U"
    ds.AnatomicRegionSequence = Sequence([_code("51185008", "SCT", "Chest")])
    ds.ViewPosition = view
    frontal = view == "PA"
    ds.PatientOrientation = ["L", "F"] if frontal else ["P", "F"]
    seen = ("399348003", "postero-anterior") if frontal else ("399173006", "left lateral")
    code = _code(seen[0], "SCT", seen[1])
    code.ViewModifierCodeSequence = Sequence([])
    ds.ViewCodeSequence = Sequence([code])
    ds.AcquisitionContextSequence = Sequence([])
    _save(ds, path)
    return str(ds.SOPInstanceUID)


def write_volume(
    folder: Path, series: Series, stored: NDArray[np.int16], grid: Grid, *, center: int, width: int
) -> list[str]:
    """Write a CT (HU) or MR series, slices ascending to the head; their SOP Instance UIDs."""
    folder.mkdir(parents=True, exist_ok=True)
    count = stored.shape[0]
    written = []
    for index in range(count):
        # The head's end is instance 1, as scanners number them.
        number = count - index
        is_ct = series.modality == "CT"
        ds = _instance(series, CT if is_ct else MR, number)
        _plane(ds, grid, index)
        ds.WindowCenter, ds.WindowWidth = str(center), str(width)
        ds.BodyPartExamined = "CHEST"
        if is_ct:
            _pixels(ds, (stored[index] + 1024).astype(np.uint16), bits=12)
            ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
            ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
            ds.KVP, ds.ConvolutionKernel = "120", "PHANTOM"
            ds.AcquisitionNumber = "1"
            ds.GantryDetectorTilt = "0"
        else:
            _pixels(ds, stored[index].astype(np.uint16), bits=12)
            _mr(ds, series)
        _save(ds, folder / f"{number:04d}.dcm")
        written.append(str(ds.SOPInstanceUID))
    return written


def _mr(ds: Dataset, series: Series) -> None:
    is_t1 = "T1" in series.description
    ds.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    ds.ScanningSequence, ds.SequenceVariant = "SE", "NONE"
    ds.ScanOptions, ds.MRAcquisitionType = "", "2D"
    ds.RepetitionTime, ds.EchoTime = ("550", "12") if is_t1 else ("3600", "95")
    ds.EchoTrainLength = "1"
    ds.MagneticFieldStrength = "1.5"
    ds.AcquisitionNumber = "1"


def _instance(series: Series, sop_class: str, number: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = series.instance_uid(number)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid("implementation")
    meta.ImplementationVersionName = "SECONDREADPH1"
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    a = series.anatomy
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    born = date(2026, 1, 1).year - a.age_years
    ds.PatientName = f"Phantom^Seed {a.seed}"
    ds.PatientID = f"PHANTOM-{a.seed}"
    ds.PatientBirthDate = f"{born:04d}0101"
    ds.PatientSex = "F" if a.is_female else "M"
    ds.PatientAge = f"{a.age_years:03d}Y"
    ds.PatientComments = "Drawn by a program. Not a person."
    day = series.study_date.strftime("%Y%m%d")
    ds.StudyInstanceUID, ds.SeriesInstanceUID = series.study_uid, series.series_uid
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = day
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "093000"
    ds.StudyID, ds.AccessionNumber = "1", ""
    ds.ReferringPhysicianName = ds.OperatorsName = ""
    ds.StudyDescription = f"Phantom {series.study}"
    ds.SeriesDescription = series.description
    ds.Modality, ds.SeriesNumber = series.modality, str(series.number)
    ds.InstanceNumber = str(number)
    ds.AcquisitionNumber = None
    ds.Manufacturer = MANUFACTURER
    ds.ManufacturerModelName = "make_phantom"
    ds.DeviceSerialNumber, ds.SoftwareVersions = "0", "1"
    ds.FrameOfReferenceUID = uid(a.seed, series.study, "frame of reference")
    ds.PositionReferenceIndicator = ""
    ds.BurnedInAnnotation = "NO"
    return ds


def _plane(ds: Dataset, grid: Grid, index: int) -> None:
    ds.PatientPosition = "HFS"
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    place = (grid.xs[0], grid.ys[0], grid.zs[index])
    ds.ImagePositionPatient = [f"{value:.8g}" for value in place]
    ds.PixelSpacing = [f"{grid.pixel_mm:.8g}"] * 2
    ds.SliceThickness = f"{grid.slice_mm:.6g}"
    ds.SliceLocation = f"{grid.zs[index]:.8g}"


def _pixels(ds: Dataset, stored: NDArray[np.uint16], *, bits: int) -> None:
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, bits, bits - 1
    ds.PixelRepresentation = 0
    ds.PixelData = np.clip(stored, 0, 2**bits - 1).astype("<u2").tobytes()


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def _save(ds: FileDataset, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)
