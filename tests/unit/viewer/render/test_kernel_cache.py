import os
import stat
import sys
from pathlib import Path

import pytest

from viewer.render import brick_kernels, frame_kernels, volume_kernels
from viewer.render.kernel_cache import (
    FRAME_KERNELS,
    KERNEL_MODULES,
    cache_folder,
    compile_in_child,
    is_compiled,
    loaded,
    prepare_cache,
)


def test_the_child_fills_the_cache_that_the_window_looks_at() -> None:
    assert compile_in_child() == 0
    assert is_compiled()
    assert any(cache_folder().rglob("*.nbi"))


def test_the_folder_names_program_cpu_and_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert "numba-0." in cache_folder().name
    assert cache_folder().parent.name == "kernels"
    assert not cache_folder().exists()
    assert not is_compiled()


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no modes there")
def test_the_folder_belongs_to_the_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "kernels"
    shared.mkdir(mode=0o777)
    shared.chmod(0o777)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(shared))
    assert prepare_cache() == shared
    assert stat.S_IMODE(shared.stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "kernels").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))
    folder = prepare_cache()
    assert folder != tmp_path / "kernels"
    assert os.environ["NUMBA_CACHE_DIR"] == str(folder)
    folder.rmdir()


def test_loaded_gives_complete_modules_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(FRAME_KERNELS) is frame_kernels
    monkeypatch.delattr(frame_kernels, "IS_COMPLETE")
    assert loaded(FRAME_KERNELS) is None
    assert loaded("viewer.render.not_there") is None


def test_every_kernel_module_ends_with_its_mark() -> None:
    assert {m.__name__ for m in (brick_kernels, frame_kernels, volume_kernels)} == set(
        KERNEL_MODULES
    )
    assert all(m.IS_COMPLETE for m in (brick_kernels, frame_kernels, volume_kernels))
