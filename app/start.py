"""The road to the first frame: the window first, everything heavy after it."""

import os
import sys
from collections.abc import Sequence

from app import log
from app.paths import make_paths
from app.settings import TYPE_SCALE, Settings


def run(paths: Sequence[str], *, planes: bool = False) -> int:
    """Show the window, open ``paths`` in it, and stay until it is closed; the exit code.

    ``planes`` shows a volume in three planes and 3D at once.
    """
    if os.name == "posix":
        os.umask(0o077)
    own = make_paths()
    log.start(own.logs)
    settings = Settings(own.settings)

    from PySide6.QtWidgets import QApplication

    application = QApplication(sys.argv[:1])
    application.setApplicationName("Second Read")
    application.setDesktopFileName("second-read")

    from viewer.widgets import theme

    theme.install(application, settings.get(TYPE_SCALE))

    from app.wiring import Program

    program = Program(own, settings)
    program.window.show()
    program.open_at_start(paths, planes=planes)
    code: int = application.exec()
    program.close()
    log.stop()
    return code
