"""How finely a tile is drawn: coarser while something moves, where fine pixels are too slow."""

import math
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from viewer.widgets.pictures import Grain

SHARPEN_MS: Final = 50
_DENSE: Final = 1.5


class Fineness:
    """Device pixels at rest; logical ones on a dense screen, or half, until nothing moved a while.

    ``on_sharpen`` is called when the tile is to be drawn finely again.
    """

    def __init__(self, widget: QWidget, on_sharpen: Callable[[], None]) -> None:
        self._widget = widget
        self._on_sharpen = on_sharpen
        self._part = 1.0
        self._timer = QTimer(widget)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHARPEN_MS)
        self._timer.timeout.connect(self.sharpen)

    @property
    def grain(self) -> Grain:
        """The device pixels to draw now."""
        ratio = self._widget.devicePixelRatioF() * self._part
        width, height = self._widget.width() * ratio, self._widget.height() * ratio
        return Grain((max(math.ceil(width), 1), max(math.ceil(height), 1)), ratio)

    @property
    def is_fine(self) -> bool:
        """Whether nothing finer is to come."""
        return self._part == 1.0

    def move(self, *, is_dear: bool = False) -> None:
        """Something moves; ``is_dear`` says that its picture takes long even in logical pixels."""
        ratio = self._widget.devicePixelRatioF()
        part = 1.0 / ratio if ratio >= _DENSE else 1.0
        self._part = min(part, 0.5) if is_dear else part
        if self._part < 1.0:
            self._timer.start()

    def sharpen(self) -> None:
        """Draw finely again."""
        self._timer.stop()
        if self._part < 1.0:
            self._part = 1.0
            self._on_sharpen()

    def stop(self) -> None:
        """The widget is not shown any more."""
        self._timer.stop()
