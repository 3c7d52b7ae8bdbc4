"""Values and statistics on cuts through a volume: those of the picture, with words that say how."""

from pathlib import Path

import numpy as np
import pytest
from series import make_series
from tiles import Tiles, tiles_on

from viewer import edits
from viewer.annotations import Annotation
from viewer.measure import Measured
from viewer.spaces import FrameBox, FramePoint, PatientPoint
from viewer.state import Projection, Slab, TileWindow
from viewer.study import Window
from viewer.tools.planes import to_plane
from viewer.widgets.plane_values import PlaneMeasures
from viewer.widgets.readout import pointer_text, value_at

pytestmark = pytest.mark.gui
_SHAPE = (24, 32, 32)


def _planes(tiles: Tiles, slab: Slab) -> None:
    tiles.apply(
        edits.set_planes(
            tiles.series[0].uid,
            ("axial", "coronal", "sagittal"),
            TileWindow(Window(500, 1000), "user"),
        )
    )
    tiles.until(lambda: all(tiles.scene(t).volume is not None for t in range(3)))
    middle = PatientPoint(-10 + 15.5, -20 + 15.5, 30 + 11.5)
    tiles.apply(edits.set_crosshair(tiles.series[0].uid, middle), edits.set_slab(0, slab))


def _middle(tiles: Tiles) -> FramePoint:
    scene = tiles.scene()
    assert scene.plane is not None
    assert scene.crosshair is not None
    return to_plane(scene.plane, scene.crosshair)[0]


def _measured(tiles: Tiles, kind: str, box: FrameBox) -> Measured:
    scene = tiles.scene()
    assert scene.plane is not None
    points = FramePoint(box.left, box.top), FramePoint(box.right, box.bottom)
    mark = Annotation("m", kind, scene.tile.series_uid, scene.plane, points)  # type: ignore[arg-type]
    return PlaneMeasures().measured(mark, scene)


@pytest.mark.parametrize(
    ("projection", "value"), [("max", "150 HU"), ("min", "80 HU"), ("mean", "115 HU")]
)
def test_under_the_pointer_a_slab_gives_what_it_shows(
    qtbot: object, tmp_path: Path, projection: Projection, value: str
) -> None:
    # Slice k is 10 k; the middle is slice 11.5, so that 8 mm are the slices 8 to 15.
    values = np.broadcast_to(np.arange(24, dtype=np.int16)[:, None, None] * 10, _SHAPE)
    make_series(tmp_path, _SHAPE, spacing_mm=(1, 1, 1), values=values, slope=1, intercept=0)
    with tiles_on(tmp_path) as tiles:
        _planes(tiles, Slab(8.0, projection))
        scene, place = tiles.scene(), _middle(tiles)
        assert value_at(scene, place) == f"{value} ({projection} 8 mm)"
        assert pointer_text(scene, scene.transform.to_view(place)).endswith(f"{projection} 8 mm)")
        outside = FramePoint(-3.0, place.row)
        assert value_at(scene, outside) == ""


def test_a_box_on_a_thin_cut_has_the_statistics_of_the_cut(qtbot: object, tmp_path: Path) -> None:
    values = np.broadcast_to(np.arange(32, dtype=np.int16) * 10, _SHAPE)
    make_series(tmp_path, _SHAPE, spacing_mm=(1, 1, 1), values=values, slope=1, intercept=0)
    with tiles_on(tmp_path) as tiles:
        _planes(tiles, Slab())
        middle = _middle(tiles)
        around = FrameBox(middle.column - 4, middle.row - 3, middle.column + 4, middle.row + 3)
        box = _measured(tiles, "box", around)
        assert box.statistics is not None
        # The ramp is 10 a column and 155 in the middle of the volume.
        assert box.statistics.mean == pytest.approx(155, abs=0.5)
        assert box.statistics.deviation == pytest.approx(10 * np.sqrt((8**2 - 1) / 12), abs=0.5)
        assert box.statistics.count == 48
        assert box.lines[0] == "48.0 mm²"
        assert box.lines[1] == "155 ± 22.9 HU (interpolated)"
        ellipse = _measured(tiles, "ellipse", around)
        assert ellipse.statistics is not None
        assert ellipse.statistics.count < 48


def test_a_slab_names_itself_beside_the_statistics(qtbot: object, tmp_path: Path) -> None:
    values = np.broadcast_to(np.arange(24, dtype=np.int16)[:, None, None] * 10, _SHAPE)
    make_series(tmp_path, _SHAPE, spacing_mm=(1, 1, 1), values=values, slope=1, intercept=0)
    with tiles_on(tmp_path) as tiles:
        _planes(tiles, Slab(8.0, "max"))
        middle = _middle(tiles)
        around = FrameBox(middle.column - 2, middle.row - 2, middle.column + 2, middle.row + 2)
        found = _measured(tiles, "ellipse", around)
        assert found.lines[1] == "150 ± 0.0 HU (max 8 mm)"


def test_beyond_the_volume_there_are_words_and_no_numbers(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, _SHAPE, spacing_mm=(1, 1, 1))
    with tiles_on(tmp_path) as tiles:
        _planes(tiles, Slab())
        middle = _middle(tiles)
        found = _measured(tiles, "box", FrameBox(middle.column - 40, 0, middle.column, middle.row))
        assert found.statistics is None
        assert found.lines[1:] == ("no values: it reaches beyond the volume",)
