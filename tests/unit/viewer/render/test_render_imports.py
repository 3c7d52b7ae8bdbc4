import subprocess
import sys

import pytest

LIGHT = (
    "camera", "transfer", "levels", "volume", "pacing", "planes", "slice", "frame_numpy",
    "probe", "offscreen", "kernel_cache",
)  # fmt: skip
HEAVY = ("numba", "llvmlite", "vtkmodules", "PySide6", "pydicom", "SimpleITK")


@pytest.mark.parametrize("module", LIGHT)
def test_nothing_heavy_is_imported_before_it_is_used(module: str) -> None:
    program = (
        f"import sys, viewer.render.{module}\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
