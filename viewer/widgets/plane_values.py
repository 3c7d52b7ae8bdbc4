"""Values and statistics on cuts through a volume: those of the picture, with words that say how.

A thin cut lies between voxels, so its numbers are interpolated; a slab's are of its projection.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.annotations import POINTS, Annotation, PlaneRef
from viewer.measure import Measured, measure, measure_part, value_text
from viewer.pixels.modality import padding_mask, to_modality
from viewer.pixels.part import part_round_middle
from viewer.pixels.statistics import box_mask, ellipse_mask
from viewer.reading.volumes import Volume
from viewer.render.planes import Plane
from viewer.spaces import FrameBox, FramePoint
from viewer.state import Slab
from viewer.tools.planes import to_patient
from viewer.widgets.scene import Scene
from viewer.words import N_, _

_KEPT: Final = 64
_OF_VALUES: Final = frozenset({"ellipse", "box", "sphere"})
_MOST_CUBES: Final = 64
_WORDS: Final = {
    "max": N_("max {thickness} mm"),
    "min": N_("min {thickness} mm"),
    "mean": N_("mean {thickness} mm"),
}


@dataclass(frozen=True, slots=True, eq=False)
class _Patch:
    """A piece of a cut in px of its plane: values (rows, columns) and where these are any."""

    values: NDArray[Any]
    inside: NDArray[np.bool_]
    left: int
    top: int


def slab_words(slab: Slab) -> str:
    """How the values of a cut came about: "interpolated", or for example "max 20 mm"."""
    if slab.thickness_mm <= 0:
        return _("interpolated")
    return _(_WORDS[slab.projection]).format(thickness=f"{slab.thickness_mm:.0f}")


def slab_value(scene: Scene, point: FramePoint) -> str:
    """The value that a slab shows at a place of its plane; "" beside the volume."""
    patch = _patch(scene, FrameBox(point.column, point.row, point.column, point.row))
    if patch is None or scene.facts is None or not patch.inside.all():
        return ""
    text = value_text(patch.values, scene.facts, FramePoint(0.5, 0.5))
    return f"{text} ({slab_words(scene.tile.slab)})"


class PlaneMeasures:
    """Measures marks on planes; keeps what it has found, for it is asked at each repaint."""

    def __init__(self) -> None:
        self._volume: Volume | None = None
        self._found: dict[tuple[object, ...], Measured] = {}

    def measured(self, mark: Annotation, scene: Scene, *, is_moving: bool = False) -> Measured:
        """What a mark on a plane measures.

        The values under a slab cost a moment, so they are left out while something moves.
        """
        if scene.calibration is None or len(mark.points) < POINTS[mark.kind]:
            return Measured(())
        if mark.kind == "sphere":
            mark = _as_drawn(mark, scene)
        if mark.kind not in _OF_VALUES or (mark.kind == "sphere" and is_moving):
            return measure(mark, scene.calibration)
        if scene.volume is not self._volume or len(self._found) >= _KEPT:
            self._volume = scene.volume
            self._found.clear()
        key = (mark.kind, mark.points, mark.where, scene.plane, scene.tile.slab)
        found = self._found.get(key)
        if found is None and is_moving and scene.tile.slab.thickness_mm > 0:
            return measure(mark, scene.calibration)
        if found is None:
            make = _measure_sphere if mark.kind == "sphere" else _measure
            found = self._found[key] = make(mark, scene)
        return found


def _measure(mark: Annotation, scene: Scene) -> Measured:
    """Area and values of an ellipse or a box; words where part of it has no values."""
    if scene.calibration is None:
        return Measured(())
    patch = _patch(scene, mark.box) if scene.facts is not None else None
    if patch is None:
        return measure(mark, scene.calibration)
    local = mark.moved(-patch.left, -patch.top)
    outline = ellipse_mask if mark.kind == "ellipse" else box_mask
    if not patch.inside[outline(patch.values.shape, local.box)].all():
        bare = measure(mark, scene.calibration)
        words = _("no values: it reaches beyond the volume")
        return Measured((*bare.lines, words), bare.value, bare.unit)
    return measure(
        local,
        scene.calibration,
        stored=patch.values,
        facts=scene.facts,
        how=slab_words(scene.tile.slab),
    )


def _as_drawn(mark: Annotation, scene: Scene) -> Annotation:
    """A mark on the plane that it was drawn on, so that every plane through it says the same."""
    return next((own for own in scene.state.doc.annotations if own.id == mark.id), mark)


def _measure_sphere(mark: Annotation, scene: Scene) -> Measured:
    """The volume of what lies round a sphere's middle, sampled in cubes along the patient's axes.

    They are half as wide as the voxels' shortest side, or wider in a large sphere.
    """
    plane, slicer, facts = mark.where, scene.slicer, scene.facts
    if scene.calibration is None:
        return Measured(())
    if not isinstance(plane, PlaneRef) or slicer is None or facts is None:
        return measure(mark, scene.calibration)
    radius = math.dist(*mark.points) * plane.mm_per_px
    step = max(slicer.step_mm / 2, 2 * radius / _MOST_CUBES)
    half = math.ceil(radius / step)
    side = 2 * half + 1
    middle = to_patient(plane, mark.points[0])
    centre = Plane((middle.x, middle.y, middle.z), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    layers = (
        slicer.slice_plane(
            centre.shifted(right_mm=-half * step, down_mm=-half * step, deeper_mm=k * step),
            (side, side),
            step,
        )
        for k in range(-half, half + 1)
    )
    cuts = [(cut.values, cut.inside) for cut in layers]
    values, inside = (np.stack(arrays) for arrays in zip(*cuts, strict=True))
    away = (np.arange(side) - half) ** 2
    within = away[:, None, None] + away[:, None] + away <= (radius / step) ** 2
    if not inside[within].all():
        bare = measure(mark, scene.calibration)
        words = _("no volume: it reaches beyond the volume")
        return Measured((*bare.lines, words), bare.value, bare.unit)
    padding = padding_mask(values, facts.grey)
    if padding is not None:
        within &= ~padding
    part = part_round_middle(to_modality(values, facts), within)
    return measure_part(part, step, facts.grey, diameter_mm=2 * radius)


def _patch(scene: Scene, box: FrameBox) -> _Patch | None:
    """Cut the pixels of a plane that a box touches, or the one place that it is."""
    plane, slab = scene.plane, scene.tile.slab
    if plane is None or scene.slicer is None:
        return None
    is_place = box.width == 0 and box.height == 0
    left, top = math.floor(box.left), math.floor(box.top)
    size = (1, 1) if is_place else (math.ceil(box.right) - left, math.ceil(box.bottom) - top)
    first = box.centre if is_place else FramePoint(left + 0.5, top + 0.5)
    origin = to_patient(plane, first)
    cut = scene.slicer.slice_plane(
        Plane((origin.x, origin.y, origin.z), plane.right, plane.down),
        (max(size[0], 1), max(size[1], 1)),
        plane.mm_per_px,
        slab_mm=slab.thickness_mm,
        projection=slab.projection,
    )
    return _Patch(cut.values, cut.inside, left, top)
