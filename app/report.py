"""A report of a bug, on this computer: types, functions and line numbers, no patient data.

Messages of exceptions are left out: they hold values.
"""

import platform
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.paths import make_private_folder, write_private_file

_PACKAGES: Final = ("app", "viewer", "assistant", "resources")
_REPORTS: Final = 20


def write_report(folder: Path, error: BaseException) -> Path | None:
    """Write a report and keep the newest twenty; None when the disk refuses it."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    path = folder / f"report-{stamp}.txt"
    try:
        make_private_folder(folder)
        write_private_file(path, report_text(error))
        for old in sorted(folder.glob("report-*.txt"))[:-_REPORTS]:
            old.unlink()
    except OSError:
        return None
    return path


def report_text(error: BaseException) -> str:
    """Versions, and where it happened: no message, no value, no path outside the program."""
    lines = [
        f"python {platform.python_version()} on {platform.system()} {platform.machine()}",
        f"time {datetime.now(UTC).isoformat(timespec='seconds')}",
    ]
    each: BaseException | None = error
    while each is not None:
        lines.append(type(each).__name__)
        lines += [
            f"  {_inside(frame.filename)}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(each.__traceback__)
        ]
        each = each.__cause__ or each.__context__
    return "\n".join(lines) + "\n"


def _inside(filename: str) -> str:
    """A file of the program by its place in it, any other by its name alone."""
    parts = Path(filename).parts
    for index, part in enumerate(parts):
        if part in _PACKAGES:
            return "/".join(parts[index:])
    return parts[-1] if parts else ""
