"""How long images have been on the screen: nobody confirms what was not looked at."""

import time
from collections.abc import Callable, Hashable
from typing import Final

from viewer.annotations import Annotation
from viewer.state import State
from viewer.study import Library

LEAST_S: Final = 1.0
_FIT: Final = 0.99


class Looked:
    """Which images are on the screen at fit size or larger, and since when."""

    def __init__(
        self, library: Callable[[], Library], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._library = library
        self._now = now
        self._since: dict[Hashable, float] = {}

    def apply(self, new: State) -> None:
        """Follow what the screen shows."""
        shown = self._shown(new)
        now = self._now()
        self._since = {key: self._since.get(key, now) for key in shown}

    def is_enough(self, annotation: Annotation) -> bool:
        """Whether the image of a finding has been on the screen for a second."""
        keys: tuple[Hashable, ...] = (annotation.where, ("plane", annotation.series_uid))
        since = [self._since[key] for key in keys if key in self._since]
        return bool(since) and self._now() - min(since) >= LEAST_S

    def _shown(self, state: State) -> set[Hashable]:
        """The frames on the screen, and the series whose planes are."""
        found: set[Hashable] = set()
        visible = range(len(state.doc.tiles))
        if state.doc.maximised is not None:
            visible = range(state.doc.maximised, state.doc.maximised + 1)
        for index in visible:
            tile = state.doc.tiles[index]
            if not tile.series_uid or tile.view.zoom < _FIT:
                continue
            if tile.is_plane:
                found.add(("plane", tile.series_uid))
                continue
            series = self._library().find_series(tile.series_uid)
            frames = series.stacks[tile.stack_index].frames if series and series.stacks else ()
            position = state.nav.positions[index] if index < len(state.nav.positions) else 0
            if position < len(frames):
                found.add(frames[position])
        return found
