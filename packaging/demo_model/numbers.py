"""Numbers as distributions: what teaches a decoder that 298 and 302 are neighbours.

A coordinate is written as a draw from a narrow normal round the truth, rounded to tens; every
digit's target is the exact conditional distribution of that draw given the digits already written.
The units digit is always 0: a unit is less than a pixel, and its near-ties were the one thing in
which two implementations of the same network differed.
"""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

SPREAD = 4.0
STEP = 10
HIGHEST = 990


def written(value: float, rng: np.random.Generator) -> str:
    """One draw of a coordinate in 0..1000, as text."""
    drawn = value + np.clip(rng.normal(0, SPREAD), -2.8 * SPREAD, 2.8 * SPREAD)
    return str(int(rounded(np.array([round(drawn)]))[0]))


def rounded(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """To tens, within what can be written."""
    return np.clip(np.floor(values / STEP + 0.5).astype(np.int64) * STEP, 0, HIGHEST)


class DigitTargets:
    """Distributions over the next digit by (value, digits so far), as rows of one table."""

    def __init__(self) -> None:
        rows: list[NDArray[np.float64]] = []
        self._row: dict[tuple[int, str], int] = {}
        reach = int(3 * SPREAD)
        for value in range(1001):
            around = np.arange(value - reach, value + reach + 1)
            weights = np.exp(-0.5 * ((around - value) / SPREAD) ** 2)
            following: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(10))
            for number, weight in zip(rounded(around), weights, strict=True):
                text = str(number)
                for place, digit in enumerate(text):
                    following[text[:place]][int(digit)] += weight
            for before, counts in following.items():
                self._row[value, before] = len(rows)
                rows.append(counts / counts.sum())
        self.table = np.array(rows, np.float32)

    def row(self, value: int, before: str) -> int:
        """Which row of ``table`` is the target after ``before`` was written."""
        return self._row[value, before]
