"""What this process holds in memory and writes is for its user alone."""

import os
from contextlib import suppress


def keep_private() -> None:
    """Make whatever is written readable by nobody else, and leave no memory behind in a crash."""
    if os.name == "posix":
        os.umask(0o077)
    leave_no_core()


def leave_no_core() -> None:
    """Write no core file when this process or a child crashes: it would hold pixels and names."""
    try:
        import resource
    except ImportError:
        return  # Windows keeps no such file by itself
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
