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
    """The state after ``units`` units of a prompt, which took ``positions`` positions."""

    units: int
    positions: int
    state: bytes


class Prefixes:
    """Snapshots of all patients, the longest unused dropped first when ``limit_bytes`` is full."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[str, int, bytes], Snapshot] = OrderedDict()

    def find(self, patient: str, units: Sequence[Unit]) -> Snapshot | None:
        """The longest snapshot of this patient that the prompt begins with and goes beyond."""
        lengths = {n for who, n, _digest in self._kept if who == patient and n < len(units)}
        for length in sorted(lengths, reverse=True):
            key = (patient, length, _digest(units[:length]))
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        return None

    def has(self, patient: str, units: Sequence[Unit]) -> bool:
        """Whether exactly this beginning is kept."""
        return (patient, len(units), _digest(units)) in self._kept

    def keep(self, patient: str, units: Sequence[Unit], *, positions: int, state: bytes) -> None:
        """Keep the state after exactly these units; too large a state is not kept."""
        if len(state) > self._limit_bytes:
            return
        key = (patient, len(units), _digest(units))
        self._kept[key] = Snapshot(len(units), positions, state)
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
