"""Slices, grids and directions in the patient (PS3.3 C.7.6.2): numpy alone, LPS millimetres.

All tests are by position: never by Slice Location, Instance Number, Slice Thickness or Spacing
Between Slices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from viewer.study import Geometry

Vector = NDArray[np.float64]
Regularity = Literal["uniform", "uneven", "missing", "irregular", "one_place"]

UNIFORM_MM: Final = 0.05
_ONE_PLACE_MM: Final = 0.01
_UNEVEN_SHARE: Final = 0.1
_MULTIPLE_SHARE: Final = 0.1
_UNIT_ERROR: Final = 0.01
_TILT_DEG: Final = 0.1
_DRIFT_PX: Final = 0.5
_LETTER_COMPONENT: Final = 0.17
_PLANE_COMPONENT: Final = 0.8
_LETTERS: Final = (("L", "R"), ("P", "A"), ("H", "F"))
_OPPOSITES: Final = str.maketrans("LRPAHF", "RLAPFH")
_PLANES: Final[tuple[Literal["sagittal"], Literal["coronal"], Literal["axial"]]] = (
    "sagittal",
    "coronal",
    "axial",
)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Slices put in order along their normal, and how regular they are.

    ``order`` are indices into the positions, ascending along the normal. ``gaps_mm`` are the
    distances along the normal between neighbours. ``missing`` counts slices that the gaps suggest.
    ``is_tilted`` when stacking the slices straight would shear the picture.
    """

    order: tuple[int, ...]
    geometry: Geometry
    gaps_mm: tuple[float, ...]
    regularity: Regularity
    missing: int
    is_tilted: bool


@dataclass(frozen=True, slots=True)
class PlaneName:
    """A plane's name and how many degrees its normal is off the axis that names it."""

    name: Literal["axial", "coronal", "sagittal", "oblique"]
    off_deg: float


@dataclass(frozen=True, slots=True)
class EdgeLetters:
    """Orientation letters at the four edges of a picture; "" where nothing is known."""

    left: str = ""
    right: str = ""
    top: str = ""
    bottom: str = ""


def unit(vector: Sequence[float] | Vector) -> Vector:
    """The vector with length 1; ValueError for a vector without a direction."""
    array = np.asarray(vector, dtype=np.float64)
    length = float(np.linalg.norm(array))
    if not length > 0 or not np.isfinite(length):
        raise ValueError("a vector without a direction")
    return array / length


def is_valid_orientation(orientation: Sequence[float]) -> bool:
    """Whether six cosines are two unit vectors at a right angle, within 0.01."""
    row = np.asarray(orientation[:3], dtype=np.float64)
    column = np.asarray(orientation[3:], dtype=np.float64)
    errors = (np.linalg.norm(row) - 1, np.linalg.norm(column) - 1, np.dot(row, column))
    return bool(np.all(np.abs(errors) < _UNIT_ERROR))


def slice_normal(orientation: Sequence[float]) -> Vector:
    """Row direction x column direction, a unit vector."""
    return unit(np.cross(orientation[:3], orientation[3:]))


def positions_along(positions: NDArray[np.float64], orientation: Sequence[float]) -> Vector:
    """How far along the normal each of the (n, 3) positions lies, mm."""
    along: Vector = positions @ slice_normal(orientation)
    return along


def arrange(
    positions: NDArray[np.float64],
    orientation: Sequence[float],
    *,
    rows: int,
    columns: int,
    pixel_spacing: tuple[float, float],
) -> Arrangement:
    """Put at least two slices in order and say what grid they make.

    ``positions`` is (n, 3), the centre of each slice's first pixel; ``pixel_spacing`` the distance
    between rows, then between columns.
    """
    along = positions_along(positions, orientation)
    order = np.argsort(along, kind="stable")
    gaps = np.diff(along[order])
    first, last = positions[order[0]], positions[order[-1]]
    step_mm = float(np.median(gaps))
    regularity, missing = _regularity(gaps, step_mm)
    normal = slice_normal(orientation)
    tilt_deg, drift_mm = _tilt(last - first, normal)
    step = (last - first) / len(gaps) if regularity == "uniform" else _step(last - first, step_mm)
    row_x, row_y, row_z, column_x, column_y, column_z = map(float, orientation)
    geometry = Geometry(
        shape=(len(positions), rows, columns),
        spacing_mm=(step_mm, *pixel_spacing),
        orientation=(row_x, row_y, row_z, column_x, column_y, column_z),
        origin_lps_mm=(float(first[0]), float(first[1]), float(first[2])),
        uniform=regularity == "uniform",
        tilt_deg=tilt_deg,
        step_lps_mm=(float(step[0]), float(step[1]), float(step[2])),
    )
    return Arrangement(
        order=tuple(order.tolist()),
        geometry=geometry,
        gaps_mm=tuple(gaps.tolist()),
        regularity=regularity,
        missing=missing,
        is_tilted=_is_tilted(tilt_deg, drift_mm, pixel_spacing),
    )


def needs_straightening(geometry: Geometry) -> bool:
    """Whether a stack must be resampled before it is a right-angled grid: tilted or uneven."""
    length_mm = (geometry.shape[0] - 1) * geometry.spacing_mm[0]
    drift_mm = length_mm * float(np.tan(np.radians(geometry.tilt_deg)))
    spacing = (geometry.spacing_mm[1], geometry.spacing_mm[2])
    return not geometry.uniform or _is_tilted(geometry.tilt_deg, drift_mm, spacing)


def voxel_to_patient(geometry: Geometry) -> NDArray[np.float64]:
    """The (4, 4) matrix from (slice, row, column, 1) to LPS mm, (4, 4) float64.

    Slices follow ``step_lps_mm``, so a tilted stack gives a sheared matrix; exact for uniform
    stacks only.
    """
    matrix = np.eye(4)
    row_direction = np.asarray(geometry.orientation[:3])
    column_direction = np.asarray(geometry.orientation[3:])
    step = np.asarray(geometry.step_lps_mm)
    if not step.any():
        step = slice_normal(geometry.orientation) * geometry.spacing_mm[0]
    matrix[:3, 0] = step
    matrix[:3, 1] = column_direction * geometry.spacing_mm[1]
    matrix[:3, 2] = row_direction * geometry.spacing_mm[2]
    matrix[:3, 3] = geometry.origin_lps_mm
    return matrix


def direction_letters(vector: Sequence[float] | Vector) -> str:
    """The letters of a direction in the patient, for example ``A`` or ``AR``; "" for no direction.

    The largest component first; the next ones only from 10 degrees off the axis on.
    """
    try:
        components = unit(vector).tolist()
    except ValueError:
        return ""
    by_size = sorted(range(3), key=lambda axis: -round(abs(components[axis]), 6))
    kept = [axis for axis in by_size if abs(components[axis]) >= _LETTER_COMPONENT]
    return "".join(_LETTERS[axis][components[axis] < 0] for axis in kept)


def opposite_letters(letters: str) -> str:
    """The opposite direction, letter by letter: ``AR`` gives ``PL``."""
    return letters.translate(_OPPOSITES)


def edge_letters(right: Sequence[float] | Vector, down: Sequence[float] | Vector) -> EdgeLetters:
    """The four edges of a picture whose screen right and screen down point that way in LPS."""
    right_letters, bottom_letters = direction_letters(right), direction_letters(down)
    return EdgeLetters(
        left=opposite_letters(right_letters),
        right=right_letters,
        top=opposite_letters(bottom_letters),
        bottom=bottom_letters,
    )


def projection_letters(patient_orientation: Sequence[str]) -> EdgeLetters:
    """The four edges of a projection by Patient Orientation (0020,0020): right, then bottom.

    Nothing when it holds anything but the letters R L A P H F.
    """
    if len(patient_orientation) != 2:
        return EdgeLetters()
    right, bottom = (text.strip().upper() for text in patient_orientation)
    if not right or not bottom or not set(right + bottom) <= set("RLAPHF"):
        return EdgeLetters()
    return EdgeLetters(opposite_letters(right), right, opposite_letters(bottom), bottom)


def plane_name(normal: Sequence[float] | Vector) -> PlaneName:
    """What a plane with this normal is called, and how far it is off."""
    components = np.abs(unit(normal))
    axis = int(np.argmax(components))
    off_deg = float(np.degrees(np.arccos(min(1.0, float(components[axis])))))
    if components[axis] < _PLANE_COMPONENT:
        return PlaneName("oblique", off_deg)
    return PlaneName(_PLANES[axis], off_deg)


def _regularity(gaps: NDArray[np.float64], median: float) -> tuple[Regularity, int]:
    """How even the gaps are, and how many slices seem to be missing."""
    if float(gaps.sum()) <= _ONE_PLACE_MM:
        return "one_place", 0
    if np.all(np.abs(gaps - median) <= UNIFORM_MM):
        return "uniform", 0
    if median <= 0:
        return "irregular", 0
    steps = gaps / median
    if np.all(np.abs(steps - 1) <= _UNEVEN_SHARE):
        return "uneven", 0
    whole = np.rint(steps)
    if np.all(whole >= 1) and np.all(np.abs(steps - whole) <= _MULTIPLE_SHARE):
        return "missing", int(whole.sum()) - len(gaps)
    return "irregular", 0


def _is_tilted(tilt_deg: float, drift_mm: float, pixel_spacing: tuple[float, float]) -> bool:
    return tilt_deg > _TILT_DEG or drift_mm > _DRIFT_PX * min(pixel_spacing)


def _tilt(through: Vector, normal: Vector) -> tuple[float, float]:
    """The angle between the line through the slices and the normal, and the drift in plane, mm."""
    along = float(np.dot(through, normal))
    drift = float(np.linalg.norm(through - along * normal))
    if along <= 0:
        return 0.0, 0.0
    return float(np.degrees(np.arctan2(drift, along))), drift


def _step(through: Vector, step_mm: float) -> Any:
    """From slice to slice on an uneven stack: its direction, as long as the median gap needs."""
    length = float(np.linalg.norm(through))
    return through / length * step_mm if length else through
