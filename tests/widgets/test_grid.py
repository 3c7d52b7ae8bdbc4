"""The grid: layouts, drops, planes that meet, tiles that follow each other."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtTest import QTest
from series import AXIAL, make_series
from tiles import Tiles, tiles_on

from viewer import edits
from viewer.annotations import Annotation, PlaneRef
from viewer.render import brick_kernels, volume_kernels  # noqa: F401 - from the real cache
from viewer.spaces import FramePoint, PatientPoint
from viewer.state import Slab, TileWindow
from viewer.study import Window
from viewer.tools import crop_box, crosshair, linking
from viewer.tools.planes import to_patient, turned
from viewer.widgets import overlay
from viewer.widgets.grid import SERIES_MIME

pytestmark = pytest.mark.gui
PLANES = ("axial", "coronal", "sagittal")
SPACING = (3.0, 1.0, 1.0)
ORIGIN = (-20.0, -15.0, 100.0)
PLACE = (4, 12, 25)


def _with_spot(shape: tuple[int, int, int]) -> np.ndarray:
    """Dark but for one bright voxel's neighbourhood at ``PLACE`` (slice, row, column)."""
    values = np.zeros(shape, np.int16)
    s, r, c = PLACE
    values[s - 1 : s + 2, r - 1 : r + 2, c - 1 : c + 2] = 1000
    return values


def _planes_on(tmp_path: Path, orientation: tuple[float, ...] = AXIAL) -> Path:
    shape = (12, 36, 48)
    make_series(
        tmp_path,
        shape,
        spacing_mm=SPACING,
        orientation=orientation,
        origin_lps_mm=ORIGIN,
        values=_with_spot(shape),
    )
    return tmp_path


def _spot_lps(orientation: tuple[float, ...] = AXIAL) -> PatientPoint:
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    normal = np.cross(row, column)
    s, r, c = PLACE
    place = np.array(ORIGIN) + normal * s * SPACING[0] + column * r + row * c
    return PatientPoint(*map(float, place))


def _show_planes(tiles: Tiles) -> str:
    uid = tiles.series[0].uid
    window = TileWindow(Window(500, 1000), "user")
    tiles.apply(edits.set_planes(uid, PLANES, window))
    tiles.until(lambda: all(tiles.scene(t).volume is not None for t in range(3)))
    tiles.settle()
    return uid


def _brightest(tiles: Tiles, tile: int, near: tuple[float, float]) -> tuple[float, float]:
    """The middle of the brightest pixels within 80 px of a place, where no letters are."""
    image = tiles.image(tile)
    image = image.convertToFormat(image.Format.Format_Grayscale8)
    grey = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    left, top = max(round(near[0]) - 80, 40), max(round(near[1]) - 80, 40)
    rows, columns = np.nonzero(grey[top : top + 160, left : min(left + 160, 300)] > 200)
    return float(columns.mean() + left), float(rows.mean() + top)


OBLIQUE = (0.9848, 0.1736, 0.0, -0.1736, 0.9848, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


@pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, OBLIQUE])
def test_planes_show_a_place_of_the_patient_where_they_say(
    qtbot: object, tmp_path: Path, orientation: tuple[float, ...]
) -> None:
    with tiles_on(_planes_on(tmp_path, orientation), size=(804, 804)) as tiles:
        uid = _show_planes(tiles)
        spot = _spot_lps(orientation)
        tiles.apply(
            edits.set_crosshair(uid, spot), edits.set_tool("window"), edits.set_overlays("none")
        )
        for tile in range(3):
            scene = tiles.scene(tile)
            assert scene.plane is not None
            point, off = crosshair.to_plane(scene.plane, spot)
            assert off == pytest.approx(0, abs=1e-6)
            seen = scene.transform.to_view(point)
            found = _brightest(tiles, tile, seen)
            pixel = scene.transform.view_px_per_column
            assert found == pytest.approx(tuple(seen), abs=1.0 * pixel)


def test_planes_are_radiological_whatever_the_acquisition(qtbot: object, tmp_path: Path) -> None:
    with tiles_on(_planes_on(tmp_path, SAGITTAL), size=(804, 804)) as tiles:
        _show_planes(tiles)
        letters = [overlay.letters_of(tiles.scene(t)) for t in range(3)]
        assert [(e.left, e.right, e.top, e.bottom) for e in letters] == [
            ("R", "L", "A", "P"),
            ("R", "L", "H", "F"),
            ("A", "P", "H", "F"),
        ]


def test_a_press_with_the_crosshair_moves_the_other_planes(qtbot: object, tmp_path: Path) -> None:
    with tiles_on(_planes_on(tmp_path), size=(804, 804)) as tiles:
        uid = _show_planes(tiles)
        scene = tiles.scene(0)
        assert scene.plane is not None
        place = QPoint(120, 260)
        wanted = to_patient(scene.plane, tiles.frame_at(place))
        tiles.drag(QPoint(60, 60), place)
        found = tiles.state.nav.crosshair_of(uid)
        assert found is not None
        assert found.x == pytest.approx(np.clip(wanted.x, ORIGIN[0], ORIGIN[0] + 47))
        assert found.y == pytest.approx(np.clip(wanted.y, ORIGIN[1], ORIGIN[1] + 35))
        coronal, sagittal = tiles.scene(1).plane, tiles.scene(2).plane
        assert coronal is not None
        assert sagittal is not None
        assert coronal.origin.y == pytest.approx(found.y)
        assert sagittal.origin.x == pytest.approx(found.x)


def test_a_line_shifts_its_plane_alone_and_a_dot_turns_it(qtbot: object, tmp_path: Path) -> None:
    with tiles_on(_planes_on(tmp_path), size=(804, 804)) as tiles:
        uid = _show_planes(tiles)
        before = tiles.scene(0).crosshair
        assert before is not None
        cuts = crosshair.cuts_on(tiles.state, tiles.scene(0).surface)
        coronal = next(c for c in cuts if c.kind == "coronal")
        on_line = QPoint(round(coronal.centre.x + 90), round(coronal.centre.y))
        tiles.drag(on_line, on_line + QPoint(25, 40))
        after = tiles.state.nav.crosshair_of(uid)
        assert after is not None
        assert (after.x, after.z) == pytest.approx((before.x, before.z))
        moved_px = (after.y - before.y) * tiles.scene(0).transform.view_px_per_column
        assert moved_px == pytest.approx(40, abs=0.1)
        cuts = crosshair.cuts_on(tiles.state, tiles.scene(0).surface)
        coronal = next(c for c in cuts if c.kind == "coronal")
        dot = coronal.dots[1]
        arm = dot.x - coronal.centre.x
        start = QPoint(round(dot.x), round(dot.y))
        tiles.drag(start, start + QPoint(0, round(arm * np.tan(np.radians(20)))), steps=8)
        cuts = crosshair.cuts_on(tiles.state, tiles.scene(0).surface)
        turned = next(c for c in cuts if c.kind == "coronal")
        angle = np.degrees(np.arctan2(abs(turned.along[1]), abs(turned.along[0])))
        assert angle == pytest.approx(20, abs=1.0)
        assert overlay.letters_of(tiles.scene(0)).left == "R"
        assert tiles.store.undo_name == "plane change"


def test_a_bar_changes_the_slab_and_the_wheel_goes_on(qtbot: object, tmp_path: Path) -> None:
    with tiles_on(_planes_on(tmp_path), size=(804, 804)) as tiles:
        uid = _show_planes(tiles)
        tiles.apply(edits.set_slab(1, Slab(6.0, "mean")))
        cuts = crosshair.cuts_on(tiles.state, tiles.scene(0).surface)
        bar = next(c for c in cuts if c.kind == "coronal").bars[0]
        start = QPoint(round(bar.x), round(bar.y))
        px_per_mm = tiles.scene(0).transform.view_px_per_column
        away = 1 if bar.y > tiles.scene(0).area.centre.y else -1
        tiles.drag(start, start + QPoint(0, round(away * 4 * px_per_mm)))
        assert tiles.state.doc.tiles[1].slab.thickness_mm == pytest.approx(14, abs=1)
        before = tiles.scene(0).crosshair
        tiles.wheel(1, tile=0)
        after = tiles.state.nav.crosshair_of(uid)
        assert before is not None
        assert after is not None
        assert after.z == pytest.approx(before.z - SPACING[0])


def test_a_mark_on_a_slice_shows_on_the_plane_through_it(qtbot: object, tmp_path: Path) -> None:
    with tiles_on(_planes_on(tmp_path), size=(804, 804)) as tiles:
        scene = tiles.show()
        stack = tiles.series[0].stacks[0]
        s, r, c = PLACE
        points = (FramePoint(c, r), FramePoint(c + 6, r))
        mark = Annotation("m", "length", scene.tile.series_uid, stack.frames[s], points)
        tiles.apply(edits.add_annotations(mark))
        uid = _show_planes(tiles)
        tiles.apply(edits.set_crosshair(uid, _spot_lps()))
        (shown,) = tiles.scene(0).marks
        plane = tiles.scene(0).plane
        assert isinstance(plane, PlaneRef)
        place = to_patient(plane, shown.points[0])
        assert place == pytest.approx((ORIGIN[0] + c - 0.5, ORIGIN[1] + r - 0.5, _spot_lps().z))
        tiles.apply(edits.set_crosshair(uid, PatientPoint(0.0, 0.0, _spot_lps().z + 9)))
        assert tiles.scene(0).marks == ()


def test_linked_tiles_follow_by_position_and_the_follower_never_leads(
    qtbot: object, tmp_path: Path
) -> None:
    same = {"FrameOfReferenceUID": "1.2.3"}

    def in_one_frame(dataset: object, _index: int) -> None:
        dataset.FrameOfReferenceUID = same["FrameOfReferenceUID"]  # type: ignore[attr-defined]

    make_series(tmp_path / "a", (20, 8, 8), spacing_mm=(2, 1, 1), change=in_one_frame, number=1)
    make_series(tmp_path / "b", (8, 8, 8), spacing_mm=(5, 1, 1), change=in_one_frame, number=2)
    with tiles_on(tmp_path) as tiles:
        tiles.apply(edits.set_layout(1, 2))
        fine, coarse = sorted(tiles.series, key=lambda s: -len(s.stacks[0].frames))
        tiles.apply(edits.show_series(0, fine.uid), edits.show_series(1, coarse.uid))
        tiles.apply(edits.set_link(frozenset({0, 1})))
        seen = []
        tiles.store.subscribe(lambda _old, new: seen.append(new.nav.positions))
        for _ in range(5):
            tiles.wheel(1, tile=0)
        # 10 mm above the first slice of both: index 5 of 2 mm, index 2 of 5 mm.
        assert tiles.state.nav.positions == (5, 2)
        assert len(seen) == 5


def test_align_here_keeps_its_offset_in_another_frame_of_reference(
    qtbot: object, tmp_path: Path
) -> None:
    make_series(tmp_path / "a", (20, 8, 8), spacing_mm=(2, 1, 1), number=1)
    make_series(
        tmp_path / "b", (20, 8, 8), spacing_mm=(2, 1, 1), origin_lps_mm=(0, 0, 500), number=2
    )
    with tiles_on(tmp_path) as tiles:
        tiles.apply(edits.set_layout(1, 2))
        first, second = (s.uid for s in tiles.series)
        tiles.apply(edits.show_series(0, first), edits.show_series(1, second))
        tiles.apply(edits.set_positions({0: 4, 1: 9}), edits.set_link(frozenset({0, 1})))
        shown = tiles.sources.shown(tiles.state.doc.tiles)
        tiles.store.apply(linking.align(frozenset({0, 1}), shown))
        tiles.wheel(3, tile=0)
        assert tiles.state.nav.positions == (7, 12)
        tiles.wheel(-15, tile=0)
        tiles.wheel(4, tile=0)
        # The follower stopped at its end, yet the offset holds.
        assert tiles.state.nav.positions == (4, 9)


def test_a_double_click_shows_one_tile_and_back_keeps_everything(
    qtbot: object, tmp_path: Path
) -> None:
    make_series(tmp_path, (5, 16, 16))
    with tiles_on(tmp_path) as tiles:
        tiles.apply(edits.set_layout(2, 2))
        tiles.show(tile=3)
        tiles.apply(edits.set_position(3, 1))
        before = tiles.state.doc.tiles
        twice = QPoint(80, 80)
        QTest.mouseDClick(
            tiles.viewport(3),
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
            twice,
        )
        assert tiles.state.doc.maximised == 3
        assert tiles.viewport(3).size() == tiles.grid.size()
        assert not tiles.viewport(0).isVisible()
        QTest.mouseDClick(
            tiles.viewport(3), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, twice
        )
        assert tiles.state.doc.maximised is None
        assert tiles.state.doc.tiles == before
        assert tiles.state.nav.positions[3] == 1
        assert tiles.viewport(0).isVisible()


def test_tiles_have_gaps_of_4_px_and_fill_the_grid(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 8, 8))
    with tiles_on(tmp_path, size=(643, 481)) as tiles:
        tiles.apply(edits.set_layout(2, 3))
        rects = [tiles.viewport(i).geometry() for i in range(6)]
        assert rects[0].topLeft() == QPoint(0, 0)
        assert rects[5].bottomRight() == QPoint(642, 480)
        assert rects[1].left() - rects[0].right() - 1 == 4
        assert rects[3].top() - rects[0].bottom() - 1 == 4


def test_a_series_dropped_on_a_tile_is_shown_there(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (5, 16, 16))
    with tiles_on(tmp_path) as tiles:
        tiles.apply(edits.set_layout(1, 2))
        data = QMimeData()
        data.setData(SERIES_MIME, tiles.series[0].uid.encode())
        event = QDropEvent(
            QPointF(600, 300),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        tiles.grid.dropEvent(event)
        tiles.settle()
        assert tiles.state.doc.tiles[1].series_uid == tiles.series[0].uid
        assert tiles.state.nav.active == 1
        assert tiles.scene(1).stored is not None


def test_a_click_makes_a_tile_active(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 8, 8))
    with tiles_on(tmp_path) as tiles:
        tiles.apply(edits.set_layout(1, 2))
        tiles.click(QPoint(40, 40), tile=1)
        assert tiles.state.nav.active == 1


def test_a_comparison_says_who_is_who(qtbot: object, tmp_path: Path) -> None:
    for name, day in (("a", "20240105"), ("b", "20231224")):

        def on_day(dataset: object, _index: int, day: str = day) -> None:
            dataset.StudyDate = day  # type: ignore[attr-defined]

        make_series(tmp_path / name, (1, 16, 16), change=on_day)
    with tiles_on(tmp_path, size=(1000, 500)) as tiles:
        by_day = {s.first.study.study_date: s.uid for s in tiles.series}
        tiles.apply(edits.show_side_by_side(by_day["20240105"], by_day["20231224"]))
        prior = tiles.scene(1)
        assert overlay.strip_facts(prior) == ("2023-12-24", "10:11 · 12 days earlier")
        assert overlay.strip_facts(tiles.scene(0)) == ("2024-01-05", "10:11")
        assert prior.area.top == 39


def test_a_comparison_has_the_same_millimetres_in_a_pixel(qtbot: object, tmp_path: Path) -> None:
    for name, px_mm, day, rows in (("a", 0.5, "20240105", 40), ("b", 0.8, "20231224", 64)):

        def change(dataset: object, _index: int, day: str = day) -> None:
            dataset.StudyDate = day  # type: ignore[attr-defined]

        shape = (1, rows, 50)
        make_series(tmp_path / name, shape, spacing_mm=(1.0, px_mm, px_mm), change=change)
    with tiles_on(tmp_path, size=(1000, 500)) as tiles:
        by_day = {s.first.study.study_date: s.uid for s in tiles.series}
        tiles.apply(edits.show_side_by_side(by_day["20240105"], by_day["20231224"]))
        scale = [tiles.scene(t).transform.view_px_per_column for t in (0, 1)]
        assert scale[0] / 0.5 == pytest.approx(scale[1] / 0.8)
        assert tiles.scene(0).is_same_scale
        tall = tiles.scene(1)
        assert scale[1] == pytest.approx(tall.area.height / 64)


def test_cine_runs_round_and_stops(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (4, 8, 8))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.until(lambda: all(map(tiles.frames.peek, tiles.series[0].stacks[0].frames)))
        seen: list[int] = []
        tiles.store.subscribe(lambda _old, new: seen.append(new.nav.positions[0]))
        tiles.apply(edits.set_cine(0, 60.0))
        tiles.until(lambda: len(seen) > 7)
        assert set(seen) == {0, 1, 2, 3}
        tiles.apply(edits.set_cine(None))
        assert not tiles.grid.cine.is_running


def test_a_3d_tile_turns_with_the_pointer_and_ends_in_full_quality(
    qtbot: object, tmp_path: Path
) -> None:
    shape = (24, 32, 32)
    values = np.full(shape, -1000, np.int16)
    values[6:18, 8:24, 8:16] = 800
    make_series(tmp_path, shape, spacing_mm=(1, 1, 1), values=values)
    with tiles_on(tmp_path, size=(500, 500)) as tiles:
        tiles.apply(edits.show_series(0, tiles.series[0].uid, kind="volume"))
        tiles.until(lambda: _has_full_picture(tiles))
        # The block lies on the patient's right: on the viewer's left from the front.
        left, right = _brightness(tiles, QPoint(215, 250)), _brightness(tiles, QPoint(330, 250))
        assert left > 60
        assert right < 10
        tiles.drag(QPoint(200, 200), QPoint(320, 230))
        volume = tiles.state.doc.tiles[0].volume
        assert volume.right != (1.0, 0.0, 0.0)
        assert np.dot(volume.right, volume.down) == pytest.approx(0, abs=1e-6)
        tiles.until(lambda: _has_full_picture(tiles))


def test_a_3d_tile_shows_pictures_while_it_turns_and_while_the_wheel_zooms(
    qtbot: object, tmp_path: Path
) -> None:
    values = np.full((24, 32, 32), -1000, np.int16)
    values[6:18, 8:24, 8:16] = 800
    make_series(tmp_path, values.shape, spacing_mm=(1, 1, 1), values=values)
    with tiles_on(tmp_path, size=(500, 500)) as tiles:
        tiles.apply(edits.show_series(0, tiles.series[0].uid, kind="volume"))
        tiles.until(lambda: _has_full_picture(tiles))
        still = tiles.image()
        tiles.wheel(-3)
        assert not _has_full_picture(tiles)
        tiles.until(lambda: _has_full_picture(tiles))
        assert tiles.image() != still
        widget, start = tiles.viewport(), QPoint(200, 200)
        QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=start)
        seen = _brightness(tiles, QPoint(215, 250))
        QTest.mouseMove(widget, start + QPoint(225, 0))
        # A quarter turn: the block that was on the left is in the middle, button still held.
        tiles.until(lambda: _brightness(tiles, QPoint(215, 250)) != seen)
        assert not _has_full_picture(tiles)
        QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=start + QPoint(225, 0))
        tiles.until(lambda: _has_full_picture(tiles))


def test_reference_lines_show_where_another_stack_cuts(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path / "a", (8, 40, 40), spacing_mm=(5, 1, 1), origin_lps_mm=(0, 0, 0))
    make_series(
        tmp_path / "c", (8, 40, 40), spacing_mm=(5, 1, 1), number=2,
        orientation=(1, 0, 0, 0, 0, -1), origin_lps_mm=(0, 2.5, 38),
        change=lambda dataset, _i: _same_frame(dataset, tmp_path),
    )  # fmt: skip
    with tiles_on(tmp_path, size=(800, 400)) as tiles:
        tiles.apply(edits.set_layout(1, 2))
        numbers = {series.number: index for index, series in enumerate(tiles.series)}
        tiles.show(numbers[1], 0)
        tiles.show(numbers[2], 1)
        plain = tiles.image()
        tiles.apply(lambda state: state.with_nav(reference_lines=True))
        first = _line_rows(plain, tiles.image())
        tiles.apply(edits.set_position(1, tiles.state.nav.positions[1] + 2))
        second = _line_rows(plain, tiles.image())
        # Two coronal images on, 10 mm: ten rows of the axial image, to the back or to the front.
        px = tiles.scene().transform.view_px_per_column
        assert abs(second - first) == pytest.approx(10 * px, abs=2)


def _same_frame(dataset: Any, folder: Path) -> None:
    """Put an image into the frame of reference and the study of another series."""
    first = pydicom.dcmread(next((folder / "a").glob("*.dcm")), stop_before_pixels=True)
    dataset.FrameOfReferenceUID = first.FrameOfReferenceUID
    dataset.StudyInstanceUID = first.StudyInstanceUID


def _line_rows(before: QImage, after: QImage) -> float:
    """The row of the line that was drawn, in the picture's middle column."""
    changed = np.abs(_greys(after) - _greys(before))
    rows = np.flatnonzero(changed[:, changed.shape[1] // 2] > 8)
    assert 1 <= len(rows) <= 5
    return float(rows.mean())


def test_the_crop_box_is_dragged_by_its_faces_undone_and_reset(
    qtbot: object, tmp_path: Path
) -> None:
    make_series(
        tmp_path, (24, 32, 32), spacing_mm=(1, 1, 1), values=np.full((24, 32, 32), 800, np.int16)
    )
    with tiles_on(tmp_path, size=(500, 500)) as tiles:
        tiles.apply(edits.show_series(0, tiles.series[0].uid, kind="volume"))
        tiles.apply(edits.set_tool("crop"))
        tiles.until(lambda: _has_full_picture(tiles))
        place = QPoint(400, 250)
        assert _brightness(tiles, place) > 60
        scene = tiles.scene()
        assert scene.grid is not None
        box = crop_box.box_on(scene.tile.volume, scene.grid, scene.size)
        left = next(h for h in box.handles if (h.axis, h.end) == (2, 1))
        start = QPoint(round(left.at.x), round(left.at.y))
        tiles.drag(start, QPoint(250, 250))
        tiles.until(lambda: _has_full_picture(tiles))
        view = tiles.state.doc.tiles[0].volume
        assert view.crop[2] == pytest.approx((0.0, 0.5), abs=0.03)
        assert view.right == (1.0, 0.0, 0.0)
        assert _brightness(tiles, place) < 10
        assert tiles.store.undo_name == "crop"
        # Beside the handles the same drag turns the volume.
        tiles.drag(QPoint(150, 200), QPoint(200, 200))
        assert tiles.state.doc.tiles[0].volume.right != view.right
        tiles.apply(edits.reset_view(0))
        tiles.until(lambda: _has_full_picture(tiles))
        assert _brightness(tiles, place) > 60


def test_a_slab_at_an_angle_is_coarse_while_it_moves_and_fine_soon_after(
    qtbot: object, tmp_path: Path
) -> None:
    values = np.random.default_rng(3).integers(0, 900, (24, 32, 32)).astype(np.int16)
    make_series(tmp_path, values.shape, spacing_mm=(1, 1, 1), values=values)
    with tiles_on(tmp_path) as tiles:
        uid = _show_planes(tiles)
        turn = turned(turned(tiles.state.doc.turn, (0, 0, 1), 20), (1, 0, 0), 15)
        tiles.apply(edits.set_turn(turn), *(edits.set_slab(t, Slab(4.0)) for t in range(3)))
        fine = tiles.image()
        place = tiles.scene().crosshair or PatientPoint(0, 0, 0)
        moved = PatientPoint(place.x + 3, place.y + 3, place.z + 3)
        tiles.store.apply(edits.set_crosshair(uid, moved))
        assert not tiles.viewport().is_picture_full
        tiles.store.apply(edits.set_crosshair(uid, place))
        coarse = tiles.image()
        assert coarse != fine
        # Coarser, but the same picture in the same place.
        assert np.abs(_greys(coarse) - _greys(fine)).mean() < 0.1 * _greys(fine).mean()
        assert _greys(coarse).mean() == pytest.approx(_greys(fine).mean(), rel=0.05)
        tiles.until(lambda: tiles.viewport().is_picture_full)
        assert tiles.image() == fine


def _greys(image: QImage) -> NDArray[np.float64]:
    """The middle of a picture."""
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), -1)
    return rows[60:-60, 60 : grey.width() - 60].astype(float)


def _brightness(tiles: Tiles, place: QPoint) -> int:
    return tiles.color_at(place).green()


def _has_full_picture(tiles: Tiles) -> bool:
    return tiles.viewport().is_picture_full
