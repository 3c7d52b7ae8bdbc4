"""Exit codes of every subcommand; a promise to scripts."""

from enum import IntEnum


class Exit(IntEnum):
    """How a subcommand ended."""

    DONE = 0
    BUG = 1
    WRONG_ARGUMENTS = 2
    NOTHING_READABLE = 3
    REFUSED = 4
    NO_MODEL = 5
    INTERRUPTED = 130
