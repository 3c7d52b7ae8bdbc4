"""Build the llama-cpp-python wheel once per version, options and processor; print its path.

The registry carries only a source archive of llama-cpp-python, and compiling llama.cpp takes
minutes, so the wheel is kept in a cache outside the clone and reused by every later environment.

    python packaging/build_llama.py [--lock requirements.lock]

Environment: SECOND_READ_WHEELS (the cache folder), SECOND_READ_CMAKE_ARGS (for example
-DGGML_CUDA=ON)
"""

import argparse
import hashlib
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = "llama-cpp-python"
# Back ends are linked in, so llama.cpp never searches folders for libraries to load.
DEFAULT_CMAKE_ARGS = "-DGGML_NATIVE=ON -DGGML_BACKEND_DL=OFF -DLLAMA_CURL=OFF"


def main() -> int:
    """Print the path of the wheel, building it first when the cache has none."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lock", type=Path, default=Path("requirements.lock"))
    lock = arguments.parse_args().lock
    pinned = pinned_requirement(lock)
    folder = cache_folder() / build_key(pinned, cmake_args())
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        build(pinned, folder)
        wheels = sorted(folder.glob("*.whl"))
    print(wheels[-1])
    return 0


def cache_folder() -> Path:
    """Folder that keeps built wheels between environments."""
    chosen = os.environ.get("SECOND_READ_WHEELS")
    return Path(chosen) if chosen else Path.home() / ".cache" / "second-read" / "wheels"


def cmake_args() -> str:
    """Options for llama.cpp's build."""
    return os.environ.get("SECOND_READ_CMAKE_ARGS", DEFAULT_CMAKE_ARGS)


def pinned_requirement(lock: Path) -> str:
    """The lock file's block for llama-cpp-python: version and hashes."""
    match = re.search(rf"^{PACKAGE}==.*?(?=^\S|\Z)", lock.read_text(), re.MULTILINE | re.DOTALL)
    if match is None:
        sys.exit(f"{lock} does not pin {PACKAGE}.")
    lines = [line for line in match[0].splitlines() if not line.strip().startswith("#")]
    return "\n".join(lines).rstrip(" \\\n") + "\n"


def build_key(pinned: str, options: str) -> str:
    """Name of the wheel's folder: version, then a digest of options and processor features."""
    version = pinned.split("==")[1].split(maxsplit=1)[0].rstrip("\\")
    features = processor_features() if "GGML_NATIVE=OFF" not in options else platform.machine()
    digest = hashlib.sha256(f"{options}\n{features}".encode()).hexdigest()[:12]
    return f"{version}-{digest}"


def processor_features() -> str:
    """What the compiler may use of this processor; a native build does not run on a lesser one."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    match = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", text, re.MULTILINE)
    return f"{platform.machine()} {' '.join(sorted(match[1].split())) if match else ''}"


def build(pinned: str, folder: Path) -> None:
    """Compile the wheel into ``folder``; the log stands beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "build.log"
    print(f"Building {PACKAGE} once (5 to 10 minutes); log: {log}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch, log.open("w") as output:
        requirement = Path(scratch, "llama.lock")
        requirement.write_text(pinned)
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--require-hashes"]
        command += ["-r", str(requirement), "-w", scratch]
        environment = dict(os.environ, CMAKE_ARGS=cmake_args())
        done = subprocess.run(command, env=environment, stdout=output, stderr=output, check=False)
        if done.returncode != 0:
            tail = "\n".join(log.read_text().splitlines()[-15:])
            sys.exit(f"{tail}\n{PACKAGE} did not build; the whole log is {log}.")
        for wheel in Path(scratch).glob("*.whl"):
            wheel.replace(folder / wheel.name)  # whole or absent, never half a wheel


if __name__ == "__main__":
    sys.exit(main())
