"""The command line: no subcommand opens the window, the others print JSON.

Exit codes: 0 done; 1 a bug (a report is written); 2 wrong arguments; 3 nothing readable at that
path; 4 done, but something asked for was refused; 5 no usable model, or the engine failed;
130 interrupted. JSON goes to standard output alone, sentences to standard error.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from app.private import leave_no_core
from viewer.errors import Cancelled, UserError
from viewer.words import N_, _

EXIT_BUG: Final = 1
EXIT_NOTHING: Final = 3
EXIT_INTERRUPTED: Final = 130

COMMANDS: Final = {
    "scan": N_("list patients, studies and series as JSON"),
    "render": N_("write a picture of a series"),
    "ask": N_("ask the model about an image"),
    "evaluate": N_("measure a model's answers against a known truth"),
}
"""Each is a module beside this one with ``add_arguments(parser)`` and ``run(arguments) -> int``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments say; the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in COMMANDS:
            return _run_command(given[0], given[1:])
        return _run_window(given)
    except UserError as error:
        _say(error.sentence, sys.stderr)
        return EXIT_NOTHING
    except (KeyboardInterrupt, Cancelled):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the end of the line for a bug
        return _report_bug(error)


def _run_command(name: str, given: Sequence[str]) -> int:
    leave_no_core()
    module = importlib.import_module(f"app.cli.{name}")
    parser = argparse.ArgumentParser(prog=f"second-read {name}", description=_(COMMANDS[name]))
    module.add_arguments(parser)
    code: int = module.run(parser.parse_args(given))
    return code


def _run_window(given: Sequence[str]) -> int:
    arguments = _parser().parse_args(given)
    paths: list[str] = arguments.paths
    for path in paths:
        if not Path(path).exists():
            raise UserError(_("{path} is not there.").format(path=printable(path)))
    from app.start import run

    return run([str(Path(p).absolute()) for p in paths], planes=arguments.planes)


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:10}{_(words)}" for name, words in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="second-read",
        description=_("Read DICOM studies, and ask a local AI model about the image."),
        epilog=_("commands:") + "\n" + listed,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"second-read {_version()}")
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help=_("folders, files or ZIP archives to open")
    )
    parser.add_argument(
        "--planes", action="store_true", help=_("show a CT or MR in three planes and 3D at once")
    )
    return parser


def printable(text: str) -> str:
    """Text for a terminal: control characters are escaped, so that none of them acts."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _say(sentence: str, stream: TextIO) -> None:
    print(printable(sentence), file=stream)


def _version() -> str:
    from importlib.metadata import version

    return version("second-read")


def _report_bug(error: BaseException) -> int:
    from app.paths import make_paths
    from app.report import write_report

    path = write_report(make_paths().reports, error)
    sentence = _("Something in the program failed.")
    if path is not None:
        sentence += " " + _("A report without patient data is here: {path}").format(path=path)
    _say(sentence, sys.stderr)
    return EXIT_BUG
