"""How long each step took on this machine before, so that the panel can say how long it takes."""

import json
import math
import statistics
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

from assistant.engines.protocol import Done, Progress
from assistant.engines.states import EngineState

LOAD: Final = "load"

_REMEMBERED: Final = 8
_MOST_KEYS: Final = 200


class Durations:
    """Seconds by step and model, the last few of each; kept in a small file where one is named.

    Thread-safe. A file that cannot be read or written is no error: the estimates start anew.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._seconds: dict[str, deque[float]] = {} if path is None else _read(path)

    def expected_s(self, step: str, model: str) -> float | None:
        """The median of what this step took for this model, or None when it was never seen."""
        with self._guard:
            seen = self._seconds.get(_key(step, model))
            return statistics.median(seen) if seen else None

    def add(self, step: str, model: str, seconds: float) -> None:
        """Remember what a step took."""
        with self._guard:
            key = _key(step, model)
            self._seconds.setdefault(key, deque(maxlen=_REMEMBERED)).append(round(seconds, 4))
            while len(self._seconds) > _MOST_KEYS:
                del self._seconds[next(iter(self._seconds))]
            if self._path is not None:
                _write(self._path, {name: list(seen) for name, seen in self._seconds.items()})

    def learn(self, done: Done) -> None:
        """Remember what the steps of a finished answer took."""
        name, counts, timings = done.provenance.model_name, done.counts, done.timings
        if done.stop == "stopped":
            return
        if counts.images_encoded:
            self.add(EngineState.ENCODING.value, name, timings.encode / counts.images_encoded)
        if counts.tokens_evaluated:
            self.add(EngineState.READING.value, name, timings.prompt / counts.tokens_evaluated)
        self.add(EngineState.WRITING.value, name, timings.total - timings.first_token)

    def expected_in(
        self, state: EngineState, names: tuple[str, str], progress: Progress | None
    ) -> float | None:
        """How long a state will last: ``names`` are the model's file name and its own name.

        Encoding counts by image and reading by token, so they need to know how many there are.
        """
        if state in {EngineState.STARTING, EngineState.LOADING}:
            return self.expected_s(LOAD, names[0])
        one = self.expected_s(state.value, names[1])
        if one is None or state is EngineState.WRITING:
            return one
        if progress is None:
            return None
        return one * (progress.images if state is EngineState.ENCODING else progress.total)


def _key(step: str, model: str) -> str:
    return f"{step} {model}"


def _read(path: Path) -> dict[str, deque[float]]:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(plain, dict):
        return {}
    return {
        str(name): deque((s for s in seen if _is_duration(s)), maxlen=_REMEMBERED)
        for name, seen in plain.items()
        if isinstance(seen, list)
    }


def _is_duration(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value) and value >= 0


def _write(path: Path, plain: dict[str, list[float]]) -> None:
    unfinished = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(plain), encoding="utf-8")
        unfinished.replace(path)
    except OSError:  # the estimates live on in memory
        with suppress(OSError):
            unfinished.unlink()
