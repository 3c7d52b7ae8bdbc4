"""The window's dialogs: skipped files, list of keys, all commands, about."""

import platform
import sqlite3
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    QSortFilterProxyModel,
    QStringListModel,
    Qt,
)
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

import resources
from app.commands import BY_ID, COMMANDS, GROUPS
from app.services import Services
from app.window.menus import key_text
from app.window.settings_dialog import SettingsDialog
from app.window.window import Window
from viewer.study import Skipped
from viewer.widgets.corners import clean
from viewer.widgets.theme import SIZES
from viewer.words import _

_LIBRARIES: Final = (
    "PySide6-Essentials",
    "vtk",
    "numpy",
    "pydicom",
    "SimpleITK",
    "imagecodecs",
    "pillow",
    "numba",
    "llama-cpp-python",
    "huggingface_hub",
    "platformdirs",
)
_MOST_SKIPPED: Final = 5_000


class Dialogs:
    """Opens dialogs beside the work, never in front of a background fault."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._services: Services | None = None

    def connect(self, services: Services) -> None:
        """Give the dialogs what they show."""
        self._services = services

    def parts(self) -> dict[str, Callable[[], None]]:
        """What ``Desk.open_part`` can open here."""
        return {
            "skipped": self.show_skipped,
            "settings": self.show_settings,
            "keys": self.show_keys,
            "palette": self.show_palette,
            "about": self.show_about,
        }

    def show_skipped(self) -> None:
        """The files that are not shown, each with its reason."""
        if self._services is not None:
            library = self._services.library
            shown = sum(s.frame_count for _p, _s, s in library.all_series())
            SkippedDialog(library.skipped, shown, self._window).open()

    def show_settings(self) -> None:
        """What can be set."""
        if self._services is not None:
            SettingsDialog(self._services.settings, self._window).open()

    def show_keys(self) -> None:
        """All commands that have a key."""
        KeysDialog(self._window).open()

    def show_palette(self) -> None:
        """All commands, by typing."""
        Palette(self._window).open()

    def show_about(self) -> None:
        """Versions, licences, protection."""
        AboutDialog(self._window).open()


class SkippedDialog(QDialog):
    """Skipped files with their reasons, as plain text that can be copied."""

    def __init__(self, skipped: tuple[Skipped, ...], shown: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Skipped files"))
        self.resize(760, 460)
        count = len(skipped)
        title = _("1 file skipped") if count == 1 else _("{count} files skipped")
        self.table = _table((_("File"), _("Why")), count=min(count, _MOST_SKIPPED))
        for row, one in enumerate(skipped[:_MOST_SKIPPED]):
            _fill_row(self.table, row, (_name(one.path), clean(one.sentence)))
        self.table.setWordWrap(True)
        self.table.resizeRowsToContents()
        others = _("The other {count} images are here.").format(count=f"{shown:,}")
        copy = QPushButton(_("Copy list"))
        copy.setProperty("kind", "quiet")
        copy.clicked.connect(lambda: _copy_list(skipped))
        foot = QHBoxLayout()
        foot.addWidget(_label(others if shown else "", tone="second"), 1)
        foot.addWidget(copy)
        foot.addWidget(_close_button(self))
        column = _column(self)
        column.addWidget(_label(title.format(count=f"{count:,}"), role="heading"))
        column.addWidget(self.table, 1)
        column.addLayout(foot)


class KeysDialog(QDialog):
    """The list of keys, made from the table of commands."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Keys"))
        self.resize(560, 680)
        rows = [
            (_(words), _(command.title), key_text(command))
            for group, words in GROUPS
            for command in COMMANDS
            if command.group == group and command.keys
        ]
        self.table = _table((_("Menu"), _("Command"), _("Key")), count=len(rows))
        for row, texts in enumerate(rows):
            _fill_row(self.table, row, texts)
        column = _column(self)
        column.addWidget(_label(_("Keys"), role="heading"))
        words = _("Letters act while the images have the keyboard; F6 brings it there.")
        column.addWidget(_label(words, tone="second"))
        column.addWidget(self.table, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(_close_button(self))
        column.addLayout(foot)


class _RowHeight(QStyledItemDelegate):
    """Rows as high as anything that is pressed."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """The size of a row, logical px."""
        return super().sizeHint(option, index).expandedTo(QSize(0, SIZES.target))


class Palette(QDialog):
    """Type a few letters of a command; Enter triggers it."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("All commands"))
        self.resize(520, 420)
        self._window = window
        self._ids = {_row_text(c.id): c.id for c in COMMANDS if c.group}
        self.field = QLineEdit()
        self.field.setPlaceholderText(_("Type a command"))
        self.rows = QListView()
        self.rows.setProperty("rows", True)
        self.rows.setUniformItemSizes(True)
        self.rows.setItemDelegate(_RowHeight(self.rows))
        self.rows.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._filter = QSortFilterProxyModel(self)
        self._filter.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._filter.setSourceModel(QStringListModel(list(self._ids), self))
        self.rows.setModel(self._filter)
        self.field.textChanged.connect(self._narrow)
        self.field.returnPressed.connect(self._run)
        self.rows.activated.connect(self._run)
        column = _column(self)
        column.addWidget(self.field)
        column.addWidget(self.rows, 1)
        self._narrow("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down move in the list while the field has the keyboard."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        row = min(max(self.rows.currentIndex().row() + step, 0), self._filter.rowCount() - 1)
        self.rows.setCurrentIndex(self._filter.index(row, 0))

    def _narrow(self, text: str) -> None:
        self._filter.setFilterFixedString(text.strip())
        self.rows.setCurrentIndex(self._filter.index(0, 0))

    def _run(self) -> None:
        words = self.rows.currentIndex().data()
        self.accept()
        if words:
            self._window.commands[self._ids[words]].trigger()


class AboutDialog(QDialog):
    """What this is, with versions, licences and what protects the reader."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("About Second Read"))
        self.resize(560, 560)
        self.text = QPlainTextEdit(about_text())
        self.text.setReadOnly(True)
        column = _column(self)
        column.addWidget(_label(_("Second Read"), role="heading"))
        words = _(
            "For research and teaching only. Not a medical device. Not for diagnosis or treatment."
        )
        column.addWidget(_label(words))
        column.addWidget(self.text, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(_close_button(self))
        column.addLayout(foot)


def about_text() -> str:
    """Versions, protection and licences, as plain text."""
    lines = [
        _("Version {number}").format(number=_version("second-read")),
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        f"{platform.system()} {platform.machine()}",
        "",
        _("Protection"),
        _("· Files are read by processes of their own; the window never reads them."),
        _("· Nothing is written into an opened folder."),
        _("· The program goes online only when you press Download for a model."),
        "",
        _("Made with"),
        *(f"· {name} {_version(name)}" for name in _LIBRARIES),
        "",
        _("Licences"),
        _("· Second Read: Apache License 2.0."),
        _("· Qt for Python: LGPL 3. VTK, numpy: BSD. pydicom, pillow: MIT. SimpleITK: Apache 2.0."),
        _("· Icons by Lucide:"),
        "",
        resources.path("icons/lucide/LICENSE").read_text(encoding="utf-8"),
    ]
    return "\n".join(lines)


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return _("is not installed")


def _row_text(command_id: str) -> str:
    command = BY_ID[command_id]
    keys = key_text(command)
    group = _(dict(GROUPS)[command.group])
    name = f"{group}: {_(command.title)}"
    return f"{name}   {keys}" if keys else name


def _copy_list(skipped: tuple[Skipped, ...]) -> None:
    lines = (f"{_name(s.path)}\t{clean(s.sentence)}" for s in skipped)
    QGuiApplication.clipboard().setText("\n".join(lines))


def _name(path: str) -> str:
    """The last two parts of a path: enough to find the file, short enough to read."""
    parts = path.replace("\\", "/").split("/")
    return clean("/".join(parts[-2:]))


def _table(heads: tuple[str, ...], *, count: int) -> QTableWidget:
    table = QTableWidget(count, len(heads))
    table.setHorizontalHeaderLabels(list(heads))
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setStretchLastSection(True)
    return table


def _fill_row(table: QTableWidget, row: int, texts: tuple[str, ...]) -> None:
    for column, text in enumerate(texts):
        table.setItem(row, column, QTableWidgetItem(text))


def _column(dialog: QDialog) -> QVBoxLayout:
    column = QVBoxLayout(dialog)
    column.setContentsMargins(24, 24, 24, 24)
    column.setSpacing(12)
    return column


def _close_button(dialog: QDialog) -> QPushButton:
    button = QPushButton(_("Close"))
    button.setProperty("kind", "primary")
    button.setDefault(True)
    button.clicked.connect(dialog.accept)
    return button


def _label(text: str, *, role: str = "", tone: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    label.setProperty("tone", tone)
    return label
