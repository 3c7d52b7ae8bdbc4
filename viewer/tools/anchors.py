"""Where a mark shows: on its own frame or plane, and on others that run through it.

A mark goes to the patient and back when both its image and the one on the screen have a place
there; it is drawn when all of it lies within half a slice.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from viewer.annotations import Annotation, PlaneRef
from viewer.geometry import is_valid_orientation
from viewer.spaces import PatientPoint
from viewer.study import FramePlane, FrameRef, Instance
from viewer.tools.planes import Sheet, sheet_of, to_patient, to_plane, vector

_STRAIGHT: Final = 1e-3


def frame_sheet(instance: Instance, ref: FrameRef) -> Sheet | None:
    """Where a stored frame lies in the patient, if its file says so."""
    plane, spacing = instance.plane, instance.spacing.pixel
    if 0 <= ref.frame_index < len(instance.frames):
        facts = instance.frames[ref.frame_index]
        spacing = facts.pixel_spacing or spacing
        plane = FramePlane(
            facts.plane.position or plane.position, facts.plane.orientation or plane.orientation
        )
    if plane.position is None or plane.orientation is None or spacing is None:
        return None
    if not is_valid_orientation(plane.orientation) or min(spacing) <= 0:
        return None
    across = np.array(plane.orientation[:3]) * spacing[1]
    along = np.array(plane.orientation[3:]) * spacing[0]
    # The position is the centre of the first pixel; canvas coordinates begin at its outer corner.
    corner = np.array(plane.position) - (across + along) / 2
    return Sheet(PatientPoint(*vector(corner)), vector(across), vector(along))


def on_image(
    mark: Annotation,
    where: FrameRef | PlaneRef,
    *,
    sheet: Sheet | None,
    half_step_mm: float,
    sheet_of_frame: Callable[[FrameRef], Sheet | None],
) -> Annotation | None:
    """The mark in coordinates of the image on the screen, or None when it does not lie there.

    ``where`` and ``sheet`` are the image on the screen and where it lies.
    """
    if mark.where == where:
        return mark
    # A sphere stays on planes: a frame's pixels need not be square, and it has no volume.
    if isinstance(where, FrameRef) and (mark.kind == "sphere" or isinstance(mark.where, FrameRef)):
        return None
    own = mark.where
    source = sheet_of(own) if isinstance(own, PlaneRef) else sheet_of_frame(own)
    if source is None or sheet is None:
        return None
    places = [to_plane(sheet, to_patient(source, point)) for point in mark.points]
    if any(abs(off) > half_step_mm for _, off in places):
        return None
    if mark.kind not in {"length", "angle"} and not _same_axes(source, sheet):
        return None
    return replace(mark, points=tuple(point for point, _ in places))


def _same_axes(first: Sheet, second: Sheet) -> bool:
    """Whether boxes stay boxes from one image to the other."""
    a, b = np.asarray(first.across), np.asarray(second.across)
    along = abs(float(a @ b)) / float(np.linalg.norm(a) * np.linalg.norm(b))
    return along > 1 - _STRAIGHT or along < _STRAIGHT
