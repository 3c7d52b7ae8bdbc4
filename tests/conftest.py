"""Fixtures for all tests: real data beside the clone, fresh folders, nothing left behind."""

import os
import sys
from pathlib import Path

import pytest

from viewer.render.kernel_cache import cache_folder

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure() -> None:
    """Keep compiled kernels where the program keeps them: compiling takes longer than all tests."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder()))


def pytest_unconfigure() -> None:
    """Close what llama_cpp leaves open at import, or its warning follows pytest's last line."""
    if (utils := sys.modules.get("llama_cpp._utils")) is not None:
        utils.outnull_file.close()
        utils.errnull_file.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real DICOM beside the clone; tests skip where it is absent."""
    data = SHARED / "data"
    if not data.is_dir():
        pytest.skip("../shared/data is not here")
    return data


@pytest.fixture(autouse=True)
def fresh_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test its own data, cache and configuration folders."""
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
