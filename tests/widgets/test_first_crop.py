"""A CT begins in 3D without its table; undo and reset show all."""

from pathlib import Path

import numpy as np
import pytest
from series import make_series
from tiles import tiles_on

from viewer import edits
from viewer.tools.crop_box import is_cropped
from viewer.tools.volume_view import cropped_ends

pytestmark = pytest.mark.gui
_SHAPE = (20, 80, 80)


def _chest(folder: Path, modality: str = "CT") -> None:
    values = np.full(_SHAPE, -1000, np.int16)
    values[:, 20:48, 16:64] = 40
    values[:, 72:76, 8:72] = 300  # the table, apart from the body
    make_series(folder, _SHAPE, spacing_mm=(1, 1, 1), values=values, modality=modality)


def test_a_ct_is_cropped_to_the_patient_and_undo_shows_all(qtbot: object, tmp_path: Path) -> None:
    _chest(tmp_path)
    with tiles_on(tmp_path) as tiles:
        tiles.apply(edits.show_series(0, tiles.series[0].uid, kind="volume"))
        tiles.until(lambda: is_cropped(tiles.state.active_tile.volume))
        low, high = cropped_ends(tiles.state.active_tile.volume.crop, _SHAPE)
        assert low[0] == 0
        assert high[0] == _SHAPE[0] - 1
        assert 8 <= low[1] <= 20
        assert 47 <= high[1] < 72
        assert low[2] <= 16
        assert high[2] >= 63
        assert tiles.store.undo_name == "crop to the patient"
        tiles.store.undo()
        tiles.until(lambda: tiles.viewport().is_picture_full)
        assert not is_cropped(tiles.state.active_tile.volume)
        tiles.store.redo()
        assert is_cropped(tiles.state.active_tile.volume)
        tiles.apply(edits.reset_view(0))
        tiles.until(lambda: tiles.viewport().is_picture_full)
        assert not is_cropped(tiles.state.active_tile.volume)


def test_only_a_ct_in_hounsfield_units_is_cropped(qtbot: object, tmp_path: Path) -> None:
    _chest(tmp_path, modality="MR")
    with tiles_on(tmp_path) as tiles:
        tiles.apply(edits.show_series(0, tiles.series[0].uid, kind="volume"))
        tiles.until(lambda: tiles.viewport().is_picture_full)
        assert not is_cropped(tiles.state.active_tile.volume)
