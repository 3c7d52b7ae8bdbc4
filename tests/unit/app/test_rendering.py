"""Pictures without a window: which way round they are, and what is said about them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from blocks import EXTENT, write_block, write_colours

from app.rendering import Wanted, find_series, render
from viewer.errors import UserError
from viewer.reading.frames import Frames
from viewer.reading.grouping import group
from viewer.reading.workers import Found, Workers
from viewer.render.kernel_cache import load_kernels
from viewer.study import Series, Window

load_kernels()  # before each test has fresh folders, so that they are compiled once a machine

L, R, P, A, H, F = (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)
ACQUISITIONS = {
    "axial": (L, P),
    "axial, seen from the head": (R, P),
    "axial, prone": (R, A),
    "coronal": (L, F),
    "coronal, feet up": (L, H),
    "sagittal": (P, F),
    "sagittal, front on the right": (A, F),
}


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    made.close()


@pytest.fixture(scope="module", params=ACQUISITIONS.values(), ids=ACQUISITIONS.keys())
def block(
    request: pytest.FixtureRequest, workers: Workers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Series, Frames]]:
    folder = tmp_path_factory.mktemp("block")
    write_block(folder, *request.param)
    instances = [p.instance for p in workers.scan([str(folder)]) if isinstance(p, Found)]
    frames = Frames(workers)
    frames.add(instances)
    yield find_series(group(instances), ""), frames
    frames.close()


def bright(block: tuple[Series, Frames], **wanted: object) -> np.ndarray:
    request = Wanted(size_px=(64, 64), **wanted)  # type: ignore[arg-type]
    return render(*block, request).pixels > 60


def quarter(mask: np.ndarray) -> tuple[str, str]:
    """Where the bright part lies on the picture."""
    rows, columns = np.nonzero(mask)
    assert rows.size
    across = "right" if columns.mean() > mask.shape[1] / 2 else "left"
    return across, "bottom" if rows.mean() > mask.shape[0] / 2 else "top"


def test_axial_planes_go_towards_the_head_and_show_left_on_the_right(block) -> None:
    assert not bright(block, plane="axial", index=4).any()
    assert quarter(bright(block, plane="axial", index=EXTENT - 4)) == ("right", "bottom")


def test_coronal_planes_go_towards_the_back_and_show_the_head_up(block) -> None:
    assert not bright(block, plane="coronal", index=4).any()
    assert quarter(bright(block, plane="coronal", index=EXTENT - 4)) == ("right", "top")


def test_sagittal_planes_go_towards_the_left_and_show_the_front_on_the_left(block) -> None:
    assert not bright(block, plane="sagittal", index=4).any()
    assert quarter(bright(block, plane="sagittal", index=EXTENT - 4)) == ("right", "top")


def test_the_volume_shows_left_on_the_right_and_the_head_up(block) -> None:
    picture = render(*block, Wanted(plane="volume", size_px=(64, 64))).pixels
    assert quarter(picture.sum(axis=2) > 60) == ("right", "top")


def test_the_stack_ascends_along_the_normal_as_stored(block) -> None:
    series, frames = block
    for index in (0, EXTENT - 1):
        shown = render(series, frames, Wanted(index=index, size_px=(EXTENT, EXTENT))).pixels
        stored = frames.get(series.stacks[0].frames[index]).pixels
        assert np.array_equal(shown > 60, stored > 0)


@pytest.mark.parametrize("index", [-1, EXTENT])
@pytest.mark.parametrize("plane", ["stack", "axial"])
def test_an_index_beside_the_series_is_refused_with_its_range(block, plane, index) -> None:
    with pytest.raises(UserError, match="images 0 to 31"):
        render(*block, Wanted(plane=plane, index=index))


def test_the_middle_image_and_the_files_facts_are_told(block) -> None:
    shown = render(*block, Wanted(size_px=(16, 16)))
    assert (shown.index, shown.count) == (16, EXTENT)
    assert (shown.window, shown.window_name) == (Window(40, 400), "Soft tissue")
    assert shown.frame == block[0].stacks[0].frames[16]


def test_what_does_nothing_to_a_volume_is_said(block) -> None:
    wanted = Wanted(plane="volume", index=3, window=Window(1, 2), size_px=(16, 16))
    assert len(render(*block, wanted).refused) == 2


def test_wide_tiles_are_black_at_the_sides(block) -> None:
    for plane in ("stack", "axial"):
        wide = render(
            *block, Wanted(plane=plane, size_px=(96, 32), window=Window(-5000, 10))
        ).pixels
        assert (wide[:, :31] == 0).all()
        assert (wide[:, -31:] == 0).all()
        assert (wide[2:-2, 34:62] == 255).all()


def test_an_unknown_series_is_refused_by_its_uid(block) -> None:
    with pytest.raises(UserError, match=r"no series 9\.9"):
        find_series(group(block[0].instances), "9.9")
    with pytest.raises(UserError, match="no pictures"):
        find_series(group([]), "")


def test_a_damaged_neighbour_does_not_spoil_a_picture(tmp_path: Path, workers: Workers) -> None:
    write_block(tmp_path, L, P)
    instances = [p.instance for p in workers.scan([str(tmp_path)]) if isinstance(p, Found)]
    frames = Frames(workers)
    frames.add(instances)
    (tmp_path / "000.dcm").unlink()
    series = find_series(group(instances), "")
    assert render(series, frames, Wanted(index=30, size_px=(32, 32))).pixels.any()
    with pytest.raises(UserError, match="opened any more"):
        render(series, frames, Wanted(index=0))
    frames.close()


def test_colours_are_fitted_too(tmp_path: Path, workers: Workers) -> None:
    write_colours(tmp_path / "rgb.dcm", np.array([[[255, 0, 0], [0, 0, 255]]] * 2, np.uint8))
    instances = [p.instance for p in workers.scan([str(tmp_path)]) if isinstance(p, Found)]
    frames = Frames(workers)
    frames.add(instances)
    shown = render(find_series(group(instances), ""), frames, Wanted(size_px=(4, 2))).pixels
    assert shown[0].tolist() == [[0, 0, 0], [255, 0, 0], [0, 0, 255], [0, 0, 0]]
    frames.close()
