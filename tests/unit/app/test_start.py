"""The road to the first frame loads nothing heavy, and nothing of the working directory."""

import os
import subprocess
import sys

import pytest

HEAVY = ("vtkmodules", "pydicom", "SimpleITK", "numba", "llama_cpp", "imagecodecs", "PIL")

FIRST_FRAME = """
import sys
from PySide6.QtWidgets import QApplication
application = QApplication([])
from app.paths import make_paths
from app.settings import Settings
from app.wiring import Program
from viewer.widgets import style
style.install(application)
own = make_paths()
program = Program(own, Settings(own.settings))
found = []
def painted():
    found.extend(name for name in {heavy!r} if name in sys.modules)
    program.close()
    application.quit()
program.window.painted.connect(painted)
program.window.show()
application.exec()
print("loaded", *found)
"""


def run_python(code, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", **environment},
        timeout=60,
        check=False,
    )


def test_nothing_heavy_is_loaded_before_the_first_frame(tmp_path):
    done = run_python(FIRST_FRAME.format(heavy=HEAVY), tmp_path)
    assert done.stdout == "loaded\n", done.stdout + done.stderr


def test_a_planted_module_does_not_run(tmp_path):
    for name in ("json", "argparse", "viewer"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('planted')")
    done = subprocess.run(
        [sys.executable, "-m", "app", "--version"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("second-read ")
    assert "planted" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["/no/such/folder"], 3, "is not there."),
        (["--no-such-option"], 2, "unrecognized arguments"),
        (["/no/such\x1b[31m/folder"], 3, "\\x1b[31m"),
    ],
)
def test_wrong_arguments_end_in_a_sentence(tmp_path, arguments, code, words):
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_it_ends_with_a_sentence(tmp_path):
    code = "import sys; from app.cli.main import main; sys.exit(main([]))"
    bare = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}
    ended = run_python(code, tmp_path, **bare)
    assert ended.returncode == 3
    assert ended.stderr.splitlines() == [
        "There is no screen for the window. The commands scan, render and ask need none."
    ]
