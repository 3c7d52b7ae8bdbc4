"""PNG files, read back by another program."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.png import encode_png, write_png
from viewer.errors import UserError


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (3, 5, 3), (200, 301), (64, 63, 3)])
def test_every_sample_comes_back(shape: tuple[int, ...], tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    path = tmp_path / "out.png"
    write_png(path, pixels)
    with Image.open(path) as read:
        assert read.mode == ("L" if len(shape) == 2 else "RGB")
        assert np.array_equal(np.asarray(read), pixels)
        assert read.info["Comment"] == "Not for diagnosis"


def test_a_view_of_other_pixels_is_encoded_in_its_own_order() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
    assert encode_png(pixels[::-1, ::2]) == encode_png(pixels[::-1, ::2].copy())


def test_a_picture_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    path.write_bytes(b"older")
    write_png(path, np.zeros((2, 2), np.uint8))
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["out.png"]


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be written to .*no such file or directory"):
        write_png(tmp_path / "nowhere" / "out.png", np.zeros((2, 2), np.uint8))


def test_a_name_that_is_a_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "out.png").mkdir()
    with pytest.raises(UserError, match="no file that a picture can replace"):
        write_png(tmp_path / "out.png", np.zeros((2, 2), np.uint8))
    assert [p.name for p in tmp_path.iterdir()] == ["out.png"]


def test_a_pipe_or_a_device_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "out.png"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="no file that a picture can replace"):
        write_png(pipe, np.zeros((2, 2), np.uint8))
    assert pipe.is_fifo()
