"""The bulk of the body as shapes: skin, fat, muscle, lungs, heart, great vessels, upper abdomen.

Each organ is a stack of cross-sections or an ellipsoid; what stands later in the table lies over what
stands earlier. `build` gives the table that `kernels` walks.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from phantom import kernels
from phantom.anatomy import Anatomy, Findings, Patient

LABELS: Final = {
    "body": 0, "right lung": 1, "left lung": 2, "heart": 3, "effusion": 4, "pneumothorax": 5,
    "liver": 6, "aorta": 7, "spleen": 8, "stomach": 9, "blood": 10, "fat": 11, "muscle": 12,
    "air": 13, "nodule": 14,
}  # fmt: skip
NODULE_LABELS: Final = tuple(range(14, 18))
LABEL_COUNT: Final = 20
WATER_PER_MM: Final = 0.0180
HEIGHTS: Final = kernels.PROFILE_BOTTOM_MM + kernels.PROFILE_STEP_MM * np.arange(
    kernels.PROFILE_LEVELS
)
Knots = Mapping[float, float]


def attenuation(hu: float) -> float:
    """Attenuation per mm of soft matter at the X-ray's mean energy."""
    return WATER_PER_MM * (1.0 + hu / 1000.0)


SOFT_PER_MM: Final = attenuation(40.0)


@dataclass(frozen=True, slots=True)
class Shapes:
    """The tables `kernels` reads: shapes, ellipsoids, profiles, middle y of each shape."""

    table: NDArray[np.float64]
    ellipsoids: NDArray[np.float64]
    profiles: NDArray[np.float64]
    middles: NDArray[np.float64]

    def labels(self, points: NDArray[np.float64]) -> NDArray[np.int32]:
        """Label under each point (n, 3)."""
        found: NDArray[np.int32] = kernels.labels_at(
            self.table, self.ellipsoids, self.profiles, points
        )
        return found


class Stack:
    """Collects shapes, bottom first."""

    def __init__(self) -> None:
        self._rows: list[list[float]] = []
        self._ellipsoids: list[list[float]] = []
        self._profiles: list[NDArray[np.float64]] = []
        self._middles: list[float] = []

    def ellipsoid(
        self,
        centre: Sequence[float],
        radii: Sequence[float],
        *,
        hu: float,
        xray_hu: float | None = None,
        label: int = 0,
        axes: NDArray[np.float64] | None = None,
        z: tuple[float, float] = (-1e6, 1e6),
        y: tuple[float, float] = (-1e6, 1e6),
    ) -> None:
        """Add an ellipsoid; `axes` holds its unit axes as columns."""
        turn = np.eye(3) if axes is None else axes
        m = turn @ np.diag(1.0 / np.square(np.asarray(radii, np.float64))) @ turn.T
        upper = [m[0, 0], m[0, 1], m[0, 2], m[1, 1], m[1, 2], m[2, 2]]
        self._ellipsoids.append([*centre, *upper])
        at = len(self._ellipsoids) - 1
        reach = np.sqrt(np.square(turn * np.asarray(radii)[None, :]).sum(1))
        z = (max(z[0], centre[2] - reach[2]), min(z[1], centre[2] + reach[2]))
        x = (centre[0] - reach[0], centre[0] + reach[0])
        self._add(kernels.ELLIPSOID, at, hu, xray_hu, label, (*z, *y, *x), middle=centre[1])

    def profile(
        self,
        levels: NDArray[np.float64],
        *,
        hu: float,
        xray_hu: float | None = None,
        label: int = 0,
        z: tuple[float, float] = (-1e6, 1e6),
        y: tuple[float, float] = (-1e6, 1e6),
    ) -> None:
        """Add a stack of cross-sections (levels, 7) as `section` makes it."""
        self._profiles.append(levels)
        middle = float(np.mean(levels[:, 1]))
        at = len(self._profiles) - 1
        x = (np.min(levels[:, 0] - levels[:, 2]), np.max(levels[:, 0] + levels[:, 3]))
        # The part of the stack that is not closed.
        open_at = HEIGHTS[(levels[:, 2] + levels[:, 3]) > 0]
        z = (max(z[0], open_at[0] - 4.0), min(z[1], open_at[-1] + 4.0))
        self._add(kernels.PROFILE, at, hu, xray_hu, label, (*z, *y, *x), middle=middle)

    def _add(
        self,
        kind: int,
        index: int,
        hu: float,
        xray_hu: float | None,
        label: int,
        bounds: tuple[float, ...],
        *,
        middle: float,
    ) -> None:
        mu = attenuation(hu if xray_hu is None else xray_hu)
        self._rows.append([kind, index, mu, hu, label, *bounds])
        self._middles.append(middle)

    def done(self) -> Shapes:
        """The finished tables."""
        return Shapes(
            np.array(self._rows, np.float64),
            np.array(self._ellipsoids, np.float64),
            np.array(self._profiles, np.float64),
            np.array(self._middles, np.float64),
        )


def smooth(knots: Knots, *, scale: float = 1.0, stretch: float = 1.0) -> NDArray[np.float64]:
    """A measure at every height from a few, rounded over 12 mm; heights are multiplied by `stretch`."""
    heights = sorted(knots)
    values = np.interp(HEIGHTS, [h * stretch for h in heights], [knots[h] for h in heights])
    padded = np.pad(values, 3, mode="edge")
    kernel = np.array([1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0])
    rounded: NDArray[np.float64] = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    return scale * rounded


def section(
    *,
    x: NDArray[np.float64] | float,
    y: NDArray[np.float64] | float,
    right: NDArray[np.float64] | float,
    left: NDArray[np.float64] | float,
    front: NDArray[np.float64] | float,
    back: NDArray[np.float64] | float,
    square: float = 0.0,
) -> NDArray[np.float64]:
    """Levels of a profile (levels, 7): centre, reach to each side, squareness."""
    parts = (x, y, right, left, front, back, square)
    return np.stack([np.broadcast_to(np.asarray(p, np.float64), HEIGHTS.shape) for p in parts], 1)


@dataclass(frozen=True, slots=True)
class Chest:
    """The wall that lungs and ribs share, per height."""

    half_width: NDArray[np.float64]
    front: NDArray[np.float64]
    back: NDArray[np.float64]
    centre_y: NDArray[np.float64]
    spine_x: NDArray[np.float64]
    spine_y: NDArray[np.float64]

    def at(self, z: NDArray[np.float64] | float) -> tuple[NDArray[np.float64], ...]:
        """Half width, front, back, centre y, spine x, spine y at heights `z`."""
        parts = (
            self.half_width, self.front, self.back, self.centre_y, self.spine_x, self.spine_y
        )  # fmt: skip
        return tuple(np.asarray(np.interp(z, HEIGHTS, part)) for part in parts)


def chest_wall(anatomy: Anatomy) -> Chest:
    """Inner chest wall of a body."""
    a = anatomy
    width = {
        -140: 146,
        -80: 146,
        -30: 143,
        20: 135,
        60: 124,
        100: 106,
        125: 95,
        150: 82,
        168: 56,
        180: 40,
        230: 32,
    }
    front = {-140: 104, -80: 100, -20: 94, 40: 82, 80: 68, 110: 52, 140: 40, 175: 36}
    back = {-140: 96, -80: 100, 0: 97, 60: 86, 110: 66, 150: 46, 175: 36}
    curve = {-240: 22, -140: 26, -60: 34, 0: 36, 60: 34, 110: 26, 150: 14, 180: 0, 230: -8}
    bend = a.scoliosis_mm * np.sin((HEIGHTS + 150.0) / 300.0 * math.tau)
    return Chest(
        half_width=smooth(width, scale=a.width, stretch=a.height),
        front=smooth(front, scale=a.depth, stretch=a.height),
        back=smooth(back, scale=a.depth, stretch=a.height),
        centre_y=smooth({-140: 0, 0: 0, 80: 12, 150: 24, 230: 16}, stretch=a.height),
        spine_x=bend,
        spine_y=smooth(curve, scale=a.depth, stretch=a.height) + 26.0 * a.depth,
    )


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
    _add_abdomen(stack, anatomy, patient)
    _add_heart(stack, anatomy, patient.findings)
    _add_nodules(stack, patient.findings)
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
    a, found = patient.anatomy, patient.findings
    if found.pneumothorax > 0:
        _add_pneumothorax(stack, patient, lungs[found.pneumothorax_side])
    if found.effusion > 0:
        levels = lungs[found.effusion_side]
        fluid = LABELS["effusion"]
        if patient.posture == "supine":
            deepest = float(np.max(levels[:, 1] + levels[:, 5]))
            stack.profile(
                levels, hu=8.0, label=fluid,
                z=(-142 * a.height, 60 * a.height), y=(deepest - 12 - 70 * found.effusion, 1e6),
            )  # fmt: skip
        else:
            _add_meniscus(stack, patient, levels)


def _add_meniscus(stack: Stack, patient: Patient, levels: NDArray[np.float64]) -> None:
    """Fluid of an upright patient: level in the middle, rising along the wall."""
    a, found = patient.anatomy, patient.findings
    base = _dome_top(a, found.effusion_side) - 24.0 + 82.0 * found.effusion
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
    keep = np.interp(HEIGHTS / a.height, [-140, -40, 60, 150],
                     [1 - 0.25 * amount, 1 - 0.25 * amount, 1 - 0.36 * amount, 1 - 0.5 * amount])  # fmt: skip
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
            section(x=x * w, y=y + chest.centre_y * 0.6, right=wide, left=wide, front=wide, back=wide),
            hu=blood, xray_hu=45.0, label=LABELS["blood"], z=(72 * h, 185 * h),
        )  # fmt: skip


def _dome_top(anatomy: Anatomy, side: str) -> float:
    top = anatomy.right_dome_mm * anatomy.height
    return top if side == "right" else top + anatomy.left_dome_mm


def _add_abdomen(stack: Stack, anatomy: Anatomy, patient: Patient) -> None:
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
        top = _dome_top(a, side)
        centre = (sign * 66 * w, 0.0, low)
        radii = (82 * w, 104 * d, top - low)
        is_liver = side == "right"
        stack.ellipsoid(centre, radii, hu=108.0 if is_liver else -80.0, xray_hu=45.0 if is_liver else 28.0,
                        label=LABELS["liver" if is_liver else "fat"], axes=tilt,
                        z=(-190 * a.height, 1e6))  # fmt: skip
    _add_organs(stack, a, patient)


def _add_organs(stack: Stack, a: Anatomy, patient: Patient) -> None:
    w, d, h = a.width, a.depth, a.height
    left_top = _dome_top(a, "left")
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


def _add_heart(stack: Stack, anatomy: Anatomy, findings: Findings) -> None:
    """Muscle, four chambers and the trunk of the lung's artery; an enlarged heart grows to the left."""
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
    base = 0.55 * _dome_top(a, "right") - 5.0 * a.height
    centre = np.array([9.0 + 14.0 * size, -26.0 * a.depth, base + 16.0 * (size - 1.0)])
    _add_walls(stack, centre, size=size, axes=axes, label=heart)
    blood, dim = 170.0, 45.0
    chamber = {"hu": blood, "xray_hu": dim, "label": heart}
    place = lambda x, y, z: centre + size * np.array([x, y, z])  # noqa: E731
    stack.ellipsoid(place(26, -2, -12), size * np.array([38, 22, 21]), axes=axes, **chamber)
    stack.ellipsoid(place(2, -26, -4), size * np.array([34, 15, 26]), axes=axes, **chamber)
    stack.ellipsoid(place(-42, 6, 2), size * np.array([19, 24, 30]), **chamber)
    stack.ellipsoid(place(-10, 38, 26), size * np.array([34, 19, 20]), **chamber)
    stack.ellipsoid(place(-2, -20, 54), size * np.array([17, 16, 26]), **chamber)
    stack.ellipsoid(place(4, -8, 62), size * np.array([19, 24, 15]), **chamber)


def _add_walls(
    stack: Stack, centre: NDArray[np.float64], *, size: float, axes: NDArray[np.float64], label: int
) -> None:
    muscle = {"hu": 92.0, "xray_hu": 45.0, "label": label}
    parts = (
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
            **muscle,
        )


def _add_nodules(stack: Stack, findings: Findings) -> None:
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
