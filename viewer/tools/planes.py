"""Cuts through a volume: where a plane tile lies in the patient, and the way back from a pixel.

The canvas of a plane is the volume's shadow on it, in px of the volume's finest spacing; it does
not move while the crosshair moves within the plane. Unturned planes are radiological: patient's
right on the left of the screen, front or head up; sagittal ones show the front on the left.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from viewer.annotations import PlaneRef
from viewer.spaces import FramePoint, PatientPoint
from viewer.state import PLANE_KINDS, TileKind
from viewer.tools.transform import Canvas

Vector = tuple[float, float, float]
Axes = tuple[Vector, ...]

UNTURNED: Final[Axes] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_NORMAL_AXIS: Final[dict[TileKind, int]] = {"sagittal": 0, "coronal": 1, "axial": 2}
_HINTS: Final[dict[TileKind, tuple[Vector, Vector, float]]] = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 1.0),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), 1.0),
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0), -1.0),
}
"""Directions of the screen's right and down, and the sign of right x down along the normal."""
_ONWARDS: Final[dict[TileKind, float]] = {"axial": -1.0, "coronal": 1.0, "sagittal": 1.0}
_SHARED_SCALE_UP_TO: Final = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where a volume lies: (slice, row, column, 1) to LPS mm, (4, 4), and its voxel counts."""

    voxel_to_patient: NDArray[np.float64]
    shape: tuple[int, int, int]

    @property
    def steps_mm(self) -> tuple[Vector, Vector, Vector]:
        """From voxel to voxel along the slice, row and column axis, LPS mm."""
        slices, rows, columns = self.voxel_to_patient[:3, :3].T.tolist()
        return tuple(slices), tuple(rows), tuple(columns)

    @property
    def spacing_mm(self) -> Vector:
        """Along the slice, row and column axis."""
        slices, rows, columns = (math.hypot(*step) for step in self.steps_mm)
        return slices, rows, columns

    @property
    def centre(self) -> PatientPoint:
        """The middle of the volume, LPS mm."""
        middle = [(count - 1) / 2 for count in self.shape]
        x, y, z = (self.voxel_to_patient @ [*middle, 1.0])[:3].tolist()
        return PatientPoint(x, y, z)

    def extent_mm(self, direction: Vector) -> float:
        """Length of the volume's shadow along a direction, outer edges of voxels included."""
        pairs = zip(self.steps_mm, self.shape, strict=True)
        return sum(abs(dot(direction, step)) * count for step, count in pairs)

    def step_mm(self, direction: Vector) -> float:
        """From one plane to the next along a direction: the spacing of the nearest voxel axis."""
        nearest = max(self.steps_mm, key=lambda step: abs(dot(direction, unit(step))))
        return math.hypot(*nearest)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where an image lies: its outer upper left corner and its steps, LPS mm; at right angles.

    ``across`` leads from column to column, ``along`` from row to row; pixels need not be square.
    """

    origin: PatientPoint
    across: Vector
    along: Vector


def normal_of(kind: TileKind, turn: Axes) -> Vector:
    """The unit normal of a plane, towards +L, +P or +H when unturned."""
    return turn[_NORMAL_AXIS[kind]]


def directions_of(kind: TileKind, turn: Axes) -> tuple[Vector, Vector]:
    """The patient's directions of the screen's right and down on an unrotated plane tile."""
    right_hint, down_hint, sign = _HINTS[kind]
    normal = normal_of(kind, turn)
    right, down = _projected(right_hint, normal), _projected(down_hint, normal)
    if dot(down, down) >= dot(right, right):
        down = unit(down)
        return scaled(cross(down, normal), sign), down
    right = unit(right)
    return right, scaled(cross(normal, right), sign)


def plane_through(grid: Grid, kind: TileKind, turn: Axes, point: PatientPoint) -> PlaneRef:
    """The plane of a tile through a place; ``series_uid`` is left empty."""
    right, down = directions_of(kind, turn)
    normal = normal_of(kind, turn)
    across, along = _canvas_mm(grid, kind, turn)
    centre = grid.centre
    deep = dot(normal, (point.x - centre.x, point.y - centre.y, point.z - centre.z))
    corner = [
        c + n * deep - r * across / 2 - d * along / 2
        for c, n, r, d in zip(centre, normal, right, down, strict=True)
    ]
    mm_per_px = min(grid.spacing_mm)
    return PlaneRef(
        series_uid="",
        origin=PatientPoint(*corner),
        right=right,
        down=down,
        mm_per_px=mm_per_px,
        columns=max(1, math.ceil(across / mm_per_px - 1e-6)),
        rows=max(1, math.ceil(along / mm_per_px - 1e-6)),
    )


def canvas_of(plane: PlaneRef) -> Canvas:
    """The canvas of a plane; its pixels are square."""
    return Canvas(plane.columns, plane.rows)


def sheet_of(plane: PlaneRef) -> Sheet:
    """Where the pixels of a plane lie."""
    right, down = scaled(plane.right, plane.mm_per_px), scaled(plane.down, plane.mm_per_px)
    return Sheet(plane.origin, right, down)


def to_patient(image: PlaneRef | Sheet, point: FramePoint) -> PatientPoint:
    """Where a place of an image lies in the patient."""
    sheet = sheet_of(image) if isinstance(image, PlaneRef) else image
    steps = zip(sheet.origin, sheet.across, sheet.along, strict=True)
    return PatientPoint(*(o + a * point.column + b * point.row for o, a, b in steps))


def to_plane(image: PlaneRef | Sheet, point: PatientPoint) -> tuple[FramePoint, float]:
    """Where a place of the patient falls on an image, and how far off it is, mm."""
    sheet = sheet_of(image) if isinstance(image, PlaneRef) else image
    origin, across, along = sheet.origin, sheet.across, sheet.along
    offset = (point.x - origin.x, point.y - origin.y, point.z - origin.z)
    column = dot(offset, across) / dot(across, across)
    row = dot(offset, along) / dot(along, along)
    return FramePoint(column, row), dot(offset, unit(cross(across, along)))


def stepped(
    grid: Grid, kind: TileKind, turn: Axes, point: PatientPoint, *, by: int
) -> PatientPoint:
    """The crosshair after so many images onwards: to the feet, the left or the back."""
    normal = np.asarray(normal_of(kind, turn))
    number, count = slice_number(grid, kind, turn, point)
    wanted = min(max(number + by, 1), count)
    shift = (wanted - number) * grid.step_mm(vector(normal)) * _ONWARDS[kind]
    return PatientPoint(*vector(np.asarray(point) + normal * shift))


def slice_number(grid: Grid, kind: TileKind, turn: Axes, point: PatientPoint) -> tuple[int, int]:
    """Which of how many slices a plane shows, counted as the screen goes on, from 1."""
    normal = normal_of(kind, turn)
    step = grid.step_mm(normal)
    count = max(1, round(grid.extent_mm(normal) / step))
    offset = float((np.asarray(point) - np.asarray(grid.centre)) @ np.asarray(normal))
    number = round(offset * _ONWARDS[kind] / step + (count + 1) / 2)
    return min(max(number, 1), count), count


def turned(turn: Axes, about: Vector, angle_deg: float) -> Axes:
    """Turn the planes about a direction by the right-hand rule; stays orthonormal."""
    axis = np.asarray(about) / np.linalg.norm(about)
    sine, cosine = math.sin(math.radians(angle_deg)), math.cos(math.radians(angle_deg))
    cross = np.array(
        [[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]], np.float64
    )
    rotation = np.eye(3) + sine * cross + (1 - cosine) * (cross @ cross)
    x = rotation @ np.asarray(turn[0])
    z = rotation @ np.asarray(turn[2])
    x /= np.linalg.norm(x)
    z -= x * (x @ z)
    z /= np.linalg.norm(z)
    return vector(x), vector(np.cross(z, x)), vector(z)


def dot(a: Vector, b: Vector) -> float:
    """The inner product; plain floats, for numpy takes ten times as long on three of them."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    """The cross product of two directions in patient coordinates, a right-handed system."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def scaled(a: Vector, by: float) -> Vector:
    """A direction made longer."""
    return a[0] * by, a[1] * by, a[2] * by


def unit(a: Vector) -> Vector:
    """A direction of length 1."""
    return scaled(a, 1.0 / math.sqrt(dot(a, a)))


def vector(values: NDArray[np.float64] | Vector) -> Vector:
    """Three floats."""
    return float(values[0]), float(values[1]), float(values[2])


def _canvas_mm(grid: Grid, kind: TileKind, turn: Axes) -> tuple[float, float]:
    """Width and height of the canvas: the same for all three planes where sizes are alike."""
    sides = {k: [grid.extent_mm(d) for d in directions_of(k, turn)] for k in PLANE_KINDS}
    own = sides[kind]
    largest = max(max(pair) for pair in sides.values())
    if largest <= _SHARED_SCALE_UP_TO * max(own):
        return largest, largest
    return own[0], own[1]


def _projected(hint: Vector, normal: Vector) -> Vector:
    off = dot(hint, normal)
    return hint[0] - normal[0] * off, hint[1] - normal[1] * off, hint[2] - normal[2] * off
