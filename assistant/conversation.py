"""Questions about one study and what came of them: frozen records that are appended to."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assistant.engines.protocol import Counts, Timings
from viewer.state import Role

TurnState = Literal["asked", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True, eq=False)
class SeenPicture:
    """One picture that the model saw, with what is said under it.

    ``pixels`` is the very picture, (size, size, 3) RGB; None when it was
    let go, as in a conversation of an earlier day.
    ``number`` is its place in the order of the question, from 1.
    """

    number: int
    title: str
    date: str
    role: Role = ""
    size_px: int = 0
    digest: str = ""
    pixels: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A question and what came of it so far; ``words`` are the person's own, without a chip's.

    ``findings`` are the ids of the marks that its boxes became; ``not_drawn`` sentences about boxes
    that became none; ``notes`` what else is to be said. ``think_s`` is how long it thought.
    ``swapped`` is the verdict with both images exchanged; ``identity`` what the check of two
    patients found. ``warnings`` are sentences that stand
    before the answer, from before its first word on.
    """

    id: str
    task: str
    question: str
    state: TurnState = "asked"
    asked_at: str = ""
    words: str = ""
    warnings: tuple[str, ...] = ()
    seen: tuple[SeenPicture, ...] = ()
    thought: str = ""
    answer: str = ""
    verdict: str = ""
    swapped: str = ""
    identity: str = ""
    findings: tuple[str, ...] = ()
    not_drawn: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    named_nothing: bool = False
    counts: Counts | None = None
    timings: Timings | None = None
    think_s: float = 0.0
    provenance_id: str = ""
    model_name: str = ""
    error: str = ""
    details: str = ""
    engine_lost: bool = False

    @property
    def is_running(self) -> bool:
        """Whether its answer may still grow."""
        return self.state == "asked"


@dataclass(frozen=True, slots=True, eq=False)
class Conversation:
    """All that was asked about one study of one patient, oldest first."""

    patient_key: str = ""
    study_uid: str = ""
    turns: tuple[Turn, ...] = ()

    @property
    def last(self) -> Turn | None:
        """The newest turn."""
        return self.turns[-1] if self.turns else None

    @property
    def is_running(self) -> bool:
        """Whether an answer is under way."""
        return self.last is not None and self.last.is_running

    def with_turn(self, turn: Turn) -> "Conversation":
        """Append a turn, or put it in the place of the one with its id."""
        if any(t.id == turn.id for t in self.turns):
            return replace(self, turns=tuple(turn if t.id == turn.id else t for t in self.turns))
        return replace(self, turns=(*self.turns, turn))

    def without_old_pictures(self, keep: int) -> "Conversation":
        """Let go of the pictures of all turns but the last few; what they were stays said."""
        old = tuple(map(_without_pictures, self.turns[:-keep]))
        return replace(self, turns=(*old, *self.turns[-keep:]))


def _without_pictures(turn: Turn) -> Turn:
    if all(one.pixels is None for one in turn.seen):
        return turn
    return replace(turn, seen=tuple(replace(one, pixels=None) for one in turn.seen))
