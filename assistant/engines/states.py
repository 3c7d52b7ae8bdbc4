"""The engine's states and which may follow which."""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class EngineState(Enum):
    """What the engine is doing, as the panel names it."""

    ABSENT = "absent"
    STARTING = "starting"
    LOADING = "loading"
    IDLE = "idle"
    ENCODING = "encoding"
    READING = "reading"
    WRITING = "writing"
    STOPPING = "stopping"
    FAILED = "failed"


_S = EngineState
_ALWAYS: Final = frozenset({_S.ABSENT, _S.FAILED})

TRANSITIONS: Final = {
    _S.ABSENT: _ALWAYS | {_S.STARTING},
    _S.STARTING: _ALWAYS | {_S.LOADING, _S.IDLE, _S.STOPPING},
    _S.LOADING: _ALWAYS | {_S.IDLE, _S.STOPPING},
    _S.IDLE: _ALWAYS | {_S.STARTING, _S.LOADING, _S.ENCODING, _S.READING},
    _S.ENCODING: _ALWAYS | {_S.IDLE, _S.READING, _S.STOPPING},
    _S.READING: _ALWAYS | {_S.IDLE, _S.ENCODING, _S.WRITING, _S.STOPPING},
    _S.WRITING: _ALWAYS | {_S.IDLE, _S.STOPPING},
    _S.STOPPING: _ALWAYS | {_S.IDLE},
    _S.FAILED: _ALWAYS | {_S.STARTING},
}
"""Which states may follow a state; from every state a child may die (FAILED) or be closed."""


def follow(old: EngineState, new: EngineState) -> EngineState:
    """The new state; ValueError where it may not follow the old one."""
    if new is not old and new not in TRANSITIONS[old]:
        raise ValueError(f"{new.value} after {old.value}")
    return new


@dataclass(frozen=True, slots=True)
class Status:
    """The engine at one moment.

    ``since_s`` is ``time.monotonic()`` when the state began; ``expected_s`` how long it usually
    takes on this machine, None where that is not known; ``done`` of ``total`` in the units of
    ``protocol.Progress``; ``image`` counts from 0 of ``images``. ``sentence`` says why it failed.
    """

    state: EngineState
    since_s: float
    expected_s: float | None = None
    done: int = 0
    total: int = 0
    image: int = 0
    images: int = 0
    sentence: str = ""
