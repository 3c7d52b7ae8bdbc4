"""Pixels as a file stores them, with the facts needed to show them."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.study import FrameFacts, FramePlane, FrameRef, Grey, Instance, PixelFormat

_SAME: Final = FrameFacts()


@dataclass(frozen=True, slots=True)
class Stored:
    """One decoded frame before any lookup table (PS3.3 C.7.6.3).

    ``pixels`` is (rows, columns) or (rows, columns, 3), colour interleaved, read-only, in the
    integer or float type that the header says; bits above Bits Stored are as in the file.
    ``photometric`` is what the pixels are now: a codec may have undone the header's YBR.
    """

    pixels: NDArray[Any]
    instance: Instance
    frame_number: int
    photometric: str
    bits_stored: int
    notes: tuple[str, ...] = ()

    @property
    def ref(self) -> FrameRef:
        """Which frame this is."""
        return FrameRef(self.instance.sop_instance_uid, self.frame_number)

    @property
    def facts(self) -> FrameFacts:
        """What this frame says for itself."""
        return frame_facts(self.instance, self.frame_number)

    @property
    def grey(self) -> Grey:
        """This frame's rescale and windows."""
        return frame_grey(self.instance, self.frame_number)

    @property
    def plane(self) -> FramePlane:
        """Where this frame lies in the patient."""
        return frame_plane(self.instance, self.frame_number)

    @property
    def pixel_spacing(self) -> tuple[float, float] | None:
        """Pixel Spacing (between rows, between columns), mm."""
        return self.facts.pixel_spacing or self.instance.spacing.pixel


def frame_facts(instance: Instance, frame_number: int) -> FrameFacts:
    """What one frame says for itself; an empty record when frames do not differ."""
    return instance.frames[frame_number - 1] if frame_number <= len(instance.frames) else _SAME


def frame_grey(instance: Instance, frame_number: int) -> Grey:
    """One frame's rescale and windows."""
    return frame_facts(instance, frame_number).grey or instance.grey


def frame_plane(instance: Instance, frame_number: int) -> FramePlane:
    """Where one frame lies in the patient; what it does not say, the instance says."""
    own, whole = frame_facts(instance, frame_number).plane, instance.plane
    return FramePlane(own.position or whole.position, own.orientation or whole.orientation)


def stored_dtype(pixels: PixelFormat) -> np.dtype[Any]:
    """The type of stored values: as Bits Allocated and Pixel Representation say."""
    if pixels.kind == "float":
        return np.dtype(f"<f{pixels.bits_allocated // 8}")
    size = {1: 1, 8: 1, 12: 2, 16: 2, 32: 4, 64: 8}[pixels.bits_allocated]
    return np.dtype(f"<{'i' if pixels.signed else 'u'}{size}")


def frame_shape(pixels: PixelFormat) -> tuple[int, ...]:
    """The shape of one frame: (rows, columns) or (rows, columns, 3)."""
    plane = (pixels.rows, pixels.columns)
    return plane if pixels.samples == 1 else (*plane, pixels.samples)


def frame_bytes(pixels: PixelFormat) -> int:
    """Bytes of one decoded frame."""
    return pixels.rows * pixels.columns * pixels.samples * stored_dtype(pixels).itemsize
