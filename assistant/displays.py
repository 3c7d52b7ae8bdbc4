"""The 8 bits of a look, by the one path that screen, thumbnail and command line take.

A frame as it is stored; a plane cut at the volume's finest spacing; CT and MR slices in the
windows that the model was trained on.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assistant.looks import Displayed, Look, Side
from viewer.annotations import PlaneRef
from viewer.calibration import calibration_of
from viewer.errors import UserError
from viewer.pixels.display import display_table, to_display
from viewer.pixels.modality import PixelFacts, facts_of, facts_of_values, to_modality
from viewer.pixels.voi import frames_to_sample, sample_values
from viewer.pixels.windows import Sample, VoiChoice, resolve_window, window_index
from viewer.reading.frames import Frames, Stored
from viewer.reading.volumes import Volume
from viewer.spaces import FrameBox
from viewer.study import Series, Stack, Window
from viewer.words import _

FindSeries = Callable[[str], Series | None]
FindVolume = Callable[[str, int], Volume]
"""Series UID and stack index to the volume; UserError when it cannot be had."""

CT_WINDOWS: Final = ((-1024.0, 1024.0), (-135.0, 215.0), (0.0, 80.0))
"""HU from and to of the red, green and blue channel; linear, clipped."""

_SURE_OF_SIDE: Final = 0.7
_NO_SAMPLE: Final[Sample] = np.empty(0)


class Displays:
    """Gives the 8 bits of looks; reads frames and volumes as needed, from any thread."""

    def __init__(self, frames: Frames, series: FindSeries, volume: FindVolume) -> None:
        self._frames = frames
        self._series = series
        self._volume = volume

    def display(self, look: Look) -> Displayed:
        """The frame or plane of a look; UserError when it is not open or cannot be shown."""
        series = self._series(look.series_uid)
        if series is None or look.stack_index >= len(series.stacks):
            raise UserError(_("This image is not open any more. Open its folder again."))
        if isinstance(look.where, PlaneRef):
            volume = self._volume(look.series_uid, look.stack_index)
            return _display_plane(look, look.where, series, volume)
        stored = self._frames.get(look.where)
        if look.levels == "contract":
            return self._display_contract(look, series, stored)
        return self._display_frame(look, series, stored)

    def _display_frame(self, look: Look, series: Series, stored: Stored) -> Displayed:
        stack = series.stacks[look.stack_index]
        index = stack.frames.index(stored.ref) if stored.ref in stack.frames else 0
        spokes = self._frames.get(stack.frames[window_index(series.modality, index)])
        choice = resolve_window(
            look.window.source,
            look.window.window,
            instance=spokes.instance,
            facts=_facts(spokes),
            sample=self._sample(stack, stored),
        )
        return _displayed(look, stored, choice)

    def _display_contract(self, look: Look, series: Series, stored: Stored) -> Displayed:
        """CT in three windows as red, green and blue; MR over the span of the whole stack."""
        values = to_modality(stored.pixels, _facts(stored))
        if series.modality == "CT" and _facts(stored).is_hu:
            levels = np.stack([_spread(values, *ends) for ends in CT_WINDOWS], axis=2)
            name = _("three CT windows")
        else:
            low, high = self._span(series.stacks[look.stack_index])
            levels, name = _spread(values, low, high), _("the whole range")
        return Displayed(
            levels=levels,
            aspect=calibration_of(stored.instance, stored.frame_number).aspect,
            window_name=name,
            photometric=stored.photometric,
            source_digest=_digest(stored.pixels),
            patient_left=_left_of(stored),
            notes=stored.notes,
        )

    def _sample(self, stack: Stack, shown: Stored) -> Sample:
        """Values that speak for a stack, so that a window found is the one on the screen."""
        if _facts(shown).is_color:
            return _NO_SAMPLE
        found = []
        for index in frames_to_sample(len(stack.frames)):
            try:
                stored = self._frames.get(stack.frames[index])
            except UserError:
                continue  # another frame of the series is damaged, which is no reason to fail
            found.append((stored.pixels, _facts(stored)))
        return sample_values(found)

    def _span(self, stack: Stack) -> tuple[float, float]:
        """The smallest and largest modality value of a whole stack."""
        lows, highs = [], []
        for ref in stack.frames:
            stored = self._frames.get(ref)
            values = to_modality(stored.pixels, _facts(stored))
            lows.append(float(values.min()))
            highs.append(float(values.max()))
        return min(lows), max(highs)


def _displayed(look: Look, stored: Stored, choice: VoiChoice) -> Displayed:
    invert = look.invert != choice.invert
    return Displayed(
        levels=to_display(stored.pixels, _facts(stored), choice.voi, invert=invert),
        aspect=calibration_of(stored.instance, stored.frame_number).aspect,
        window=choice.voi if isinstance(choice.voi, Window) else None,
        window_name=choice.name,
        photometric=stored.photometric,
        source_digest=_digest(stored.pixels),
        patient_left=_left_of(stored),
        notes=(*stored.notes, *((choice.note,) if choice.note else ())),
    )


def _display_plane(look: Look, where: PlaneRef, series: Series, volume: Volume) -> Displayed:
    """A plane as the tile cuts it, in its own pixels."""
    from viewer.render.planes import Plane, Slicer

    half = where.mm_per_px / 2
    corner = Plane((where.origin.x, where.origin.y, where.origin.z), where.right, where.down)
    cut = Slicer(volume.voxels, volume.voxel_to_patient).slice_plane(
        corner.shifted(right_mm=half, down_mm=half),
        (where.columns, where.rows),
        where.mm_per_px,
        slab_mm=look.slab.thickness_mm,
        projection=look.slab.projection,
    )
    facts = _volume_facts(series, volume)
    choice = resolve_window(
        look.window.source,
        look.window.window,
        instance=series.first,
        facts=facts,
        sample=sample_values([(volume.voxels, facts)]),
    )
    levels = display_table(facts, choice.voi, invert=look.invert != choice.invert).apply(cut.values)
    levels[~cut.inside] = 0
    return Displayed(
        levels=levels,
        window=choice.voi if isinstance(choice.voi, Window) else None,
        window_name=choice.name,
        photometric="MONOCHROME2",
        source_digest=_digest(cut.values),
        patient_left=_side(where.right[0]),
        extent=_extent(cut.inside),
        notes=volume.notes,
    )


def _extent(inside: NDArray[np.bool_]) -> FrameBox | None:
    """The rectangle round all that lies within the volume; None where nothing does."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if rows.size == 0:
        return None
    return FrameBox(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def _left_of(stored: Stored) -> Side:
    """Where the patient's left lies on a frame, by its plane, else by Patient Orientation."""
    if stored.plane.orientation is not None:
        return _side(stored.plane.orientation[0])
    along_row = (*stored.instance.study.patient_orientation, "")[0][:1].upper()
    return {"L": "right", "R": "left"}.get(along_row, "")  # type: ignore[return-value]


def _side(along_row_x: float) -> Side:
    """By the x, towards the patient's left, of the direction along a row; "" when it is small."""
    if abs(along_row_x) < _SURE_OF_SIDE:
        return ""
    return "right" if along_row_x > 0 else "left"


def _volume_facts(series: Series, volume: Volume) -> PixelFacts:
    with_pixels = next((i for i in series.instances if i.has_pixels), series.first)
    return facts_of_values(
        facts_of(with_pixels),
        volume.voxels.dtype,
        slope=volume.slope,
        intercept=volume.intercept,
        padding=volume.padding,
    )


def _facts(stored: Stored) -> PixelFacts:
    return facts_of(
        stored.instance,
        stored.frame_number,
        stored.photometric,
        bits_stored=stored.bits_stored,
    )


def _spread(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Values clipped to a span and spread over 0 to 255, rounded."""
    span = high - low if high > low else 1.0
    levels = (np.clip(values.astype(np.float32), low, high) - low) * (255.0 / span)
    rounded: NDArray[np.uint8] = np.rint(levels).astype(np.uint8)
    return rounded


def _digest(values: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
