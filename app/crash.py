"""What nobody caught: one dialog, and a report on this computer without patient data.

The program goes on: nothing that a person made is lost by it.
"""

import sys
import threading
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox

from app import log
from app.main_thread import MainThread
from app.report import write_report
from viewer.words import _


class CrashReporter:
    """Catches what reaches the top of any thread; the program goes on."""

    def __init__(self, folder: Path, main_thread: MainThread) -> None:
        self._folder = folder
        self._main_thread = main_thread
        self._dialog: QMessageBox | None = None

    def install(self) -> None:
        """Take the place of Python's own hooks."""
        sys.excepthook = self._on_exception
        threading.excepthook = lambda args: self.report(args.exc_value)

    def uninstall(self) -> None:
        """Give Python's hooks back."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__

    def report(self, error: BaseException | None) -> None:
        """Write a report and say so once; from any thread."""
        if error is None or isinstance(error, SystemExit):
            return
        path = write_report(self._folder, error)
        log.event("bug")
        self._main_thread.post(lambda: self._show(path))

    def _on_exception(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        self.report(error.with_traceback(trace))

    def _show(self, path: Path | None) -> None:
        if self._dialog is not None:
            return
        dialog = QMessageBox(QApplication.activeWindow())
        dialog.setTextFormat(Qt.TextFormat.PlainText)
        dialog.setWindowTitle(_("Second Read"))
        dialog.setText(_("Something in the program failed. Your work is kept; you can go on."))
        if path is not None:
            where = _("A report without patient data is here: {path}").format(path=path)
            dialog.setInformativeText(where)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.open()

    def _forget_dialog(self) -> None:
        self._dialog = None
