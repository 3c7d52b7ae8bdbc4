"""Snapshots of the model's memory after a prompt's beginning, so that it is not read again.

A snapshot belongs to a patient and is found again only under exactly the same tokens and pictures.
Rolling the sequence back instead can be silently wrong with a sliding window, and snapshots were
measured to give identical logits.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

Unit = int | str
"""A text token's id, or the digest of a picture."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state and the position that follows it."""

    positions: int
    state: bytes


class Prefixes:
    """Snapshots of all patients, the longest unused dropped first when ``limit_bytes`` is full."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[str, bytes], Snapshot] = OrderedDict()

    def find(self, patient: str, units: Sequence[Unit]) -> Snapshot | None:
        """The state after exactly these units, where it was kept for this patient."""
        key = (patient, _digest(units))
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, patient: str, units: Sequence[Unit], *, positions: int, state: bytes) -> None:
        """Keep the state after exactly these units; too large a state is not kept."""
        if len(state) > self._limit_bytes:
            return
        key = (patient, _digest(units))
        self._kept[key] = Snapshot(positions, state)
        self._kept.move_to_end(key)
        size = sum(len(kept.state) for kept in self._kept.values())
        while size > self._limit_bytes:
            _key, oldest = self._kept.popitem(last=False)
            size -= len(oldest.state)

    def forget(self, patient: str) -> None:
        """Drop all that belongs to a patient."""
        for key in [key for key in self._kept if key[0] == patient]:
            del self._kept[key]


def _digest(units: Sequence[Unit]) -> bytes:
    return hashlib.sha256(repr(list(units)).encode()).digest()
