"""What every decoder takes and gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from viewer.study import PixelFormat


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """Stored values (rows, columns[, samples]), what their colours are now, and notes."""

    values: NDArray[Any]
    photometric: str
    bits_stored: int
    notes: tuple[str, ...] = ()


Decoder = Callable[[bytes, PixelFormat], DecodedFrame]
