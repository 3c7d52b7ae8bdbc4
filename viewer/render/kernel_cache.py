"""Where compiled kernels live, and the child that compiles them once per installation.

numba keeps its index files as pickles, so the folder belongs to the user alone (0700) and is named
by what the machine code depends on: program version, CPU and numba version. Importing a kernel
module compiles what is not in that folder (seconds); from there it takes a fraction of a second.
So the window first lets a child fill it, then imports the modules in a background thread.
"""

import os
import platform
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

from platformdirs import user_cache_path

BRICK_KERNELS: Final = "viewer.render.brick_kernels"
VOLUME_KERNELS: Final = "viewer.render.volume_kernels"
FRAME_KERNELS: Final = "viewer.render.frame_kernels"
KERNEL_MODULES: Final = (FRAME_KERNELS, BRICK_KERNELS, VOLUME_KERNELS)
_SAFE_WITH_NAN: Final = {"contract", "reassoc", "nsz", "arcp"}
_COMPILE_TIMEOUT_S: Final = 300.0
_MARK: Final = "complete"

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def cache_folder() -> Path:
    """Name the folder of compiled kernels; `NUMBA_CACHE_DIR`, where set, wins.

    Looking at it creates nothing. The CPU is named too, so a home directory shared by two machines
    never runs code made for the other.
    """
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen)
    name = f"{_version('second-read', 'source')}-{_cpu_name()}-numba-{_version('numba', '')}"
    return user_cache_path("second-read") / "kernels" / name


def prepare_cache() -> Path:
    """Create the folder with mode 0700 and point numba at it; call before numba is imported.

    A folder that another user owns or could write to is not used: kernels then go to a fresh
    temporary folder and are compiled anew, because loading a foreign index would run foreign code.
    """
    folder = cache_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_private(folder):
        folder = Path(tempfile.mkdtemp(prefix="second-read-kernels-"))
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder


def is_compiled() -> bool:
    """Tell whether the compile child finished for exactly the kernel sources of this program."""
    try:
        return (cache_folder() / _MARK).read_text(encoding="ascii") == _sources_stamp()
    except OSError:
        return False


def compile_in_child() -> int:
    """Fill the folder from a child process and wait for it; returns its exit code.

    Call it from a background job. The child gets low priority by itself.
    """
    command = [sys.executable, "-I", "-m", "viewer.render.compile_kernels"]
    finished = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=_COMPILE_TIMEOUT_S,
    )
    return finished.returncode


def compile_here() -> None:
    """Import all kernel modules, which compiles them, and leave the mark of `is_compiled`."""
    folder = prepare_cache()
    for name in KERNEL_MODULES:
        import_module(name)
    (folder / _MARK).write_text(_sources_stamp(), encoding="ascii")


def load_kernels() -> None:
    """Import all kernel modules in this process; about 0.3 s when `is_compiled`."""
    for name in KERNEL_MODULES:
        import_module(name)


def loaded(name: str) -> ModuleType | None:
    """Give a kernel module if it is completely imported; never imports it, never waits."""
    module = sys.modules.get(name)
    return module if getattr(module, "IS_COMPLETE", False) else None


def compiled(*signatures: object, has_nan: bool = False) -> Callable[[_Kernel], _Kernel]:
    """Decorate a kernel: machine code for exactly these signatures, cached, without the GIL.

    Fixed signatures turn a wrong dtype into a `TypeError` at once instead of a compilation of
    seconds in the middle of a drag. `has_nan` keeps NaN what it is, at some cost.
    """
    prepare_cache()
    from numba import njit

    decorate: Callable[[_Kernel], _Kernel] = njit(
        list(signatures),
        nogil=True,
        cache=True,
        fastmath=_SAFE_WITH_NAN if has_nan else True,
        error_model="numpy",
    )
    return decorate


def inlined(kernel: _Kernel) -> _Kernel:
    """Decorate a part of a kernel, merged into its callers in the same module.

    Only the caller's file is watched by the cache, hence never call one from another module.
    """
    prepare_cache()
    from numba import njit

    merged: _Kernel = njit(forceinline=True, fastmath=True, error_model="numpy")(kernel)
    return merged


def _version(name: str, otherwise: str) -> str:
    # Imported late: 20 ms that the window's start does not need.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return otherwise


def _cpu_name() -> str:
    from llvmlite.binding import get_host_cpu_name

    return f"{platform.machine()}-{get_host_cpu_name()}"


def _sources_stamp() -> str:
    folder = Path(__file__).parent
    stats = ((folder / f"{name.rpartition('.')[2]}.py").stat() for name in KERNEL_MODULES)
    return " ".join(f"{entry.st_mtime_ns}-{entry.st_size}" for entry in stats)


def _is_private(folder: Path) -> bool:
    if sys.platform == "win32":
        return True
    entry = folder.lstat()
    if not stat.S_ISDIR(entry.st_mode) or entry.st_uid != os.getuid():
        return False
    if entry.st_mode & 0o077:
        folder.chmod(0o700)
    return True
