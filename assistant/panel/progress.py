"""How fast something comes and how long it still takes, from the last seconds; no Qt."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from viewer.words import _

_REMEMBERED_S: Final = 10.0
_LEAST_S: Final = 1.0
_MEGA: Final = 1e6


class Pace:
    """Bytes over time."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, done_bytes: int) -> None:
        """So much is here now."""
        now = self._now()
        self._seen.append((now, done_bytes))
        while now - self._seen[0][0] > _REMEMBERED_S:
            self._seen.popleft()

    def words(self, total_bytes: int) -> str:
        """The rate and the time left, or "" before they can be known."""
        if not self._seen:
            return ""
        (begin, first), (end, last) = self._seen[0], self._seen[-1]
        if end - begin < _LEAST_S or last <= first:
            return ""
        rate = (last - first) / (end - begin)
        left_s = (total_bytes - last) / rate
        speed = _("{rate:.1f} MB/s").format(rate=rate / _MEGA)
        if left_s < 90:
            return speed + " · " + _("about {count} s left").format(count=max(round(left_s), 1))
        return speed + " · " + _("about {count} min left").format(count=round(left_s / 60))
