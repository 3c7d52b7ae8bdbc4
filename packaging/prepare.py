"""Make everything that Second Read needs to run and to be tested: one command, safe to repeat.

1. System libraries (Debian, Ubuntu): installed when run as root, else named in one line to copy.
2. An environment in ``.venv`` with the locked dependencies, checked by hash.
3. The llama-cpp-python wheel, built once per machine (see ``build_llama.py``).
4. This project, installed so that an edit is seen at the next start, and its kernels compiled.

    python3 packaging/prepare.py
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
SYSTEM_PACKAGES = (
    "build-essential",
    "cmake",
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "fonts-dejavu-core",
    "libgl1",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-xinerama0",
    "libxcb-xkb1",
    "libxkbcommon-x11-0",
    "python3-venv",
    "strace",
    "xauth",
    "xvfb",
)


def main() -> int:
    """Bring the environment up to date."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        version = ".".join(str(n) for n in sys.version_info[:2])
        sys.exit(
            f"Second Read needs Python 3.11, 3.12 or 3.13; this is {version}. "
            "Name another one: make PYTHON=python3.12 run"
        )
    stamp = ENVIRONMENT / "prepared"
    wanted = fingerprint()
    if stamp.is_file() and stamp.read_text() == wanted:
        return 0
    install_system_packages()
    make_environment()
    stamp.write_text(wanted)
    return 0


def fingerprint() -> str:
    """What the environment was made from."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (LOCK, ROOT / "pyproject.toml", *sorted((ROOT / "packaging").glob("*.py"))):
        if path.parent != ROOT and path.name not in {"prepare.py", "build_llama.py"}:
            continue
        digest.update(path.read_bytes())
    return digest.hexdigest()


def install_system_packages() -> None:
    """Install missing Debian packages as root; otherwise name them and go on."""
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        return
    missing = [p for p in SYSTEM_PACKAGES if not is_installed(p)]
    if not missing:
        return
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        print("System packages are missing. Run this line, then make again:", file=sys.stderr)
        print(f"  sudo {' '.join(install)}", file=sys.stderr)
        sys.exit(1)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    say(f"Installing system packages: {' '.join(missing)}")
    subprocess.run(["apt-get", "update", "-q"], env=environment, check=False, stdout=sys.stderr)
    subprocess.run(install, env=environment, check=True, stdout=sys.stderr)


def is_installed(package: str) -> bool:
    """Whether dpkg knows the package as installed."""
    command = ["dpkg-query", "-W", "-f", "${Status}", package]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return "install ok installed" in answer.stdout


def make_environment() -> None:
    """Create ``.venv`` and install the lock, the llama.cpp wheel and this project into it."""
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.is_file():
        say("Making the environment in .venv")
        venv.create(ENVIRONMENT, with_pip=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    say("Installing the locked dependencies")
    others = ENVIRONMENT / "others.lock"
    others.write_text(without(LOCK.read_text(), "llama-cpp-python"))
    subprocess.run([*pip, "--require-hashes", "-r", str(others)], check=True, cwd=ROOT)
    build = [str(python), str(ROOT / "packaging" / "build_llama.py"), "--lock", str(LOCK)]
    wheel = subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
    subprocess.run([*pip, "--no-deps", wheel.strip()], check=True, cwd=ROOT)
    subprocess.run([*pip, "--no-deps", "-e", str(ROOT)], check=True, cwd=ROOT)
    say("Compiling the drawing kernels")
    kernels = [str(python), "-I", "-m", "viewer.render.compile_kernels"]
    subprocess.run(kernels, check=True, cwd=ROOT)


def without(lock: str, package: str) -> str:
    """The lock file's text without one package's block."""
    return re.sub(
        rf"^{re.escape(package)}==.*?(?=^\S|\Z)", "", lock, flags=re.MULTILINE | re.DOTALL
    )


def say(sentence: str) -> None:
    """Tell what is being done."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
