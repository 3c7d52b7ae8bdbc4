"""In words: what is under the pointer, for the status line; a tile, for a screen reader."""

import math
from typing import Final

import numpy as np

from viewer.annotations import PlaneRef
from viewer.measure import value_text
from viewer.spaces import FramePoint, ViewPoint
from viewer.tools.planes import to_patient
from viewer.tools.stepping import shown_number
from viewer.widgets.corners import patient_place, plane_title, series_title, window_text
from viewer.widgets.plane_values import slab_value
from viewer.widgets.scene import Scene
from viewer.words import _

_SEPARATOR: Final = " · "


def pointer_text(scene: Scene, at: ViewPoint) -> str:
    """Pixel, place in the patient and value under the pointer; "" beside the picture."""
    if scene.message or scene.where is None or scene.tile.kind == "volume":
        return ""
    point = scene.transform.to_frame(at)
    canvas = scene.canvas
    if not (0 <= point.column < canvas.columns and 0 <= point.row < canvas.rows):
        return ""
    parts = [] if isinstance(scene.where, PlaneRef) else [_pixel(scene, point)]
    if scene.sheet is not None:
        parts.append(patient_place(to_patient(scene.sheet, point)))
    parts.append(value_at(scene, point))
    return _SEPARATOR.join(part for part in parts if part)


def value_at(scene: Scene, point: FramePoint) -> str:
    """The modality value of the pixel, of the nearest voxel, or of a slab, with its unit."""
    if scene.facts is None:
        return ""
    if scene.stored is not None:
        return value_text(scene.stored.pixels, scene.facts, point)
    if scene.volume is None or scene.plane is None:
        return ""
    if scene.tile.slab.thickness_mm > 0:
        return slab_value(scene, point)
    place = to_patient(scene.plane, point)
    voxel = np.linalg.solve(scene.volume.voxel_to_patient, [*place, 1.0])[:3]
    index = [math.floor(v + 0.5) for v in voxel]
    shape = scene.volume.voxels.shape
    if not all(0 <= i < count for i, count in zip(index, shape, strict=True)):
        return ""
    near = FramePoint(index[2] + 0.5, index[1] + 0.5)
    return value_text(scene.volume.voxels[index[0]], scene.facts, near)


def tile_name(scene: Scene) -> str:
    """A tile in words: "Tile 2, CT Chest, series 3, image 41 of 100, lung, one finding"."""
    parts = [_("Tile {number}").format(number=scene.index + 1)]
    if scene.entry is None:
        return ", ".join([*parts, scene.message or _("empty")])
    series = scene.entry.series
    parts.append(f"{series.modality} {series_title(scene)}".strip())
    if scene.tile.role:
        parts.append(_("current") if scene.tile.role == "current" else _("prior"))
    if series.number is not None:
        parts.append(_("series {number}").format(number=series.number))
    if scene.tile.kind != "stack":
        parts.append(" ".join(part for part in plane_title(scene) if part).lower())
    elif scene.stack is not None:
        count = len(scene.stack.frames)
        number = shown_number(scene.position, length=count, is_reversed=scene.is_reversed)
        parts.append(_("image {number} of {count}").format(number=number, count=count))
    parts.append(window_text(scene).partition(_SEPARATOR)[2].lower())
    parts.append(_findings(scene))
    parts.append(scene.message.lower().rstrip("."))
    return ", ".join(part for part in parts if part)


def _pixel(scene: Scene, point: FramePoint) -> str:
    text = f"I {math.floor(point.column)}  J {math.floor(point.row)}"
    return f"{text}  K {scene.position}" if scene.stack and len(scene.stack.frames) > 1 else text


def _findings(scene: Scene) -> str:
    count = sum(mark.by_model for mark in scene.marks)
    if count == 0:
        return ""
    return _("one finding") if count == 1 else _("{count} findings").format(count=count)
