"""Regular files, opened so that nothing on a disc can hang or mislead the scan."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from viewer.parsing.elements import Source
from viewer.parsing.faults import Fault
from viewer.parsing.part10 import file_source
from viewer.study import SkipReason
from viewer.words import _

_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # a FIFO opens at once instead of waiting for a writer
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOCTTY", 0)
)


@contextmanager
def open_regular(path: str) -> Iterator[tuple[int, int]]:
    """A regular file's descriptor and size; Fault when it cannot be opened or is something else."""
    try:
        descriptor = os.open(path, _FLAGS)
    except PermissionError:
        raise Fault(SkipReason.UNREADABLE, _("You may not read this file.")) from None
    except FileNotFoundError:
        raise Fault(SkipReason.UNREADABLE, _("The file is not there any more.")) from None
    except OSError as error:
        raise Fault(
            SkipReason.UNREADABLE,
            _("The file cannot be opened: {why}.").format(why=error.strerror or _("unknown")),
        ) from None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise Fault(SkipReason.UNREADABLE, _("It is not a regular file."))
        yield descriptor, facts.st_size
    finally:
        os.close(descriptor)


@contextmanager
def open_source(path: str) -> Iterator[Source]:
    """A regular file as a source of bytes from its beginning."""
    with open_regular(path) as (descriptor, size):
        try:
            yield file_source(lambda count: os.read(descriptor, min(count, 1 << 24)), size)
        except OSError as error:
            raise Fault(
                SkipReason.UNREADABLE,
                _("The file cannot be read: {why}.").format(why=error.strerror or _("unknown")),
            ) from None
