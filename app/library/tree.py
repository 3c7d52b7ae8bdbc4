"""The library as a tree model that changes row by row, so that a list never jumps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractItemModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from app.library.words import (
    patient_facts,
    patient_title,
    search_text,
    series_facts,
    series_title,
    study_title,
)
from viewer.study import Library, Patient, Series, Study
from viewer.widgets.corners import clean
from viewer.widgets.grid import SERIES_MIME

Index = QModelIndex | QPersistentModelIndex
Record = Patient | Study | Series
NODE_ROLE: Final = Qt.ItemDataRole.UserRole + 1
_NOWHERE: Final = QModelIndex()


@dataclass(slots=True, eq=False)
class Node:
    """A row: what it stands for, and the rows below it."""

    key: str
    record: Record | None = None
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)

    @property
    def row(self) -> int:
        """Its place among its siblings."""
        return self.parent.children.index(self) if self.parent else 0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A row as it shall be, with those below it."""

    key: str
    record: Record
    children: tuple["_Wanted", ...] = ()


class LibraryTree(QAbstractItemModel):
    """Patient > study > series; ``show`` inserts, changes and removes only what differs."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = Node("")
        self._library = Library()
        self._search = ""
        self.names_hidden = False

    def show(self, library: Library, search: str = "") -> None:
        """Become the tree of a library, or of what in it meets all words of a search."""
        if library is self._library and search == self._search:
            return
        self._library, self._search = library, search
        self._merge(self._root, _wanted(library, search.casefold().split()))

    def rename(self, *, names_hidden: bool) -> None:
        """Show or hide names."""
        if names_hidden != self.names_hidden:
            self.names_hidden = names_hidden
            for row in range(len(self._root.children)):
                index = self.index(row, 0)
                self.dataChanged.emit(index, index)

    def find_series(self, uid: str) -> QModelIndex:
        """Where a series stands, or no index."""
        for patient in self._root.children:
            for study in patient.children:
                for node in study.children:
                    if node.key == uid:
                        return self.createIndex(node.row, 0, node)
        return QModelIndex()

    # Qt's model interface

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        """The index of a child."""
        node = self._node(parent)
        if column == 0 and 0 <= row < len(node.children):
            return self.createIndex(row, 0, node.children[row])
        return QModelIndex()

    def parent(self, index: Index = _NOWHERE) -> QModelIndex:  # type: ignore[override]
        """The index above."""
        above = self._node(index).parent
        if above is None or above is self._root:
            return QModelIndex()
        return self.createIndex(above.row, 0, above)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """How many children."""
        return len(self._node(parent).children)

    def columnCount(self, _parent: Index = _NOWHERE) -> int:
        """One."""
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words for lists and screen readers; the node itself for the painter."""
        if not index.isValid():
            return None
        node = self._node(index)
        if role == NODE_ROLE:
            return node
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return ", ".join(t for t in texts_of(node, hidden=self.names_hidden) if t)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Series can be dragged."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.isValid() and isinstance(self._node(index).record, Series):
            flags |= Qt.ItemFlag.ItemIsDragEnabled
        return flags

    def mimeTypes(self) -> list[str]:
        """What a drag carries."""
        return [SERIES_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The UID of the dragged series."""
        carried = QMimeData()
        for index in indexes:
            node = self._node(index)
            if isinstance(node.record, Series):
                carried.setData(SERIES_MIME, QByteArray(node.record.uid.encode("utf-8")))
        return carried

    def _node(self, index: Index) -> Node:
        if not index.isValid():
            return self._root
        node: Node = index.internalPointer()
        return node

    def _merge(self, node: Node, wanted: Sequence[_Wanted]) -> None:
        """Give a node these children, in this order, with as few changes as there are."""
        parent = self._index_of(node)
        keys = {w.key for w in wanted}
        for row in range(len(node.children) - 1, -1, -1):
            if node.children[row].key not in keys:
                self.beginRemoveRows(parent, row, row)
                del node.children[row]
                self.endRemoveRows()
        for row, each in enumerate(wanted):
            at = next((i for i, c in enumerate(node.children) if c.key == each.key), None)
            if at is None:
                self.beginInsertRows(parent, row, row)
                node.children.insert(row, _node_of(each, node))
                self.endInsertRows()
                continue
            if at != row:
                self.beginMoveRows(parent, at, at, parent, row)
                node.children.insert(row, node.children.pop(at))
                self.endMoveRows()
            self._renew(node.children[row], each)

    def _renew(self, child: Node, each: _Wanted) -> None:
        if child.record is each.record and len(child.children) == len(each.children):
            return
        child.record = each.record
        index = self._index_of(child)
        self.dataChanged.emit(index, index)
        self._merge(child, each.children)

    def _index_of(self, node: Node) -> QModelIndex:
        return QModelIndex() if node is self._root else self.createIndex(node.row, 0, node)


def texts_of(node: Node, *, hidden: bool = False) -> tuple[str, str]:
    """Title and facts of a row."""
    record = node.record
    if isinstance(record, Patient):
        return patient_title(record, hidden=hidden), patient_facts(record, hidden=hidden)
    if isinstance(record, Study):
        return study_title(record), clean(record.description)
    if isinstance(record, Series):
        return series_title(record), series_facts(record)
    return "", ""


def _wanted(library: Library, words: Sequence[str]) -> tuple[_Wanted, ...]:
    patients = (
        _Wanted(patient.key, patient, _wanted_studies(patient, words))
        for patient in library.patients
    )
    return tuple(p for p in patients if p.children)


def _wanted_studies(patient: Patient, words: Sequence[str]) -> tuple[_Wanted, ...]:
    newest_first = sorted(patient.studies, key=lambda s: (s.date, s.time), reverse=True)
    studies = (
        _Wanted(
            study.uid,
            study,
            tuple(
                _Wanted(series.uid, series)
                for series in study.series
                if _meets(search_text(patient, study, series), words)
            ),
        )
        for study in newest_first
    )
    return tuple(s for s in studies if s.children)


def _meets(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)


def _node_of(wanted: _Wanted, parent: Node) -> Node:
    node = Node(wanted.key, wanted.record, parent)
    node.children = [_node_of(child, node) for child in wanted.children]
    return node
