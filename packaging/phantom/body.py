"""The bulk of the body as shapes: skin, fat, muscle, lungs, pleura, great vessels.

Each organ is a stack of cross-sections or an ellipsoid; what stands later in the table lies over
what stands earlier. `build` gives the table that `kernels` walks.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from phantom.anatomy import Anatomy, Patient
from phantom.chest import Chest, chest_wall
from phantom.organs import add_abdomen, add_heart, add_nodules, dome_top
from phantom.shapes import HEIGHTS, LABELS, Shapes, Stack, section, smooth


def build(patient: Patient) -> Shapes:
    """All bulk shapes of a patient, skin first."""
    anatomy = patient.anatomy
    chest = chest_wall(anatomy)
    stack = Stack()
    _add_outside(stack, anatomy, chest, patient)
    lungs = {side: _lung_levels(anatomy, chest, side) for side in ("right", "left")}
    for side, levels in lungs.items():
        label = LABELS[f"{side} lung"]
        stack.profile(levels, hu=anatomy.lung_hu, label=label, z=(-142 * anatomy.height, 1e6))
    _add_pleura(stack, patient, lungs)
    _add_middle(stack, anatomy, chest)
    add_abdomen(stack, anatomy, patient)
    add_heart(stack, anatomy, patient.findings)
    add_nodules(stack, patient.findings)
    return stack.done()


def _add_outside(stack: Stack, anatomy: Anatomy, chest: Chest, patient: Patient) -> None:
    a, h = anatomy, anatomy.height
    raised = patient.has_raised_arms
    wall = chest.half_width + 24.0
    shoulder = {-140: 0.0, 20: 4.0, 60: 22.0, 90: 52.0, 115: 84.0, 138: 92.0, 148: 72.0}
    if raised:
        shoulder |= {115: 62.0, 138: 58.0, 148: 46.0}
    slope = {158: 44.0, 168: 26.0, 178: 12.0, 195: 3.0, 230: 0.0}
    half = wall + smooth(shoulder | slope, stretch=h) * a.width + a.fat_mm
    front = chest.front + smooth({-140: 18, 0: 16, 80: 22, 130: 26, 180: 18}) + a.fat_mm
    back = chest.back + smooth({-140: 30, 0: 34, 100: 44, 150: 34, 190: 26}) + 0.7 * a.fat_mm
    for inset, hu in ((0.0, 15.0), (2.0, -105.0)):
        levels = section(
            x=0, y=chest.centre_y, right=half - inset, left=half - inset,
            front=front - inset, back=back - inset, square=0.75,
        )  # fmt: skip
        stack.profile(levels, hu=hu)
        for side in (-1.0, 1.0):
            if not raised:
                _add_arm(stack, a, side, inset=inset, hu=hu)
            if a.breast_mm:
                _add_breast(stack, a, side, inset=inset, hu=hu, raised=raised)
    fat = a.fat_mm
    levels = section(
        x=0, y=chest.centre_y, right=half - 2 - fat, left=half - 2 - fat,
        front=front - 2 - fat, back=back - 2 - 0.7 * fat, square=0.6,
    )  # fmt: skip
    stack.profile(levels, hu=48.0, label=LABELS["muscle"])
    for side in (-1.0, 1.0):
        if not raised:
            _add_arm(stack, a, side, inset=2.0 + 0.6 * fat, hu=48.0)
    _add_wall(stack, chest)
    if a.breast_mm:
        for side in (-1.0, 1.0):
            centre = (side * 74 * a.width, -92 * a.depth - 0.3 * a.breast_mm, -30 * h)
            stack.ellipsoid(centre, (34, a.breast_mm * 0.5, 34), hu=-10.0)


def _add_wall(stack: Stack, chest: Chest) -> None:
    """Fat between the outer muscles and the ribs, and the muscles between the ribs."""
    for outside, hu in ((15.0, -70.0), (9.0, 42.0)):
        reach = chest.half_width + outside
        levels = section(
            x=0, y=chest.centre_y, right=reach, left=reach,
            front=chest.front + outside - 2, back=chest.back + outside, square=0.45,
        )  # fmt: skip
        label = LABELS["fat" if hu < 0 else "muscle"]
        stack.profile(levels, hu=hu, xray_hu=40.0, label=label, z=(-1e6, 128.0))


def _add_arm(stack: Stack, a: Anatomy, side: float, *, inset: float, hu: float) -> None:
    """An upper arm held away from the chest, mostly outside the picture."""
    lean = side * 0.16
    axes = np.array(
        [[math.cos(lean), 0, -math.sin(lean)], [0, 1, 0], [math.sin(lean), 0, math.cos(lean)]]
    )
    centre = (side * (218 * a.width + 0.5 * a.fat_mm), 22.0, 20.0 * a.height)
    radii = (46 + a.fat_mm * 0.5 - inset, 48 + a.fat_mm * 0.5 - inset, 150 - inset)
    stack.ellipsoid(centre, radii, hu=hu, axes=axes)


def _add_breast(
    stack: Stack, a: Anatomy, side: float, *, inset: float, hu: float, raised: bool
) -> None:
    sag = 0.0 if raised else -22.0
    centre = (side * 76 * a.width, -82 * a.depth - 0.3 * a.fat_mm, (-24.0 + sag) * a.height)
    radii = (66 - inset, 30 + a.breast_mm - inset, 58 - inset)
    stack.ellipsoid(centre, radii, hu=hu)


def _lung_levels(anatomy: Anatomy, chest: Chest, side: str) -> NDArray[np.float64]:
    a = anatomy
    sign = -1.0 if side == "right" else 1.0
    z = HEIGHTS / a.height
    x = smooth({-140: 44, 0: 42, 60: 40, 110: 43, 150: 46}, stretch=a.height) * a.width
    top, begin = 154.0, 72.0
    # The cupola: a quarter of a rounded arch from `begin` to the apex.
    rise = np.clip((z - begin) / (top - begin), 0.0, 1.0)
    dome = np.sqrt(np.clip(1.0 - rise**3, 0.0, 1.0))
    lateral = (chest.half_width - 3.0 - x) * dome
    medial = np.clip(x - 1.0, 5.0, None) * np.sqrt(np.clip(1.0 - rise**4, 0.0, 1.0))
    depth = 0.04 + 0.96 * dome**0.8
    right, left = (lateral, medial) if sign < 0 else (medial, lateral)
    return section(
        x=sign * x, y=chest.centre_y, right=right, left=left,
        front=(chest.front - 4.0) * depth, back=(chest.back - 2.0) * depth, square=0.45,
    )  # fmt: skip


def _add_pleura(stack: Stack, patient: Patient, lungs: Mapping[str, NDArray[np.float64]]) -> None:
    found = patient.findings
    if found.pneumothorax > 0:
        _add_pneumothorax(stack, patient, lungs[found.pneumothorax_side])
    if found.effusion > 0:
        levels = lungs[found.effusion_side]
        if patient.posture == "supine":
            _add_crescent(stack, patient, levels)
        else:
            _add_meniscus(stack, patient, levels)


def _add_crescent(stack: Stack, patient: Patient, levels: NDArray[np.float64]) -> None:
    """Fluid of a lying patient: a crescent behind the lung, thinner towards the head."""
    a, found = patient.anatomy, patient.findings
    bounds = (-142 * a.height, 70 * a.height)
    stack.profile(levels, hu=8.0, label=LABELS["effusion"], z=bounds)
    inner = levels.copy()
    thin = np.clip((bounds[1] - HEIGHTS) / (150.0 * a.height), 0.0, 1.0) ** 0.6
    inner[:, 5] = np.maximum(inner[:, 5] - (14.0 + 92.0 * found.effusion) * thin, 4.0)
    label = LABELS[f"{found.effusion_side} lung"]
    stack.profile(inner, hu=a.lung_hu, label=label, z=bounds)


def _add_meniscus(stack: Stack, patient: Patient, levels: NDArray[np.float64]) -> None:
    """Fluid of an upright patient: level in the middle, rising along the wall."""
    a, found = patient.anatomy, patient.findings
    base = dome_top(a, found.effusion_side) - 24.0 + 82.0 * found.effusion
    rise = 34.0 + 30.0 * found.effusion
    stack.profile(levels, hu=8.0, label=LABELS["effusion"], z=(-142 * a.height, base + rise))
    part = np.clip((HEIGHTS - base) / rise, 1e-4, 1.0)
    inner = levels.copy()
    # The fluid climbs the wall: its edge comes nearer to the wall as the logarithm of the height.
    away = 19.0 * np.log(1.0 / part)
    outer, inside = (2, 3) if found.effusion_side == "right" else (3, 2)
    for column, share in ((outer, 1.0), (inside, 0.35), (4, 0.8), (5, 0.8)):
        inner[:, column] = np.maximum(inner[:, column] - share * away, 0.0)
    label = LABELS[f"{found.effusion_side} lung"]
    stack.profile(inner, hu=a.lung_hu, label=label, z=(base, base + rise))


def _add_pneumothorax(stack: Stack, patient: Patient, levels: NDArray[np.float64]) -> None:
    """Air over a lung that has shrunk towards its hilum, and the line of its pleura."""
    a, found = patient.anatomy, patient.findings
    sign = -1.0 if found.pneumothorax_side == "right" else 1.0
    stack.profile(levels, hu=-1000.0, label=LABELS["pneumothorax"], z=(-142 * a.height, 1e6))
    amount = found.pneumothorax
    loss = np.interp(HEIGHTS / a.height, [-140, -40, 60, 150], [0.25, 0.25, 0.36, 0.5])
    keep = 1.0 - loss * amount
    drop = 10.0 + 55.0 * amount
    lung = np.stack([np.interp(HEIGHTS + drop * np.clip((HEIGHTS + 60) / 200, 0, 1), HEIGHTS, c)
                     for c in levels.T], 1)  # fmt: skip
    outer = 2 if sign < 0 else 3
    lung[:, outer] *= keep
    lung[:, 4] *= keep if patient.posture == "supine" else 0.5 + 0.5 * keep
    lung[:, 5] *= 0.5 + 0.5 * keep
    pleura = lung.copy()
    for column in (outer, 4, 5):
        pleura[:, column] += np.where(lung[:, column] > 2.0, 1.2, 0.0)
    label = LABELS[f"{found.pneumothorax_side} lung"]
    stack.profile(pleura, hu=0.0, label=label, z=(-142 * a.height, 1e6))
    denser = a.lung_hu + 150.0 * amount
    stack.profile(lung, hu=denser, label=label, z=(-142 * a.height, 1e6))


def _add_middle(stack: Stack, anatomy: Anatomy, chest: Chest) -> None:
    """Mediastinum, the muscles beside the spine, aorta, caval vein."""
    a, h, w = anatomy, anatomy.height, anatomy.width
    spine = chest.spine_x
    right = (
        smooth({-150: 34, -60: 26, 0: 22, 45: 26, 90: 26, 120: 29, 150: 36, 180: 44}, stretch=h) * w
    )
    left = (
        smooth({-150: 34, -60: 26, 0: 26, 45: 24, 80: 24, 110: 28, 150: 36, 180: 44}, stretch=h) * w
    )
    front = smooth({-150: 80, -60: 88, 0: 76, 60: 62, 110: 54, 150: 44, 180: 36}, scale=a.depth)
    stack.profile(
        section(x=spine, y=chest.centre_y, right=right, left=left, front=front * 1.1,
                back=chest.back, square=-0.85),
        hu=-70.0, xray_hu=-30.0, label=LABELS["fat"],
    )  # fmt: skip
    stack.profile(
        section(x=spine, y=chest.spine_y - 4, right=27 * w, left=28 * w, front=22.0, back=24.0,
                square=-0.85),
        hu=20.0, xray_hu=40.0,
    )  # fmt: skip
    for side in (-1.0, 1.0):
        stack.profile(
            section(x=spine + side * 22, y=chest.spine_y + 42, right=26.0, left=26.0, front=17.0,
                    back=20.0, square=0.1),
            hu=52.0, label=LABELS["muscle"], z=(-1e6, 150 * h),
        )  # fmt: skip
    blood, vessel = 175.0, LABELS["aorta"]
    caval = smooth({-10: 0, 4: 10, 90: 9.5, 125: 6, 142: 0}, stretch=h)
    # Caval vein on the right border, descending aorta left of the spine.
    stack.profile(
        section(x=-25 * w, y=-12.0, right=caval, left=caval, front=1.1 * caval, back=1.1 * caval),
        hu=blood, xray_hu=45.0, label=LABELS["blood"], z=(-20 * h, 145 * h),
    )  # fmt: skip
    stack.profile(
        section(x=smooth({-160: 8, -80: 16, 0: 21, 60: 20}) * w, y=chest.spine_y - 24,
                right=12.5, left=12.5, front=12.5, back=12.5),
        hu=blood, xray_hu=45.0, label=vessel, z=(-1e6, 62 * h),
    )  # fmt: skip
    # Arch: a chain from the ascending part over the left main bronchus to the knob.
    radius = a.knob_mm
    for part in np.linspace(0.0, 1.0, 9):
        centre = (
            (-14 + 34 * part) * w,
            -30 + 52 * part,
            (62 + 9 * math.sin(math.pi * part)) * h,
        )
        radii = (radius * 0.85, radius * 0.9, radius * (1.0 + 0.25 * part))
        stack.ellipsoid(centre, radii, hu=blood, xray_hu=45.0, label=vessel)
    stack.ellipsoid((-15 * w, -32, 32 * h), (16, 16, 46), hu=blood, xray_hu=45.0, label=vessel)
    for x, y, wide in ((-26.0, -18.0, 6.0), (-9.0, -12.0, 6.0), (17.0, -8.0, 5.5)):
        stack.profile(
            section(x=x * w, y=y + chest.centre_y * 0.6, right=wide, left=wide, front=wide,
                    back=wide),
            hu=blood, xray_hu=45.0, label=LABELS["blood"], z=(72 * h, 185 * h),
        )  # fmt: skip
