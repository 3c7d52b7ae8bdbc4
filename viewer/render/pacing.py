"""How finely to render while the patient turns, and how to get back to full quality after.

While moving, every picture's time sets the size and step of the next, so that even a translucent
preset keeps above 40 pictures a second; what was learnt is kept per preset. After release the full
picture comes at once when it is cheap, else a coarse one first, refined while nobody moves.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from viewer.render.camera import Camera
from viewer.render.levels import LevelName
from viewer.render.transfer import Projection, TransferFunction
from viewer.render.volume import FULL, Cancel, CropBox, Picture, Quality, VolumeRenderer

SLOW_MS: Final = 22.0
FAST_MS: Final = 15.0
_AIM_MS: Final = 20.0
_DIRECT_MS: Final = 200.0
_COARSE_MS: Final = 120.0
_COARSE_SHARE: Final = 0.25
_STEPS_VOXELS: Final = (1.0, 2.5)
_SMALLEST_HALF_PX: Final = 200.0
_QUARTER_START_PX: Final = 240.0
_HALF_START_PX: Final = 300.0
_SMALLEST_PX: Final = 96.0
_FULL_OVER_MOVING: Final = 1.2
_STEP_WEIGHT: Final = 0.4
"""A ray's cost goes with its step to this power: it mostly walks past what nobody sees."""
_FASTEST_RISE: Final = 1.25
_COARSE: Final = Quality("quarter", step_voxels=2.0)
_COARSE_PROJECTION: Final = Quality("quarter", step_voxels=2.8)
_TRIAL_PX: Final = (8, 8)


@dataclass(frozen=True, slots=True)
class Pace:
    """What motion affords: level, side of an equal square picture, step; and costs learnt so far.

    `is_reduced_only` holds projections on the quarter level. `full_us` is the measured time of
    one full-quality ray, 0 while unknown; `moving_us` that of one ray in motion.
    """

    level: LevelName
    side_px: float
    step_voxels: float = 1.0
    is_reduced_only: bool = False
    full_us: float = 0.0
    moving_us: float = 0.0


def first_pace(projection: Projection) -> Pace:
    """Where a preset starts; projections move on the quarter level, built by their own extreme."""
    if projection == "shaded":
        return Pace("half", _HALF_START_PX)
    return Pace("quarter", _QUARTER_START_PX, step_voxels=2.0, is_reduced_only=True)


def next_pace(pace: Pace, elapsed_ms: float, *, largest_px: float) -> Pace:
    """Learn from one picture in motion: smaller and coarser when slow, larger when fast."""
    if elapsed_ms > SLOW_MS:
        return _slower(pace, elapsed_ms)
    return _faster(pace, largest_px) if elapsed_ms < FAST_MS else pace


def _slower(pace: Pace, elapsed_ms: float) -> Pace:
    side = pace.side_px * max(0.8, (_AIM_MS / elapsed_ms) ** 0.5)
    step = min(pace.step_voxels * 1.1, _STEPS_VOXELS[1])
    if pace.level == "half" and side < _SMALLEST_HALF_PX:
        return replace(pace, level="quarter", side_px=_QUARTER_START_PX, step_voxels=step)
    return replace(pace, side_px=max(side, _SMALLEST_PX), step_voxels=step)


def _faster(pace: Pace, largest_px: float) -> Pace:
    """Grow; a quarter level that affords four times its first picture goes back to half."""
    side = min(pace.side_px * 1.06, largest_px)
    step = max(pace.step_voxels / 1.03, _STEPS_VOXELS[0])
    has_grown = pace.level == "quarter" and side >= min(2 * _QUARTER_START_PX, largest_px)
    if has_grown and not pace.is_reduced_only:
        return replace(pace, level="half", side_px=_QUARTER_START_PX, step_voxels=step)
    return replace(pace, side_px=side, step_voxels=step)


def moving_quality(pace: Pace, size_px: tuple[int, int]) -> Quality:
    """The quality of a picture in motion for a view of (width, height)."""
    fraction = min(1.0, pace.side_px / _side(size_px))
    return Quality(pace.level, fraction, pace.step_voxels, has_jitter=False)


class PacedVolume:
    """A renderer with a sense of time: `move` while a gesture lasts, `rest` when it has ended."""

    def __init__(self, renderer: VolumeRenderer, transfer: TransferFunction, preset: str) -> None:
        self._renderer = renderer
        self._paces: dict[str, Pace] = {}
        self.use(transfer, preset)

    def use(self, transfer: TransferFunction, preset: str) -> None:
        """Change the transfer function; costs are remembered by the preset's id."""
        self._renderer.set_transfer(transfer)
        self._preset = preset
        self._projection = transfer.projection
        self._paces.setdefault(preset, first_pace(transfer.projection))

    @property
    def pace(self) -> Pace:
        """What has been learnt about the preset in use."""
        return self._paces[self._preset]

    def move(
        self,
        camera: Camera,
        size_px: tuple[int, int],
        *,
        crop: CropBox | None = None,
        cancel: Cancel | None = None,
    ) -> Picture:
        """Render one picture of a motion, (height, width, 4), mostly smaller than `size_px`."""
        quality = moving_quality(self.pace, size_px)
        start = time.perf_counter()
        picture = self._renderer.render(camera, size_px, quality, crop=crop, cancel=cancel)
        elapsed_ms = (time.perf_counter() - start) * 1e3
        learnt = next_pace(self.pace, elapsed_ms, largest_px=_side(size_px))
        ray_us = elapsed_ms * 1e3 / (picture.shape[0] * picture.shape[1])
        self._paces[self._preset] = replace(learnt, moving_us=_learnt(learnt.moving_us, ray_us))
        return picture

    def make_ready(self, camera: Camera) -> None:
        """Make the level that motion uses, so that the first turn need not wait for it."""
        quality = moving_quality(self.pace, _TRIAL_PX)
        self._renderer.render(camera, _TRIAL_PX, quality)

    def rest(
        self,
        camera: Camera,
        size_px: tuple[int, int],
        *,
        crop: CropBox | None = None,
        cancel: Cancel | None = None,
    ) -> Iterator[Picture]:
        """Render at full size; yields one picture, or a coarse one and then finer ones."""
        start = time.perf_counter()
        if self._expected_full_ms(size_px) < _DIRECT_MS:
            yield self._renderer.render(camera, size_px, FULL, crop=crop, cancel=cancel)
        else:
            coarse = self._coarse_quality(size_px)
            small = self._renderer.render(camera, size_px, coarse, crop=crop, cancel=cancel)
            picture = _enlarged(small, size_px)
            yield picture.copy()
            start = time.perf_counter()
            yield from self._renderer.render_over(picture, camera, FULL, crop=crop, cancel=cancel)
        full_us = (time.perf_counter() - start) * 1e6 / (size_px[0] * size_px[1])
        self._paces[self._preset] = replace(self.pace, full_us=_learnt(self.pace.full_us, full_us))

    def _coarse_quality(self, size_px: tuple[int, int]) -> Quality:
        """The quarter level, as large as is done soon, and without holding the full one up."""
        coarse = _COARSE if self._projection == "shaded" else _COARSE_PROJECTION
        expected_ms = self._moving_us_at(coarse.step_voxels) * size_px[0] * size_px[1] / 1e3
        affordable_ms = min(_COARSE_MS, self._expected_full_ms(size_px) * _COARSE_SHARE)
        return replace(coarse, fraction=min(1.0, (affordable_ms / max(expected_ms, 1e-3)) ** 0.5))

    def _expected_full_ms(self, size_px: tuple[int, int]) -> float:
        """What a full picture takes, by the last ones or, if that is less, by those in motion."""
        guess = self._moving_us_at(FULL.step_voxels) * _FULL_OVER_MOVING
        known = [us for us in (self.pace.full_us, guess) if us > 0]
        return min(known, default=0.0) * size_px[0] * size_px[1] / 1e3

    def _moving_us_at(self, step_voxels: float) -> float:
        """The time of a ray in motion, had it this step."""
        weight: float = (self.pace.step_voxels / step_voxels) ** _STEP_WEIGHT
        return self.pace.moving_us * weight


def _learnt(known_us: float, us: float) -> float:
    """A cost after one more measurement: one slow picture on a busy machine says little."""
    return min(us, known_us * _FASTEST_RISE) if known_us > 0 else us


def _enlarged(picture: Picture, size_px: tuple[int, int]) -> Picture:
    """Repeat pixels up to (width, height)."""
    width, height = size_px
    rows = np.arange(height) * picture.shape[0] // height
    columns = np.arange(width) * picture.shape[1] // width
    whole = np.ascontiguousarray(picture).view(np.uint32)[:, :, 0]
    enlarged: Picture = whole.take(rows, axis=0).take(columns, axis=1)[:, :, None].view(np.uint8)
    return enlarged


def _side(size_px: tuple[int, int]) -> float:
    return float((size_px[0] * size_px[1]) ** 0.5)
