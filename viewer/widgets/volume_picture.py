"""The picture of a 3D tile, cast in the background: quick while it turns, full right after.

The newest request wins: a turn waits for the picture of a turn, everything else gives way at once.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from viewer.errors import Cancelled
from viewer.jobs import Cancel, Jobs
from viewer.reading.volumes import Volume
from viewer.render.camera import Camera
from viewer.render.kernel_cache import compile_in_child, is_compiled, load_kernels
from viewer.render.pacing import PacedVolume
from viewer.render.transfer import TransferFunction, VolumePreset
from viewer.render.volume import CropBox, VolumeCaster
from viewer.state import VolumeView
from viewer.tools.volume_view import camera_of, cropped_ends, preset_of

_INT16: Final = np.iinfo(np.int16)
_LINGER_S: Final = 0.5
_CHECK_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture of a volume: the view, (width, height) device px, and whether it is in motion."""

    view: VolumeView
    size_px: tuple[int, int]
    is_moving: bool


@dataclass(frozen=True, slots=True, eq=False)
class Cast:
    """A finished picture, RGBA (height, width, 4), for a view; ``is_full`` when nothing follows."""

    pixels: NDArray[np.uint8]
    wanted: Wanted
    is_full: bool

    def image(self) -> QImage:
        """The picture as Qt draws it; the array must live as long as it does."""
        height, width = self.pixels.shape[:2]
        return QImage(self.pixels.data, width, height, 4 * width, QImage.Format.Format_RGBX8888)


class VolumePicture:
    """Casts one volume for one tile; ``on_cast`` gets each picture on the window's thread."""

    def __init__(
        self,
        volume: Volume,
        modality: str,
        span: tuple[float, float],
        *,
        jobs: Jobs,
        slot: str,
        on_cast: Callable[[Cast], None],
    ) -> None:
        self._volume = volume
        self._modality = modality
        self._span = span
        self._jobs = jobs
        self._slot = slot
        self._on_cast = on_cast
        self._lock = threading.Condition()
        self._wanted: Wanted | None = None
        self._is_casting = False
        self._is_closed = False
        self._caster: VolumeCaster | None = None
        self._paced: PacedVolume | None = None
        self._preset = ""
        self._ready = ""

    @property
    def volume(self) -> Volume:
        """The volume that is cast."""
        return self._volume

    def want(self, wanted: Wanted) -> None:
        """Ask for a picture; an older wish that was not begun is dropped."""
        with self._lock:
            self._wanted = wanted
            is_new = not self._is_casting
            self._is_casting = True
            self._lock.notify_all()
        if is_new:
            self._jobs.start(self._slot, self._cast_all, on_part=self._on_cast)

    def close(self) -> None:
        """End the casting and its threads."""
        self._jobs.cancel(self._slot)
        with self._lock:
            self._is_closed = True
            self._lock.notify_all()
            is_casting = self._is_casting
        if not is_casting:
            self._free()

    def _cast_all(self, cancel: Cancel) -> Iterator[Cast]:
        """Cast what is wanted until nothing has been for a while."""
        try:
            while not self._is_closed and (wanted := self._take(cancel)) is not None:
                yield from self._cast(wanted, cancel)
        except BaseException:
            with self._lock:
                self._is_casting = False
            raise
        finally:
            # At a quiet end the flag fell in _take(); by now it may be another job's.
            if self._is_closed:
                self._free()

    def _cast(self, wanted: Wanted, cancel: Cancel) -> Iterator[Cast]:
        paced, caster = self._prepared(wanted.view)
        aspect = wanted.size_px[0] / wanted.size_px[1]
        camera = camera_of(wanted.view, caster.corners_lps_mm, aspect=aspect)
        crop = self._crop(wanted.view)
        until = _Until(cancel, self._is_needless(wanted))
        pictures = self._moving if wanted.is_moving else self._rest
        try:
            yield from pictures(paced, camera, wanted, crop, until)
        except Cancelled:
            cancel.check()

    def _moving(
        self,
        paced: PacedVolume,
        camera: Camera,
        wanted: Wanted,
        crop: CropBox | None,
        until: "_Until",
    ) -> Iterator[Cast]:
        """One quick picture."""
        picture = paced.move(camera, wanted.size_px, crop=crop, cancel=until)
        yield Cast(picture, wanted, is_full=False)

    def _rest(
        self,
        paced: PacedVolume,
        camera: Camera,
        wanted: Wanted,
        crop: CropBox | None,
        until: "_Until",
    ) -> Iterator[Cast]:
        """The full picture, maybe by way of coarser ones."""
        last: NDArray[np.uint8] | None = None
        for picture in paced.rest(camera, wanted.size_px, crop=crop, cancel=until):
            if last is not None:
                yield Cast(last, wanted, is_full=False)
            last = picture
        if last is not None:
            yield Cast(last, wanted, is_full=True)
        if self._ready != self._preset:
            paced.make_ready(camera)
            self._ready = self._preset

    def _is_needless(self, wanted: Wanted) -> Callable[[], bool]:
        """Tells when a picture being cast need not be finished.

        A turn goes on through its own pictures; anything else makes way for what is newer.
        """

        def is_needless() -> bool:
            newer = self._wanted
            return newer is not None and not (wanted.is_moving and newer.is_moving)

        return is_needless

    def _free(self) -> None:
        """End the caster's threads; only where no picture is being cast."""
        caster, self._caster = self._caster, None
        if caster is not None:
            caster.close()

    def _take(self, cancel: Cancel) -> Wanted | None:
        """The next wish; waits a moment for it, as a new job would drop the picture on its way."""
        end = time.monotonic() + _LINGER_S
        with self._lock:
            while self._wanted is None and not (self._is_closed or cancel.is_set):
                left = end - time.monotonic()
                if left <= 0:
                    break
                self._lock.wait(min(_CHECK_S, left))
            wanted, self._wanted = self._wanted, None
            if wanted is None:
                self._is_casting = False
            return wanted

    def _prepared(self, view: VolumeView) -> tuple[PacedVolume, VolumeCaster]:
        if self._caster is None:
            if not is_compiled():
                compile_in_child()
            load_kernels()
            voxels, slope, intercept = _as_int16(self._volume)
            self._caster = VolumeCaster(
                voxels, self._volume.voxel_to_patient, slope=slope, intercept=intercept
            )
        preset = preset_of(view, self._modality)
        transfer = self._transfer(preset)
        if self._paced is None:
            self._paced = PacedVolume(self._caster, transfer, preset.id)
        elif preset.id != self._preset:
            self._paced.use(transfer, preset.id)
        self._preset = preset.id
        return self._paced, self._caster

    def _transfer(self, preset: VolumePreset) -> TransferFunction:
        return preset.for_range(*self._span)

    def _crop(self, view: VolumeView) -> CropBox | None:
        if all(part == (0.0, 1.0) for part in view.crop):
            return None
        shape = self._volume.voxels.shape
        low, high = cropped_ends(view.crop, (shape[0], shape[1], shape[2]))
        return CropBox(low, high)


class _Until:
    """Cancels a picture when the job ends or the picture is needless."""

    def __init__(self, cancel: Cancel, is_needless: Callable[[], bool]) -> None:
        self._cancel = cancel
        self._is_needless = is_needless

    def check(self) -> None:
        """Raise Cancelled when the picture is not wanted any more."""
        self._cancel.check()
        if self._is_needless():
            raise Cancelled


def _as_int16(volume: Volume) -> tuple[NDArray[np.int16], float, float]:
    """The voxels as int16 with slope and intercept; other types are scaled over their range."""
    voxels: NDArray[Any] = volume.voxels
    if voxels.dtype == np.int16:
        return voxels, volume.slope, volume.intercept
    finite = voxels[np.isfinite(voxels)] if voxels.dtype.kind == "f" else voxels
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    step = max((high - low) / (_INT16.max - _INT16.min), 1e-30)
    if voxels.dtype.kind in "iu" and high <= _INT16.max and low >= _INT16.min:
        return voxels.astype(np.int16), volume.slope, volume.intercept
    scaled = np.nan_to_num((voxels.astype(np.float32) - low) / step, nan=0.0)
    whole = (scaled + _INT16.min).astype(np.int16)
    slope = step * volume.slope
    return whole, slope, (low - _INT16.min * step) * volume.slope + volume.intercept
