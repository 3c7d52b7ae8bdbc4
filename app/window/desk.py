"""What commands ask of the window: dialogs, parts, focus, sentences."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from app.opening import demo_folders, open_paths
from app.window.start_page import NOTICE_WORDS
from app.window.window import Window
from viewer.errors import UserError
from viewer.tools.surface import Surface
from viewer.widgets.grid import Grid
from viewer.words import _

if TYPE_CHECKING:
    from app.services import Services


class WindowDesk:
    """The desk of the real window; ``services`` is given once they are all made."""

    def __init__(self, window: Window, parts: dict[str, Callable[[], None]]) -> None:
        self._window = window
        self._parts: dict[str, Callable[[], None]] = {
            "browser": window.toggle_browser,
            "assistant": window.toggle_assistant,
            "fullscreen": window.toggle_full_screen,
            "next_region": lambda: window.next_region(1),
            "previous_region": lambda: window.next_region(-1),
            "quit": lambda: (window.close(), None)[1],
            "demo": lambda: self.open(demo_folders()),
            **parts,
        }
        self._waiting: list[str] = []
        self._grid: Grid | None = None
        self._services: Services | None = None

    def connect(self, services: "Services", grid: Grid) -> None:
        """Give the desk what it works on."""
        self._services, self._grid = services, grid

    def open(self, paths: list[str], *, planes: bool = False) -> None:
        """Open paths; on the first page they wait until the notice is ticked."""
        if self._services is None or not paths:
            return
        if self._window.is_accepted or self._services.library.patients:
            open_paths(self._services, paths, planes=planes)
        else:
            self._waiting = paths
            self.tell(_("Read the notice and tick it; then images can be opened."))

    def open_at_start(self, paths: list[str], *, planes: bool = False) -> None:
        """Open what the command line names; an unread notice stands below the images."""
        window = self._window
        if not window.is_accepted:
            tick = window.start_page.tick
            window.notices.ask(_(NOTICE_WORDS), _("I understand"), lambda: tick.setChecked(True))
        if self._services is not None:
            open_paths(self._services, paths, planes=planes)

    def notice_ticked(self, accepted: bool) -> None:
        """Open what waited for the tick."""
        waiting, self._waiting = self._waiting, []
        if accepted and waiting:
            self.tell("")
            self.open(waiting)

    def choose_folder(self) -> None:
        """Ask which folder to open."""
        dialog = self._file_dialog(_("Open a folder with images"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.open()

    def choose_files(self) -> None:
        """Ask which files to open."""
        dialog = self._file_dialog(_("Open images, ZIP archives or a DICOMDIR"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.open()

    def tell(self, sentence: str, *, kind: str = "info") -> None:
        """Show a sentence in the window."""
        self._window.notices.tell(sentence, kind=kind)

    def show_error(self, error: UserError) -> None:
        """Show what went wrong and what to do."""
        self._window.notices.show_error(error)

    def surface(self, tile: int) -> Surface | None:
        """A tile as a tool sees it."""
        viewports = self._grid.viewports if self._grid else ()
        if tile >= len(viewports):
            return None
        scene = viewports[tile].scene()
        return None if scene.message or scene.entry is None else scene.surface

    def device_pixel_ratio(self) -> float:
        """Device pixels per logical pixel."""
        return float(self._window.devicePixelRatioF())

    def step(self, by: int) -> None:
        """Go on by so many images in the active tile, or move what is selected in it."""
        if self._grid is not None:
            self._grid.step(by)

    def nudge(self, columns: int, rows: int) -> bool:
        """Move what is selected by image pixels; whether something is selected."""
        viewport = self._grid.active_viewport if self._grid else None
        return viewport is not None and viewport.nudge(columns, rows)

    def cancel_gesture(self) -> bool:
        """Give up a half-placed measurement."""
        return self._grid is not None and self._grid.cancel_gesture()

    def open_part(self, name: str) -> None:
        """Open or hide a part of the window by its name."""
        self._parts[name]()

    def _file_dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self._parent(), title)
        dialog.setOption(QFileDialog.Option.ReadOnly)
        dialog.filesSelected.connect(self.open)
        return dialog

    def _parent(self) -> QWidget:
        return self._window
