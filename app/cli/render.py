"""``second-read render PATH ... -o OUT.png``: one picture, and JSON about what it shows."""

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, get_args

from app.cli.exits import Exit
from app.cli.main import printable
from app.cli.output import to_json
from app.cli.scan import scan_library
from app.png import write_png
from app.rendering import NoSuchImage, PlaneKind, Rendered, Wanted, find_series, render
from viewer.errors import UserError
from viewer.pixels.voi import is_usable
from viewer.reading.frames import Frames
from viewer.reading.workers import Workers
from viewer.study import Library, Window
from viewer.words import _

LARGEST_PX: Final = 16_384
DEFAULT_SIZE: Final = (1024, 1024)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``render``."""
    parser.add_argument("path", metavar="PATH", help=_("folder, file, ZIP archive or DICOMDIR"))
    parser.add_argument("--series", metavar="UID", default="", help=_("default: the first one"))
    parser.add_argument("--plane", choices=get_args(PlaneKind), default="stack")
    parser.add_argument(
        "--index", type=int, metavar="N", help=_("counts from 0; default: the middle one")
    )
    parser.add_argument(
        "--window",
        type=float,
        nargs=2,
        metavar=("C", "W"),
        help=_("centre and width; default: that of the file"),
    )
    parser.add_argument("--size", type=_size, metavar="WxH", default=DEFAULT_SIZE)
    parser.add_argument("-o", "--output", metavar="OUT.png", type=Path, required=True)


def run(arguments: argparse.Namespace) -> Exit:
    """Draw the picture; JSON goes to standard output, a sentence to standard error."""
    source, output = Path(arguments.path), arguments.output
    try:
        _check_output(source, output)
        wanted = _wanted(arguments)
        with _reading() as (workers, frames):
            library = scan_library(workers, [str(source)])
            if not any(True for _found in library.all_series()):
                _say(_nothing_readable(library, source))
                return Exit.NOTHING_READABLE
            series = find_series(library, wanted.series_uid)
            frames.add(series.instances)
            try:
                picture = render(series, frames, wanted)
            except NoSuchImage:
                raise
            except UserError as error:
                return _refuse(error, wanted)
        write_png(output, picture.pixels)
    except UserError as error:
        _say(error.sentence)
        return Exit.WRONG_ARGUMENTS
    print(to_json(_report(picture, wanted, output)))
    return Exit.REFUSED if picture.refused else Exit.DONE


def _size(text: str) -> tuple[int, int]:
    """Width and height in px from a text like 800x600."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    width, height = (int(part) for part in match.groups()) if match else (0, 0)
    if not (1 <= width <= LARGEST_PX and 1 <= height <= LARGEST_PX):
        raise argparse.ArgumentTypeError(
            _("{text} is no size. Write it as 800x600, at most {largest}x{largest}.").format(
                text=text, largest=LARGEST_PX
            )
        )
    return width, height


def _wanted(arguments: argparse.Namespace) -> Wanted:
    """The arguments as a record; UserError for a window that is none."""
    window = None
    if arguments.window is not None:
        window = Window(*arguments.window)
        if not is_usable(window):
            raise UserError(_("A window needs a centre and a width above 0."))
    return Wanted(arguments.series, arguments.plane, arguments.index, window, tuple(arguments.size))


def _check_output(source: Path, output: Path) -> None:
    """Raise UserError where the picture would land among the opened files, or nowhere."""
    opened, target = source.resolve(), output.resolve()
    if target == opened or (opened.is_dir() and opened in target.parents):
        raise UserError(
            _("Nothing is written into the opened folder. Choose another place for the picture.")
        )
    if not target.parent.is_dir():
        raise UserError(_("The folder {path} does not exist.").format(path=target.parent))
    if target.is_dir():
        raise UserError(_("{path} is a folder. Name a file.").format(path=output))
    if output.suffix.lower() != ".png":
        raise UserError(_("Pictures are written as PNG: let the name end in .png."))


@contextmanager
def _reading() -> Iterator[tuple[Workers, Frames]]:
    """Workers and frames that end with the command."""
    workers = Workers()
    frames = Frames(workers)
    try:
        yield workers, frames
    finally:
        frames.close()
        workers.close()


def _nothing_readable(library: Library, source: Path) -> str:
    """Why there is nothing, by the first reason where there is one."""
    if not source.exists():
        return _("{path} is not there.").format(path=source)
    if not library.skipped:
        return _("There is no DICOM file at {path}.").format(path=source)
    sentence = _("No file at {path} can be shown. {name}: {reason}")
    first = library.skipped[0]
    return sentence.format(path=source, name=Path(first.path).name, reason=first.sentence)


def _refuse(error: UserError, wanted: Wanted) -> Exit:
    """Say what cannot be drawn, in JSON too; no file is written."""
    _say(error.sentence)
    report = {"output": None, "plane": wanted.plane, "refused": [error.sentence]}
    print(to_json(report))
    return Exit.REFUSED


def _report(picture: Rendered, wanted: Wanted, output: Path) -> dict[str, Any]:
    """What the picture shows."""
    frame, window = picture.frame, picture.window
    return {
        "output": str(output),
        "series": picture.series_uid,
        "plane": wanted.plane,
        "index": picture.index,
        "count": picture.count,
        "sop_instance_uid": frame.sop_instance_uid if frame else None,
        "frame_number": frame.frame_number if frame else None,
        "window": {"center": window.center, "width": window.width, "function": window.function}
        if window
        else None,
        "window_name": picture.window_name,
        "size_px": list(wanted.size_px),
        "notes": list(picture.notes),
        "refused": list(picture.refused),
    }


def _say(sentence: str) -> None:
    """One sentence on standard error."""
    print(printable(sentence), file=sys.stderr)
