"""A type per coordinate system; a conversion names both of its ends.

Patient coordinates are LPS in millimetres (PS3.3 C.7.6.2.1.1): +x left, +y posterior, +z head.
Frame coordinates are edges in pixels: pixel i covers [i, i + 1), so its centre is i + 0.5.
Voxel coordinates are whole numbers at voxel centres: voxel = frame - 0.5.
View coordinates are a widget's logical pixels, y down.
"""

from dataclasses import dataclass
from typing import NamedTuple


class PatientPoint(NamedTuple):
    """A place in the patient, LPS, mm."""

    x: float
    y: float
    z: float


class VoxelPoint(NamedTuple):
    """A place in a volume's grid; whole numbers are voxel centres."""

    slice: float
    row: float
    column: float


class FramePoint(NamedTuple):
    """A place on a frame in edge coordinates, px: (0, 0) is the outer top left corner."""

    column: float
    row: float


class ViewPoint(NamedTuple):
    """A place in a widget, logical px, y down."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class FrameBox:
    """A rectangle on a frame in half-open edge coordinates, px."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Width, px."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height, px."""
        return self.bottom - self.top

    @property
    def centre(self) -> FramePoint:
        """The middle."""
        return FramePoint((self.left + self.right) / 2, (self.top + self.bottom) / 2)
