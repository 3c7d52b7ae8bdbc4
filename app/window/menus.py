"""Menus, toolbar and tooltips, made from the table of commands."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton, QWidget

from app import looking
from app.commands import BY_ID, COMMANDS, GROUPS, Command
from app.services import Services
from viewer.state import State
from viewer.widgets import icons
from viewer.widgets.theme import SIZES
from viewer.words import _

_LEFT: Final = (
    *("tool.window", "tool.zoom", "tool.pan", "tool.scroll", "|"),
    *("tool.length", "tool.angle", "tool.ellipse", "tool.box", "tool.sphere", "|"),
    *("tool.crosshair", "|"),
)
_AFTER_WINDOW: Final = ("planes", "volume", "link", "cine")
_LAYOUTS: Final = tuple(c.id for c in COMMANDS if c.id.startswith("layout."))


class Actions:
    """One action per command; ``run`` triggers a command.

    Actions of context "window" belong to the window, those of "grid" to the images.
    """

    def __init__(self, window: QWidget, run: Callable[[Command], None]) -> None:
        self._by_id: dict[str, QAction] = {}
        for command in COMMANDS:
            action = QAction(window)
            action.setText(_(command.title))
            action.setToolTip(tooltip(command))
            action.setShortcuts([QKeySequence(keys) for keys in command.keys])
            action.setCheckable(command.checked is not None)
            if command.icon:
                action.setIcon(icons.icon(command.icon))
            action.triggered.connect(lambda _on=False, c=command: run(c))
            if command.context == "window":
                action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
                window.addAction(action)
            else:
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            self._by_id[command.id] = action

    def __getitem__(self, command_id: str) -> QAction:
        return self._by_id[command_id]

    def attach(self, grid: QWidget) -> None:
        """Give the images the keys of context "grid"."""
        for command in COMMANDS:
            if command.context == "grid":
                grid.addAction(self[command.id])

    def update(self, services: Services | None) -> None:
        """Enable and check what can be used and what is on."""
        for command in COMMANDS:
            action = self[command.id]
            usable = services is not None and command.when(services)
            action.setEnabled(usable or command.id in _ALWAYS_ON)
            if command.checked is not None:
                action.setChecked(services is not None and usable and command.checked(services))
        why_flat = _why_flat(services)
        for command_id in _OF_VOLUMES:
            words = tooltip(BY_ID[command_id])
            self[command_id].setToolTip(f"{words}\n{why_flat}" if why_flat else words)
        if services is not None:
            _name_step(self["undo"], _("Undo"), services.store.undo_name)
            _name_step(self["redo"], _("Redo"), services.store.redo_name)


_OF_VOLUMES: Final = ("planes", "volume")
_ALWAYS_ON: Final = frozenset({"open.folder", "open.files", "open.demo", "quit"})


def _why_flat(services: Services | None) -> str:
    """Why the active images have no planes and no 3D; "" where they have, or nothing is open."""
    stack = looking.active_stack(services) if services is not None else None
    return stack.no_volume_because if stack is not None else ""


def tooltip(command: Command) -> str:
    """A command's name and key, for example "Zoom (Z)"."""
    name = _(command.title)
    keys = key_text(command)
    return f"{name} ({keys})" if keys else name


def key_text(command: Command) -> str:
    """The keys of a command as the system writes them."""
    form = QKeySequence.SequenceFormat.NativeText
    return ", ".join(QKeySequence(k).toString(form) for k in command.keys)


def main_menu(actions: Actions, parent: QWidget) -> QMenu:
    """Everything, by group, for the menu button."""
    menu = QMenu(parent)
    for group, words in GROUPS:
        part = menu.addMenu(_(words))
        for command in COMMANDS:
            if command.group == group:
                part.addAction(actions[command.id])
    return menu


def tile_menu(actions: Actions, parent: QWidget) -> QMenu:
    """What a right click on an image offers."""
    menu = QMenu(parent)
    for group in ("Window", "View", "Layout"):
        words = dict(GROUPS)[group]
        part = menu.addMenu(_(words))
        for command in COMMANDS:
            if command.group == group:
                part.addAction(actions[command.id])
    menu.addSeparator()
    for command_id in ("mark.confirm", "mark.remove", "ask"):
        menu.addAction(actions[command_id])
    return menu


def studies_menu(actions: Actions, parent: QWidget) -> QMenu:
    """What the list of studies offers beside its rows."""
    menu = QMenu(parent)
    for command_id in ("open.folder", "open.files", "open.cancel", "skipped", "names"):
        menu.addAction(actions[command_id])
    menu.addSeparator()
    menu.addAction(actions["close.studies"])
    return menu


class TopBar(QWidget):
    """The bar at the top: what is used most, as icons with name and key in the tooltip."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(SIZES.bar)
        self.setAccessibleName(_("Toolbar"))
        self._actions = actions
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 0, 8, 0)
        self._row.setSpacing(4)
        self.menu_button = self._menu_button("menu", "", main_menu(actions, self))
        self.menu_button.setToolTip(_("Menu"))
        self._word_button("open.folder", _("Open"))
        self._layout = self._menu_button("layout-grid", "1 × 1", self._menu_of(_LAYOUTS))
        self._layout.setToolTip(_("Layout"))
        self._rule()
        for item in _LEFT:
            self._rule() if item == "|" else self._tool(item)
        self._window = self._menu_button("", _("Window"), self._window_menu())
        self._window.setToolTip(_("Grey window"))
        self._rule()
        for item in _AFTER_WINDOW:
            self._tool(item)
        self._row.addStretch(1)
        self._word_button("marks.ai", _("AI marks"))
        self._tool("help")

    def apply(self, state: State, window_words: str, *, is_open: bool) -> None:
        """Show the layout and the window in use."""
        rows, columns = state.doc.rows, state.doc.columns
        self._layout.setText(f" {rows} × {columns}")
        self._window.setText(window_words)
        self._layout.setEnabled(is_open)
        self._window.setEnabled(is_open)

    def _tool(self, command_id: str) -> None:
        button = QToolButton(self)
        button.setProperty("kind", "tool")
        button.setDefaultAction(self._actions[command_id])
        button.setIconSize(QSize(SIZES.icon, SIZES.icon))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setFixedSize(SIZES.button, SIZES.button)
        button.setAccessibleName(_(BY_ID[command_id].title))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._row.addWidget(button)

    def _word_button(self, command_id: str, words: str) -> None:
        button = QToolButton(self)
        button.setProperty("kind", "word")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(SIZES.icon, SIZES.icon))
        action = self._actions[command_id]
        button.setDefaultAction(action)
        # Qt takes the action's words again at each of its changes; the space parts icon and word.
        button.setText(f" {words}")
        action.changed.connect(lambda: button.setText(f" {words}"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._row.addWidget(button)

    def _menu_button(self, icon: str, words: str, menu: QMenu) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("kind", "word" if words else "tool")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(menu)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if icon:
            button.setIcon(icons.icon(icon))
            button.setIconSize(QSize(SIZES.icon, SIZES.icon))
        if words:
            button.setText(f" {words}")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._row.addWidget(button)
        return button

    def _menu_of(self, command_ids: tuple[str, ...]) -> QMenu:
        menu = QMenu(self)
        for command_id in command_ids:
            menu.addAction(self._actions[command_id])
        return menu

    def _window_menu(self) -> QMenu:
        return self._menu_of(tuple(c.id for c in COMMANDS if c.group == "Window"))

    def _rule(self) -> None:
        rule = QFrame(self)
        rule.setProperty("rule", True)
        rule.setFixedSize(1, SIZES.icon)
        self._row.addSpacing(8)
        self._row.addWidget(rule)
        self._row.addSpacing(8)


def _name_step(action: QAction, words: str, step: str) -> None:
    action.setText(f"{words} {step.lower()}" if step else words)
