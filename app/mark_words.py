"""A mark that a person drew, in words for the list: what it measures, by what, and where."""

from collections.abc import Callable
from typing import Final

from assistant.subjects import frame_title
from viewer.annotations import Annotation, PlaneRef
from viewer.calibration import Calibration, calibration_of_plane
from viewer.geometry import plane_name
from viewer.measure import measure
from viewer.state import State
from viewer.study import Instance, Library
from viewer.tools.planes import cross, dot, normal_of
from viewer.widgets.corners import plane_place
from viewer.words import N_, _

CalibrationOf = Callable[[Instance, int], Calibration]

KINDS: Final = {
    "length": N_("Distance"),
    "angle": N_("Angle"),
    "ellipse": N_("Ellipse"),
    "box": N_("Box"),
    "sphere": N_("Volume in a sphere"),
}
_PLANES: Final = {
    "axial": N_("Axial"),
    "coronal": N_("Coronal"),
    "sagittal": N_("Sagittal"),
    "oblique": N_("Oblique"),
}
_PARALLEL: Final = 0.999


def words_of(
    mark: Annotation,
    library: Library,
    calibration_of: CalibrationOf,
    *,
    state: State | None = None,
) -> tuple[str, str]:
    """Title and second line: "Distance 136 mm", "calibrated by you · Chest AP".

    ``state`` tells whether the mark's plane is shown as a slab, on which lengths are projected.
    """
    name = _(KINDS.get(mark.kind, mark.kind))
    series = library.find_series(mark.series_uid)
    if isinstance(mark.where, PlaneRef):
        is_projection = state is not None and _is_slab(mark.where, state)
        calibration = calibration_of_plane(mark.where, is_projection=is_projection)
        place = _place_of(mark.where)
    else:
        instance = library.find_instance(mark.where.sop_instance_uid)
        if series is None or instance is None:
            return name, _("its image is not open")
        calibration = calibration_of(instance, mark.where.frame_number)
        place = frame_title(series, mark.where)
    found = measure(mark, calibration)
    measured = found.text.removesuffix(calibration.basis).strip()
    basis = calibration.basis.strip("()")
    says_why_not = measured and found.value is None
    title = measured[:1].upper() + measured[1:] if says_why_not else f"{name} {measured}"
    return title.strip(), " · ".join(part for part in (basis, place) if part)


def _place_of(plane: PlaneRef) -> str:
    """A plane's name and where it lies: "Axial, F 101.8 mm"."""
    normal = cross(plane.right, plane.down)
    name = _(_PLANES[plane_name(normal).name])
    return f"{name}, {plane_place(plane.origin, normal)}"


def _is_slab(plane: PlaneRef, state: State) -> bool:
    """Whether a tile shows a slab along this plane, the active tile first."""
    normal = cross(plane.right, plane.down)
    tiles = (state.active_tile, *state.doc.tiles)
    along = (
        tile
        for tile in tiles
        if tile.is_plane
        and tile.series_uid == plane.series_uid
        and abs(dot(normal, normal_of(tile.kind, state.doc.turn))) > _PARALLEL
    )
    shown = next(along, None)
    return shown is not None and shown.slab.thickness_mm > 0
