"""What the model may read ahead: the picture on the screen, then its prior; never words.

Encoding ahead waits until the screen has been still for a moment, and gives way to a question by
itself (the engine sees to that). Nothing is loaded for it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from app.asking.asking import Asking
from app.asking.inquiries import VolumeOf, active_look, pair_in, shown_in
from assistant.engines.process import Engine
from assistant.engines.states import EngineState
from assistant.looks import Look, make_picture
from viewer.errors import UserError
from viewer.jobs import Cancel, Jobs
from viewer.state import State
from viewer.study import Library

SLOT: Final = "prepare"
_STILL_S: Final = 0.6
_STEP_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Preparing:
    """Encodes what is on the screen while the engine is idle; ``is_wanted`` is the setting."""

    jobs: Jobs
    engine: Engine
    asking: Asking
    library: Callable[[], Library]
    volume_of: VolumeOf = lambda _tile: None
    is_wanted: Callable[[], bool] = lambda: True

    def apply(self, old: State | None, new: State) -> None:
        """Follow the screen; a listener of the store."""
        if old is not None and (old.doc.tiles, old.nav.active, old.nav.positions) == (
            new.doc.tiles,
            new.nav.active,
            new.nav.positions,
        ):
            return
        self.jobs.cancel(SLOT)
        if self.is_wanted() and self.engine.status.state is EngineState.IDLE:
            self.start(new)

    def start(self, state: State) -> None:
        """Encode what a question would be about, in its order."""
        looks, patient = self._looks(state)
        if looks:
            self.jobs.start(SLOT, lambda cancel: self._encode(looks, patient, cancel))

    def _looks(self, state: State) -> tuple[tuple[Look, ...], str]:
        library = self.library()
        active = shown_in(state, library, state.nav.active)
        if active is None:
            return (), ""
        pair = pair_in(state, library)
        shown = [active, *(one for one in pair or () if one.index != active.index)]
        looks = []
        for one in shown:
            try:
                looks.append(active_look(one, state, self.volume_of))
            except UserError:
                continue  # what cannot be asked about is not read ahead either
        return tuple(looks), active.patient.key

    def _encode(self, looks: tuple[Look, ...], patient: str, cancel: Cancel) -> Iterator[None]:
        """Wait until the screen is still, then make the pictures and have them encoded."""
        end = time.monotonic() + _STILL_S
        while time.monotonic() < end:
            cancel.check()
            time.sleep(_STEP_S)
        facts = self.engine.facts
        if facts is None:
            return
        size_px = facts.projector.image_size
        for look in looks:
            cancel.check()
            picture, _placement, _displayed = make_picture(look, self.asking.displays, size_px)
            for _event in self.engine.encode([picture.pixels], patient=patient, check=cancel.check):
                yield None
