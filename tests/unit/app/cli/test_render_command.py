"""``second-read render``: exit codes, JSON on standard output, sentences on standard error."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from blocks import EXTENT, write_block
from PIL import Image

from app.cli.main import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("opened")
    write_block(made, (1, 0, 0), (0, 1, 0))
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_a_picture_and_what_it_shows(folder: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out.png"
    before = contents(folder)
    arguments = ["--plane", "axial", "--index", "30", "--window", "0", "500", "--size", "80x40"]
    assert main(["render", str(folder), *arguments, "-o", str(out)]) == 0

    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert printed.err == ""
    assert report["output"] == str(out)
    assert (report["plane"], report["index"], report["count"]) == ("axial", 30, EXTENT)
    assert report["window"] == {"center": 0.0, "width": 500.0, "function": "linear"}
    assert report["size_px"] == [80, 40]
    assert (report["notes"], report["refused"]) == ([], [])
    with Image.open(out) as picture:
        assert picture.size == (80, 40)
        assert np.asarray(picture).max() == 255
    assert contents(folder) == before


def test_the_stack_names_its_frame(folder: Path, tmp_path: Path, capsys) -> None:
    first = min(folder.iterdir())
    assert main(["render", str(first), "-o", str(tmp_path / "out.png")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sop_instance_uid"]
    assert (report["frame_number"], report["index"], report["count"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--series", "1.2.3"], "There is no series 1.2.3 with pictures here."),
        (["--window", "40", "0"], "A window needs a centre and a width above 0."),
        (["--window", "nan", "400"], "A window needs a centre and a width above 0."),
    ],
)
def test_wrong_arguments_are_a_sentence(
    folder: Path, tmp_path: Path, capsys, arguments: list[str], sentence: str
) -> None:
    out = tmp_path / "out.png"
    assert main(["render", str(folder), *arguments, "-o", str(out)]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"{sentence}\n")
    assert not out.exists()


@pytest.mark.parametrize("size", ["0x10", "10", "10x", "99999x10", "axb", "-5x5"])
def test_a_size_that_is_none(folder: Path, tmp_path: Path, capsys, size: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["render", str(folder), f"--size={size}", "-o", str(tmp_path / "out.png")])
    assert ended.value.code == 2
    assert "is no size" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["out.png", "deeper/out.png", "000.dcm", "."])
def test_nothing_is_written_into_the_opened_folder(folder: Path, capsys, name: str) -> None:
    before = contents(folder)
    assert main(["render", str(folder), "-o", str(folder / name)]) == 2
    assert "Nothing is written into the opened folder" in capsys.readouterr().err
    assert contents(folder) == before


def test_a_link_into_the_opened_folder_is_seen_through(
    folder: Path, tmp_path: Path, capsys
) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert main(["render", str(folder), "-o", str(tmp_path / "link" / "out.png")]) == 2
    assert "opened folder" in capsys.readouterr().err


def test_the_opened_file_is_not_replaced(folder: Path, tmp_path: Path, capsys) -> None:
    opened = tmp_path / "one.dcm"
    shutil.copy(min(folder.iterdir()), opened)
    before = opened.read_bytes()
    assert main(["render", str(opened), "-o", str(opened)]) == 2
    assert opened.read_bytes() == before
    assert main(["render", str(opened), "-o", str(tmp_path / "beside.png")]) == 0
    capsys.readouterr()


def test_a_name_that_is_a_folder(folder: Path, tmp_path: Path, capsys) -> None:
    assert main(["render", str(folder), "-o", str(tmp_path)]) == 2
    assert "Name a file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["out.jpg", "out", "out.png.tif"])
def test_a_name_that_is_not_of_a_png_is_refused(folder: Path, tmp_path: Path, capsys, name) -> None:
    assert main(["render", str(folder), "-o", str(tmp_path / name)]) == 2
    assert "end in .png" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_for_the_picture(folder: Path, tmp_path: Path, capsys) -> None:
    assert main(["render", str(folder), "-o", str(tmp_path / "no" / "out.png")]) == 2
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "sentence"), [(None, "is not there"), ("empty", "no DICOM file"), ("text", "shown")]
)
def test_nothing_readable(tmp_path: Path, capsys, content: str | None, sentence: str) -> None:
    opened = tmp_path / "opened"
    if content:
        opened.mkdir()
    if content == "text":
        (opened / "notes.dcm").write_text("no image")
    assert main(["render", str(opened), "-o", str(tmp_path / "out.png")]) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence in printed.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--index", "99"], "There is no image 99: this series has images 0 to 31."),
        (["--plane", "coronal", "--index", "-1"], "There is no image -1"),
    ],
)
def test_an_index_beside_the_series(
    folder: Path, tmp_path: Path, capsys, arguments: list[str], sentence: str
) -> None:
    out = tmp_path / "out.png"
    assert main(["render", str(folder), *arguments, "-o", str(out)]) == 2
    assert sentence in capsys.readouterr().err
    assert not out.exists()


def test_a_single_image_has_no_planes(folder: Path, tmp_path: Path, capsys) -> None:
    one, out = min(folder.iterdir()), tmp_path / "out.png"
    assert main(["render", str(one), "--plane", "axial", "-o", str(out)]) == 4
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert report["output"] is None
    assert report["refused"] == [printed.err.strip()]
    assert not out.exists()
