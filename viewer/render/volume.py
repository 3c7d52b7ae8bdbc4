"""The CPU volume renderer: a ray caster over bricks, in parts that can be stopped between.

`VolumeCaster.render` and `offscreen.GpuVolume.render` are the same interface (`VolumeRenderer`).
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viewer.render.camera import Camera, pixel_rays, volume_corners
from viewer.render.levels import Level, LevelName, Reduction, in_slabs, make_level
from viewer.render.transfer import ENTRIES, TransferFunction

Picture: TypeAlias = NDArray[np.uint8]
_Part: TypeAlias = Callable[[int], None]

PARTS: Final = 32
_GROUP: Final = 8
_FAINT_STRIDE: Final = 3
_INVISIBLE: Final = 0.003
_FAINT: Final = 0.08
_INSET_VOXELS: Final = 1e-3
_REDUCTIONS: Final[dict[str, Reduction]] = {"shaded": "mean", "max": "max", "min": "min"}


class Cancel(Protocol):
    """What a job hands to its work."""

    def check(self) -> None:
        """Raise `viewer.errors.Cancelled` when the work is no longer wanted."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How finely to cast: level, picture side in parts of the asked size, step in voxels, jitter.

    The step counts in the volume's finest voxel spacing. Jitter hides rings, shimmers in motion.
    """

    level: LevelName = "full"
    fraction: float = 1.0
    step_voxels: float = 0.72
    has_jitter: bool = True

    def picture_size(self, size_px: tuple[int, int]) -> tuple[int, int]:
        """Width and height of the picture cast for a view of `size_px`."""
        width, height = size_px
        return max(1, round(width * self.fraction)), max(1, round(height * self.fraction))


FULL: Final = Quality()


@dataclass(frozen=True, slots=True)
class CropBox:
    """What is left of a volume: from `low` to `high`, (slice, row, column) in voxel coordinates."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]


class VolumeRenderer(Protocol):
    """What the volume view needs of a renderer, on the CPU or on a GPU."""

    def set_transfer(self, transfer: TransferFunction) -> None:
        """Use another transfer function from the next picture on."""

    def render(
        self,
        camera: Camera,
        size_px: tuple[int, int],
        quality: Quality = FULL,
        *,
        crop: CropBox | None = None,
        cancel: Cancel | None = None,
    ) -> Picture:
        """Make an opaque RGBA picture, (height, width, 4), of `quality.picture_size(size_px)`."""

    def render_over(
        self,
        picture: Picture,
        camera: Camera,
        quality: Quality = FULL,
        *,
        crop: CropBox | None = None,
        cancel: Cancel | None = None,
    ) -> Iterator[Picture]:
        """Replace a picture in place, bit by bit; yields a copy after each."""

    def close(self) -> None:
        """Free threads or graphics memory."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A level made ready for one transfer function: codes to walk by, or bounds to project by."""

    level: Level
    codes: NDArray[np.uint8]
    bounds: NDArray[np.int32]


class VolumeCaster:
    """Renders one volume, int16 (slices, rows, columns), on the processor's cores.

    `voxel_to_patient` (4, 4) maps (slice, row, column, 1) to LPS mm; any invertible affine will do,
    left-handed and oblique too. Modality values are stored * `slope` + `intercept`, slope > 0.
    The voxels are used where they are and must not change. Not for use from two threads at once.
    """

    def __init__(
        self,
        voxels: NDArray[np.int16],
        voxel_to_patient: NDArray[np.float64],
        *,
        slope: float = 1.0,
        intercept: float = 0.0,
        threads: int | None = None,
    ) -> None:
        if voxels.dtype != np.int16 or voxels.ndim != 3 or min(voxels.shape) < 2 or slope <= 0:
            raise ValueError("a volume is int16, at least two voxels along each axis, slope > 0")
        self._voxels = np.ascontiguousarray(voxels)
        self._voxel_to_patient = np.asarray(voxel_to_patient, np.float64)
        self._slope, self._intercept = slope, intercept
        count = threads or min(os.cpu_count() or 1, 16)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="volume")
        self._levels: dict[tuple[LevelName, Reduction], Level] = {}
        self._prepared: dict[LevelName, _Prepared] = {}
        self._transfer: TransferFunction | None = None
        self._tables: dict[float, NDArray[np.float32]] = {}
        self.voxel_mm = float(np.linalg.norm(self._voxel_to_patient[:3, :3], axis=0).min())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def corners_lps_mm(self) -> NDArray[np.float64]:
        """The volume's corners, for `camera.standard_camera`: (8, 3), LPS mm."""
        shape = self._voxels.shape
        return volume_corners(self._voxel_to_patient, (shape[0], shape[1], shape[2]))

    def close(self) -> None:
        """End the threads; no picture can be made afterwards."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def set_transfer(self, transfer: TransferFunction) -> None:
        """Use another transfer function from the next picture on; 1 to 3 ms a level in use."""
        self._transfer = transfer
        self._tables = {}
        used = tuple(self._prepared)
        self._prepared = {}
        for name in used:
            self._prepare(name)

    def render(
        self,
        camera: Camera,
        size_px: tuple[int, int],
        quality: Quality = FULL,
        *,
        crop: CropBox | None = None,
        cancel: Cancel | None = None,
    ) -> Picture:
        """Make an opaque RGBA picture, (height, width, 4), of `quality.picture_size(size_px)`.

        Raises `Cancelled` from `cancel.check()` within a few milliseconds.
        """
        width, height = quality.picture_size(size_px)
        picture = np.empty((height, width, 4), np.uint8)
        self._run(self._parts(picture, camera, quality, crop), range(PARTS), cancel)
        return picture

    def render_over(
        self,
        picture: Picture,
        camera: Camera,
        quality: Quality = FULL,
        *,
        crop: CropBox | None = None,
        cancel: Cancel | None = None,
    ) -> Iterator[Picture]:
        """Replace a picture's rows bit by bit, evenly spread; yields a copy after each group."""
        part = self._parts(picture, camera, quality, crop)
        order = [int(f"{index:05b}"[::-1], 2) for index in range(PARTS)]
        for first in range(0, PARTS, _GROUP):
            self._run(part, order[first : first + _GROUP], cancel)
            yield picture.copy()

    def _run(self, part: _Part, indices: Sequence[int], cancel: Cancel | None) -> None:
        """Spread parts over the threads; on any end nothing of them still runs."""
        stopped = threading.Event()

        def unless_stopped(index: int) -> None:
            if not stopped.is_set():
                part(index)

        futures = [self._threads.submit(unless_stopped, index) for index in indices]
        try:
            for future in futures:
                future.result()
                if cancel is not None:
                    cancel.check()
        finally:
            stopped.set()
            wait(futures)

    def _parts(
        self, picture: Picture, camera: Camera, quality: Quality, crop: CropBox | None
    ) -> _Part:
        """Bind everything a kernel needs but the number of the part, a set of interleaved rows."""
        from viewer.render import volume_kernels

        transfer, ready = self._current_transfer(), self._prepare(quality.level)
        level = ready.level
        rays = pixel_rays(camera, (picture.shape[1], picture.shape[0]))
        step = quality.step_voxels * self.voxel_mm
        low, scale = self._stored_span(transfer)
        box = _box(level, crop)
        if transfer.projection == "shaded":
            tables = self._step_tables(transfer, step)
            light = np.array([transfer.ambient, transfer.diffuse, transfer.specular], np.float32)
            return lambda index: volume_kernels.cast(
                level.voxels, ready.codes, level.shift, tables, low, scale, rays,
                level.patient_to_voxel, box, level.metric, light, step, float(quality.has_jitter),
                picture, index, PARTS,
            )  # fmt: skip
        colours = np.rint(transfer.colour_table() * 255).astype(np.uint8)
        sign = 1.0 if transfer.projection == "max" else -1.0
        return lambda index: volume_kernels.project(
            level.voxels, ready.bounds, level.shift, sign, colours, low, scale, rays,
            level.patient_to_voxel, box, step, picture, index, PARTS,
        )  # fmt: skip

    def _prepare(self, name: LevelName) -> _Prepared:
        if name not in self._prepared:
            transfer = self._current_transfer()
            level = self._level(name, _REDUCTIONS[transfer.projection])
            self._prepared[name] = self._walked(level, transfer)
        return self._prepared[name]

    def _level(self, name: LevelName, reduction: Reduction) -> Level:
        """Give a level, made on its first use; the full one is the same for all reductions."""
        key = (name, "mean" if name == "full" else reduction)
        if key not in self._levels:
            self._levels[key] = make_level(
                self._voxels, self._voxel_to_patient, name, reduction=key[1], spread=self._spread
            )
        return self._levels[key]

    def _spread(self, work: Callable[[int, int], None], count: int) -> None:
        slabs = in_slabs(count, PARTS)
        for future in [self._threads.submit(work, first, last) for first, last in slabs]:
            future.result()

    def _walked(self, level: Level, transfer: TransferFunction) -> _Prepared:
        from viewer.render import brick_kernels

        if transfer.projection != "shaded":
            is_max = transfer.projection == "max"
            bounds = level.highest.astype(np.int32) if is_max else -level.lowest.astype(np.int32)
            return _Prepared(level, np.empty((0, 0, 0), np.uint8), bounds)
        opacity = transfer.opacity_table()
        codes = np.empty(level.lowest.shape, np.uint8)
        low, scale = self._stored_span(transfer)
        visible, dense = _running_count(opacity > _INVISIBLE), _running_count(opacity > _FAINT)
        brick_kernels.code_bricks(level.lowest, level.highest, visible, dense, low, scale, codes)
        return _Prepared(level, codes, np.empty((0, 0, 0), np.int32))

    def _current_transfer(self) -> TransferFunction:
        if self._transfer is None:
            raise ValueError("set_transfer comes before the first picture")
        return self._transfer

    def _stored_span(self, transfer: TransferFunction) -> tuple[float, float]:
        """Stored value of the tables' first entry, and entries per stored value."""
        low, high = transfer.span
        entries_per_value = (ENTRIES - 1) / max(high - low, 1e-6)
        return (low - self._intercept) / self._slope, entries_per_value * self._slope

    def _step_tables(self, transfer: TransferFunction, step_mm: float) -> NDArray[np.float32]:
        """Colour with opacity for one step and for a faint brick's step: (2, ENTRIES, 4)."""
        if step_mm not in self._tables:
            opacity = np.minimum(transfer.opacity_table(), 0.999)
            tables = np.empty((2, len(opacity), 4), np.float32)
            tables[:, :, :3] = transfer.colour_table()
            for row, stride in enumerate((1, _FAINT_STRIDE)):
                tables[row, :, 3] = 1 - (1 - opacity) ** (step_mm * stride)
            self._tables = {step_mm: tables}
        return self._tables[step_mm]


def _running_count(flags: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Entry k counts the flags before k: (len + 1,)."""
    return np.concatenate([[0], np.cumsum(flags)]).astype(np.int32)


def _box(level: Level, crop: CropBox | None) -> NDArray[np.float32]:
    """Where rays may sample, in the level's voxel coordinates: (2, 3).

    Half a voxel on each face has no neighbour to interpolate with and is left out.
    """
    counts = np.asarray(level.voxels.shape, np.float64)
    low, high = np.zeros(3), counts - 1
    if crop is not None:
        joined = np.asarray(level.joined, np.float64)
        low = np.maximum(low, (np.asarray(crop.low) - (joined - 1) / 2) / joined)
        high = np.minimum(high, (np.asarray(crop.high) - (joined - 1) / 2) / joined)
    return np.stack([low, high - _INSET_VOXELS]).astype(np.float32)
