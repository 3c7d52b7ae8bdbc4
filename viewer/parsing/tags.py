"""The closed list of tags that a header is read for (PS3.6), and which of them hold sequences."""

from typing import Final

# What corner texts, calibration, SUV and provenance may quote, by keyword.
EXTRA: Final = {
    0x00080070: "Manufacturer",
    0x00081090: "ManufacturerModelName",
    0x00101030: "PatientWeight",
    0x00180010: "ContrastBolusAgent",
    0x00180022: "ScanOptions",
    0x00180060: "KVP",
    0x00180080: "RepetitionTime",
    0x00180081: "EchoTime",
    0x00180082: "InversionTime",
    0x00180087: "MagneticFieldStrength",
    0x00181030: "ProtocolName",
    0x00181040: "ContrastBolusRoute",
    0x00181120: "GantryDetectorTilt",
    0x00181151: "XRayTubeCurrent",
    0x00181152: "Exposure",
    0x00181153: "ExposureInuAs",
    0x00181210: "ConvolutionKernel",
    0x00181242: "ActualFrameDuration",
    0x00181314: "FlipAngle",
    0x00181411: "ExposureIndex",
    0x00181510: "PositionerPrimaryAngle",
    0x00181511: "PositionerSecondaryAngle",
    0x001811A0: "BodyPartThickness",
    0x001811A2: "CompressionForce",
    0x00185100: "PatientPosition",
    0x00189073: "AcquisitionDuration",
    0x00201041: "SliceLocation",
    0x00280051: "CorrectedImage",
    0x00280A04: "PixelSpacingCalibrationDescription",
    0x00282114: "LossyImageCompressionMethod",
    0x00541001: "Units",
    0x00541102: "DecayCorrection",
    0x00541300: "FrameReferenceTime",
    0x00080022: "AcquisitionDate",
    0x20500020: "PresentationLUTShape",
    0x00102210: "AnatomicalOrientationType",
}

_PATIENT: Final = {0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040, 0x00101010}
_STUDY: Final = {
    0x00080005, 0x00080008, 0x00080016, 0x00080018, 0x00080020, 0x00080021, 0x00080022, 0x00080023,
    0x0008002A, 0x00080030, 0x00080031, 0x00080032, 0x00080033, 0x00080050, 0x00080060, 0x00080068,
    0x00080080, 0x00081030, 0x0008103E, 0x00180015, 0x00185101, 0x0020000D, 0x0020000E, 0x00200011,
    0x00200012, 0x00200013, 0x00200020, 0x00200052, 0x00200060, 0x00200062, 0x00280301, 0x00282110,
    0x00282112,
}  # fmt: skip
_PIXELS: Final = {
    0x00280002, 0x00280004, 0x00280006, 0x00280008, 0x00280010, 0x00280011, 0x00280100, 0x00280101,
    0x00280102, 0x00280103, 0x00281101, 0x00281102, 0x00281103, 0x00281201, 0x00281202, 0x00281203,
    0x00281221, 0x00281222, 0x00281223,
}  # fmt: skip
_PLACE: Final = {
    0x00180050, 0x00180088, 0x00181063, 0x00181110, 0x00181111, 0x00181114, 0x00181164, 0x00182010,
    0x00200032, 0x00200037, 0x00280030, 0x00280034, 0x00280A02, 0x3004000C,
}  # fmt: skip
_GREY: Final = {
    0x00280120, 0x00280121, 0x00281050, 0x00281051, 0x00281052, 0x00281053, 0x00281054, 0x00281055,
    0x00281056, 0x20500020, 0x3004000E, 0x30040002,
}  # fmt: skip
_SPLIT: Final = {
    0x00181060, 0x00189087, 0x00189089, 0x00200100, 0x00541330, 0x00190010, 0x0019100A, 0x0019100C,
    0x0019100E, 0x00290010, 0x00291010, 0x00431039, 0x20011003, 0x200510B0, 0x200510B1, 0x200510B2,
    0x00651050,
}  # fmt: skip
SEQUENCES: Final = frozenset({
    0x00186011, 0x00283000, 0x00283010, 0x00540016, 0x00651051, 0x52009229, 0x52009230,
})  # fmt: skip
WANTED: Final = frozenset(_PATIENT | _STUDY | _PIXELS | _PLACE | _GREY | _SPLIT | set(EXTRA))
