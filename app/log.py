"""The log takes names of events, numbers and words from code; foreign text cannot enter it.

A file of at most 1 MB, five of them kept, is always safe to send: no patient, no path, no
question.
"""

import logging
import logging.handlers
import re
from enum import Enum
from pathlib import Path
from typing import Final

_LOGGER: Final = logging.getLogger("second_read")
_EVENT: Final = re.compile(r"[a-z0-9_.]{1,64}\Z")
_BYTES: Final = 1_000_000
_FILES: Final = 5


def start(folder: Path) -> None:
    """Write the log into ``folder`` from now on."""
    stop()
    handler = logging.handlers.RotatingFileHandler(
        folder / "second-read.log",
        maxBytes=_BYTES,
        backupCount=_FILES - 1,
        encoding="utf-8",
        delay=True,
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def stop() -> None:
    """Close the log file."""
    for handler in list(_LOGGER.handlers):
        _LOGGER.removeHandler(handler)
        handler.close()


def event(name: str, **values: float | Enum) -> None:
    """Log that something happened, with numbers and enum members only.

    ValueError for a name that is no identifier, TypeError for a value that is text.
    """
    if not _EVENT.match(name):
        raise ValueError(name)
    words = [name]
    for key, value in values.items():
        if isinstance(value, Enum):
            words.append(f"{key}={type(value).__name__}.{value.name}")
        elif isinstance(value, bool | int | float):
            words.append(f"{key}={value}")
        else:
            raise TypeError(f"{key} is text")
    _LOGGER.info(" ".join(words))
