"""CT and MR of a patient: shapes filled into voxels, tubes painted in, blur and noise."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from phantom import bones, kernels, vessels
from phantom.shapes import LABELS, Shapes, Stack, section
from phantom.tubes import Beads
from phantom.xray import Scene

Volume = NDArray[np.float32]
MARKER_MM, MARKER_HU = 2.5, 2400.0
INSERT_MM, INSERT_HU = 14.0, 120.0
INSERT_LABEL, MARKER_LABEL = 18, 19
TABLE_Y_MM = 6.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Voxel centres (LPS, mm): columns, rows, slices ascending to the head."""

    xs: NDArray[np.float64]
    ys: NDArray[np.float64]
    zs: NDArray[np.float64]

    @property
    def pixel_mm(self) -> float:
        """Distance of columns, and of rows."""
        return float(self.xs[1] - self.xs[0])

    @property
    def slice_mm(self) -> float:
        """Distance of slices."""
        return float(self.zs[1] - self.zs[0]) if self.zs.size > 1 else 1.0


@dataclass(frozen=True, slots=True)
class Gates:
    """What is laid beside and on the patient to be measured: sphere and markers (LPS, mm)."""

    sphere_lps_mm: tuple[float, float, float]
    markers_lps_mm: tuple[tuple[float, float, float], ...]


def make_grid(
    size_px: int,
    slices: int,
    *,
    field_mm: float = 420.0,
    slice_mm: float = 3.2,
    low_z: float = -150.0,
) -> Grid:
    """A square axial grid round the patient's middle."""
    pixel = field_mm / size_px
    xs = (np.arange(size_px, dtype=np.float64) - (size_px - 1) / 2) * pixel
    return Grid(xs, xs + 12.0, low_z + slice_mm * np.arange(slices, dtype=np.float64))


def place_gates(scene: Scene) -> Gates:
    """Three markers on the skin of the chest and a sphere on the table."""
    shapes, h = scene.shapes, scene.patient.anatomy.height
    spots = ((0.0, 92.0 * h), (-58.0, 40.0 * h), (0.0, -12.0 * h))
    markers = tuple(
        (
            x,
            float(kernels.front_at(shapes.table, shapes.ellipsoids, shapes.profiles, x, z)) - 1.5,
            z,
        )
        for x, z in spots
    )
    return Gates((-172.0, _table_y(shapes) - INSERT_MM - 1.0, -96.0 * h), markers)


def _table_y(shapes: Shapes) -> float:
    skin = shapes.profiles[0]
    return float(np.max(skin[:, 1] + skin[:, 5])) + TABLE_Y_MM


def scan(
    scene: Scene, grid: Grid, *, gates: Gates | None = None
) -> tuple[Volume, NDArray[np.uint8]]:
    """HU without noise (slices, rows, columns) and the label of each voxel's centre."""
    shapes = _on_table(scene.shapes, gates)
    hu, labels = kernels.fill_shapes(
        shapes.table, shapes.ellipsoids, shapes.profiles, grid.xs, grid.ys, grid.zs, 2, -1000.0
    )
    hu = _textured(hu, labels, grid, scene.patient.anatomy.seed)
    bone, trees = scene.skeleton, scene.trees
    cover = np.zeros(hu.shape, np.float32)
    if trees.clouds is not None:
        _paint(hu, cover, trees.clouds, grid, vessels.CLOUD_HU, weight=0.9)
    _paint(hu, cover, trees.vessels, grid, vessels.CONTRAST_HU)
    _paint(hu, cover, trees.walls, grid, 10.0)
    _paint(hu, cover, trees.lumens, grid, vessels.AIR_HU)
    _paint(hu, cover, bone.cartilage, grid, bones.CARTILAGE_HU)
    _paint(hu, cover, bone.compact, grid, bones.COMPACT_HU)
    _paint(hu, cover, bone.marrow, grid, bones.MARROW_HU)
    for drums, value in (
        (bone.drums, bones.VERTEBRA_COMPACT_HU),
        (bone.drum_marrow, bones.VERTEBRA_MARROW_HU),
    ):
        cover[:] = 0.0
        kernels.paint_drums(cover, drums, grid.xs, grid.ys, grid.zs)
        hu += cover * (np.float32(value) - hu)
    return hu, labels


def _paint(
    hu: Volume, cover: Volume, beads: Beads, grid: Grid, value: float, *, weight: float = 1.0
) -> None:
    cover[:] = 0.0
    kernels.paint_beads(cover, beads.rows, beads.inverse(), grid.xs, grid.ys, grid.zs)
    hu += np.float32(weight) * cover * (np.float32(value) - hu)


def _textured(hu: Volume, labels: NDArray[np.uint8], grid: Grid, seed: int) -> Volume:
    """Lungs denser towards the back, and the mottling of tissue."""
    rng = np.random.default_rng((seed, 6))
    coarse = rng.standard_normal((hu.shape[0] // 3 + 2, 48, 48)).astype(np.float32)
    k = np.arange(hu.shape[0]) // 3
    j = np.arange(hu.shape[1]) * 47 // hu.shape[1]
    i = np.arange(hu.shape[2]) * 47 // hu.shape[2]
    mottle = coarse[k][:, j][:, :, i]
    is_lung = (labels == LABELS["right lung"]) | (labels == LABELS["left lung"])
    back = (0.32 * grid.ys[None, :, None]).astype(np.float32)
    return np.where(is_lung, hu + 9.0 * mottle + back, hu + 2.0 * mottle).astype(np.float32)


def _on_table(shapes: Shapes, gates: Gates | None) -> Shapes:
    """The patient on the scanner's table, with markers and sphere when there are gates."""
    stack, top = Stack(), Stack()
    y = _table_y(shapes)
    for inset, hu in ((0.0, -350.0), (2.6, -945.0)):
        levels = section(
            x=0, y=y + inset, right=206 - inset, left=206 - inset, front=0.01,
            back=48.0 - 2 * inset, square=0.2,
        )  # fmt: skip
        stack.profile(levels, hu=hu, label=LABELS["air"])
    parts = [stack.done(), shapes]
    if gates is not None:
        top.ellipsoid(gates.sphere_lps_mm, [INSERT_MM] * 3, hu=INSERT_HU, label=INSERT_LABEL)
        for marker in gates.markers_lps_mm:
            top.ellipsoid(marker, [MARKER_MM] * 3, hu=MARKER_HU, label=MARKER_LABEL)
        parts.append(top.done())
    return _stacked(parts)


def _stacked(parts: list[Shapes]) -> Shapes:
    """Tables on top of each other, with their indices moved."""
    tables, ellipsoids, profiles = [], 0, 0
    for part in parts:
        table = part.table.copy()
        is_ellipsoid = table[:, kernels.KIND] == kernels.ELLIPSOID
        table[:, kernels.INDEX] += np.where(is_ellipsoid, ellipsoids, profiles)
        ellipsoids += len(part.ellipsoids)
        profiles += len(part.profiles)
        tables.append(table)
    return Shapes(
        np.concatenate(tables),
        np.concatenate([p.ellipsoids for p in parts if p.ellipsoids.size]),
        np.concatenate([p.profiles for p in parts if p.profiles.size]),
        np.concatenate([p.middles for p in parts]),
    )


def acquired(
    hu: Volume,
    grid: Grid,
    seed: tuple[int, ...],
    *,
    noise_hu: float = 11.0,
    kernel_mm: float = 0.75,
) -> Volume:
    """What a scanner makes of it: the kernel's blur in each slice and its grainy noise."""
    rng = np.random.default_rng(seed)
    size = hu.shape[1]
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency /= grid.pixel_mm
    blur = np.exp(-2.0 * (math.pi * kernel_mm * frequency) ** 2)
    grain = frequency * np.exp(-2.0 * (math.pi * 0.62 * frequency) ** 2)
    out = np.empty_like(hu)
    for k in range(hu.shape[0]):
        white = rng.standard_normal((size, size))
        noise = np.fft.irfft2(np.fft.rfft2(white) * grain, s=(size, size))
        thick = float(np.mean(hu[k] > -500.0)) / 0.42
        noise *= noise_hu * (0.6 + 0.4 * thick) / noise.std()
        clean = np.fft.irfft2(np.fft.rfft2(hu[k]) * blur, s=(size, size))
        out[k] = clean + noise
    return np.clip(out, -1024.0, 3071.0)


def mr_signal(
    scene: Scene, grid: Grid, seed: tuple[int, ...], *, weighting: Literal["T1", "T2"]
) -> Volume:
    """T1- or T2-like signal (slices, rows, columns), 0 to about 1,000, shaded and noisy."""
    shapes = scene.shapes
    table = shapes.table.copy()
    table[:, kernels.HU] = [
        _tissue_signal(row[kernels.HU], int(row[kernels.LABEL]), weighting) for row in table
    ]
    like = replace(shapes, table=table)
    signal, _ = kernels.fill_shapes(
        like.table, like.ellipsoids, like.profiles, grid.xs, grid.ys, grid.zs, 2, 0.0
    )
    bone, trees = scene.skeleton, scene.trees
    is_t1 = weighting == "T1"
    cover = np.zeros(signal.shape, np.float32)
    _paint(signal, cover, trees.vessels, grid, 60.0)
    _paint(signal, cover, trees.lumens, grid, 4.0)
    _paint(signal, cover, bone.compact, grid, 40.0)
    _paint(signal, cover, bone.marrow, grid, 480.0 if is_t1 else 260.0)
    for drums, value in ((bone.drums, 60.0), (bone.drum_marrow, 430.0 if is_t1 else 250.0)):
        cover[:] = 0.0
        kernels.paint_drums(cover, drums, grid.xs, grid.ys, grid.zs)
        signal += cover * (np.float32(value) - signal)
    return _received(signal, grid, seed)


def _received(signal: Volume, grid: Grid, seed: tuple[int, ...]) -> Volume:
    """Coil shading and Rician noise."""
    rng = np.random.default_rng(seed)
    far = np.hypot(grid.xs[None, :] / 260.0, (grid.ys[:, None] + 30.0) / 230.0)
    shading = (1.15 - 0.35 * np.exp(-(far**2) * 2.0)).astype(np.float32)
    real = signal * shading + 9.0 * rng.standard_normal(signal.shape).astype(np.float32)
    imaginary = 9.0 * rng.standard_normal(signal.shape).astype(np.float32)
    received: Volume = np.hypot(real, imaginary)
    return received


# Signal of each tissue, T1- and T2-like.
_SIGNALS = {
    "lung": (25.0, 22.0),
    "heart": (330.0, 300.0),
    "effusion": (150.0, 950.0),
    "blood": (110.0, 90.0),
    "liver": (430.0, 240.0),
    "spleen": (300.0, 470.0),
    "muscle": (310.0, 190.0),
    "stomach": (230.0, 700.0),
    "air": (2.0, 2.0),
    "fat": (860.0, 640.0),
    "nodule": (340.0, 480.0),
}
_NAMES = {"right lung": "lung", "left lung": "lung", "aorta": "blood", "pneumothorax": "air"}


def _tissue_signal(hu: float, label: int, weighting: str) -> float:
    names = {number: name for name, number in LABELS.items()}
    name = names.get(label, "nodule")
    if name == "heart" and hu > 130:
        name = "blood"
    if name == "body":
        name = "fat" if hu < -50 else "muscle"
    return _SIGNALS[_NAMES.get(name, name)][0 if weighting == "T1" else 1]
