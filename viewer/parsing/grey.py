"""From stored to modality values and windows, as a header says (PS3.3 C.11.1, C.11.2)."""

from typing import Final, cast

from viewer import limits
from viewer.parsing.tables import read_table
from viewer.parsing.values import Header
from viewer.study import Grey, LookupTable, StoredWindow, VoiFunction, Window
from viewer.words import _

GREY_TAGS: Final = (
    0x00080060, 0x00280103, 0x00280120, 0x00280121, 0x00281050, 0x00281051, 0x00281052, 0x00281053,
    0x00281054, 0x00281055, 0x00281056, 0x00541001, 0x20500020, 0x3004000E, 0x30040002, 0x00283000,
    0x00283010,
)  # fmt: skip
_FUNCTIONS: Final = {"LINEAR": "linear", "LINEAR_EXACT": "linear_exact", "SIGMOID": "sigmoid"}
_PET_UNITS: Final = {"BQML": "Bq/ml", "CNTS": "counts", "GML": "SUVbw", "PROPCNTS": "counts"}
_NO_UNIT: Final = frozenset({"US", "UNSPECIFIED", "NORMALIZED"})


def read_grey(header: Header) -> Grey:
    """The grey facts of a whole instance."""
    slope, intercept = _rescale(header)
    signed = header.integer(0x00280103) == 1
    return Grey(
        slope=slope,
        intercept=intercept,
        unit=_unit(header),
        modality_lut=_modality_lut(header, signed=signed),
        windows=_windows(header),
        voi_luts=_voi_luts(header, signed=signed),
        padding=_padding(header, 0x00280120, signed=signed),
        padding_limit=_padding(header, 0x00280121, signed=signed),
        presentation_inverse=header.text(0x20500020) == "INVERSE",
    )


def grey_notes(header: Header) -> tuple[str, ...]:
    """Sentences about what was ignored."""
    notes = []
    if header.number(0x00281053) == 0:
        notes.append(_("Rescale Slope is 0 and was ignored."))
    widths = header.numbers(0x00281051)
    if any(width <= 0 for width in widths):
        notes.append(_("A stored window has no width and was ignored."))
    return tuple(notes)


def frame_grey(instance: Grey, transformation: Header | None, voi: Header | None) -> Grey | None:
    """One frame's grey facts where its functional groups differ from the instance's; else None."""
    slope, intercept, unit = instance.slope, instance.intercept, instance.unit
    windows = instance.windows
    if transformation is not None:
        slope, intercept = _rescale(transformation)
        unit = _unit_of(transformation.text(0x00281054)) or unit
    if voi is not None:
        windows = _windows(voi) or windows
    same = (instance.slope, instance.intercept, instance.unit, instance.windows)
    if (slope, intercept, unit, windows) == same:
        return None
    return Grey(
        slope,
        intercept,
        unit,
        instance.modality_lut,
        windows,
        instance.voi_luts,
        instance.padding,
        instance.padding_limit,
        instance.presentation_inverse,
    )


def _rescale(header: Header) -> tuple[float, float]:
    dose = header.number(0x3004000E)
    if dose:
        return dose, 0.0
    slope, intercept = header.number(0x00281053), header.number(0x00281052)
    return slope or 1.0, intercept or 0.0


def _unit(header: Header) -> str:
    modality = header.text(0x00080060)
    if modality == "PT":
        units = header.text(0x00541001)
        return _PET_UNITS.get(units, units)
    if header.has(0x3004000E):
        return "Gy" if header.text(0x30040002) == "GY" else ""
    kind = _unit_of(header.text(0x00281054))
    if not kind and modality == "CT" and header.number(0x00281053) and header.has(0x00281052):
        return "HU"
    return kind


def _unit_of(rescale_type: str) -> str:
    return "" if rescale_type.upper() in _NO_UNIT else rescale_type[:16]


def _modality_lut(header: Header, *, signed: bool) -> LookupTable | None:
    item = header.first(0x00283000)
    return read_table(item, signed=signed) if item is not None else None


def _voi_luts(header: Header, *, signed: bool) -> tuple[LookupTable, ...]:
    items = header.items(0x00283010)[: limits.VOI_ITEMS]
    tables = [read_table(item, signed=signed) for item in items]
    return tuple(table for table in tables if table is not None)


def _windows(header: Header) -> tuple[StoredWindow, ...]:
    centers, widths = header.numbers(0x00281050), header.numbers(0x00281051)
    function = cast("VoiFunction", _FUNCTIONS.get(header.text(0x00281056), "linear"))
    words = header.texts(0x00281055)
    windows = []
    for index, (center, width) in enumerate(zip(centers, widths, strict=False)):
        if width > 0 and index < limits.VOI_ITEMS:
            explanation = words[index] if index < len(words) else ""
            windows.append(StoredWindow(Window(center, width, function), explanation))
    return tuple(windows)


def _padding(header: Header, tag: int, *, signed: bool) -> int | None:
    raw = header.raw(tag)
    if len(raw) == 2:  # its VR is US or SS as Pixel Representation says, whatever the file wrote
        return int.from_bytes(raw, "little" if header.little else "big", signed=signed)
    return header.integer(tag)
