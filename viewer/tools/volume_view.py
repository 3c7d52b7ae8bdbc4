"""Turning, shifting, zooming and cropping a volume in a 3D tile; from its state to a camera."""

import math
from dataclasses import replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from viewer.edits import set_volume
from viewer.render.camera import Camera, Vector, orbit, standard_camera, turned
from viewer.render.transfer import VolumePreset, volume_presets
from viewer.state import Edit, VolumeView
from viewer.tools.surface import Pointer, Surface

Side = Literal["A", "P", "R", "L", "H", "F"]
Axis = Literal[0, 1, 2]
_DEG_PER_PX: Final = 0.4
_PX_FOR_DOUBLE: Final = 120.0
_ZOOMS: Final = (0.2, 20.0)
_PERSPECTIVE_DEG: Final = 30.0
_MARGIN: Final = 1.08
LEAST_CROP: Final = 0.05


def camera_of(
    view: VolumeView, corners_lps_mm: NDArray[np.float64], *, aspect: float = 1.0
) -> Camera:
    """The camera of a 3D tile; ``corners_lps_mm`` (8, 3) are those of the volume."""
    base = standard_camera(
        "A", corners_lps_mm, aspect=aspect, perspective_angle_deg=_PERSPECTIVE_DEG
    )
    right, down = np.asarray(view.right), np.asarray(view.down)
    shift = right * view.pan_mm[0] + down * view.pan_mm[1]
    return replace(
        base,
        focal_point_lps_mm=_vector(np.asarray(base.focal_point_lps_mm) - shift),
        direction=_vector(np.cross(right, down)),
        up=_vector(-down),
        parallel_scale_mm=_fitting_mm(corners_lps_mm) / min(1.0, aspect) / view.zoom,
    )


def rotate(surface: Surface, view: VolumeView, start: Pointer, now: Pointer) -> Edit:
    """Turn the patient as the pointer turns a ball."""
    right = (now.at.x - start.at.x) * _DEG_PER_PX
    down = (now.at.y - start.at.y) * _DEG_PER_PX
    camera = orbit(_bare_camera(view), right_deg=right, down_deg=down)
    return set_volume(surface.tile, _with_axes(view, camera))


def pan(
    surface: Surface, view: VolumeView, start: Pointer, now: Pointer, *, mm_per_px: float
) -> Edit:
    """Shift the patient with the pointer; ``mm_per_px`` at the volume's middle."""
    moved = (
        view.pan_mm[0] + (now.at.x - start.at.x) * mm_per_px,
        view.pan_mm[1] + (now.at.y - start.at.y) * mm_per_px,
    )
    return set_volume(surface.tile, replace(view, pan_mm=moved))


def zoom(surface: Surface, view: VolumeView, start: Pointer, now: Pointer) -> Edit:
    """Enlarge upwards, reduce downwards."""
    return zoom_by(surface.tile, view, 2.0 ** ((start.at.y - now.at.y) / _PX_FOR_DOUBLE))


def zoom_by(tile: int, view: VolumeView, factor: float) -> Edit:
    """Enlarge by a factor."""
    bounded = min(max(view.zoom * factor, _ZOOMS[0]), _ZOOMS[1])
    return set_volume(tile, replace(view, zoom=bounded))


def look_from(tile: int, view: VolumeView, side: Side) -> Edit:
    """Look from one of the six sides; zoom, shift and crop stay."""
    return set_volume(tile, _with_axes(view, turned(_bare_camera(view), side)))


def crop_to(tile: int, view: VolumeView, axis: Axis, low: float, high: float) -> Edit:
    """Keep a part of the volume along its slice, row or column axis (fractions 0 to 1)."""
    low = min(max(low, 0.0), 1.0 - LEAST_CROP)
    high = min(max(high, low + LEAST_CROP), 1.0)
    parts = list(view.crop)
    parts[axis] = (low, high)
    return set_volume(tile, replace(view, crop=(parts[0], parts[1], parts[2])))


def preset_of(view: VolumeView, modality: str) -> VolumePreset:
    """The preset that a view names; the modality's first one when it names none of its own."""
    presets = volume_presets(modality)
    return next((p for p in presets if p.id == view.preset), presets[0])


def mm_per_px(camera: Camera, height_px: float) -> float:
    """The patient's mm in a px of the tile, in the plane of the volume's middle."""
    return 2 * camera.parallel_scale_mm / max(height_px, 1.0)


def cropped_ends(
    crop: tuple[tuple[float, float], ...], shape: tuple[int, int, int]
) -> tuple[Vector, Vector]:
    """A crop in fractions as voxel coordinates (slice, row, column): low and high ends."""
    low = [part[0] * (count - 1) for part, count in zip(crop, shape, strict=True)]
    high = [part[1] * (count - 1) for part, count in zip(crop, shape, strict=True)]
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def _fitting_mm(corners_lps_mm: NDArray[np.float64]) -> float:
    """Half the height that shows all of a volume seen from one of its sides."""
    edges = corners_lps_mm[[1, 2, 4]] - corners_lps_mm[0]
    return float(np.linalg.norm(edges, axis=1).max()) / 2 * _MARGIN


def _bare_camera(view: VolumeView) -> Camera:
    right, down = np.asarray(view.right), np.asarray(view.down)
    return Camera((0.0, 0.0, 0.0), _vector(np.cross(right, down)), _vector(-down), 1.0)


def _with_axes(view: VolumeView, camera: Camera) -> VolumeView:
    x, y, z = camera.up
    return replace(view, right=_unit(camera.right), down=_unit((-x, -y, -z)))


def _unit(values: Vector) -> Vector:
    length = math.hypot(*values)
    return values[0] / length, values[1] / length, values[2] / length


def _vector(values: NDArray[np.float64]) -> Vector:
    return float(values[0]), float(values[1]), float(values[2])
