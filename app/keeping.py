"""Keeping what a person made: marks and views go to the history as the state changes, and back."""

from app.library.records import SavedView, restored, view_of
from app.services import Services
from app.settings import RESTORE_VIEWS
from viewer.annotations import Annotation
from viewer.edits import add_annotations
from viewer.state import Edit, State
from viewer.study import Library, Study

Key = tuple[str, str]


class Keeper:
    """Listens to the shelf and the store; knows which study each series belongs to."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: Library | None = None
        self._key_of: dict[str, Key] = {}
        self._loaded: set[Key] = set()

    def follow_shelf(self) -> None:
        """Bring back the marks of studies that were opened; forget those that were closed."""
        library = self._services.library
        if library is self._known:
            return
        self._known = library
        self._key_of = {
            series.uid: (patient.key, study.uid) for patient, study, series in library.all_series()
        }
        keys = dict.fromkeys(self._key_of.values())
        fresh = [key for key in keys if key not in self._loaded]
        self._loaded = set(keys)
        history = self._services.history
        marks = [mark for key in fresh for mark in history.annotations(*key)]
        if marks:
            self._services.store.apply(add_annotations(*marks))

    def apply(self, old: State, new: State) -> None:
        """Keep what changed."""
        if new.doc.annotations is not old.doc.annotations:
            self._keep_marks(old.doc.annotations, new.doc.annotations)
        key = self._key_of.get(new.active_tile.series_uid)
        if key is not None and not self._services.jobs.is_running("open"):
            self._services.history.save_view(*key, view_of(new))

    def _keep_marks(self, old: tuple[Annotation, ...], new: tuple[Annotation, ...]) -> None:
        before, after = set(old), set(new)
        changed = {self._key_of.get(mark.series_uid) for mark in before ^ after}
        for key in changed:
            if key is not None and key in self._loaded:
                marks = [m for m in new if self._key_of.get(m.series_uid) == key]
                self._services.history.save_annotations(*key, marks)


def view_edit(services: Services, study: Study) -> Edit | None:
    """The edit that shows a study as it was left, or None where that is not known or not wanted."""
    if not services.settings.get(RESTORE_VIEWS):
        return None
    patient = next((p for p in services.library.patients if study in p.studies), None)
    if patient is None:
        return None
    view = services.history.view(patient.key, study.uid)
    if view is None or not _can_show(view, services.library):
        return None
    return lambda state: restored(view, state)


def _can_show(view: SavedView, library: Library) -> bool:
    """Whether every series of a view is open and long enough for its place."""
    for index, tile in enumerate(view.tiles):
        if not tile.series_uid:
            continue
        series = library.find_series(tile.series_uid)
        if series is None or tile.stack_index >= len(series.stacks):
            return False
        position = view.positions[index] if index < len(view.positions) else 0
        if position >= len(series.stacks[tile.stack_index].frames):
            return False
    return any(tile.series_uid for tile in view.tiles)
