"""The findings of the study on the screen: what a model said and what a person drew.

A list with rows painted by a delegate. A click goes there; Enter confirms, Delete rejects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from viewer.widgets import icons, theme
from viewer.widgets.theme import SIZES
from viewer.words import _

Index = QModelIndex | QPersistentModelIndex
Wish = Literal["confirm", "reject"]

ROW_ROLE: Final = Qt.ItemDataRole.UserRole
_BUTTON: Final = SIZES.button_in_row
_LEFT: Final = SIZES.padding
_WORDS: Final = 46
_GLYPHS: Final = {
    "length": "distance",
    "angle": "angle",
    "ellipse": "ellipse",
    "box": "box-measure",
    "sphere": "sphere",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A mark as the list shows it.

    ``status`` is that of a finding, "" for a person's own mark. ``number`` is the one on the image,
    0 for none. ``pill`` is the icon, tone and words of a verdict on a change.
    """

    id: str
    kind: str
    title: str
    detail: str
    status: str = ""
    number: int = 0
    pill: tuple[str, str, str] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it waits for a person's verdict."""
        return self.status == "open"

    @property
    def glyph(self) -> tuple[str, str]:
        """Its icon and the icon's colour."""
        if self.pill is not None:
            return "ai-box", "dis"
        if not self.status:
            return _GLYPHS.get(self.kind, "box-measure"), "own"
        names = {"open": "ai-box", "confirmed": "ai-box-confirmed", "rejected": "ai-box-rejected"}
        return names[self.status], "dis" if self.status == "rejected" else "ai"


class RowsModel(QAbstractListModel):
    """The rows, for the view."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[Row, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """As they stand there."""
        return self._rows

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these; where only texts changed, the place of the reader stays."""
        new = tuple(rows)
        if [r.id for r in new] == [r.id for r in self._rows]:
            self._rows = new
            if new:
                self.dataChanged.emit(self.index(0), self.index(len(new) - 1))
            return
        self.beginResetModel()
        self._rows = new
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """How many."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The row itself, and its words for screen readers."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return f"{row.title}. {row.detail}"
        return None


class RowDelegate(QStyledItemDelegate):
    """Paints a row; Confirm and Reject appear on the selected and on the hovered open finding."""

    wished = Signal(str, str)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """One height for all."""
        return QSize(200, row_px())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a row."""
        row, rect = index.data(ROW_ROLE), QRect(option.rect)
        state = option.state
        is_selected = bool(state & QStyle.StateFlag.State_Selected)
        is_hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if is_selected:
            painter.fillRect(rect, theme.color("sel"))
            painter.fillRect(
                QRect(rect.left(), rect.top(), 3, rect.height()), theme.color("accent")
            )
        elif is_hovered:
            painter.fillRect(rect, theme.color("raised"))
        name, tone = row.glyph
        middle = rect.center().y() - SIZES.icon / 2 + 1
        icons.paint(painter, name, QRectF(_LEFT, middle, SIZES.icon, SIZES.icon), tone)
        has_buttons = bool(row.status) and (is_selected or is_hovered)
        reserved = self._reserved(row) if has_buttons else _pill_px(row.pill)
        self._paint_words(painter, row, rect, reserved=reserved)
        if has_buttons:
            self._paint_buttons(painter, row, rect)
        elif row.pill is not None:
            _paint_pill(painter, row.pill, rect)
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        _model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        """A click on Confirm, Reject or Undo."""
        if event.type() != QEvent.Type.MouseButtonRelease or not isinstance(event, QMouseEvent):
            return False
        row = index.data(ROW_ROLE)
        rect = QRect(option.rect)
        wish = self.wish_at(row, rect, event.position())
        if wish:
            self.wished.emit(wish, row.id)
        return bool(wish)

    def wish_at(self, row: Row, rect: QRect, point: QPointF) -> Wish | None:
        """What a click at a point of a row means."""
        if not row.status:
            return None
        for wish, area in self._areas(row, rect).items():
            if area.contains(point):
                return wish
        return None

    def _areas(self, row: Row, rect: QRect) -> dict[Wish, QRectF]:
        """Where the buttons of a row lie."""
        top = rect.center().y() - _BUTTON / 2 + 1
        last = QRectF(rect.right() - _LEFT - _BUTTON + 4, top, _BUTTON, _BUTTON)
        if row.status == "rejected":
            return {"reject": last.adjusted(-24, 0, 0, 0)}
        if row.status == "confirmed":
            return {"reject": last}
        return {"confirm": last.translated(-_BUTTON - 4, 0), "reject": last}

    def _reserved(self, row: Row) -> int:
        return 2 * _BUTTON + 12 if row.status != "confirmed" else _BUTTON + 8

    def _paint_words(self, painter: QPainter, row: Row, rect: QRect, *, reserved: int) -> None:
        width = rect.width() - _WORDS - 8 - reserved
        half = rect.height() // 2
        title = QRect(_WORDS, rect.top() + 4, width, half - 3)
        detail = QRect(_WORDS, rect.top() + half, width, half - 4)
        title_font = theme.font(13, 500)
        title_font.setStrikeOut(row.status == "rejected")
        painter.setFont(title_font)
        painter.setPen(theme.color("dis" if row.status == "rejected" else "text"))
        words = f"{row.number}  {row.title}" if row.number else row.title
        _draw_elided(painter, title, words)
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("second"))
        _draw_elided(painter, detail, row.detail)

    def _paint_buttons(self, painter: QPainter, row: Row, rect: QRect) -> None:
        areas = self._areas(row, rect)
        if row.status == "rejected":
            painter.setFont(theme.font(12, 500))
            painter.setPen(theme.color("accent"))
            painter.drawText(areas["reject"], Qt.AlignmentFlag.AlignCenter, _("Undo"))
            return
        for wish, area in areas.items():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.color("raised")))
            painter.drawRoundedRect(area, SIZES.radius_button, SIZES.radius_button)
            inset = (_BUTTON - SIZES.icon_small) / 2
            inside = area.adjusted(inset, inset, -inset, -inset)
            icons.paint(painter, "check" if wish == "confirm" else "x", inside, "text")


class FindingsList(QListView):
    """The rows; ``chosen`` goes to one, ``wished`` is a person's verdict on one."""

    chosen = Signal(str)
    wished = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows_model = RowsModel()
        self.setModel(self.rows_model)
        self._delegate = RowDelegate(self)
        self._delegate.wished.connect(self.wished)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(_("Findings"))
        self.clicked.connect(lambda index: self.chosen.emit(index.data(ROW_ROLE).id))

    def show_rows(self, rows: Sequence[Row], selected: str) -> None:
        """Show these; the list is as high as they are, up to what its owner allows."""
        self.rows_model.set_rows(rows)
        ids = [row.id for row in self.rows_model.rows]
        index = self.rows_model.index(ids.index(selected)) if selected in ids else QModelIndex()
        if index != self.currentIndex():
            self.setCurrentIndex(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter confirms the selected one, Delete rejects it, the arrows go on."""
        row = self.currentIndex().data(ROW_ROLE)
        if isinstance(row, Row) and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if row.is_open:
                self.wished.emit("confirm", row.id)
        elif isinstance(row, Row) and event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
            if row.status:
                self.wished.emit("reject", row.id)
        else:
            before = self.currentIndex()
            super().keyPressEvent(event)
            current = self.currentIndex()
            if current != before and current.isValid():
                self.chosen.emit(current.data(ROW_ROLE).id)


def row_px() -> int:
    """Height of a row: two lines of the type that the reader chose."""
    return round(SIZES.finding_row * max(theme.type_scale(), 1.0))


def _pill_px(pill: tuple[str, str, str] | None) -> int:
    """How wide a verdict is, with its gap."""
    if pill is None:
        return 0
    metrics = QFontMetrics(theme.font(12, 600))
    return metrics.horizontalAdvance(pill[2]) + SIZES.icon_small + 28


def _paint_pill(painter: QPainter, pill: tuple[str, str, str], rect: QRect) -> None:
    """A verdict at the right: filled, or outlined in amber where it is doubtful."""
    icon, tone, words = pill
    width = _pill_px(pill) - 8
    high = 22.0 * theme.type_scale()
    middle = rect.center().y() + 0.5
    area = QRectF(rect.right() - _LEFT - width + 4, middle - high / 2, width, high)
    painter.setPen(theme.color(tone) if tone else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush if tone else theme.color("press"))
    painter.drawRoundedRect(area, SIZES.radius_badge, SIZES.radius_badge)
    side = SIZES.icon_small
    icons.paint(
        painter, icon, QRectF(area.left() + 6, middle - side / 2, side, side), tone or "text"
    )
    painter.setFont(theme.font(12, 600))
    painter.setPen(theme.color(tone or "text"))
    place = area.adjusted(side + 10, 0, -6, 0)
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)


def _draw_elided(painter: QPainter, rect: QRect, text: str) -> None:
    metrics = painter.fontMetrics()
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
