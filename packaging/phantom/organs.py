"""What lies below the domes of the diaphragm, the heart, and nodules."""

import math

import numpy as np
from numpy.typing import NDArray

from phantom.anatomy import Anatomy, Findings, Patient
from phantom.shapes import LABELS, NODULE_LABELS, Stack, section, smooth

Triple = tuple[float, float, float]


def dome_top(anatomy: Anatomy, side: str) -> float:
    """Height of the top of a dome of the diaphragm, mm."""
    top = anatomy.right_dome_mm * anatomy.height
    return top if side == "right" else top + anatomy.left_dome_mm


def add_abdomen(stack: Stack, anatomy: Anatomy, patient: Patient) -> None:
    """Domes of the diaphragm and what lies below them."""
    a, w, d = anatomy, anatomy.width, anatomy.depth
    low = -152.0 * a.height
    tilt = np.array(
        [[1, 0, 0], [0, math.cos(0.24), math.sin(0.24)], [0, -math.sin(0.24), math.cos(0.24)]]
    )
    fill = smooth({-300: 1, -110: 1, -95: 0.6, -86: 0.0}, stretch=a.height)
    floor = smooth({-300: 1, -134: 1, -126: 0.88, -116: 0.0}, stretch=a.height)
    stack.profile(
        section(x=0, y=4, right=148 * w * floor, left=148 * w * floor, front=108 * d * floor,
                back=106 * d * floor, square=0.5),
        hu=-85.0, xray_hu=25.0, label=LABELS["fat"], z=(-1e6, -112 * a.height),
    )  # fmt: skip
    stack.profile(
        section(x=0, y=0, right=126 * w * fill, left=126 * w * fill, front=92 * d * fill,
                back=88 * d * fill, square=0.5),
        hu=-85.0, xray_hu=20.0, label=LABELS["fat"],
    )  # fmt: skip
    for sign, side in ((-1.0, "right"), (1.0, "left")):
        top = dome_top(a, side)
        centre = (sign * 66 * w, 0.0, low)
        radii = (82 * w, 104 * d, top - low)
        name = "liver" if side == "right" else "fat"
        hu, xray_hu = (108.0, 45.0) if name == "liver" else (-80.0, 28.0)
        bounds = (-190 * a.height, 1e6)
        stack.ellipsoid(
            centre, radii, hu=hu, xray_hu=xray_hu, label=LABELS[name], axes=tilt, z=bounds
        )
    _add_organs(stack, a, patient)


def _add_organs(stack: Stack, a: Anatomy, patient: Patient) -> None:
    w, d, h = a.width, a.depth, a.height
    left_top = dome_top(a, "left")
    stack.ellipsoid((12 * w, -46 * d, -118 * h), (62, 34, 26), hu=108.0, xray_hu=45.0,
                    label=LABELS["liver"])  # fmt: skip
    stack.ellipsoid((-70 * w, 10 * d, -170 * h), (58, 66, 50), hu=108.0, xray_hu=45.0,
                    label=LABELS["liver"])  # fmt: skip
    stack.ellipsoid((96 * w, 40 * d, left_top - 52), (30, 44, 44), hu=118.0, xray_hu=45.0,
                    label=LABELS["spleen"])  # fmt: skip
    stomach = (62 * w, -14 * d, left_top - 48)
    size = (36.0, 44.0, 40.0)
    stack.ellipsoid(stomach, (39, 47, 43), hu=55.0, label=LABELS["stomach"])
    stack.ellipsoid(stomach, size, hu=25.0, label=LABELS["stomach"])
    gas = a.stomach_gas_mm
    if patient.posture == "supine":
        level = stomach[1] - size[1] + 1.4 * gas
        stack.ellipsoid(stomach, size, hu=-985.0, label=LABELS["air"], y=(-1e6, level))
    else:
        level = stomach[2] + size[2] - gas
        stack.ellipsoid(stomach, size, hu=-985.0, label=LABELS["air"], z=(level, 1e6))


def add_heart(stack: Stack, anatomy: Anatomy, findings: Findings) -> None:
    """Muscle, chambers and the trunk of the lung's artery; an enlarged heart grows to the left."""
    a = anatomy
    heart = LABELS["heart"]
    size = a.heart * (1.0 + 0.30 * findings.cardiomegaly)
    turn = math.radians(a.heart_turn_deg)
    long = np.array([0.80, -0.42, -0.43 - 0.6 * turn])
    long /= np.linalg.norm(long)
    up = np.array([0.0, 0.0, 1.0])
    side = np.cross(up, long)
    side /= np.linalg.norm(side)
    axes = np.stack([long, side, np.cross(long, side)], 1)
    # The floor of the heart rests on the diaphragm, its right border stays beside the spine.
    base = 0.55 * dome_top(a, "right") - 5.0 * a.height
    centre = np.array([9.0 + 14.0 * size, -26.0 * a.depth, base + 16.0 * (size - 1.0)])
    _add_walls(stack, centre, size=size, axes=axes, label=heart)
    blood, dim = 170.0, 45.0
    chambers: tuple[tuple[Triple, Triple, bool], ...] = (
        ((26, -2, -12), (38, 22, 21), True),
        ((2, -26, -4), (34, 15, 26), True),
        ((-42, 6, 2), (19, 24, 30), False),
        ((-10, 38, 26), (34, 19, 20), False),
        ((-2, -20, 54), (17, 16, 26), False),
        ((4, -8, 62), (19, 24, 15), False),
    )
    for offset, radii, is_turned in chambers:
        stack.ellipsoid(
            centre + size * np.array(offset),
            size * np.array(radii),
            axes=axes if is_turned else None,
            hu=blood,
            xray_hu=dim,
            label=heart,
        )


def _add_walls(
    stack: Stack, centre: NDArray[np.float64], *, size: float, axes: NDArray[np.float64], label: int
) -> None:
    parts: tuple[tuple[Triple, Triple, bool], ...] = (
        ((6, -4, -8), (74, 47, 46), True),
        ((8, -8, 2), (57, 42, 46), False),
        ((-38, 4, 4), (26, 32, 46), False),
        ((-6, 32, 24), (38, 24, 26), False),
        ((0, -12, 42), (31, 28, 44), False),
    )
    for offset, radii, turned in parts:
        stack.ellipsoid(
            centre + size * np.array(offset, np.float64),
            size * np.array(radii, np.float64),
            axes=axes if turned else None,
            hu=92.0,
            xray_hu=45.0,
            label=label,
        )


def add_nodules(stack: Stack, findings: Findings) -> None:
    """Nodules: a sphere with three lobes that stand out a little."""
    for number, nodule in enumerate(findings.nodules[: len(NODULE_LABELS)]):
        rng = np.random.default_rng(int(abs(nodule.centre_lps_mm[0] * 1000)) + number)
        centre = np.array(nodule.centre_lps_mm)
        radius = nodule.diameter_mm / 2
        label = NODULE_LABELS[number]
        stack.ellipsoid(centre, (radius, radius, radius), hu=nodule.hu, label=label)
        for _ in range(3):
            away = rng.normal(size=3)
            away *= 0.42 * radius / np.linalg.norm(away)
            stack.ellipsoid(centre + away, [radius * 0.72] * 3, hu=nodule.hu, label=label)
