"""What the widgets on the image need from outside: the library, frames, volumes, calibrations.

Pixels arrive on other threads; every callback of a widget is called on the window's thread.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.calibration import Calibration, calibration_of
from viewer.errors import UserError
from viewer.jobs import Cancel, Jobs, Post
from viewer.pixels.modality import PixelFacts, facts_of, facts_of_values
from viewer.pixels.voi import percentiles, sample_values
from viewer.pixels.windows import Sample, VoiChoice, resolve_window, window_index
from viewer.reading.frames import Frames, Prefetch, Stored
from viewer.reading.volumes import Volume, load_volume
from viewer.render.planes import Slicer
from viewer.spaces import FramePoint
from viewer.state import Tile
from viewer.study import FrameRef, Instance, Library, Patient, Series, Stack, Study
from viewer.tools.linking import Shown
from viewer.tools.stepping import instances_of, is_reversed

_SAMPLED_FRAMES: Final = 9
_KEPT_VOLUMES: Final = 2
_AHEAD_BYTES: Final = 256 * 1024 * 1024
_NO_SAMPLE: Final[Sample] = np.empty(0)
_MOST: Final = (0.5, 99.5)
_KEPT_CHOICES: Final = 256
_TELL_EVERY_S: Final = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A series with whom it belongs to, and its instances by UID."""

    patient: Patient
    study: Study
    series: Series
    instances: Mapping[str, Instance]

    def stack(self, index: int) -> Stack | None:
        """The stack with this index, or None."""
        return self.series.stacks[index] if index < len(self.series.stacks) else None

    def instance_of(self, ref: FrameRef) -> Instance | None:
        """The instance that holds a frame, or None."""
        return self.instances.get(ref.sop_instance_uid)


@dataclass(slots=True)
class _Sampled:
    """Values of a series so far, from so many frames, and the span that most of them lie in."""

    frames: int = 0
    sample: Sample = field(default_factory=lambda: _NO_SAMPLE)
    span: tuple[float, float] | None = None

    def take(self, sample: Sample, frames: int) -> None:
        self.sample, self.frames = sample, frames
        if sample.size:
            low, high = percentiles(sample, _MOST)
            self.span = low, high


class Sources:
    """Gives widgets what is open; keeps what is dear to make again.

    ``library`` gives what is open now. ``post`` runs a call on the window's thread.
    ``user_spacing`` gives the reader's own calibration of an instance (row, column spacing, mm).
    """

    def __init__(
        self,
        library: Callable[[], Library],
        frames: Frames,
        jobs: Jobs,
        *,
        post: Post,
        user_spacing: Callable[[str], tuple[float, float] | None] = lambda _uid: None,
    ) -> None:
        self._library = library
        self._frames = frames
        self.jobs = jobs
        self._post = post
        self._user_spacing = user_spacing
        self._known: Library | None = None
        self._entries: dict[str, Entry] = {}
        self._reversed: dict[tuple[str, int], bool] = {}
        self._samples: dict[tuple[str, int], _Sampled] = {}
        self._choices: dict[tuple[object, ...], VoiChoice] = {}
        self._volumes: dict[tuple[str, int], Volume | UserError] = {}
        self._slicers: dict[tuple[str, int], tuple[Volume, Slicer]] = {}
        self._progress: dict[tuple[str, int], tuple[int, int]] = {}
        self._waiting: dict[tuple[str, int], list[Callable[[], None]]] = {}

    def entry(self, series_uid: str) -> Entry | None:
        """A series that is open, or None."""
        library = self._library()
        if library is not self._known:
            self._entries = {
                series.uid: Entry(patient, study, series, instances_of(series))
                for patient, study, series in library.all_series()
            }
            self._reversed.clear()
            self._known = library
        return self._entries.get(series_uid)

    def stack(self, tile: Tile) -> Stack | None:
        """The stack that a tile shows, or None."""
        entry = self.entry(tile.series_uid)
        return entry.stack(tile.stack_index) if entry else None

    def is_reversed(self, tile: Tile) -> bool:
        """Whether the image shown first has the highest index."""
        key = (tile.series_uid, tile.stack_index)
        entry, stack = self.entry(tile.series_uid), self.stack(tile)
        if entry is None or stack is None:
            return False
        if key not in self._reversed:
            self._reversed[key] = is_reversed(stack, entry.instances)
        return self._reversed[key]

    def first_position(self, series_uid: str, stack_index: int = 0) -> int:
        """The index of the image that a series shows first: the middle one of a volume."""
        tile = Tile(series_uid=series_uid, stack_index=stack_index)
        stack = self.stack(tile)
        if stack is None or not stack.frames:
            return 0
        if stack.volume:
            return len(stack.frames) // 2
        return len(stack.frames) - 1 if self.is_reversed(tile) else 0

    def shown(self, tiles: tuple[Tile, ...]) -> dict[int, Shown]:
        """The stacks of all stack tiles, for linked scrolling."""
        found: dict[int, Shown] = {}
        for index, tile in enumerate(tiles):
            entry, stack = self.entry(tile.series_uid), self.stack(tile)
            if entry is not None and stack is not None and tile.kind == "stack":
                reference = entry.series.first.study.frame_of_reference_uid
                found[index] = Shown(stack, reference, self.is_reversed(tile))
        return found

    def peek(self, ref: FrameRef) -> Stored | None:
        """A frame that is in memory."""
        return self._frames.peek(ref)

    def fetch(
        self,
        stack: Stack,
        position: int,
        *,
        on_frame: Callable[[FrameRef], None],
        on_failed: Callable[[FrameRef, UserError], None],
    ) -> Prefetch:
        """Read the frame at an index, then its neighbours outwards, as many as memory allows."""
        refs, start = self._near(stack, position)
        post = self._post

        def arrived(stored: Stored) -> None:
            post(partial(on_frame, stored.ref))

        def failed(ref: FrameRef, error: UserError) -> None:
            post(partial(on_failed, ref, error))

        return self._frames.prefetch(refs, start=start, on_frame=arrived, on_failed=failed)

    def facts(self, stored: Stored) -> PixelFacts:
        """What turns a frame's stored values into a picture."""
        return facts_of(
            stored.instance, stored.frame_number, stored.photometric, stored.bits_stored
        )

    def choice(self, tile: Tile, stored: Stored) -> VoiChoice:
        """The window of a stack tile on this frame."""
        sampled = self._sampled(tile)
        if not sampled.sample.size:
            sampled.take(sample_values([(stored.pixels, self.facts(stored))]), 0)
        key = (tile.window, stored.ref, sampled.frames, stored.photometric)
        found = self._choices.get(key)
        if found is None:
            instance, facts = self._spokes(tile, stored)
            found = resolve_window(
                tile.window.source,
                tile.window.window,
                instance=instance,
                facts=facts,
                sample=sampled.sample,
            )
            self._keep_choice(key, found)
        return found

    def span(self, tile: Tile) -> tuple[float, float] | None:
        """The span that most modality values of a tile's series lie in, as far as it is read."""
        if tile.kind != "stack":
            sampled = self._samples.get((tile.series_uid, -1 - tile.stack_index))
            return sampled.span if sampled else None
        return self._sampled(tile).span

    def calibration(
        self, instance: Instance, frame_number: int = 1, points: tuple[FramePoint, ...] = ()
    ) -> Calibration:
        """Where the millimetres of a frame come from."""
        by_user = self._user_spacing(instance.sop_instance_uid)
        return calibration_of(instance, frame_number, points=points, by_user=by_user)

    def volume(self, tile: Tile) -> Volume | UserError | None:
        """The volume of a plane or 3D tile: when it is loaded, or why it cannot be."""
        return self._volumes.get((tile.series_uid, tile.stack_index))

    def load_volume(self, tile: Tile, on_change: Callable[[], None]) -> None:
        """Load a tile's volume; ``on_change`` is called when it is there, or cannot be had."""
        key, stack = (tile.series_uid, tile.stack_index), self.stack(tile)
        if stack is None or key in self._volumes:
            return
        waiting = self._waiting.setdefault(key, [])
        if on_change not in waiting:
            waiting.append(on_change)
        slot = f"volume {tile.series_uid} {tile.stack_index}"
        if self.jobs.is_running(slot):
            return

        def work(cancel: Cancel) -> Iterator[Volume]:
            report = self._slice_counter(key, len(stack.frames))
            yield load_volume(stack, self._frames, on_slice=report, cancel=cancel)

        def finished(error: UserError | None) -> None:
            if error is not None:
                self._keep_volume(key, error)

        self.jobs.start(slot, work, on_part=partial(self._keep_volume, key), on_end=finished)

    def volume_progress(self, tile: Tile) -> tuple[int, int]:
        """How many of how many slices of a tile's volume are read; (0, 0) before it begins."""
        return self._progress.get((tile.series_uid, tile.stack_index), (0, 0))

    def slicer(self, tile: Tile) -> Slicer | None:
        """What cuts planes out of a tile's volume, or None before it is loaded."""
        key = (tile.series_uid, tile.stack_index)
        volume = self._volumes.get(key)
        if not isinstance(volume, Volume):
            return None
        kept = self._slicers.get(key)
        if kept is None or kept[0] is not volume:
            kept = self._slicers[key] = volume, Slicer(volume.voxels, volume.voxel_to_patient)
        return kept[1]

    def volume_facts(self, tile: Tile, volume: Volume) -> PixelFacts | None:
        """What turns a volume's voxels into a picture."""
        entry = self.entry(tile.series_uid)
        if entry is None or entry.series.first.pixels is None:
            return None
        return facts_of_values(
            facts_of(entry.series.first),
            volume.voxels.dtype,
            slope=volume.slope,
            intercept=volume.intercept,
            padding=volume.padding,
        )

    def volume_choice(self, tile: Tile, volume: Volume, facts: PixelFacts) -> VoiChoice | None:
        """The window of a plane tile."""
        entry = self.entry(tile.series_uid)
        if entry is None:
            return None
        sampled = self._samples.setdefault((tile.series_uid, -1 - tile.stack_index), _Sampled())
        if sampled.frames == 0:
            sampled.take(sample_values([(_thinned(volume.voxels), facts)]), 1)
        key = (tile.window, tile.series_uid, tile.stack_index, volume.voxels.dtype.str)
        found = self._choices.get(key)
        if found is None:
            found = resolve_window(
                tile.window.source,
                tile.window.window,
                instance=entry.series.first,
                facts=facts,
                sample=sampled.sample,
            )
            self._keep_choice(key, found)
        return found

    def forget(self) -> None:
        """Drop everything kept, when other studies are opened."""
        self._samples.clear()
        self._choices.clear()
        self._volumes.clear()
        self._slicers.clear()
        self._waiting.clear()
        self._progress.clear()
        self._known = None

    def _sampled(self, tile: Tile) -> _Sampled:
        """Values of a stack from the frames that are here; settles when some of it all is."""
        sampled = self._samples.setdefault((tile.series_uid, tile.stack_index), _Sampled())
        stack = self.stack(tile)
        wanted = _spread(stack.frames) if stack else []
        if sampled.frames < len(wanted):
            here = [s for s in map(self._frames.peek, wanted) if s is not None]
            if len(here) > sampled.frames:
                pairs = [(s.pixels, self.facts(s)) for s in here]
                sampled.take(sample_values(pairs), len(here))
        return sampled

    def _spokes(self, tile: Tile, stored: Stored) -> tuple[Instance, PixelFacts]:
        """Whose stored windows count for a frame: its own, or in MR those of the first."""
        entry, stack = self.entry(tile.series_uid), self.stack(tile)
        if entry is not None and stack is not None and stored.ref in stack.frames:
            index = window_index(entry.series.modality, stack.frames.index(stored.ref))
            ref = stack.frames[index]
            kept, instance = self._frames.peek(ref), entry.instance_of(ref)
            if kept is not None:
                return kept.instance, self.facts(kept)
            if instance is not None:
                return instance, facts_of(instance, ref.frame_number)
        return stored.instance, self.facts(stored)

    def _keep_choice(self, key: tuple[object, ...], choice: VoiChoice) -> None:
        if len(self._choices) >= _KEPT_CHOICES:
            self._choices.clear()
        self._choices[key] = choice

    def _slice_counter(self, key: tuple[str, int], total: int) -> Callable[[int, Volume], None]:
        """Counts slices on the reading thread; tells those who wait four times a second."""
        done, told_s = 0, time.monotonic()

        def count(_index: int, _volume: Volume) -> None:
            nonlocal done, told_s
            done += 1
            if time.monotonic() - told_s >= _TELL_EVERY_S:
                told_s = time.monotonic()
                self._post(partial(self._tell_progress, key, (done, total)))

        return count

    def _tell_progress(self, key: tuple[str, int], progress: tuple[int, int]) -> None:
        self._progress[key] = progress
        for call in self._waiting.get(key, []):
            call()

    def _keep_volume(self, key: tuple[str, int], volume: Volume | UserError) -> None:
        self._volumes[key] = volume
        self._progress.pop(key, None)
        for old in list(self._volumes)[:-_KEPT_VOLUMES]:
            del self._volumes[old]
            self._slicers.pop(old, None)
        for call in self._waiting.pop(key, []):
            call()

    def _near(self, stack: Stack, position: int) -> tuple[tuple[FrameRef, ...], int]:
        """The frames round an index that fit into memory, and where the index is among them."""
        refs = stack.frames
        entry = next(
            (e for e in self._entries.values() if refs[position].sop_instance_uid in e.instances),
            None,
        )
        instance = entry.instance_of(refs[position]) if entry else None
        size = _frame_bytes(instance)
        half = max(8, _AHEAD_BYTES // max(size, 1) // 2)
        first = max(0, position - half)
        return refs[first : position + half + 1], position - first


def _frame_bytes(instance: Instance | None) -> int:
    if instance is None or instance.pixels is None:
        return 512 * 512 * 2
    pixels = instance.pixels
    return pixels.rows * pixels.columns * pixels.samples * max(pixels.bits_allocated // 8, 1)


def _spread(frames: tuple[FrameRef, ...]) -> list[FrameRef]:
    """Some frames, evenly spread over a stack."""
    if len(frames) <= _SAMPLED_FRAMES:
        return list(frames)
    last = len(frames) - 1
    return [frames[round(i * last / (_SAMPLED_FRAMES - 1))] for i in range(_SAMPLED_FRAMES)]


def _thinned(voxels: NDArray[Any]) -> NDArray[Any]:
    """Every few voxels of a volume as (rows, columns), for percentiles."""
    thin = voxels[:: max(1, voxels.shape[0] // 20), ::4, ::4]
    return np.ascontiguousarray(thin).reshape(thin.shape[0], -1)
