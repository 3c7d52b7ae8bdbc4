"""The one place where things are made and connected."""

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer

from app import log
from app.commands import Command
from app.crash import CrashReporter
from app.main_thread import MainThread
from app.paths import Paths
from app.settings import CORNER_TEXTS, FIRST_TOOL, Settings
from app.shelf import Shelf
from app.store import Store
from app.window.window import Window
from viewer.errors import UserError
from viewer.jobs import Jobs
from viewer.state import Nav, State

if TYPE_CHECKING:  # heavy: these load numpy, and the reading and engine sides
    from app.filling import Parts
    from viewer.reading.workers import Workers

_IMAGES_FIRST_MS: Final = 500
"""Images that were asked for at the start come before the assistant is loaded."""


class Program:
    """The window and what stands behind it.

    The window is made at once; ``fill`` makes the rest after its first frame. ``workers`` run
    already where images are to be opened at once.
    """

    def __init__(
        self, paths: Paths, settings: Settings, *, workers: "Workers | None" = None
    ) -> None:
        self._paths = paths
        self._settings = settings
        self._workers = workers
        self._main_thread = MainThread()
        self.crash = CrashReporter(paths.reports, self._main_thread)
        self.crash.install()
        self.store = Store(State(nav=_first_nav(settings)))
        self.shelf = Shelf()
        self.jobs = Jobs(self._main_thread.post, self.crash.report)
        self.window = Window(settings, self.run)
        self.parts: Parts | None = None
        self._waiting: tuple[str, ...] = ()
        self._planes = False
        self._is_closed = False
        self.window.painted.connect(lambda: QTimer.singleShot(0, self.fill))
        self.window.closing.connect(self.close)

    @property
    def is_complete(self) -> bool:
        """Whether everything is loaded, the assistant too."""
        return self.parts is not None and self.parts.assisting is not None

    def open_at_start(self, paths: Sequence[str], *, planes: bool = False) -> None:
        """Open these once the program is filled, a CT or MR in three planes when asked for."""
        self._waiting = tuple(paths)
        self._planes = planes

    def fill(self) -> None:
        """Make everything that the first frame did not need."""
        if self.parts is not None or self._is_closed:
            return
        from app.filling import Parts

        self.parts = Parts(
            window=self.window,
            paths=self._paths,
            settings=self._settings,
            store=self.store,
            shelf=self.shelf,
            jobs=self.jobs,
            post=self._main_thread.post,
            workers=self._workers,
        )
        _collect_again()
        log.event("filled")
        if self._waiting:
            self.parts.open(self._waiting, planes=self._planes)
        QTimer.singleShot(_IMAGES_FIRST_MS if self._waiting else 0, self._fill_assistant)

    def _fill_assistant(self) -> None:
        if self.parts is not None and not self._is_closed:
            self.parts.fill_assistant()

    def run(self, command: Command) -> None:
        """Trigger a command; what it cannot do is said in the window."""
        if self.parts is None:
            return
        services = self.parts.services
        if not command.when(services):
            return
        try:
            command.run(services)
        except UserError as error:
            self.window.notices.show_error(error)

    def close(self) -> None:
        """End everything in the order that loses nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self.parts is not None:
            self.parts.close()
        elif self._workers is not None:
            self._workers.close()
        self.jobs.close()
        self._main_thread.close()
        self.crash.uninstall()


def _collect_again() -> None:
    """Let the collector run again, without looking at what was loaded at the start: it stays."""
    gc.freeze()
    gc.enable()


def _first_nav(settings: Settings) -> Nav:
    tool, overlays = settings.get(FIRST_TOOL), settings.get(CORNER_TEXTS)
    return Nav(tool=tool, overlays=overlays)  # type: ignore[arg-type]  # the table's own choices
