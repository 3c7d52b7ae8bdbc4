"""A mark that a person drew, in words for the list: what it measures, by what, and where."""

from collections.abc import Callable
from typing import Final

from assistant.subjects import frame_title
from viewer.annotations import Annotation, PlaneRef
from viewer.calibration import Calibration, calibration_of_plane
from viewer.measure import measure
from viewer.study import Instance, Library
from viewer.words import N_, _

CalibrationOf = Callable[[Instance, int], Calibration]

KINDS: Final = {
    "length": N_("Distance"),
    "angle": N_("Angle"),
    "ellipse": N_("Ellipse"),
    "box": N_("Box"),
}


def words_of(mark: Annotation, library: Library, calibration_of: CalibrationOf) -> tuple[str, str]:
    """Title and second line: "Distance 136 mm", "calibrated by you · Chest AP"."""
    name = _(KINDS.get(mark.kind, mark.kind))
    series = library.find_series(mark.series_uid)
    if isinstance(mark.where, PlaneRef):
        calibration = calibration_of_plane(mark.where)
        place = _("plane")
    else:
        instance = library.find_instance(mark.where.sop_instance_uid)
        if series is None or instance is None:
            return name, _("its image is not open")
        calibration = calibration_of(instance, mark.where.frame_number)
        place = frame_title(series, mark.where)
    measured = measure(mark, calibration).text.removesuffix(calibration.basis).strip()
    basis = calibration.basis.strip("()")
    return f"{name} {measured}".strip(), " · ".join(part for part in (basis, place) if part)
