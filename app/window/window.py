"""The window: top bar, studies, images, assistant, status line; its parts come and go."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QRect, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.commands import BY_ID, Command
from app.settings import ASSISTANT_SHOWN, BROWSER_SHOWN, GEOMETRY, NOTICE, PANES, Settings
from app.window.menus import Actions, TopBar
from app.window.notices import Notices
from app.window.start_page import NOTICE_VERSION, StartPage
from app.window.status_line import StatusLine
from viewer.widgets.theme import SIZES
from viewer.words import _

if TYPE_CHECKING:  # 0.2 s of imports that the first frame does not need
    from viewer.widgets.grid import Grid

_FIRST_SIZE: Final = (1600, 1000)
_SCREEN_SHARE: Final = 0.9
_NARROW: Final = 1100


class Window(QWidget):
    """The program's window.

    It stands before anything heavy is loaded; ``fill`` puts the working parts in. ``run`` is
    called with a command to trigger. ``closing`` comes before the window is gone.
    """

    painted = Signal()
    closing = Signal()
    dropped = Signal(list)

    def __init__(self, settings: Settings, run: Callable[[Command], None]) -> None:
        super().__init__()
        self._settings = settings
        self._was_painted = False
        self._grid: Grid | None = None
        self.setProperty("surface", "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(_("Second Read · NOT FOR DIAGNOSIS"))
        self.setAcceptDrops(True)
        self.setMinimumSize(SIZES.grid_least + 240, 480)
        self.commands = Actions(self, run)
        self.top_bar = TopBar(self.commands)
        accepted = settings.get(NOTICE) == NOTICE_VERSION
        self.start_page = StartPage(accepted=accepted)
        self.notices = Notices()
        self.status = StatusLine()
        self._browser: QWidget = _pane(SIZES.browser_range)
        self._assistant: QWidget = _pane(SIZES.assistant_range)
        self._centre = QStackedWidget()
        self._centre.setMinimumWidth(SIZES.grid_least)
        self._centre.addWidget(self.start_page)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        for part in (self._browser, self._centre, self._assistant):
            self._splitter.addWidget(part)
        self._lay_out()
        self.commands.update(None)
        self._restore()
        self.start_page.notice_ticked.connect(self._notice_ticked)
        self._show_next()
        self.start_page.focus_next()

    @property
    def is_accepted(self) -> bool:
        """Whether the reader has ticked the notice."""
        return self.start_page.is_accepted

    @property
    def browser_shown(self) -> bool:
        """Whether the studies are on the screen."""
        return self._browser.isVisible()

    @property
    def assistant_shown(self) -> bool:
        """Whether the assistant is on the screen."""
        return self._assistant.isVisible()

    def fill(self, *, browser: QWidget, grid: "Grid") -> None:
        """Put the studies and the images in; what was there stood in for them."""
        self._grid = grid
        self._browser = self._replace(0, self._browser, browser, SIZES.browser_range)
        self._centre.addWidget(grid)
        self.commands.attach(grid)
        self._show_parts()

    def fill_assistant(self, assistant: QWidget) -> None:
        """Put the assistant in."""
        self._assistant = self._replace(2, self._assistant, assistant, SIZES.assistant_range)
        self._show_parts()

    def show_tool(self, tool: str, *, is_open: bool) -> None:
        """Say in the status line what the left button does, or what comes next."""
        if is_open:
            command = BY_ID[f"tool.{tool}"]
            self.status.show_hint(command.icon, _(command.hint))
        else:
            self._show_next()

    def _show_next(self) -> None:
        """Say what comes next on the first page, in the order of its steps."""
        words = (
            _("Next: open a folder. Ctrl+O")
            if self.is_accepted
            else _("Next: read the notice and tick it.")
        )
        self.status.show_hint("info", words)

    def _notice_ticked(self) -> None:
        if self._centre.currentWidget() is self.start_page:
            self._show_next()

    def show_images(self, *, is_open: bool) -> None:
        """Show the images, or the first page while nothing is open."""
        wanted = 1 if is_open and self._centre.count() > 1 else 0
        if self._centre.currentIndex() != wanted:
            self._centre.setCurrentIndex(wanted)
            if wanted:
                self.focus_images()

    def focus_images(self) -> None:
        """Give the images the keyboard."""
        widget: QWidget | None = self._centre.currentWidget()
        if self._grid is not None and widget is self._grid:
            widget = self._grid.active_viewport
        if widget is not None:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def next_region(self, by: int) -> None:
        """Move the keyboard between toolbar, studies, images and assistant."""
        regions = [self.top_bar, self._browser, self._centre, self._assistant]
        shown = [r for r in regions if r.isVisible()]
        focus: QWidget | None = self.focusWidget()
        inside = [i for i, r in enumerate(shown) if focus is not None and r.isAncestorOf(focus)]
        here = inside[0] if inside else 0
        region = shown[(here + by) % len(shown)]
        if region is self._centre:
            self.focus_images()
        elif (target := _first_focusable(region)) is not None:
            target.setFocus(Qt.FocusReason.TabFocusReason)

    def toggle_browser(self) -> None:
        """Hide or show the studies."""
        self._settings.set(BROWSER_SHOWN, not self._settings.get(BROWSER_SHOWN))
        self._show_parts()

    def toggle_assistant(self) -> None:
        """Hide or show the assistant."""
        self._settings.set(ASSISTANT_SHOWN, not self._settings.get(ASSISTANT_SHOWN))
        self._show_parts()

    def show_assistant(self) -> None:
        """Show the assistant."""
        if not self._settings.get(ASSISTANT_SHOWN):
            self.toggle_assistant()

    def toggle_full_screen(self) -> None:
        """Fill the screen, or go back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def keep(self) -> None:
        """Remember place and widths for the next start."""
        geometry = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
        values = {GEOMETRY: geometry}
        sizes = tuple(self._splitter.sizes())
        if all(sizes):
            self._settings.set_many({**values, PANES: sizes})
        else:
            self._settings.set_many(dict(values))

    # Qt's events

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell once that the first frame is there."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            self.painted.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window has no room for all three parts."""
        super().resizeEvent(event)
        self._show_parts()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember, then let everything end."""
        self.keep()
        self.closing.emit()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Folders and files may be dropped anywhere, once the notice is ticked."""
        if self.is_accepted and _local_paths(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        if paths := _local_paths(event):
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.top_bar, _rule(), self._splitter, self.notices, _rule(), self.status):
            column.addWidget(part, 1 if part is self._splitter else 0)

    def _replace(self, index: int, old: QWidget, new: QWidget, span: tuple[int, int]) -> QWidget:
        sizes = self._splitter.sizes()
        new.setMinimumWidth(span[0])
        new.setMaximumWidth(span[1])
        self._splitter.replaceWidget(index, new)
        old.deleteLater()
        self._splitter.setSizes(sizes)
        return new

    def _show_parts(self) -> None:
        """Show the side parts that the reader wants and that there is room for."""
        is_narrow = self.width() < _NARROW
        assistant = self._settings.get(ASSISTANT_SHOWN)
        browser = self._settings.get(BROWSER_SHOWN) and not (is_narrow and assistant)
        self._browser.setVisible(browser)
        self._assistant.setVisible(assistant)

    def _restore(self) -> None:
        geometry = self._settings.get(GEOMETRY)
        if not (geometry and self.restoreGeometry(QByteArray.fromBase64(geometry.encode("ascii")))):
            screen = QGuiApplication.primaryScreen().availableGeometry()
            width = min(_FIRST_SIZE[0], round(screen.width() * _SCREEN_SHARE))
            height = min(_FIRST_SIZE[1], round(screen.height() * _SCREEN_SHARE))
            place = QRect(0, 0, width, height)
            place.moveCenter(screen.center())
            self.setGeometry(place)
        self._splitter.setSizes(list(self._settings.get(PANES)))
        self._splitter.setStretchFactor(0, 0)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setStretchFactor(2, 0)


def _pane(span: tuple[int, int]) -> QWidget:
    """An empty side part, in the place of one that is not loaded yet."""
    pane = QWidget()
    pane.setProperty("surface", "panel")
    pane.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    pane.setMinimumWidth(span[0])
    pane.setMaximumWidth(span[1])
    return pane


def _rule() -> QFrame:
    rule = QFrame()
    rule.setProperty("rule", True)
    rule.setFixedHeight(1)
    return rule


def _first_focusable(region: QWidget) -> QWidget | None:
    """The first widget of a region that takes the keyboard."""
    for widget in region.findChildren(QWidget):
        takes = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if takes and widget.isVisible() and widget.isEnabled():
            return widget
    return None


def _local_paths(event: QDragEnterEvent | QDropEvent) -> list[str]:
    return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
