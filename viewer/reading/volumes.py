"""A stack as a regular grid of voxels, at one times the memory of its pixels.

Values stay the integers that the file stores, with slope and intercept beside them, or become
modality values in place where those are whole numbers that fit. Tilted and uneven stacks are
brought to a right-angled grid (``viewer.resampling``).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.children import free_memory_bytes
from viewer.errors import UserError
from viewer.geometry import needs_straightening, voxel_to_patient
from viewer.jobs import Cancel
from viewer.pixels.modality import facts_of, mask_bits, to_modality
from viewer.reading.frames import Frames, middle_out
from viewer.reading.native import is_native, read_native
from viewer.reading.stored import Stored, frame_grey, frame_plane, stored_dtype
from viewer.resampling.workers import Resampler
from viewer.study import FrameRef, Geometry, Grey, Instance, Stack
from viewer.words import _

_DECODING: Final = 2
_MEMORY_SHARE: Final = 0.6
_RESAMPLING_COPIES: Final = 4  # as read; what goes in and out, shared; the result
_INT16: Final = np.iinfo(np.int16)


@dataclass(frozen=True, slots=True)
class Volume:
    """A regular grid of voxels.

    ``voxels`` is (slices, rows, columns), int16, uint16 or float32; a modality value is
    ``voxel * slope + intercept``, in ``unit``. ``voxel_to_patient`` is (4, 4), from (slice, row,
    column, 1) to LPS mm. ``padding`` is the voxel value that stands for nothing, or None.
    ``frames`` holds one reference a slice, or nothing when voxels were ``interpolated``.
    """

    voxels: NDArray[Any]
    voxel_to_patient: NDArray[np.float64]
    spacing_mm: tuple[float, float, float]
    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
    padding: int | None = None
    frames: tuple[FrameRef, ...] = ()
    interpolated: bool = False
    notes: tuple[str, ...] = ()


OnSlice = Callable[[int, Volume], None]


def load_volume(
    stack: Stack,
    frames: Frames,
    on_slice: OnSlice | None = None,
    cancel: Cancel | None = None,
) -> Volume:
    """Read a stack into a volume, the middle slice first.

    ``on_slice(index, volume)`` is called after each slice with the volume as far as it is filled.
    UserError when the stack makes no volume or one of its frames cannot be read.
    """
    geometry = stack.geometry
    if geometry is None or not stack.volume:
        raise UserError(stack.no_volume_because)
    sources = [(frames.instance(ref.sop_instance_uid), ref) for ref in stack.frames]
    greys = [frame_grey(instance, ref.frame_number) for instance, ref in sources]
    dtype = _voxel_dtype(sources, greys)
    _check_memory(geometry, dtype)
    with Resampler() if needs_straightening(geometry) else nullcontext() as resampler:
        volume = _empty(stack, geometry, dtype, greys[0])
        for index in _filled(volume.voxels, sources, frames):
            if cancel is not None:
                cancel.check()
            if on_slice is not None:
                on_slice(index, volume)
        volume = _as_modality(volume)
        if resampler is None:
            return volume
        planes = [frame_plane(instance, ref.frame_number).position for instance, ref in sources]
        positions = np.array([position for position in planes if position is not None])
        voxels, matrix = resampler.straighten(volume.voxels, positions, geometry, cancel)
    return replace(
        volume, voxels=voxels, voxel_to_patient=matrix, frames=(), interpolated=True, padding=None
    )


def _voxel_dtype(sources: list[tuple[Instance, FrameRef]], greys: list[Grey]) -> np.dtype[Any]:
    """int16 or uint16 as stored, or float32 where slices are scaled each in its own way."""
    kinds = {stored_dtype(instance.pixels) for instance, _ref in sources if instance.pixels}
    scales = {(grey.slope, grey.intercept, grey.modality_lut is None) for grey in greys}
    (_slope, _intercept, is_plain), *others = scales
    kind = kinds.pop()
    if kinds or others or not is_plain or kind.kind == "f" or kind.itemsize > 2:
        return np.dtype(np.float32)
    return np.dtype("<i2") if kind.itemsize == 1 else kind


def _check_memory(geometry: Geometry, dtype: np.dtype[Any]) -> None:
    copies = _RESAMPLING_COPIES if needs_straightening(geometry) else 1
    need = int(np.prod(geometry.shape, dtype=np.int64)) * dtype.itemsize * copies
    free = free_memory_bytes()
    if free and need > _MEMORY_SHARE * free:
        raise UserError(
            _("Planes and 3D of this series need {need:.1f} GB, {free:.1f} GB are free. "
              "Close other programs, or look at the images one by one.")
            .format(need=need / 2**30, free=free / 2**30)
        )  # fmt: skip


def _empty(stack: Stack, geometry: Geometry, dtype: np.dtype[Any], grey: Grey) -> Volume:
    is_scaled = dtype.kind == "f"
    return Volume(
        voxels=np.empty(geometry.shape, dtype),
        voxel_to_patient=voxel_to_patient(geometry),
        spacing_mm=geometry.spacing_mm,
        slope=1.0 if is_scaled else grey.slope,
        intercept=0.0 if is_scaled else grey.intercept,
        unit=grey.unit,
        padding=None if is_scaled else grey.padding,
        frames=stack.frames,
        notes=stack.notes,
    )


def _filled(
    voxels: NDArray[Any], sources: list[tuple[Instance, FrameRef]], frames: Frames
) -> Iterator[int]:
    """Fill all slices, the middle one first; each index as it is done.

    Native slices are a copy each; those that workers decode come from two at a time.
    """

    def fill(index: int) -> int:
        instance, ref = sources[index]
        _fill(voxels[index], instance, ref, frames)
        return index

    order = middle_out(len(sources), len(sources) // 2)
    if all(is_native(instance) for instance, _ref in sources):
        yield from map(fill, order)
        return
    pool = ThreadPoolExecutor(_DECODING, "volume")
    try:
        yield from pool.map(fill, order)
    finally:
        pool.shutdown(cancel_futures=True)


def _fill(target: NDArray[Any], instance: Instance, ref: FrameRef, frames: Frames) -> None:
    """One slice: from memory, else straight from the file into its place."""
    kept = frames.peek(ref)
    pixels = instance.pixels
    fits = pixels is not None and stored_dtype(pixels) == target.dtype
    if kept is None and fits and is_native(instance):
        read_native(instance, ref.frame_number, target)
        _mask(target, instance, ref)
        return
    stored = kept if kept is not None else frames.read(ref)
    if stored.pixels.shape != target.shape:
        raise UserError(_("The slices of this series differ in size."))
    if target.dtype.kind == "f":
        target[...] = to_modality(stored.pixels, _facts(stored))
    else:
        target[...] = mask_bits(stored.pixels, _facts(stored))[0]


def _facts(stored: Stored) -> Any:
    return facts_of(
        stored.instance,
        stored.frame_number,
        photometric=stored.photometric,
        bits_stored=stored.bits_stored,
    )


def _mask(target: NDArray[Any], instance: Instance, ref: FrameRef) -> None:
    masked, _facts_after = mask_bits(target, facts_of(instance, ref.frame_number))
    if masked is not target:
        target[...] = masked


def _as_modality(volume: Volume) -> Volume:
    """Apply a whole intercept in place where all values fit; always so for CT."""
    voxels, intercept = volume.voxels, volume.intercept
    if volume.slope != 1.0 or not intercept.is_integer() or voxels.dtype.kind == "f":
        return volume
    if voxels.dtype.kind == "i" and intercept == 0:
        return volume
    low, high = int(voxels.min()) + int(intercept), int(voxels.max()) + int(intercept)
    if low < _INT16.min or high > _INT16.max or int(voxels.max()) > _INT16.max:
        return volume
    signed = voxels.view("<i2")
    signed += np.int16(intercept)
    padding = None if volume.padding is None else volume.padding + int(intercept)
    return replace(volume, voxels=signed, intercept=0.0, padding=padding)
