"""Kinds of DICOM objects that hold no picture (PS3.4 B.5), by SOP class, in a reader's words."""

from typing import Final

from viewer.words import N_

DIRECTORY: Final = "1.2.840.10008.1.3.10"
_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_NAMED: Final = {
    "66": N_("raw data"),
    "66.1": N_("a spatial registration"),
    "66.2": N_("spatial fiducials"),
    "66.3": N_("a deformable spatial registration"),
    "66.5": N_("a surface segmentation"),
    "67": N_("a real world value mapping"),
    "4.2": N_("MR spectroscopy"),
    "91.1": N_("microscopy annotations"),
    "104.1": N_("a PDF document"),
    "104.2": N_("a clinical document"),
    "104.3": N_("a 3D model"),
    "104.4": N_("a 3D model"),
    "104.5": N_("a 3D material"),
    "481.3": N_("radiotherapy structures"),
    "481.4": N_("a radiotherapy treatment record"),
    "481.5": N_("a radiotherapy plan"),
    "481.6": N_("a radiotherapy treatment record"),
    "481.7": N_("a radiotherapy treatment record"),
    "481.8": N_("a radiotherapy plan"),
    "481.9": N_("a radiotherapy treatment record"),
    "88.59": N_("a list of key images"),
    "88.67": N_("a radiation dose report"),
}
_FAMILIES: Final = (
    ("88.", N_("a structured report")),
    ("11.", N_("a presentation state")),
    ("9.4.", N_("a sound recording")),
    ("9.", N_("a waveform")),
)


def kind_without_picture(sop_class_uid: str) -> str:
    """What an object is called when it holds no picture; "" for classes that do hold one."""
    if sop_class_uid == DIRECTORY:
        return N_("a directory of other files")
    if not sop_class_uid.startswith(_STORAGE):
        return ""
    tail = sop_class_uid[len(_STORAGE) :]
    if tail in _NAMED:
        return _NAMED[tail]
    return next((kind for start, kind in _FAMILIES if tail.startswith(start)), "")
