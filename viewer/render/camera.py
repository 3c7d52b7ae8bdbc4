"""Where a volume is looked at from: the camera, its movements, its way to pixels.

All of it happens in patient coordinates (LPS, mm), a right-handed system, so that a cross product
has the sign one expects: crossing in (slice, row, column) order mirrors a patient.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

View: TypeAlias = Literal["A", "P", "R", "L", "H", "F"]
Vector: TypeAlias = tuple[float, float, float]

# View: (viewing direction, direction upwards on the screen), both LPS.
_VIEWS: Final[dict[View, tuple[Vector, Vector]]] = {
    "A": ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "P": ((0.0, -1.0, 0.0), (0.0, 0.0, 1.0)),
    "R": ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
    "L": ((-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
    "H": ((0.0, 0.0, -1.0), (0.0, -1.0, 0.0)),
    "F": ((0.0, 0.0, 1.0), (0.0, -1.0, 0.0)),
}
_PARALLEL_DISTANCE_MM: Final = 10_000.0


@dataclass(frozen=True, slots=True)
class Camera:
    """A view of a volume, LPS.

    `direction` (from the eye into the picture) and `up` are unit vectors at right angles.
    `parallel_scale_mm` is half the picture's height, measured in the plane of `focal_point_lps_mm`;
    `perspective_angle_deg` is the full vertical opening angle, 0 for a parallel projection.
    """

    focal_point_lps_mm: Vector
    direction: Vector
    up: Vector
    parallel_scale_mm: float
    perspective_angle_deg: float = 0.0

    @property
    def right(self) -> Vector:
        """Direction of the screen's right, unit vector, LPS."""
        return _vector(np.cross(self.direction, self.up))

    @property
    def eye_distance_mm(self) -> float:
        """Distance of the eye from the focal point; far outside any patient when parallel."""
        if self.perspective_angle_deg <= 0:
            return _PARALLEL_DISTANCE_MM
        return self.parallel_scale_mm / math.tan(math.radians(self.perspective_angle_deg / 2))


def standard_camera(
    view: View,
    corners_lps_mm: NDArray[np.float64],
    *,
    aspect: float = 1.0,
    perspective_angle_deg: float = 30.0,
) -> Camera:
    """Look at a box (8 corners, (8, 3), LPS mm) from one of the six sides; all of it fits.

    `A` is the view from the front: patient's right on the left of the screen, head up. From head
    and feet, anterior is up. `aspect` is the picture's width over its height.
    """
    direction, up = _VIEWS[view]
    centre = corners_lps_mm.mean(axis=0)
    radius = float(np.linalg.norm(corners_lps_mm - centre, axis=1).max())
    return Camera(
        focal_point_lps_mm=_vector(centre),
        direction=direction,
        up=up,
        parallel_scale_mm=radius / min(1.0, aspect),
        perspective_angle_deg=perspective_angle_deg,
    )


def turned(camera: Camera, view: View) -> Camera:
    """Keep focal point and scale, look from another of the six sides."""
    direction, up = _VIEWS[view]
    return replace(camera, direction=direction, up=up)


def orbit(camera: Camera, *, right_deg: float, down_deg: float) -> Camera:
    """Turn the patient as a drag by so many degrees to the right and down turns a ball."""
    around_up = _rotation(camera.up, -right_deg)
    direction = around_up @ camera.direction
    right = np.cross(direction, camera.up)
    around_right = _rotation(_vector(right), -down_deg)
    direction = around_right @ direction
    up = around_right @ camera.up
    direction /= np.linalg.norm(direction)
    up -= direction * (direction @ up)
    return replace(camera, direction=_vector(direction), up=_vector(up / np.linalg.norm(up)))


def pan(camera: Camera, *, right_px: float, down_px: float, height_px: float) -> Camera:
    """Shift the patient with the pointer, which moved over a picture of `height_px`."""
    mm_per_px = 2 * camera.parallel_scale_mm / height_px
    right, up = np.asarray(camera.right), np.asarray(camera.up)
    shift = (up * down_px - right * right_px) * mm_per_px
    return replace(camera, focal_point_lps_mm=_vector(camera.focal_point_lps_mm + shift))


def zoom(camera: Camera, factor: float) -> Camera:
    """Enlarge by `factor` about the focal point; between 0.1 mm and 10 m of half height."""
    scale = min(max(camera.parallel_scale_mm / factor, 0.1), 10_000.0)
    return replace(camera, parallel_scale_mm=scale)


def pixel_rays(camera: Camera, size_px: tuple[int, int]) -> NDArray[np.float64]:
    """Describe the rays of a picture (width, height): (6, 3), LPS.

    Rows: origin at the picture's outer top left corner, its change per pixel to the right and
    down; then direction there (any length) and its changes.
    """
    width, height = size_px
    direction, up, right = (np.asarray(v) for v in (camera.direction, camera.up, camera.right))
    mm_per_px = 2 * camera.parallel_scale_mm / height
    across, down = right * mm_per_px, -up * mm_per_px
    eye = np.asarray(camera.focal_point_lps_mm) - direction * camera.eye_distance_mm
    corner = -across * width / 2 - down * height / 2
    none = np.zeros(3)
    if camera.perspective_angle_deg <= 0:
        return np.stack([eye + corner, across, down, direction, none, none])
    ahead = direction * camera.eye_distance_mm
    return np.stack([eye, none, none, ahead + corner, across, down])


def patient_to_view(
    camera: Camera, points_lps_mm: NDArray[np.float64], size_px: tuple[int, int]
) -> NDArray[np.float64]:
    """Project points (n, 3) to (n, 3): x right and y down in pixel edges, depth in mm.

    Depth counts from the focal point away from the eye. Points behind the eye come out as NaN.
    """
    width, height = size_px
    offset = np.asarray(points_lps_mm, float) - np.asarray(camera.focal_point_lps_mm)
    depth = offset @ np.asarray(camera.direction)
    px_per_mm = np.full(len(depth), height / (2 * camera.parallel_scale_mm))
    if camera.perspective_angle_deg > 0:
        ahead = camera.eye_distance_mm + depth
        px_per_mm *= camera.eye_distance_mm / np.where(ahead > 0, ahead, np.nan)
    x = width / 2 + offset @ np.asarray(camera.right) * px_per_mm
    y = height / 2 - offset @ np.asarray(camera.up) * px_per_mm
    return np.stack([x, y, depth], axis=1)


def volume_corners(
    voxel_to_patient: NDArray[np.float64], shape: tuple[int, int, int]
) -> NDArray[np.float64]:
    """Centres of the eight corner voxels of a volume (slices, rows, columns): (8, 3), LPS mm."""
    ends = [(0.0, float(count - 1)) for count in shape]
    grid = np.array([(s, r, c, 1.0) for s in ends[0] for r in ends[1] for c in ends[2]])
    corners: NDArray[np.float64] = (grid @ voxel_to_patient.T)[:, :3]
    return corners


def _rotation(axis: Vector, angle_deg: float) -> NDArray[np.float64]:
    """Rotate about a unit vector by the right-hand rule: (3, 3)."""
    x, y, z = axis
    sine, cosine = math.sin(math.radians(angle_deg)), math.cos(math.radians(angle_deg))
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation: NDArray[np.float64] = np.eye(3) + sine * skew + (1 - cosine) * (skew @ skew)
    return rotation


def _vector(values: Sequence[float] | NDArray[np.float64]) -> Vector:
    return float(values[0]), float(values[1]), float(values[2])
