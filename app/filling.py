"""Everything behind the window, made after its first frame and connected here."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint

from app.commands import BY_ID
from app.keeping import Keeper
from app.library.browser import Browser
from app.library.history import History
from app.library.thumbnails import Thumbnails
from app.opening import cancel_opening
from app.paths import Paths
from app.services import Services
from app.settings import MEMORY_MB, NOTICE, RECENT, Settings
from app.shelf import Shelf
from app.store import Store
from app.window.desk import WindowDesk
from app.window.dialogs import Dialogs
from app.window.menus import studies_menu, tile_menu
from app.window.start_page import NOTICE_VERSION
from app.window.window import Window
from viewer.errors import UserError
from viewer.jobs import Jobs, Post
from viewer.limits import MIB
from viewer.reading.frames import Frames
from viewer.reading.workers import Workers
from viewer.state import State, Tile
from viewer.widgets.grid import Grid
from viewer.widgets.sources import Sources
from viewer.words import _

if TYPE_CHECKING:  # the assistant is loaded once images can be opened
    from app.asking.assisting import Assisting


class Parts:
    """The working parts; ``services`` is what commands get."""

    def __init__(
        self,
        *,
        window: Window,
        paths: Paths,
        settings: Settings,
        store: Store,
        shelf: Shelf,
        jobs: Jobs,
        post: Post,
        workers: Workers | None = None,
    ) -> None:
        self._window = window
        workers = workers or Workers()
        workers.warm()
        frames = Frames(workers, budget_bytes=settings.get(MEMORY_MB) * MIB)
        sources = Sources(lambda: shelf.library, frames, jobs, post=post)
        self.grid = Grid(sources, store.apply)
        self.dialogs = Dialogs(window)
        self.desk = WindowDesk(window, {**self.dialogs.parts(), **self._assistant_parts()})
        history = History(paths.work, self._on_trouble(post))
        self.services = Services(
            paths=paths,
            settings=settings,
            store=store,
            shelf=shelf,
            jobs=jobs,
            post=post,
            workers=workers,
            frames=frames,
            sources=sources,
            history=history,
            desk=self.desk,
        )
        self.thumbnails = Thumbnails(frames, jobs, self._thumbnail_made)
        self.browser = Browser(
            shelf,
            self.thumbnails,
            more=studies_menu(window.commands, window),
            hide=window.commands["browser"],
        )
        self.keeper = Keeper(self.services)
        self.desk.connect(self.services, self.grid)
        self.dialogs.connect(self.services)
        window.fill(browser=self.browser, grid=self.grid)
        self.assisting: Assisting | None = None
        self._connect()
        window.status.show_memory()
        self._follow_shelf()
        self.grid.apply(None, store.state)
        self._follow(store.state, store.state)

    def fill_assistant(self) -> None:
        """Make the assistant, once images can be opened."""
        from app.asking.assisting import Assisting

        window, services = self._window, self.services
        self.assisting = Assisting(
            services, window, hide=window.toggle_assistant, on_engine=window.status.show_engine
        )
        services.engine, services.asking = self.assisting.engine, self.assisting.asking
        window.fill_assistant(self.assisting.panel)
        services.store.subscribe(self.assisting.apply)
        self.assisting.apply(None, services.store.state)
        self.assisting.asking.refresh()

    def open(self, paths: Sequence[str], *, planes: bool = False) -> None:
        """Open paths of the command line; a volume in three planes when asked for."""
        self.desk.open_at_start(list(paths), planes=planes)

    def close(self) -> None:
        """End everything in the order that loses nothing."""
        self.grid.close_pictures()
        self.services.close()

    def _connect(self) -> None:
        services, window = self.services, self._window
        store, shelf = services.store, services.shelf
        store.subscribe(self.grid.apply)
        store.subscribe(self.browser.apply)
        store.subscribe(self.keeper.apply)
        store.subscribe(self._follow)
        shelf.subscribe(self._follow_shelf)
        self.grid.pointed.connect(window.status.show_value)
        self.grid.menu_wanted.connect(self._show_tile_menu)
        self.browser.series_wanted.connect(self._show_series)
        self.browser.skipped_wanted.connect(lambda: self.desk.open_part("skipped"))
        self.browser.recent_wanted.connect(lambda path: self.desk.open([path]))
        window.dropped.connect(self.desk.open)
        window.status.cancel_wanted.connect(lambda: cancel_opening(services))
        page = window.start_page
        page.notice_ticked.connect(self._keep_notice)
        page.notice_ticked.connect(self.desk.notice_ticked)
        page.folder_wanted.connect(self.desk.choose_folder)
        page.files_wanted.connect(self.desk.choose_files)
        page.demo_wanted.connect(lambda: self.desk.open_part("demo"))
        page.model_wanted.connect(lambda: self.desk.open_part("model"))

    def _assistant_parts(self) -> dict[str, Callable[[], None]]:
        """What ``Desk.open_part`` can open of the assistant."""
        return {
            "model": self._choose_model,
            "compare": self._compare,
            "question": self._focus_question,
        }

    def _choose_model(self) -> None:
        self._assisting().choose_model()

    def _compare(self) -> None:
        self._assisting().compare()

    def _focus_question(self) -> None:
        self._window.show_assistant()
        self._assisting().panel.focus_question()

    def _assisting(self) -> "Assisting":
        if self.assisting is None:
            raise UserError(_("The assistant is still loading. Try again in a moment."))
        return self.assisting

    def _follow(self, _old: State, new: State) -> None:
        """Buttons, hint and window words follow the state."""
        window = self._window
        window.commands.update(self.services)
        words = window_words(new.active_tile)
        window.top_bar.apply(new, words, is_open=bool(self.services.library.patients))
        window.show_tool(new.nav.tool, is_open=bool(self.services.library.patients))

    def _follow_shelf(self) -> None:
        """The library has grown or gone."""
        shelf, window = self.services.shelf, self._window
        self.keeper.follow_shelf()
        self.browser.refresh()
        self.grid.refresh()
        if self.assisting is not None:
            self.assisting.asking.refresh()
        self.browser.show_recent(self.services.settings.get(RECENT))
        window.status.show_scan(shelf.scan)
        window.show_images(is_open=bool(shelf.library.patients))
        self._follow(self.services.store.state, self.services.store.state)
        if not shelf.library.patients:
            self.thumbnails.forget()
        elif shelf.scan is None:
            self.thumbnails.renew(shelf.library)

    def _show_series(self, uid: str) -> None:
        self.grid.show_in_tile(self.services.store.state.nav.active, uid)
        self._window.focus_images()

    def _show_tile_menu(self, _tile: int, place: QPoint) -> None:
        tile_menu(self._window.commands, self._window).popup(place)

    def _thumbnail_made(self, uid: str) -> None:
        self.browser.thumbnail_made(uid)

    def _keep_notice(self, accepted: bool) -> None:
        self.services.settings.set(NOTICE, NOTICE_VERSION if accepted else "")

    def _on_trouble(self, post: Post) -> Callable[[str], None]:
        def told(sentence: str) -> None:
            post(lambda: self._window.notices.stand(sentence))

        return told


def window_words(tile: Tile) -> str:
    """The window in use for the top bar, for example "Soft tissue 400 / 40"."""
    kind, _colon, rest = tile.window.source.partition(":")
    window = tile.window.window
    if not tile.series_uid:
        return _("Window")
    if kind == "preset" and f"preset.{rest}" in BY_ID:
        return _(BY_ID[f"preset.{rest}"].title)
    if window is not None:
        return f"{window.width:.0f} / {window.center:.0f}".replace("-", "\u2212")
    words = {"auto": _("Window: automatic"), "full": _("Window: full range")}
    return words.get(kind, _("Window: file’s own"))
