"""Ribs, spine, breastbone, collarbones, shoulder blades and upper arms of a body.

A bone is a shell of compact bone round marrow: two sets of beads (or drums for vertebral bodies).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phantom.anatomy import Findings, Patient
from phantom.chest import Chest, chest_wall
from phantom.shapes import SOFT_PER_MM
from phantom.tubes import Beads, joined, lump, resampled, tube

COMPACT_HU, MARROW_HU = 1050.0, 330.0
VERTEBRA_COMPACT_HU, VERTEBRA_MARROW_HU = 480.0, 150.0
CARTILAGE_HU = 110.0


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Compact bone, marrow inside it, and vertebral bodies as drums (n, 6): centre, half widths."""

    compact: Beads
    marrow: Beads
    drums: NDArray[np.float64]
    drum_marrow: NDArray[np.float64]
    cartilage: Beads
    gap_lps_mm: tuple[float, float, float] | None

    def drum_shadows(self) -> NDArray[np.float64]:
        """Drums with the attenuation that they add (n, 7)."""
        shell = (VERTEBRA_COMPACT_HU - 40.0) * 0.7 * SOFT_PER_MM / 1040.0
        core = (VERTEBRA_MARROW_HU - VERTEBRA_COMPACT_HU) * 0.7 * SOFT_PER_MM / 1040.0
        outer = np.concatenate([self.drums, np.full((len(self.drums), 1), shell)], 1)
        inner = np.concatenate([self.drum_marrow, np.full((len(self.drums), 1), core)], 1)
        return np.concatenate([outer, inner])


class _Bones:
    def __init__(self) -> None:
        self.compact: list[Beads] = []
        self.marrow: list[Beads] = []
        self.cartilage: list[Beads] = []

    def tube(
        self, points: NDArray[np.float64], up: NDArray[np.float64] | float,
        out: NDArray[np.float64] | float, normals: NDArray[np.float64] | None = None,
        *, bark: float = 1.1,
    ) -> None:  # fmt: skip
        self.compact.append(tube(points, up_mm=up, out_mm=out, normals=normals, hu=COMPACT_HU))
        self.marrow.append(
            tube(points, up_mm=up - bark, out_mm=out - bark, normals=normals, hu=MARROW_HU)
        )

    def lump(
        self, centre: NDArray[np.float64], radii: tuple[float, float, float],
        *, axes: NDArray[np.float64] | None = None, bark: float = 1.2,
    ) -> None:  # fmt: skip
        self.compact.append(lump(centre, radii, hu=COMPACT_HU, axes=axes))
        inner = (
            max(0.3, radii[0] - bark), max(0.3, radii[1] - bark), max(0.3, radii[2] - bark)
        )  # fmt: skip
        self.marrow.append(lump(centre, inner, hu=MARROW_HU, axes=axes))


def build(patient: Patient) -> Skeleton:
    """The skeleton of a patient."""
    chest = chest_wall(patient.anatomy)
    bones = _Bones()
    gap = _add_ribs(bones, patient, chest)
    drums, marrow = _add_spine(bones, patient, chest)
    _add_front(bones, patient, chest)
    _add_shoulders(bones, patient, chest)
    return Skeleton(
        joined(bones.compact), joined(bones.marrow), drums, marrow, joined(bones.cartilage), gap
    )


def vertebra_height(patient: Patient, number: float) -> float:
    """Height of thoracic vertebra `number` (1 to 12; 0 and less: neck, above 12: loin), mm."""
    if number < 1:
        return (148.0 + 19.0 * (1 - number)) * patient.anatomy.height
    return (148.0 - 24.0 * (number - 1) - 0.25 * (number - 1) ** 2) * patient.anatomy.height


def _rib_line(
    patient: Patient, chest: Chest, number: int, sign: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre line of a rib from its vertebra to its cartilage, and outward normals."""
    a = patient.anatomy
    top = vertebra_height(patient, number) + 4.0
    reach = {
        1: 140,
        2: 150,
        3: 155,
        4: 157,
        5: 158,
        6: 157,
        7: 153,
        8: 146,
        9: 138,
        10: 128,
        11: 92,
        12: 66,
    }
    fall = {
        1: 34,
        2: 55,
        3: 74,
        4: 88,
        5: 98,
        6: 106,
        7: 110,
        8: 110,
        9: 106,
        10: 98,
        11: 66,
        12: 46,
    }
    angle = np.radians(np.linspace(0.0, reach[number], 90))
    part = angle / math.pi
    z = top - fall[number] * a.rib_slope * a.height * (
        1.18 * part**1.55 - 0.06 * np.sin(math.tau * part)
    )
    half, front, back, centre_y, spine_x, spine_y = chest.at(z)
    if number <= 2:
        half, front, back, centre_y, _, _ = chest.at(np.full_like(z, top - 30.0))
        shrink = {1: 0.62, 2: 0.86}[number]
        half, front, back = half * shrink, front * shrink, back * shrink
    # An oval that bulges beside the spine, as the gutter of the chest does.
    oval = np.sin(angle) ** 0.88
    x = (half + 2.6) * oval
    reach_y = np.where(angle < math.pi / 2, back + 4.0, front + 5.0)
    bulge = np.cos(angle)
    y = centre_y + reach_y * np.sign(bulge) * np.abs(bulge) ** 0.86
    begin = np.exp(-((angle / 0.34) ** 2))
    x = x * (1 - begin) + begin * np.maximum(x, 15.0)
    y = y * (1 - begin) + begin * (spine_y + 6.0 + 70.0 * angle)
    points = np.stack([sign * x + spine_x, y, z], 1)
    points = resampled(points, 2.2)
    half, front, back, centre_y, _, _ = chest.at(points[:, 2])
    normal = np.stack([points[:, 0] / half**2, (points[:, 1] - centre_y) / back**2, 0 * half], 1)
    return points, normal / np.linalg.norm(normal, axis=1, keepdims=True)


def _add_ribs(bones: _Bones, patient: Patient, chest: Chest) -> tuple[float, float, float] | None:
    found: Findings = patient.findings
    gap = None
    for sign, side in ((-1.0, "right"), (1.0, "left")):
        for number in range(1, 13):
            points, normals = _rib_line(patient, chest, number, sign)
            along = np.linspace(0.0, 1.0, len(points))
            tall = patient.anatomy.rib_mm * (0.82 + 0.26 * along) * (0.85 if number > 10 else 1.0)
            thick = 4.3 - 0.6 * along
            pieces = [slice(0, len(points))]
            if found.fracture and side == found.fracture_side and number == found.fracture_rib:
                at = int(len(points) * 0.46)
                gap = (float(points[at, 0]), float(points[at, 1]), float(points[at, 2]))
                points[at:] += np.array([0.0, 0.0, -4.5])
                pieces = [slice(0, at - 1), slice(at + 1, len(points))]
            for piece in pieces:
                bones.tube(points[piece], tall[piece], thick[piece], normals[piece], bark=1.3)
            if number <= 10:
                _add_cartilage(bones, patient, points[-1], number)
    return gap


def _add_cartilage(bones: _Bones, patient: Patient, end: NDArray[np.float64], number: int) -> None:
    a = patient.anatomy
    sternum = np.array(
        [math.copysign(15.0, end[0]), end[1] - 6.0, max(end[2] + 4.0 * number, -52.0 * a.height)]
    )
    middle = (end + sternum) / 2 + np.array([0.0, -7.0, -4.0])
    line = resampled(np.stack([end, middle, sternum]), 3.0)
    bones.cartilage.append(tube(line, up_mm=5.5, out_mm=4.0, normals=None, hu=CARTILAGE_HU))


def _add_spine(
    bones: _Bones, patient: Patient, chest: Chest
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    outer, inner = [], []
    for number in range(-4, 16):
        z = vertebra_height(patient, number)
        below = vertebra_height(patient, number + 1)
        _, _, _, _, x, y = chest.at(z)
        size = patient.anatomy.width * float(
            np.interp(number, [-4, 1, 12, 16], [0.62, 0.78, 1.0, 1.1])
        )
        tall = (z - below) * 0.40
        centre = np.array([float(x), float(y), z])
        outer.append([*centre, 17.5 * size, 14.0 * size, tall])
        inner.append([*centre, 16.2 * size, 12.8 * size, tall - 1.3])
        _add_arch(bones, centre, size, number)
    return np.array(outer), np.array(inner)


def _add_arch(bones: _Bones, centre: NDArray[np.float64], size: float, number: int) -> None:
    """Pedicles, plates, transverse and spinous processes of one vertebra."""

    def spot(x: float, y: float, z: float) -> NDArray[np.float64]:
        return centre + size * np.array([x, y, z])

    for sign in (-1.0, 1.0):
        bones.tube(
            resampled(np.stack([spot(sign * 11, 10, 3), spot(sign * 12, 20, 3)]), 1.5),
            4.0 * size,
            3.0,
            bark=0.45,
        )
        bones.tube(
            resampled(np.stack([spot(sign * 12, 22, 2), spot(0, 32, -3)]), 1.5),
            3.4 * size,
            3.0,
            bark=0.45,
        )
        if 0 <= number <= 12:
            tip = spot(sign * 29, 34, 5)
            bones.tube(
                resampled(np.stack([spot(sign * 11, 23, 3), tip]), 1.5), 4.0 * size, 3.0, bark=0.45
            )
    drop = -22.0 if 2 < number < 11 else -10.0
    bones.tube(
        resampled(np.stack([spot(0, 31, -2), spot(0, 48, drop)]), 1.5), 3.4 * size, 3.0, bark=0.45
    )


def _add_front(bones: _Bones, patient: Patient, chest: Chest) -> None:
    """Breastbone and collarbones."""
    a = patient.anatomy
    heights = np.array([100.0, 84.0, 66.0, 20.0, -20.0, -46.0]) * a.height
    _, front, _, centre_y, _, _ = chest.at(heights)
    y = centre_y - front - 7.0
    points = resampled(np.stack([0 * heights, y, heights], 1), 2.0)
    wide = np.interp(points[:, 2], heights[::-1], [9.0, 16.0, 15.0, 14.0, 25.0, 22.0])
    normals = np.broadcast_to(np.array([0.0, -1.0, 0.0]), points.shape)
    bones.tube(points, wide, 5.0, normals, bark=1.0)
    raised = patient.has_raised_arms
    for sign in (-1.0, 1.0):
        lift = 34.0 if raised else 20.0
        knots = np.array([
            [sign * 15, y[0] - 3, heights[0] + 4],
            [sign * 48 * a.width, y[0] - 6, heights[0] + 10],
            [sign * 92 * a.width, y[0] + 18, heights[0] + 10 + lift * 0.5],
            [sign * 132 * a.width, y[0] + 44, heights[0] + 14 + lift],
            [sign * 158 * a.width, y[0] + 52, heights[0] + 12 + lift],
        ])  # fmt: skip
        line = _rounded(knots, 2.0)
        along = np.linspace(0, 1, len(line))
        bones.tube(line, 7.0 - 1.7 * np.sin(math.pi * along) + 1.6 * (along < 0.12), 5.4, bark=2.0)


def _rounded(knots: NDArray[np.float64], step_mm: float) -> NDArray[np.float64]:
    """A smooth line near the knots: corners cut three times."""
    for _ in range(3):
        a, b = knots[:-1], knots[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], 1).reshape(-1, 3)
        knots = np.concatenate([knots[:1], cut, knots[-1:]])
    return resampled(knots, step_mm)


def _add_shoulders(bones: _Bones, patient: Patient, chest: Chest) -> None:
    a = patient.anatomy
    raised = patient.has_raised_arms
    w, h = a.width, a.height
    for sign in (-1.0, 1.0):
        x0 = 128.0 if not raised else 118.0
        top = 126.0 * h
        _, _, back, centre_y, _, _ = chest.at(60.0 * h)
        y = float(centre_y + 0.62 * back) + 16.0
        glenoid = np.array([sign * (x0 + 32) * w, y - 42, top - 6])
        inner_top = np.array([sign * (x0 - 34) * w, y + 14, top - 8])
        tip = np.array([sign * (x0 - 4) * w, y + 6, top - 128 * h])
        _add_plate(bones, inner_top, glenoid, tip)
        spine_end = glenoid + np.array([sign * 10.0, 6.0, 24.0])
        spine_begin = inner_top * 0.75 + tip * 0.25
        bow = (spine_begin + spine_end) / 2 + np.array([0.0, 10.0, 2.0])
        bones.tube(_rounded(np.stack([spine_begin, bow, spine_end]), 2.0),
                   4.2, 4.0, bark=1.0)  # fmt: skip
        beak = glenoid + np.array([[0.0, 0.0, 0.0], [-sign * 8, -18, 14], [sign * 2, -28, 8]])
        bones.tube(_rounded(beak, 2.0),
                   4.6, 4.0, bark=1.0)  # fmt: skip
        head = glenoid + np.array([sign * 25.0, -6.0, 4.0])
        bones.lump(head, (22.0, 22.0, 23.0), bark=1.2)
        away = np.array([sign * 26, -4, 190.0]) if raised else np.array([sign * 34, 4, -170.0])
        shaft = resampled(np.stack([head + 0.06 * away, head + away]), 3.0)
        bones.tube(shaft, 11.0, 11.0, bark=3.4)


def _add_plate(
    bones: _Bones,
    inner_top: NDArray[np.float64],
    glenoid: NDArray[np.float64],
    tip: NDArray[np.float64],
) -> None:
    """The thin triangle of a shoulder blade with its thick borders."""
    bones.tube(
        _rounded(np.stack([glenoid, glenoid * 0.5 + tip * 0.5, tip]), 2.0), 4.2, 4.0, bark=1.0
    )
    bones.tube(
        _rounded(np.stack([inner_top, inner_top * 0.5 + tip * 0.5 + [0, 4, 0], tip]), 2.0),
        2.2,
        2.0,
        bark=0.9,
    )
    bones.tube(
        _rounded(np.stack([inner_top, glenoid * 0.5 + inner_top * 0.5 + [0, 2, 4], glenoid]), 2.0),
        2.4,
        2.0,
        bark=0.9,
    )
    for part in np.linspace(0.06, 0.94, 46):
        a = inner_top * (1 - part) + tip * part
        b = glenoid * (1 - part) + tip * part
        line = resampled(np.stack([a, b]), 3.0)
        normals = np.broadcast_to(np.array([0.25 * np.sign(a[0]), 1.0, 0.0]), line.shape)
        bones.compact.append(tube(line, up_mm=4.5, out_mm=0.45, normals=normals, hu=COMPACT_HU))
