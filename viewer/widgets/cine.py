"""Running through a tile's images by the clock; images that came too late are counted."""

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer

_LATE_IMAGES: Final = 5


class Cine(QObject):
    """A clock for one tile.

    ``advance(tile, by)`` shows the image ``by`` further and says whether it was there in time.
    """

    def __init__(self, advance: Callable[[int, int], bool]) -> None:
        super().__init__()
        self._advance = advance
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._tile = 0
        self._fps = 10.0
        self._started_s = 0.0
        self._shown = 0
        self._dropped = 0

    @property
    def is_running(self) -> bool:
        """Whether images are running."""
        return self._timer.isActive()

    @property
    def dropped(self) -> int:
        """Images that were skipped since the start, because they came too late."""
        return self._dropped

    @property
    def measured_fps(self) -> float:
        """Images a second that were really shown since the start."""
        elapsed = time.perf_counter() - self._started_s
        return (self._shown - self._dropped) / elapsed if self.is_running and elapsed > 0 else 0.0

    def run(self, tile: int, fps: float) -> None:
        """Run a tile's images; already running at this speed, it goes on undisturbed."""
        if self.is_running and (tile, fps) == (self._tile, self._fps):
            return
        self._tile, self._fps = tile, fps
        self._started_s = time.perf_counter()
        self._shown = self._dropped = 0
        self._timer.start(max(1, round(1000 / fps)))

    def stop(self) -> None:
        """Stand still."""
        self._timer.stop()

    def _tick(self) -> None:
        due = int((time.perf_counter() - self._started_s) * self._fps) - self._shown
        if due < 1:
            return
        # Far behind (the window was busy), the clock starts anew rather than to jump.
        by = due if due <= _LATE_IMAGES else 1
        if self._advance(self._tile, by):
            self._dropped += due - 1
            self._shown += due


def frame_rate(frame_time_ms: float | None, recommended: float | None = None) -> float:
    """Images a second that a file asks for (PS3.3 C.7.6.5); 10 when it does not."""
    if recommended is not None and recommended > 0:
        return min(max(recommended, 1.0), 60.0)
    if frame_time_ms is not None and frame_time_ms > 0:
        return min(max(1000.0 / frame_time_ms, 1.0), 60.0)
    return 10.0
