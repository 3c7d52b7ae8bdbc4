"""The road to the first frame: the window first, everything heavy after it."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final

from app import log
from app.paths import make_paths
from app.private import keep_private
from app.settings import TYPE_SCALE, Settings
from viewer.errors import UserError
from viewer.words import _

if TYPE_CHECKING:
    from viewer.reading.workers import Workers

_WITHOUT_QT: Final = (
    "app.commands",
    "app.opening",
    "app.library.history",
    "viewer.reading.workers",
    "viewer.render.planes",
)
"""What the window needs and what can be loaded before Qt."""


def run(paths: Sequence[str], *, planes: bool = False) -> int:
    """Show the window, open ``paths`` in it, and stay until it is closed; the exit code.

    ``planes`` shows a volume in three planes and 3D at once. UserError where there is no screen.
    """
    keep_private()
    _check_screen()
    _load_quickly()
    own = make_paths()
    log.start(own.logs)
    settings = Settings(own.settings)
    workers = _early_workers() if paths else None

    # PySide reads the source of every module that is imported after it: some 30 ms in all.
    for module in _WITHOUT_QT:
        import_module(module)
    from PySide6.QtWidgets import QApplication

    application = QApplication(sys.argv[:1])
    application.setApplicationName("Second Read")
    application.setDesktopFileName("second-read")

    from viewer.widgets import style

    style.install(application, settings.get(TYPE_SCALE))

    from app.wiring import Program

    program = Program(own, settings, workers=workers)
    program.window.show()
    program.open_at_start(paths, planes=planes)
    code: int = application.exec()
    program.close()
    log.stop()
    return code


def _load_quickly() -> None:
    """Do nothing while modules are loaded that only costs time; ``Program.fill`` ends it.

    The collector would look again and again at objects that all stay, and the linear algebra behind
    numpy would start threads and reserve memory for every core, for matrices of 3 x 3.
    """
    gc.disable()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _early_workers() -> "Workers":
    """Reading workers that start while the window is made."""
    from viewer.reading.workers import Workers

    workers = Workers()
    workers.warm()
    return workers


def _check_screen() -> None:
    """Raise UserError where there is no screen: Qt would end the process without a sentence."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in names):
        raise UserError(
            _("There is no screen for the window. The commands scan, render and ask need none.")
        )
