"""Opening: paths -> library and first image, in the background, without a window.

What is found is grouped again and again as it comes, so the browser fills while files are read.
The first image is shown before the rest is read.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import resources
from app import looking
from app.keeping import view_edit
from app.services import Services
from app.settings import CURRENT_LEFT
from app.shelf import Scan
from viewer import edits
from viewer.errors import UserError
from viewer.jobs import Cancel
from viewer.priors import propose
from viewer.reading.grouping import group
from viewer.reading.workers import Found, ScanProgress, Workers
from viewer.state import Edit, State
from viewer.study import Instance, Library, Series, Skipped, Study
from viewer.words import _

SLOT: Final = "open"
_BATCH_S: Final = 0.2
_GROUPING_SHARE: Final = 4.0
"""Grouping takes at most a fifth of the time, however many files there are."""
_AT_ONCE_S: Final = 2.0
"""An opening that took longer leaves the image that the reader has begun to look at."""
_PROJECTIONS: Final = frozenset({"CR", "DX", "MG", "RG", "PX", "IO"})
_SLICES: Final = frozenset({"CT", "MR"})
_VOLUME_TOOLS: Final = frozenset({"crosshair", "crop"})


@dataclass(frozen=True, slots=True)
class Batch:
    """What is open after some more files: the whole library, the new instances, the progress."""

    library: Library
    fresh: tuple[Instance, ...]
    scan: Scan


def open_paths(services: Services, paths: Sequence[str], *, planes: bool = False) -> None:
    """Read what is under these paths and show its first image; what was open stays open.

    ``planes`` shows a volume in three planes as soon as all of it is known.
    """
    known = _instances_of(services.library)
    skipped = services.library.skipped
    opened = _Opened(services, planes=planes)
    demo = demo_folders()  # it has its own command
    for path in paths:
        if path not in demo:
            services.settings.add_recent(path)
    services.shelf.put(services.library, Scan())
    services.jobs.start(
        SLOT,
        lambda cancel: read(services.workers, paths, cancel, known=known, skipped=skipped),
        on_part=opened.take,
        on_end=opened.end,
    )


def cancel_opening(services: Services) -> None:
    """Stop reading; what was found stays."""
    services.jobs.cancel(SLOT)
    services.shelf.put(services.library, None)


def close_studies(services: Services) -> None:
    """Empty the browser and the tiles; nothing that a person made is lost."""
    services.jobs.cancel(SLOT)
    instances = _instances_of(services.library)
    # The shelf first: marks that leave with their studies are closed, not deleted.
    services.shelf.put(Library(), None)
    services.store.apply(_emptied)
    services.store.forget_undo()
    services.sources.forget()
    services.frames.forget(i.sop_instance_uid for i in instances)


def _emptied(state: State) -> State:
    """Nothing shown; the tool stays unless it works on volumes alone."""
    nav = State().nav
    tool = nav.tool if state.nav.tool in _VOLUME_TOOLS else state.nav.tool
    return State(nav=replace(nav, tool=tool))


def read(
    workers: Workers,
    paths: Sequence[str],
    cancel: Cancel,
    *,
    known: Sequence[Instance] = (),
    skipped: Sequence[Skipped] = (),
) -> Iterator[Batch]:
    """Batches of what is found; the first comes with the first image, the last is complete."""
    reader = _Reader(list(known), list(skipped))
    for part in workers.scan(paths):
        cancel.check()
        if reader.take(part):
            yield reader.batch()
    yield reader.batch(is_complete=True)


class _Reader:
    """Collects what a scan finds, and says when it is worth showing."""

    def __init__(self, known: list[Instance], skipped: list[Skipped]) -> None:
        self._instances = known
        self._skipped = skipped
        self._known = {(i.path, i.member) for i in known}
        self._fresh: list[Instance] = []
        self._scan = Scan()
        self._library = Library()
        self._has_image = False
        self._due_s = 0.0

    def take(self, part: Found | Skipped | ScanProgress) -> bool:
        """Keep a part; True when a batch is due."""
        if isinstance(part, Found):
            instance = part.instance
            if (instance.path, instance.member) in self._known:
                return False
            self._known.add((instance.path, instance.member))
            self._instances.append(instance)
            self._fresh.append(instance)
            if not self._has_image and instance.has_pixels:
                self._has_image = True
                return True
        elif isinstance(part, Skipped):
            self._skipped.append(part)
            self._scan = replace(self._scan, skipped=len(self._skipped))
        else:
            self._scan = replace(
                self._scan, done=part.done, listed=part.listed, is_walking=part.walking
            )
        return time.monotonic() >= self._due_s

    def batch(self, *, is_complete: bool = False) -> Batch:
        """Everything up to now, grouped."""
        began = time.monotonic()
        if self._fresh or is_complete:
            self._library = group(self._instances, self._skipped)
        fresh, self._fresh = tuple(self._fresh), []
        ended = time.monotonic()
        self._due_s = ended + max(_BATCH_S, _GROUPING_SHARE * (ended - began))
        return Batch(self._library, fresh, self._scan)


class _Opened:
    """Brings batches onto the shelf and the first images into the tiles."""

    def __init__(self, services: Services, *, planes: bool) -> None:
        self._services = services
        self._planes = planes
        self._fresh: list[Instance] = []
        self._shown: State | None = None
        self._shown_at_s = 0.0
        self._skipped_before = len(services.library.skipped)
        self._looked_at = 0

    def take(self, batch: Batch) -> None:
        """Show what is new; an image that is on the screen stays there as its stack grows."""
        services = self._services
        services.frames.add(_instances_of(batch.library))  # grouping may have renamed some
        self._fresh += batch.fresh
        self._looked_at = batch.scan.done
        before = services.library
        services.shelf.put(batch.library, batch.scan)
        untouched = self._shown is not None and services.store.state == self._shown
        services.store.apply(keep_images(before, batch.library))
        if self._shown is None:
            self._show_first(batch)
        elif untouched:
            self._shown = services.store.state

    def end(self, error: UserError | None) -> None:
        """Lay out what was found, when the reader has not begun to look; say what is missing."""
        services = self._services
        services.shelf.put(services.library, None)
        if error is not None:
            services.desk.show_error(error)
            return
        if not self._fresh:
            skipped = len(services.library.skipped) - self._skipped_before
            services.desk.tell(nothing_sentence(skipped, self._looked_at), kind="warn")
            return
        if self._shown is not None and services.store.state == self._shown:
            is_at_once = time.monotonic() - self._shown_at_s < _AT_ONCE_S
            layout = first_layout(services, self._new_studies(), keep_image=not is_at_once)
            services.store.apply((None if self._planes else self._last_view()) or layout)
            if self._planes and looking.has_volume(services):
                looking.show_planes(services)

    def _show_first(self, batch: Batch) -> None:
        first = next((i for i in batch.fresh if i.has_pixels), None)
        if first is None:
            return
        services = self._services
        services.store.forget_undo()
        edit = looking.showing(services, first.study.series_uid, 0)
        services.store.apply(lambda state: edits.set_active(0)(edit(edits.set_layout(1, 1)(state))))
        self._shown = services.store.state
        self._shown_at_s = time.monotonic()

    def _last_view(self) -> Edit | None:
        """The newest study as it was left, when it was open before."""
        studies = self._new_studies()
        return view_edit(self._services, newest(studies)) if studies else None

    def _new_studies(self) -> tuple[Study, ...]:
        fresh = {i.study.series_uid for i in self._fresh}
        return tuple(
            study
            for patient in self._services.library.patients
            for study in patient.studies
            if any(series.uid in fresh for series in study.series)
        )


def keep_images(before: Library, after: Library) -> Edit:
    """The edit that keeps every tile's image in place when stacks have grown round it."""

    def edit(state: State) -> State:
        positions = list(state.nav.positions)
        for index, tile in enumerate(state.doc.tiles):
            old, new = before.find_series(tile.series_uid), after.find_series(tile.series_uid)
            if old is None or new is None or old is new or index >= len(positions):
                continue
            positions[index] = _moved(old, new, tile.stack_index, positions[index])
        if tuple(positions) == state.nav.positions:
            return state
        return state.with_nav(positions=tuple(positions))

    return edit


def _moved(old: Series, new: Series, stack_index: int, position: int) -> int:
    if stack_index >= len(old.stacks) or stack_index >= len(new.stacks):
        return position
    frames = old.stacks[stack_index].frames
    if position >= len(frames):
        return position
    shown = frames[position]
    grown = new.stacks[stack_index].frames
    return grown.index(shown) if shown in grown else min(position, len(grown) - 1)


def first_layout(services: Services, studies: Sequence[Study], *, keep_image: bool = False) -> Edit:
    """How newly opened studies are laid out; the newest study decides.

    Current and prior side by side, two views side by side; else one series alone, no localizer
    where there is another. ``keep_image`` leaves the image of a series that is shown already.
    """
    if not studies:
        return lambda state: state
    study = newest(studies)
    drawable = [s for s in study.series if s.stacks]
    projections = [s for s in drawable if s.modality in _PROJECTIONS]
    if projections:
        return _projection_layout(services, study, projections)
    slices = [s for s in drawable if s.modality in _SLICES and not is_localizer(s)]
    chosen = [s.uid for s in (slices or drawable)[:1]]
    return _side_by_side(services, chosen, keep_image=keep_image)


def newest(studies: Sequence[Study]) -> Study:
    """The study of the latest date."""
    return max(studies, key=lambda s: (s.date, s.time))


def is_localizer(series: Series) -> bool:
    """Whether a series only plans others (PS3.3 C.7.6.1.1.2)."""
    return "LOCALIZER" in series.first.study.image_type


def _projection_layout(services: Services, study: Study, series: Sequence[Series]) -> Edit:
    if len(series) >= 2:
        return _side_by_side(services, [s.uid for s in series[:2]])
    proposal = propose(study, series[0], services.library)
    if proposal is None:
        return _side_by_side(services, [series[0].uid])
    return edits.show_side_by_side(
        series[0].uid,
        proposal.series.uid,
        current_left=services.settings.get(CURRENT_LEFT),
    )


def _side_by_side(services: Services, uids: Sequence[str], *, keep_image: bool = False) -> Edit:
    def edit(state: State) -> State:
        if not uids:
            return state
        if keep_image and [t.series_uid for t in state.doc.tiles] == list(uids):
            return state
        state = edits.set_layout(1, len(uids))(state)
        for tile, uid in enumerate(uids):
            state = looking.showing(services, uid, tile)(state)
        return edits.set_active(0)(state)

    return edit


def nothing_sentence(skipped: int, looked_at: int) -> str:
    """Why an opening that skipped so many of the files it looked at brought nothing new."""
    if skipped == 1:
        return _("No images here. One file was looked at; press Why? below the list of studies.")
    if skipped:
        return _(
            "No images here. {count} files were looked at; press Why? below the list of studies."
        ).format(count=f"{skipped:,}")
    if looked_at:
        return _("These images are open already.")
    return _("This folder holds no files. Choose the folder that holds the images.")


def demo_path() -> str:
    """The folder of the demo study, with the files that describe it."""
    return str(Path(resources.path("demo_study")))


def demo_folders() -> list[str]:
    """The folders in the demo study that hold its images and nothing else."""
    return sorted(str(inside) for inside in Path(demo_path()).iterdir() if inside.is_dir())


def _instances_of(library: Library) -> list[Instance]:
    return [i for _p, _s, series in library.all_series() for i in series.instances]
