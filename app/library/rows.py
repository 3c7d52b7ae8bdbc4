"""How the rows of the browser are drawn: patients, studies, series with their thumbnails."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTreeView

from app.library.tree import NODE_ROLE, LibraryTree, Node, texts_of
from viewer.study import Patient, Series, Study
from viewer.widgets import icons, theme
from viewer.widgets.theme import SIZES

Index = QModelIndex | QPersistentModelIndex
_INSET: Final = 8
_HEIGHTS: Final = {
    Patient: SIZES.patient_row,
    Study: SIZES.study_row,
    Series: SIZES.series_row,
}


class Rows(QStyledItemDelegate):
    """Draws rows; ``thumbnail`` gives a series' small picture or None while it is made."""

    def __init__(self, view: QTreeView, thumbnail: Callable[[Series], QImage | None]) -> None:
        super().__init__(view)
        self._view = view
        self._thumbnail = thumbnail
        self.active_uid = ""

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        """The row's height by what it stands for."""
        node: Node = index.data(NODE_ROLE)
        height = _HEIGHTS.get(type(node.record), SIZES.study_row)
        return QSize(100, round(height * max(1.0, theme.type_scale())))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row."""
        node: Node = index.data(NODE_ROLE)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_active = isinstance(node.record, Series) and node.record.uid == self.active_uid
        self._fill(painter, rect, state, is_active=is_active)
        model = index.model()
        hidden = isinstance(model, LibraryTree) and model.names_hidden
        title, facts = texts_of(node, hidden=hidden)
        if isinstance(node.record, Series):
            self._paint_series(painter, rect, node.record, (title, facts), is_active=is_active)
        elif isinstance(node.record, Study):
            self._chevron(painter, rect, index)
            _in_line(painter, _words_rect(rect), title, facts)
        else:
            self._chevron(painter, rect, index)
            _two_lines(painter, _words_rect(rect), (title, 600), facts)
        painter.restore()

    def _fill(
        self, painter: QPainter, rect: QRect, state: QStyle.StateFlag, *, is_active: bool
    ) -> None:
        ground = ""
        if is_active:
            ground = "sel"
        elif state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected):
            ground = "raised"
        area = QRectF(rect).adjusted(_INSET, 1, -_INSET, -1)
        has_focus = state & QStyle.StateFlag.State_HasFocus
        painter.setPen(
            QPen(theme.color("accent"), SIZES.focus_ring) if has_focus else Qt.PenStyle.NoPen
        )
        painter.setBrush(theme.color(ground) if ground else Qt.BrushStyle.NoBrush)
        if ground or has_focus:
            inside = area.adjusted(1, 1, -1, -1) if has_focus else area
            painter.drawRoundedRect(inside, SIZES.radius_button, SIZES.radius_button)

    def _paint_series(
        self,
        painter: QPainter,
        rect: QRect,
        series: Series,
        texts: tuple[str, str],
        *,
        is_active: bool,
    ) -> None:
        side = SIZES.thumbnail
        frame = QRect(
            rect.left() + 2 * _INSET, rect.top() + (rect.height() - side) // 2, side, side
        )
        painter.fillRect(frame, theme.color("view"))
        if (image := self._thumbnail(series)) is not None:
            painter.drawImage(_fitted(image, frame), image)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("accent" if is_active else "line"), 1))
        painter.drawRect(QRectF(frame).adjusted(0.5, 0.5, -0.5, -0.5))
        words = rect.adjusted(frame.right() - rect.left() + 12, 0, -_INSET - 8, 0)
        _two_lines(painter, words, (texts[0], 500), texts[1])

    def _chevron(self, painter: QPainter, rect: QRect, index: Index) -> None:
        place = index.model().index(index.row(), 0, index.parent())
        name = "chevron-down" if self._view.isExpanded(place) else "chevron-right"
        side = SIZES.icon_small
        at = QRectF(rect.left() + _INSET, rect.center().y() - side / 2 + 0.5, side, side)
        icons.paint(painter, name, at)


def _words_rect(rect: QRect) -> QRect:
    return rect.adjusted(_INSET + SIZES.icon_small + 4, 0, -_INSET, 0)


def _two_lines(painter: QPainter, rect: QRect, title: tuple[str, int], facts: str) -> None:
    words, weight = title
    if not facts:
        painter.setFont(theme.font(13, weight))
        painter.setPen(theme.color("text"))
        _draw(painter, rect, words)
        return
    upper = theme.font(13, weight)
    lower = theme.font(12)
    height = QFontMetrics(upper).height() + QFontMetrics(lower).height()
    top = rect.top() + (rect.height() - height) // 2
    middle = top + QFontMetrics(upper).height()
    painter.setFont(upper)
    painter.setPen(theme.color("text"))
    _draw(painter, QRect(QPoint(rect.left(), top), QPoint(rect.right(), middle)), words)
    painter.setFont(lower)
    painter.setPen(theme.color("second"))
    _draw(painter, QRect(QPoint(rect.left(), middle), QPoint(rect.right(), top + height)), facts)


def _in_line(painter: QPainter, rect: QRect, title: str, facts: str) -> None:
    painter.setFont(theme.font(13, 600))
    painter.setPen(theme.color("text"))
    _draw(painter, rect, title)
    width = QFontMetrics(painter.font()).horizontalAdvance(title) + 8
    painter.setFont(theme.font(12))
    painter.setPen(theme.color("second"))
    _draw(painter, rect.adjusted(width, 0, 0, 0), facts)


def _draw(painter: QPainter, rect: QRect, text: str) -> None:
    """Plain text on one line, shortened where there is no room."""
    metrics = QFontMetrics(painter.font())
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)


def _fitted(image: QImage, frame: QRect) -> QRectF:
    """The largest rectangle of the picture's shape inside a square frame, centred."""
    width, height = max(image.width(), 1), max(image.height(), 1)
    scale = min(frame.width() / width, frame.height() / height)
    size = (width * scale, height * scale)
    left = frame.left() + (frame.width() - size[0]) / 2
    top = frame.top() + (frame.height() - size[1]) / 2
    return QRectF(left, top, size[0], size[1])
