"""Where a mark shows: on its own frame or plane, and on others that run through it.

A mark goes to the patient and back when both its image and the one on the screen have a place
there; it is drawn when all of it lies within half a slice.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from viewer.annotations import Annotation, PlaneRef
from viewer.spaces import PatientPoint
from viewer.study import FrameRef, Instance
from viewer.tools.planes import to_patient, to_plane, vector

_NEAR_MM: Final = 1e-3


def frame_plane(instance: Instance, ref: FrameRef) -> PlaneRef | None:
    """A stored frame as a plane, if it has a place in the patient and square pixels."""
    plane, spacing = instance.plane, instance.spacing.pixel
    if 0 <= ref.frame_index < len(instance.frames):
        facts = instance.frames[ref.frame_index]
        plane = facts.plane if facts.plane.position is not None else plane
        spacing = facts.pixel_spacing or spacing
    if plane.position is None or plane.orientation is None or spacing is None:
        return None
    if instance.pixels is None or abs(spacing[0] - spacing[1]) > _NEAR_MM * spacing[0]:
        return None
    right, down = np.array(plane.orientation[:3]), np.array(plane.orientation[3:])
    # The position is the centre of the first pixel; canvas coordinates begin at its outer corner.
    corner = np.array(plane.position) - (right * spacing[1] + down * spacing[0]) / 2
    return PlaneRef(
        series_uid="",
        origin=PatientPoint(*vector(corner)),
        right=vector(right),
        down=vector(down),
        mm_per_px=spacing[0],
        columns=instance.pixels.columns,
        rows=instance.pixels.rows,
    )


def on_image(
    mark: Annotation,
    where: FrameRef | PlaneRef,
    *,
    plane: PlaneRef | None,
    half_step_mm: float,
    plane_of: Callable[[FrameRef], PlaneRef | None],
) -> Annotation | None:
    """The mark in coordinates of the image on the screen, or None when it does not lie there.

    ``where`` and ``plane`` are the image on the screen; ``plane_of`` gives the plane of a frame.
    """
    if mark.where == where:
        return mark
    if isinstance(mark.where, FrameRef) and isinstance(where, FrameRef):
        return None
    source = mark.where if isinstance(mark.where, PlaneRef) else plane_of(mark.where)
    if source is None or plane is None:
        return None
    places = [to_plane(plane, to_patient(source, point)) for point in mark.points]
    if any(abs(off) > half_step_mm for _, off in places):
        return None
    if mark.kind not in {"length", "angle"} and not _same_axes(source, plane):
        return None
    return replace(mark, points=tuple(point for point, _ in places))


def _same_axes(first: PlaneRef, second: PlaneRef) -> bool:
    """Whether boxes stay boxes from one plane to the other."""
    along = abs(float(np.dot(first.right, second.right)))
    return along > 1 - _NEAR_MM or along < _NEAR_MM
