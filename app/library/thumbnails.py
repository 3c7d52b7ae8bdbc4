"""Small pictures of series, made off the window's thread and kept in memory only."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from viewer.errors import UserError
from viewer.jobs import Cancel, Jobs
from viewer.pixels.display import to_display
from viewer.pixels.modality import facts_of
from viewer.pixels.voi import sample_values
from viewer.pixels.windows import default_window
from viewer.reading.frames import Frames
from viewer.reading.stored import Stored
from viewer.study import FrameRef, Library, Series

SIDE_PX: Final = 112
_KEPT: Final = 500
_SLOT: Final = "thumbnails"

Thumbnail = NDArray[np.uint8]
"""(rows, columns) grey or (rows, columns, 3) RGB, at best 112 px a side, of the pixels' shape."""
Made = tuple[str, FrameRef, Thumbnail | None]


class Thumbnails:
    """Makes what is asked for, newest wish first; ``on_made`` hears that one is there."""

    def __init__(self, frames: Frames, jobs: Jobs, on_made: Callable[[str], None]) -> None:
        self._frames = frames
        self._jobs = jobs
        self._on_made = on_made
        self._made: OrderedDict[str, tuple[FrameRef, Thumbnail | None]] = OrderedDict()
        self._wanted: OrderedDict[str, Series] = OrderedDict()
        self._in_work: dict[str, FrameRef] = {}

    def get(self, series: Series) -> Thumbnail | None:
        """The picture, or None while it is made and where there is none.

        While a series grows its first picture stays; ``renew`` makes it again.
        """
        if series.uid in self._made:
            self._made.move_to_end(series.uid)
            return self._made[series.uid][1]
        self._want(series)
        return None

    def renew(self, library: Library) -> None:
        """Make again what no longer shows the middle of its series."""
        for _patient, _study, series in library.all_series():
            made = self._made.get(series.uid)
            if made is not None and made[0] != middle_of(series):
                self._want(series)

    def forget(self) -> None:
        """Drop all."""
        self._jobs.cancel(_SLOT)
        self._made.clear()
        self._wanted.clear()
        self._in_work.clear()

    def _want(self, series: Series) -> None:
        # Every repaint asks again: what is in work must not be begun anew before the others.
        if series.stacks and self._in_work.get(series.uid) != middle_of(series):
            self._wanted[series.uid] = series
            if not self._jobs.is_running(_SLOT):
                self._again(None)

    def _make_all(self, cancel: Cancel) -> Iterator[Made]:
        while self._wanted:
            cancel.check()
            uid, series = self._wanted.popitem()
            self._in_work[uid] = middle_of(series)
            yield uid, middle_of(series), make_thumbnail(series, self._frames)

    def _keep(self, part: Made) -> None:
        uid, ref, picture = part
        self._made[uid] = ref, picture
        self._in_work.pop(uid, None)
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        self._on_made(uid)

    def _again(self, _error: UserError | None) -> None:
        self._in_work.clear()
        if self._wanted:
            self._jobs.start(_SLOT, self._make_all, on_part=self._keep, on_end=self._again)


def middle_of(series: Series) -> FrameRef:
    """The frame that stands for a series."""
    refs = series.stacks[0].frames
    return refs[len(refs) // 2]


def make_thumbnail(series: Series, frames: Frames) -> Thumbnail | None:
    """The middle image with the window that the series starts with; None when it is unreadable."""
    try:
        stored = frames.get(middle_of(series))
    except UserError:
        return None
    facts = facts_of(stored.instance, stored.frame_number, stored.photometric)
    sample = sample_values([(stored.pixels, facts)])
    choice = default_window(stored.instance, facts, sample)
    display = to_display(stored.pixels, facts, choice.voi, invert=choice.invert)
    return shrink(display, _shape_of(stored))


def shrink(display: NDArray[np.uint8], shape: tuple[int, int]) -> Thumbnail:
    """Reduce to ``shape`` (rows, columns) by the mean of what falls into each pixel."""
    rows, columns = display.shape[:2]
    reduced = np.add.reduceat(display.astype(np.uint32), _edges(rows, shape[0]), axis=0)
    reduced = np.add.reduceat(reduced, _edges(columns, shape[1]), axis=1)
    heights = np.diff([*_edges(rows, shape[0]), rows])
    widths = np.diff([*_edges(columns, shape[1]), columns])
    counts = np.multiply.outer(heights, widths)
    if display.ndim == 3:
        counts = counts[:, :, np.newaxis]
    return np.ascontiguousarray(reduced // counts).astype(np.uint8)


def _shape_of(stored: Stored) -> tuple[int, int]:
    """Rows and columns within the side, never more than there are, of the true shape."""
    rows, columns = stored.pixels.shape[:2]
    spacing = stored.pixel_spacing or (1.0, 1.0)
    height, width = rows * spacing[0], columns * spacing[1]
    scale = SIDE_PX / max(height, width)
    return (
        min(rows, max(1, round(height * scale))),
        min(columns, max(1, round(width * scale))),
    )


def _edges(count: int, parts: int) -> list[int]:
    return [count * i // parts for i in range(parts)]
