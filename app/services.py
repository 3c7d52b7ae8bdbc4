"""What the parts of the program work with: the first argument of everything in ``app``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from app.paths import Paths
from app.settings import Settings
from app.shelf import Shelf
from app.store import Store
from viewer.errors import UserError
from viewer.jobs import Jobs, Post
from viewer.study import Library
from viewer.words import _

if TYPE_CHECKING:  # 0.2 s of imports that the first frame does not need
    from app.library.history import History
    from assistant.engines.process import Engine
    from viewer.reading.frames import Frames
    from viewer.reading.workers import Workers
    from viewer.tools.surface import Surface
    from viewer.widgets.sources import Sources


class Desk(Protocol):
    """What only a window can do; a test without one brings its own."""

    def choose_folder(self) -> None:
        """Ask which folder to open."""

    def choose_files(self) -> None:
        """Ask which files to open."""

    def tell(self, sentence: str, *, kind: str = "info") -> None:
        """Show a sentence in the window; ``kind`` is "info", "warn" or "err"."""

    def show_error(self, error: UserError) -> None:
        """Show what went wrong and what to do."""

    def surface(self, tile: int) -> "Surface | None":
        """A tile as a tool sees it, or None when it shows nothing."""

    def device_pixel_ratio(self) -> float:
        """Device pixels per logical pixel of the window's screen."""

    def step(self, by: int) -> None:
        """Go on by so many images in the active tile."""

    def nudge(self, columns: int, rows: int) -> bool:
        """Move what is selected by image pixels; False where nothing is selected."""

    def cancel_gesture(self) -> bool:
        """Give up a half-placed measurement; whether there was one."""

    def open_part(self, name: str) -> None:
        """Open or hide a part of the window by its name (``app.commands`` names them)."""


class Asks(Protocol):
    """What a command needs of ``app.asking.asking.Asking``."""

    def stop(self) -> None:
        """End the answer that is being written."""

    def confirm(self, annotation_id: str) -> None:
        """A person agrees with a finding."""

    def reject(self, annotation_id: str) -> None:
        """A person disagrees with a finding."""


@dataclass(slots=True)
class Services:
    """Everything that lives as long as the program; made in ``wiring``, or by a test."""

    paths: Paths
    settings: Settings
    store: Store
    shelf: Shelf
    jobs: Jobs
    post: Post
    workers: "Workers"
    frames: "Frames"
    sources: "Sources"
    history: "History"
    desk: Desk
    engine: "Engine | None" = None
    asking: Asks | None = None
    at_close: list[Callable[[], None]] = field(default_factory=list)

    @property
    def asks(self) -> Asks:
        """What answers questions; UserError in the first moment, before it is loaded."""
        if self.asking is None:
            raise UserError(_("The assistant is still loading. Try again in a moment."))
        return self.asking

    @property
    def library(self) -> Library:
        """Everything that is open."""
        return self.shelf.library

    def close(self) -> None:
        """End everything in the order that loses nothing."""
        for call in reversed(self.at_close):
            call()
        self.jobs.close()
        if self.engine is not None:
            self.engine.close()
        self.frames.close()
        self.workers.close()
        self.history.close()
