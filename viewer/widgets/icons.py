"""Icons: drawn from shipped SVG at device pixels, in a token's colour, once per size.

No Qt image plug-in is needed: the SVG renderer is called by itself.
"""

import re
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources
from viewer.widgets.theme import SIZES, TOKENS

_FOLDERS: Final = ("own", "lucide")
_STROKE: Final = re.compile(r'stroke-width="2"')
_KEPT: Final = 512


def pixmap(
    name: str, color: str = "second", size_px: int = SIZES.icon, dpr: float = 1.0
) -> QPixmap:
    """An icon as a picture of ``size_px`` logical pixels; ``color`` is a token's name.

    KeyError when no such icon ships.
    """
    return _drawn(name, getattr(TOKENS, color), size_px, round(dpr * 100))


def icon(
    name: str, size_px: int = SIZES.icon, *, rest: str = "second", on: str = "accent"
) -> QIcon:
    """An icon for a button: calm at rest, in the accent when on, grey when disabled.

    Drawn for the pixel ratio of every screen that is there; Qt takes the fitting one.
    """
    made = QIcon()
    states = (
        (rest, QIcon.Mode.Normal, QIcon.State.Off),
        ("text", QIcon.Mode.Active, QIcon.State.Off),
        (on, QIcon.Mode.Normal, QIcon.State.On),
        (on, QIcon.Mode.Active, QIcon.State.On),
        ("dis", QIcon.Mode.Disabled, QIcon.State.Off),
        ("dis", QIcon.Mode.Disabled, QIcon.State.On),
    )
    for token, mode, state in states:
        for dpr in _ratios():
            made.addPixmap(pixmap(name, token, size_px, dpr), mode, state)
    return made


def size(size_px: int = SIZES.icon) -> QSize:
    """The size to give to a button that carries an icon."""
    return QSize(size_px, size_px)


def paint(painter: QPainter, name: str, rect: QRectF, color: str = "second") -> None:
    """Draw an icon into a rectangle, sharp at the painter's device pixels."""
    dpr = painter.device().devicePixelRatio()
    painter.drawPixmap(rect.topLeft(), pixmap(name, color, round(rect.width()), dpr))


def _ratios() -> tuple[float, ...]:
    """The pixel ratios of the screens that are there, so that no other size is drawn."""
    found = {screen.devicePixelRatio() for screen in QGuiApplication.screens()}
    return tuple(sorted(found)) or (1.0,)


@lru_cache(maxsize=_KEPT)
def _drawn(name: str, hex_color: str, size_px: int, hundred_dpr: int) -> QPixmap:
    dpr = hundred_dpr / 100
    side = round(size_px * dpr)
    made = QPixmap(side, side)
    made.fill(Qt.GlobalColor.transparent)
    source = _source(name).replace("currentColor", hex_color)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, side, side))
    painter.end()
    made.setDevicePixelRatio(dpr)
    return made


@lru_cache(maxsize=_KEPT)
def _source(name: str) -> str:
    for folder in _FOLDERS:
        path = resources.path(f"icons/{folder}/{name}.svg")
        if path.is_file():
            return _STROKE.sub('stroke-width="1.75"', path.read_text(encoding="utf-8"))
    raise KeyError(name)
