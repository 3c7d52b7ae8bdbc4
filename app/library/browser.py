"""The pane on the left: what is open, as patient > study > series, with a search."""

from typing import Final

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QImage, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedLayout,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from app.library.rows import Rows
from app.library.thumbnails import Thumbnail, Thumbnails
from app.library.tree import NODE_ROLE, LibraryTree, Node
from app.shelf import Shelf
from viewer.state import State
from viewer.study import Series
from viewer.widgets import icons
from viewer.widgets.corners import clean
from viewer.widgets.theme import SIZES
from viewer.words import _

_OPEN_FIRST: Final = 3
"""How many patients are unfolded by themselves; more would hide each other."""


class Browser(QWidget):
    """Lists what is on the shelf; ``series_wanted`` when one shall be shown."""

    series_wanted = Signal(str)
    skipped_wanted = Signal()
    recent_wanted = Signal(str)

    def __init__(
        self,
        shelf: Shelf,
        thumbnails: Thumbnails,
        *,
        more: QMenu,
        hide: QAction,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(_("Studies"))
        self._shelf = shelf
        self._images: dict[str, QImage] = {}
        self._thumbnails = thumbnails
        self.tree = LibraryTree(self)
        self.view = _Tree()
        self._rows = Rows(self.view, self._image_of)
        self.search = _search_field()
        self.search.textChanged.connect(lambda _text: self.refresh())
        self._foot = _Foot()
        self._foot.why.clicked.connect(self.skipped_wanted)
        self._empty = _Empty()
        self._empty.recent_wanted.connect(self.recent_wanted)
        self._lay_out(more, hide)
        self._connect_view()
        self.refresh()

    @property
    def skipped_words(self) -> str:
        """What stands below the list about files that are not shown."""
        return "" if self._foot.isHidden() else self._foot.words.text()

    def refresh(self) -> None:
        """Show what is on the shelf now."""
        library = self._shelf.library
        self.tree.show(library, self.search.text())
        has_any = bool(library.patients)
        self._stack.setCurrentIndex(0 if has_any else 1)
        self.search.setVisible(has_any)
        self._foot.show_count(len(library.skipped))
        if not has_any:
            self._images.clear()

    def apply(self, old: State | None, new: State) -> None:
        """Mark the series in the active tile; follow it only when it changes."""
        uid = new.active_tile.series_uid
        self.tree.rename(names_hidden=new.nav.names_hidden)
        if uid != self._rows.active_uid:
            self._rows.active_uid = uid
            self.view.viewport().update()
            index = self.tree.find_series(uid)
            if index.isValid() and old is not None and not self.view.underMouse():
                self.view.scrollTo(index)

    def show_recent(self, paths: tuple[str, ...]) -> None:
        """List the folders opened last, for an empty browser."""
        self._empty.show_recent(paths)

    def thumbnail_made(self, uid: str) -> None:
        """A small picture is there."""
        self._images.pop(uid, None)
        self.view.viewport().update()

    def focus_tree(self) -> None:
        """Give the list the keyboard."""
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _lay_out(self, more: QMenu, hide: QAction) -> None:
        title = _label(_("Studies"), role="title")
        head = QHBoxLayout()
        head.setContentsMargins(SIZES.padding, 8, 8, 4)
        head.setSpacing(4)
        head.addWidget(title, 1)
        head.addWidget(_more_button(more))
        head.addWidget(_hide_button(hide))
        field = QHBoxLayout()
        field.setContentsMargins(12, 0, 12, 8)
        field.addWidget(self.search)
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(field)
        column.addWidget(body, 1)
        column.addWidget(self._foot)

    def _connect_view(self) -> None:
        self.view.setItemDelegate(self._rows)
        self.view.setModel(self.tree)
        self.view.row_opened.connect(self._opened)
        self.tree.rowsInserted.connect(self._unfold)

    def _opened(self, index: QModelIndex) -> None:
        node: Node = index.data(NODE_ROLE)
        if isinstance(node.record, Series):
            self.series_wanted.emit(node.record.uid)

    def _unfold(self, parent: QModelIndex, first: int, last: int) -> None:
        """Unfold the first patients and all studies below a patient that is unfolded."""
        for row in range(first, last + 1):
            index = self.tree.index(row, 0, parent)
            if parent.isValid() or row < _OPEN_FIRST:
                self.view.expand(index)
                for below in range(self.tree.rowCount(index)):
                    self.view.expand(self.tree.index(below, 0, index))

    def _image_of(self, series: Series) -> QImage | None:
        picture = self._thumbnails.get(series)
        if picture is None:
            return None
        if series.uid not in self._images:
            self._images[series.uid] = _image(picture)
        return self._images[series.uid]


class _Tree(QTreeView):
    """A tree whose rows fold by a click anywhere on a head and open by a double click."""

    row_opened = Signal(QModelIndex)

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderHidden(True)
        self.setIndentation(0)
        self.setRootIsDecorated(False)
        self.setExpandsOnDoubleClick(False)
        self.setMouseTracking(True)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(_("List of studies"))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a patient or study folds it."""
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and self.model().hasChildren(index):
            self.setExpanded(index, not self.isExpanded(index))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click on a series shows it."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.row_opened.emit(self.indexAt(event.position().toPoint()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows a series."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.row_opened.emit(self.currentIndex())
            return
        super().keyPressEvent(event)

    def row_place(self, index: QModelIndex) -> QPoint:
        """The middle of a row, in the viewport."""
        return self.visualRect(index).center()


class _Empty(QWidget):
    """What the browser says while nothing is open, with the folders opened last."""

    recent_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(SIZES.padding, 16, SIZES.padding, 16)
        column.setSpacing(4)
        column.addWidget(_label(_("No study is open"), role="group"))
        words = _("Patients, studies and series appear here while a folder is read.")
        column.addWidget(_label(words, tone="second"))
        column.addSpacing(20)
        column.addWidget(_label(_("Recent folders"), role="strong", tone="second"))
        self._shown: tuple[str, ...] | None = None
        self._recent = QVBoxLayout()
        column.addLayout(self._recent)
        column.addStretch(1)
        self.show_recent(())

    def show_recent(self, paths: tuple[str, ...]) -> None:
        """List paths, the newest first."""
        if paths == self._shown:
            return
        self._shown = paths
        while (item := self._recent.takeAt(0)) is not None:
            if widget := item.widget():
                widget.deleteLater()
        if not paths:
            self._recent.addWidget(_label(_("None yet"), tone="second"))
        for path in paths:
            button = QPushButton(_short(path))
            button.setProperty("kind", "link")
            button.setToolTip(clean(path))
            button.clicked.connect(lambda _on=False, p=path: self.recent_wanted.emit(p))
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)


class _Foot(QWidget):
    """How many files are not shown, and a way to see why."""

    def __init__(self) -> None:
        super().__init__()
        icon = QLabel()
        ratio = self.devicePixelRatioF()
        icon.setPixmap(icons.pixmap("file-warning", "second", SIZES.icon_small, ratio))
        self.words = _label("", tone="second")
        self.why = QPushButton(_("Why?"))
        self.why.setProperty("kind", "link")
        self.why.setAccessibleName(_("Why files were skipped"))
        row = QHBoxLayout(self)
        row.setContentsMargins(SIZES.padding, 4, 12, 4)
        row.setSpacing(8)
        row.addWidget(icon)
        row.addWidget(self.words, 1)
        row.addWidget(self.why)
        self.hide()

    def show_count(self, count: int) -> None:
        """Say how many, or nothing."""
        one = _("1 file skipped")
        many = _("{count} files skipped").format(count=f"{count:,}")
        self.words.setText(one if count == 1 else many)
        self.setVisible(count > 0)


def _image(picture: Thumbnail) -> QImage:
    rows, columns = picture.shape[:2]
    is_grey = picture.ndim == 2
    form = QImage.Format.Format_Grayscale8 if is_grey else QImage.Format.Format_RGB888
    return QImage(picture.tobytes(), columns, rows, picture.strides[0], form).copy()


def _search_field() -> QLineEdit:
    field = QLineEdit()
    field.setPlaceholderText(_("Search open studies"))
    field.setClearButtonEnabled(False)
    glass = QAction(icons.icon("search", SIZES.icon_small), "", field)
    field.addAction(glass, QLineEdit.ActionPosition.LeadingPosition)
    return field


def _more_button(menu: QMenu) -> QToolButton:
    button = _tool("ellipsis", _("More"))
    button.setMenu(menu)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    return button


def _hide_button(action: QAction) -> QToolButton:
    button = _tool("panel-left", action.toolTip())
    button.setAccessibleName(_("Hide the studies"))
    button.clicked.connect(action.trigger)
    return button


def _tool(icon: str, words: str) -> QToolButton:
    button = QToolButton()
    button.setProperty("kind", "tool")
    button.setIcon(icons.icon(icon, SIZES.icon_small))
    button.setIconSize(QSize(SIZES.icon_small, SIZES.icon_small))
    button.setFixedSize(SIZES.button_in_row, SIZES.button_in_row)
    button.setToolTip(words)
    button.setAccessibleName(words)
    return button


def _label(text: str, *, role: str = "fact", tone: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    label.setProperty("tone", tone)
    return label


def _short(path: str) -> str:
    """The last part of a path, for a list."""
    name = clean(path.rstrip("/\\").replace("\\", "/").rpartition("/")[2] or path)
    return name if len(name) <= 28 else f"{name[:27]}…"
