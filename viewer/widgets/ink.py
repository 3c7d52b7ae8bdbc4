"""Ink for the image: halo text, haloed lines and pills, so that no grey level hides them.

Each text is drawn once into a small picture and kept, so that a frame of overlay costs a few
copies. Places are logical px.
"""

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QPolygonF,
)

from viewer.widgets.theme import TOKENS

TEXT: Final = QColor(TOKENS.text)
SECOND: Final = QColor(TOKENS.second)
WARN: Final = QColor(TOKENS.warn)
ERROR: Final = QColor(TOKENS.err)
ACCENT: Final = QColor(TOKENS.accent)
OWN: Final = QColor(TOKENS.own)
AI: Final = QColor(TOKENS.ai)
OTHER: Final = QColor(TOKENS.other)
REJECTED: Final = QColor(TOKENS.second)
WHITE: Final = QColor("#FFFFFF")
BLACK: Final = QColor(TOKENS.view)
TEXT_HALO: Final = QColor(0, 0, 0, 204)
LINE_HALO: Final = QColor(0, 0, 0, 178)
PILL: Final = QColor(0, 0, 0, 209)
PLANES: Final = {
    "axial": QColor(TOKENS.plane_axial),
    "sagittal": QColor(TOKENS.plane_sagittal),
    "coronal": QColor(TOKENS.plane_coronal),
}
HALO_PX: Final = 3.0
LINE_PX: Final = 1.5
SELECTED_PX: Final = 2.5
PILL_HEIGHT: Final = 20.0
_KEPT_TEXTS: Final = 600


@dataclass(frozen=True, slots=True)
class Face:
    """A size in logical px and a weight."""

    px: int
    weight: int = 400

    def font(self) -> QFont:
        """The font, with digits of one width and widths that hold at any scale."""
        font = QFont()
        font.setPixelSize(self.px)
        font.setWeight(QFont.Weight(self.weight))
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font


CORNER: Final = Face(12)
CORNER_BOLD: Final = Face(12, 600)
LETTER: Final = Face(16, 600)
STRIP_DATE: Final = Face(15, 600)
STRIP: Final = Face(13)
BODY: Final = Face(13)
TITLE: Final = Face(15, 600)

_texts: "OrderedDict[tuple[str, Face, str, float], QPixmap]" = OrderedDict()
_metrics: dict[Face, QFontMetricsF] = {}


def metrics(face: Face) -> QFontMetricsF:
    """Widths and heights of a face."""
    if face not in _metrics:
        _metrics[face] = QFontMetricsF(face.font())
    return _metrics[face]


def width_of(text: str, face: Face) -> float:
    """Width of a text, logical px."""
    return metrics(face).horizontalAdvance(text)


def halo_text(
    painter: QPainter, at: QPointF, text: str, *, face: Face = CORNER, color: QColor = TEXT
) -> None:
    """Write a text whose baseline starts at a place, with a dark halo."""
    ratio = painter.device().devicePixelRatio()
    key = (text, face, color.name(), ratio)
    picture = _texts.get(key)
    if picture is None:
        picture = _texts[key] = _written(text, face, color, ratio)
        while len(_texts) > _KEPT_TEXTS:
            _texts.popitem(last=False)
    else:
        _texts.move_to_end(key)
    margin = HALO_PX + 1
    place = QPointF(round(at.x() - margin), round(at.y() - metrics(face).ascent() - margin))
    painter.drawPixmap(place, picture)


def haloed_path(painter: QPainter, path: QPainterPath, pen: QPen) -> None:
    """Draw a line with a dark one below it."""
    below = QPen(LINE_HALO, pen.widthF() + 2.5, Qt.PenStyle.SolidLine)
    below.setCapStyle(Qt.PenCapStyle.RoundCap)
    below.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(below)
    painter.drawPath(path)
    painter.setPen(pen)
    painter.drawPath(path)


def pen(color: QColor, width: float, dash_px: tuple[float, ...] = ()) -> QPen:
    """A pen whose dashes keep their length, in logical px, at any width."""
    made = QPen(color, width)
    made.setCapStyle(Qt.PenCapStyle.FlatCap)
    made.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if dash_px:
        made.setDashPattern([part / width for part in dash_px])
    return made


def pill(
    painter: QPainter,
    place: QRectF,
    parts: tuple[tuple[str, QColor, Face], ...],
    *,
    fill: QColor = PILL,
    edge: QColor | None = None,
) -> None:
    """A dark plate, 20 high, with short texts side by side."""
    painter.setPen(Qt.PenStyle.NoPen if edge is None else QPen(edge, 1))
    painter.setBrush(fill)
    painter.drawRoundedRect(place, 4, 4)
    x = place.left() + 8
    for text, color, face in parts:
        painter.setFont(face.font())
        painter.setPen(color)
        baseline = place.center().y() + (metrics(face).ascent() - metrics(face).descent()) / 2
        painter.drawText(QPointF(x, round(baseline)), text)
        x += width_of(text, face) + 6


def pill_width(parts: tuple[tuple[str, QColor, Face], ...]) -> float:
    """The width of a pill, logical px."""
    return 16 + sum(width_of(text, face) for text, _, face in parts) + 6 * (len(parts) - 1)


def warning_sign(painter: QPainter, at: QPointF, size: float = 16.0) -> None:
    """The amber triangle of a doubt, its upper left corner at a place."""
    left, top = at.x(), at.y()
    triangle = QPolygonF(
        [
            QPointF(left + size / 2, top + 1.5),
            QPointF(left + size - 1, top + size - 2),
            QPointF(left + 1, top + size - 2),
        ]
    )
    path = QPainterPath()
    path.addPolygon(triangle)
    path.closeSubpath()
    middle = left + size / 2
    path.moveTo(middle, top + 6)
    path.lineTo(middle, top + 10)
    path.moveTo(middle, top + 11.6)
    path.lineTo(middle, top + 12.4)
    line = QPen(WARN, 1.5)
    line.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    line.setCapStyle(Qt.PenCapStyle.RoundCap)
    haloed_path(painter, path, line)


def _written(text: str, face: Face, color: QColor, ratio: float) -> QPixmap:
    """A text with its halo; the halo is put together from those of its letters, which are kept."""
    size = metrics(face)
    margin = HALO_PX + 1
    picture = _empty(size.horizontalAdvance(text) + 2 * margin, size.height() + 2 * margin, ratio)
    painter = QPainter(picture)
    for index, letter in enumerate(text):
        if not letter.isspace():
            x = size.horizontalAdvance(text[:index]) if index else 0.0
            painter.drawPixmap(QPointF(round(x * ratio) / ratio, 0), _halo(letter, face, ratio))
    painter.setFont(face.font())
    painter.setPen(color)
    painter.drawText(QPointF(margin, margin + size.ascent()), text)
    painter.end()
    return picture


@lru_cache(maxsize=_KEPT_TEXTS)
def _halo(letter: str, face: Face, ratio: float) -> QPixmap:
    size = metrics(face)
    margin = HALO_PX + 1
    picture = _empty(size.horizontalAdvance(letter) + 2 * margin, size.height() + 2 * margin, ratio)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path = QPainterPath()
    path.addText(QPointF(margin, margin + size.ascent()), face.font(), letter)
    halo = QPen(TEXT_HALO, HALO_PX)
    halo.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(path, halo)
    painter.end()
    return picture


def _empty(width: float, height: float, ratio: float) -> QPixmap:
    picture = QPixmap(QSize(int(width * ratio) + 2, int(height * ratio) + 2))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    return picture
