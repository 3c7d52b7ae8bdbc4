"""Series whose truth is known in the patient, and how to find it again on a picture.

What is written is a field over LPS mm; nothing of the program's geometry is used. Beads are smooth
bright spots at known places: a middle of light on the screen must measure as its place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage
from series import SeriesTruth, make_series

Vector = NDArray[np.float64]
Field = Callable[[NDArray[np.float64]], NDArray[np.float64]]
SIGMA_MM = 2.5
BRIGHT = (1000.0, 700.0, 490.0)
_EDGE = 0.15


@dataclass(frozen=True, slots=True)
class Acquisition:
    """How a scanner took it; ``shift_mm`` moves each slice along its columns (a tilted gantry)."""

    name: str
    orientation: tuple[float, ...]
    spacing_mm: tuple[float, float, float]
    shape: tuple[int, int, int] = (16, 64, 72)
    shift_mm: float = 0.0
    is_reversed: bool = False

    @property
    def step_lps_mm(self) -> Vector:
        """From one slice to the next, LPS mm."""
        row, column = np.array(self.orientation[:3]), np.array(self.orientation[3:])
        step = np.cross(row, column) * self.spacing_mm[0] + column * self.shift_mm
        return -step if self.is_reversed else step

    @property
    def origin_lps_mm(self) -> Vector:
        """The first pixel's centre; the middle of the volume lies at (7, -11, 40)."""
        middle = [(count - 1) / 2 for count in self.shape]
        return np.array([7.0, -11.0, 40.0]) - self._steps @ middle

    def lps(self, slices: float, row: float, column: float) -> Vector:
        """Where a place in whole voxel centres lies."""
        return self.origin_lps_mm + self._steps @ [slices, row, column]

    def voxel(self, place: Vector) -> Vector:
        """The way back: (slice, row, column), whole numbers at voxel centres."""
        return np.linalg.solve(self._steps, place - self.origin_lps_mm)

    def write(self, folder: Path, field: Field) -> SeriesTruth:
        """Write the field's values as HU, one file a slice."""
        index = np.indices(self.shape).reshape(3, -1)
        places = (self._steps @ index).T + self.origin_lps_mm
        values = np.round(field(places)).reshape(self.shape)
        positions = self.origin_lps_mm + np.outer(np.arange(self.shape[0]), self.step_lps_mm)
        stored = (values + 1024).astype(np.int16)
        return make_series(
            folder,
            self.shape,
            spacing_mm=self.spacing_mm,
            orientation=self.orientation,
            positions=positions,
            values=stored,
            intercept=-1024.0,
        )

    @property
    def _steps(self) -> NDArray[np.float64]:
        row, column = np.array(self.orientation[:3]), np.array(self.orientation[3:])
        sides = (self.step_lps_mm, column * self.spacing_mm[1], row * self.spacing_mm[2])
        return np.column_stack(sides)


def turned(*angles_deg: float) -> tuple[float, ...]:
    """The cosines of an axial image turned about x, then y, then z."""
    x, y, z = (np.radians(a) for a in angles_deg)
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    whole = about_z @ about_y @ about_x
    return (*whole[:, 0].tolist(), *whole[:, 1].tolist())


def beads(places: Sequence[Vector]) -> Field:
    """Bright spots on black, each less bright than the one before, so that each is known."""

    def field(lps: NDArray[np.float64]) -> NDArray[np.float64]:
        values = np.zeros(len(lps))
        for place, bright in zip(places, BRIGHT, strict=False):
            away = np.sum((lps - place) ** 2, axis=1)
            values += bright * np.exp(-away / (2 * SIGMA_MM**2))
        return values

    return field


def middles(image: QImage, count: int, radius_px: int) -> list[Vector]:
    """The middles of light (x, y) of the brightest spots of a picture, brightest first.

    Letters and scale at the picture's edges are left out; so is everything dimmer than a tenth.
    """
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), -1)
    light = rows[:, : grey.width()].astype(np.float64)
    light[light < 26] = 0
    edge_y, edge_x = round(grey.height() * _EDGE), round(grey.width() * _EDGE)
    light[:edge_y], light[-edge_y:], light[:, :edge_x], light[:, -edge_x:] = 0, 0, 0, 0
    y, x = np.indices(light.shape)
    found = []
    for _ in range(count):
        at = np.unravel_index(int(light.argmax()), light.shape)
        near = (y - at[0]) ** 2 + (x - at[1]) ** 2 < radius_px**2
        weights = np.where(near, light, 0.0)
        total = weights.sum()
        if total == 0:
            raise AssertionError(f"{len(found)} spots on the picture, not {count}")
        # The middle of pixel 0 is 0.5 from the widget's edge.
        found.append(np.array([(weights * x).sum(), (weights * y).sum()]) / total + 0.5)
        light[near] = 0
    return found
