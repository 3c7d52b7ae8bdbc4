"""A request under way, seen from the window's side."""

import queue
from dataclasses import dataclass, field, replace
from typing import Any

from assistant.engines.protocol import Failed, Timings
from viewer.arena import Arena
from viewer.children import Child
from viewer.errors import Cancelled, UserError
from viewer.words import _


@dataclass(slots=True)
class Request:
    """What was sent to which child; its answers arrive in ``answers``, the last one is final.

    ``arena`` holds its pictures until then.
    """

    id: int
    kind: type
    child: Child
    arena: Arena | None = None
    is_stopped: bool = False
    answers: "queue.SimpleQueue[Any]" = field(default_factory=queue.SimpleQueue)


def as_error(answer: Any, request: Request) -> Exception:
    """What to raise for a final answer that is a failure; stopping is no error."""
    if isinstance(answer, Failed):
        return Cancelled() if request.is_stopped else UserError(answer.sentence, answer.details)
    if isinstance(answer, Exception):
        return answer
    return UserError(_("The model's process gave no answer. Ask again."), repr(answer))


def with_load(timings: Timings, load_s: float) -> Timings:
    """An answer's timings, counted from before the model was loaded for it."""
    return replace(
        timings,
        load=load_s,
        first_token=timings.first_token + load_s if timings.first_token else 0.0,
        total=timings.total + load_s,
    )
