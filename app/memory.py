"""How much memory the window's process holds, where the system says it."""

import os
import sys
from contextlib import suppress
from pathlib import Path


def resident_mb() -> int:
    """Resident memory of this process, MB; 0 where it cannot be told."""
    if sys.platform == "linux":
        with suppress(OSError, ValueError, IndexError):
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
    return 0
