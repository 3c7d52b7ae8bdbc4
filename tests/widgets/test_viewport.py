"""One tile, driven by pointer events on real files with a known truth."""

import hashlib
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from series import make_series, write_image
from tiles import Tiles, tiles_on

from viewer import edits
from viewer.annotations import Annotation, finding_points
from viewer.pixels.display import to_display
from viewer.spaces import FrameBox, FramePoint
from viewer.state import TileWindow, View
from viewer.study import Window
from viewer.tools.transform import at_scale
from viewer.widgets import overlay, position_bar
from viewer.widgets.theme import TOKENS

pytestmark = pytest.mark.gui


def _blocks(shape: tuple[int, int, int]) -> np.ndarray:
    """Bright towards +columns (patient's left when axial), dim towards +rows (posterior)."""
    values = np.zeros(shape, np.int16)
    rows, columns = shape[1:]
    values[:, rows // 3 : 2 * rows // 3, columns - columns // 5 :] = 1000
    values[:, rows - rows // 5 :, columns // 3 : 2 * columns // 3] = 500
    return values


def _direction_of(tiles: Tiles, low: int, high: int) -> str:
    """The side of the tile where grey levels between two bounds lie."""
    tiles.apply(edits.set_overlays("none"), lambda s: s.with_nav(marks_hidden=True))
    image = tiles.image().convertToFormat(tiles.image().Format.Format_Grayscale8)
    grey = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    middle = slice(image.height() // 8, -image.height() // 8)
    rows, columns = np.nonzero((grey[middle] > low) & (grey[middle] < high))
    x = columns.mean() - image.width() / 2
    y = rows.mean() + image.height() / 8 - image.height() / 2
    if abs(x) > abs(y):
        return "right" if x > 0 else "left"
    return "bottom" if y > 0 else "top"


def _turned_and_mirrored(tiles: Tiles) -> Iterator[overlay.EdgeLetters]:
    """The letters in all eight ways a reader can turn and mirror by quarter turns."""
    tiles.apply(edits.set_window(0, TileWindow(Window(500, 1000), "user")))
    for turn in (0.0, 90.0, 180.0, 270.0):
        for mirrored in (False, True):
            tiles.apply(edits.set_view(0, View(rotation_deg=turn, mirrored=mirrored)))
            yield overlay.letters_of(tiles.scene())


def test_letters_name_the_side_where_the_patients_side_is_seen(
    qtbot: object, tmp_path: Path
) -> None:
    shape = (3, 48, 60)
    make_series(tmp_path, shape, spacing_mm=(2.0, 1.5, 1.0), values=_blocks(shape))
    with tiles_on(tmp_path, size=(480, 480)) as tiles:
        tiles.show()
        for letters in _turned_and_mirrored(tiles):
            assert getattr(letters, _direction_of(tiles, 230, 256)) == "L"
            assert getattr(letters, _direction_of(tiles, 100, 160)) == "P"
            assert sorted(astuple(letters)) == ["A", "L", "P", "R"]


def test_letters_of_a_projection_turn_with_it(qtbot: object, tmp_path: Path) -> None:
    values = _blocks((1, 60, 60))[0]
    write_image(tmp_path / "x.dcm", values, Modality="DX", PatientOrientation=["L", "F"])
    with tiles_on(tmp_path, size=(480, 480)) as tiles:
        tiles.show()
        for letters in _turned_and_mirrored(tiles):
            assert getattr(letters, _direction_of(tiles, 230, 256)) == "L"
            assert getattr(letters, _direction_of(tiles, 100, 160)) == "F"


def test_nothing_recorded_gives_no_letters_and_says_so(qtbot: object, tmp_path: Path) -> None:
    write_image(tmp_path / "x.dcm", np.zeros((20, 20), np.uint16))
    with tiles_on(tmp_path) as tiles:
        notes = overlay.notes_of(tiles.show())
        assert notes.letters == overlay.EdgeLetters()
        assert notes.is_orientation_unknown


def test_value_under_the_pointer_is_the_files(qtbot: object, tmp_path: Path) -> None:
    truth = make_series(tmp_path, (4, 16, 12), intercept=-1024)
    with tiles_on(tmp_path) as tiles:
        scene = tiles.show()
        said: list[str] = []
        tiles.grid.pointed.connect(said.append)
        for turn in (0.0, 90.0):
            tiles.apply(edits.set_view(0, View(rotation_deg=turn, mirrored=turn > 0)))
            for column, row in ((0, 0), (11, 15), (7, 3)):
                tiles.move(tiles.at(column + 0.5, row + 0.5))
                value = int(truth.values[scene.position, row, column]) - 1024
                assert said[-1].endswith(f" {value} HU".replace("-", "−"))
                assert said[-1].startswith(f"I {column}  J {row}  K {scene.position}")


def test_a_resting_pointer_reads_the_image_that_is_shown_now(qtbot: object, tmp_path: Path) -> None:
    truth = make_series(tmp_path, (4, 16, 12), intercept=-1024)
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        said: list[str] = []
        tiles.grid.pointed.connect(said.append)
        tiles.move(tiles.at(7.5, 3.5))
        for position in (0, 3):
            tiles.apply(edits.set_position(0, position))
            value = int(truth.values[position, 3, 7]) - 1024
            assert said[-1].endswith(f" {value} HU".replace("-", "−"))


def test_place_under_the_pointer_is_where_the_header_puts_it(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 16, 12), spacing_mm=(2, 1, 1), origin_lps_mm=(-10, -20, 30))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        said: list[str] = []
        tiles.grid.pointed.connect(said.append)
        place = tiles.at(3.5, 5.5)
        tiles.move(place)
        found = tiles.frame_at(place)
        x, y = -10 + found.column - 0.5, -20 + found.row - 0.5
        assert f"R {-x:.1f}  A {-y:.1f}  H 30.0 mm" in said[-1]


def test_window_drag_follows_the_rule_and_is_one_undo_step(qtbot: object, tmp_path: Path) -> None:
    values = np.linspace(-1000, 1000, 5 * 16 * 16).astype(np.int16).reshape(5, 16, 16)
    make_series(tmp_path, values.shape, values=values)
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.apply(edits.set_window(0, TileWindow(Window(40, 400), "user")))
        tiles.drag(QPoint(300, 300), QPoint(364, 268), steps=6)
        window = tiles.state.doc.tiles[0].window.window
        # 1.5625 values a px for a width of 400: 64 px right, 32 px up.
        assert window == Window(-10, 500)
        assert tiles.store.undo_name == "window change"
        tiles.store.undo()
        assert tiles.state.doc.tiles[0].window.window == Window(40, 400)


def test_a_wider_window_makes_the_picture_flatter_on_the_screen(
    qtbot: object, tmp_path: Path
) -> None:
    shape = (3, 32, 32)
    make_series(tmp_path, shape, values=_blocks(shape))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.apply(edits.set_window(0, TileWindow(Window(500, 1000), "user")))
        place = tiles.at(16, 29)
        before = tiles.color_at(place).red()
        tiles.drag(QPoint(200, 300), QPoint(400, 300))
        assert tiles.color_at(tiles.at(16, 16)).red() > 0
        assert abs(tiles.color_at(place).red() - 127) <= abs(before - 127) + 1


def test_every_image_is_passed_and_the_ends_hold(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (5, 16, 12))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.apply(edits.set_position(0, 0))
        seen = [tiles.scene().position]
        for _ in range(6):
            tiles.wheel(1)
            seen.append(tiles.scene().position)
        # make_series numbers instances upwards, so the acquisition's direction is kept.
        assert seen == [0, 1, 2, 3, 4, 4, 4]
        assert tiles.viewport().accessibleDescription() == "last image"


def test_the_head_comes_first_where_numbers_do_not_say(qtbot: object, tmp_path: Path) -> None:
    order = [3, 1, 4, 2, 5]

    def shuffle(dataset: object, index: int) -> None:
        dataset.InstanceNumber = order[index]  # type: ignore[attr-defined]

    make_series(tmp_path, (5, 16, 12), change=shuffle)
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        before = tiles.scene().sheet
        tiles.wheel(1)
        after = tiles.scene().sheet
        assert before is not None
        assert after is not None
        assert after.origin.z < before.origin.z


def test_a_trackpad_goes_an_image_for_24_px(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (9, 16, 12))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.apply(edits.set_position(0, 0))
        for _ in range(5):
            tiles.wheel(0, pixels=10)
        assert tiles.scene().position == 2


def test_alt_drag_over_the_whole_height_goes_through_the_whole_stack(
    qtbot: object, tmp_path: Path
) -> None:
    make_series(tmp_path, (20, 16, 12))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.apply(edits.set_position(0, 0))
        alt = Qt.KeyboardModifier.AltModifier
        tiles.drag(QPoint(300, 5), QPoint(300, 635), held=alt, steps=12)
        assert tiles.scene().position == 19


def test_middle_pans_and_right_zooms_about_the_press(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 64, 64), spacing_mm=(1, 1, 1))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        held = tiles.frame_at(QPoint(300, 320))
        tiles.drag(QPoint(300, 320), QPoint(340, 300), button=Qt.MouseButton.MiddleButton)
        assert tiles.frame_at(QPoint(340, 300)) == pytest.approx(held, abs=1e-6)
        tiles.drag(QPoint(340, 300), QPoint(340, 180), button=Qt.MouseButton.RightButton)
        assert tiles.state.doc.tiles[0].view.zoom == pytest.approx(2.0)
        assert tiles.frame_at(QPoint(340, 300)) == pytest.approx(held, abs=1e-6)


def test_a_right_click_without_movement_wants_the_menu(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 16, 16))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        wanted: list[int] = []
        tiles.grid.menu_wanted.connect(lambda tile, _at: wanted.append(tile))
        right = Qt.MouseButton.RightButton
        tiles.drag(QPoint(100, 100), QPoint(101, 101), button=right, steps=1)
        assert wanted == [0]
        tiles.drag(QPoint(100, 100), QPoint(150, 160), button=right)
        assert wanted == [0]


@pytest.mark.parametrize("is_inverted", [False, True])
def test_colours_take_the_window_and_the_edge_stays_black(
    qtbot: object, tmp_path: Path, is_inverted: bool
) -> None:
    values = np.empty((40, 20, 3), np.uint8)
    values[:] = (200, 120, 40)
    write_image(tmp_path / "rgb.dcm", values)
    with tiles_on(tmp_path, size=(600, 500)) as tiles:
        tiles.show()
        window = TileWindow(Window(120, 120), "user")
        tiles.apply(edits.set_overlays("none"), edits.set_window(0, window))
        if is_inverted:
            tiles.apply(edits.invert(0))
        # Linear, from 60 to 180 (C.11.2.1.2): the ends are black and white, 120 is in the middle.
        seen = tiles.color_at(tiles.at(10, 20)).getRgb()[:3]
        wanted = (255, 128, 0)
        assert seen == pytest.approx([255 - v if is_inverted else v for v in wanted], abs=2)
        assert tiles.color_at(QPoint(40, 250)).getRgb()[:3] == (0, 0, 0)


def test_a_measurement_is_bound_to_the_pixels_it_was_made_on(qtbot: object, tmp_path: Path) -> None:
    truth = make_series(tmp_path, (5, 64, 64))
    with tiles_on(tmp_path) as tiles:
        shown = tiles.show().position
        tiles.apply(edits.set_tool("length"))
        tiles.drag(tiles.at(10, 10), tiles.at(40, 30))
        tiles.drag(tiles.at(20, 40), tiles.at(30, 60))
        stored = hashlib.sha256(truth.values[shown].tobytes()).hexdigest()
        assert [m.pixel_digest for m in tiles.state.doc.annotations] == [stored, stored]


@pytest.mark.parametrize("turn", [0.0, 90.0])
def test_a_distance_on_pixels_that_are_not_square(
    qtbot: object, tmp_path: Path, turn: float
) -> None:
    make_series(tmp_path, (1, 40, 30), spacing_mm=(2.0, 0.5, 0.8))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.apply(edits.set_tool("length"), edits.set_view(0, View(rotation_deg=turn)))
        start, end = tiles.at(5, 10), tiles.at(20, 30)
        tiles.drag(start, end)
        (mark,) = tiles.state.doc.annotations
        first, last = tiles.frame_at(start), tiles.frame_at(end)
        assert mark.points[0] == pytest.approx(first, abs=1e-6)
        assert mark.points[1] == pytest.approx(last, abs=1e-6)
        from viewer.measure import measure

        across, down = (last.column - first.column) * 0.8, (last.row - first.row) * 0.5
        calibration = tiles.scene().calibration
        assert calibration is not None
        assert measure(mark, calibration).value == pytest.approx((across**2 + down**2) ** 0.5)
        assert tiles.store.undo_name == "distance"


def test_click_move_click_places_too_and_escape_leaves(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 40, 40), spacing_mm=(1, 1, 1))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.apply(edits.set_tool("angle"))
        places = [tiles.at(10, 10), tiles.at(10, 30), tiles.at(30, 30)]
        for place in places:
            tiles.move(place)
            tiles.click(place)
        (mark,) = tiles.state.doc.annotations
        assert [mark.points[i] for i in range(3)] == [
            pytest.approx(tiles.frame_at(place), abs=1e-6) for place in places
        ]
        tiles.apply(edits.set_tool("length"), edits.select(""))
        tiles.click(tiles.at(20, 5))
        assert tiles.grid.cancel_gesture()
        assert len(tiles.state.doc.annotations) == 1


def test_a_handle_is_dragged_and_arrow_keys_move_a_pixel(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 40, 40), spacing_mm=(1, 1, 1))
    with tiles_on(tmp_path) as tiles:
        scene = tiles.show()
        assert scene.where is not None
        mark = Annotation(
            "m",
            "length",
            scene.tile.series_uid,
            scene.where,
            (FramePoint(10, 10), FramePoint(30, 10)),
        )
        tiles.apply(edits.add_annotations(mark))
        tiles.drag(tiles.at(30, 10), tiles.at(30, 25))
        moved = tiles.state.doc.annotations[0]
        assert tiles.state.nav.selected == "m"
        assert moved.points[0] == FramePoint(10, 10)
        assert moved.points[1].row == pytest.approx(25, abs=0.1)
        tiles.viewport().nudge(1, 0)
        again = tiles.state.doc.annotations[0]
        assert again.points[1].column == pytest.approx(moved.points[1].column + 1)
        assert again.points[0] == FramePoint(10, 10)


VIEWS = [
    View(),
    View(rotation_deg=90),
    View(mirrored=True),
    View(rotation_deg=270, mirrored=True),
    View(zoom=1.8, centre=(0.55, 0.45)),
    View(zoom=2.3, centre=(0.5, 0.5), rotation_deg=180),
]


def _cyan_at(image: QImage, place: QPoint) -> int:
    """How much more green than red there is at best round a place: grey has none."""
    around = [place + QPoint(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    colours = [image.pixelColor(p) for p in around if image.rect().contains(p)]
    return max(min(c.green(), c.blue()) - c.red() for c in colours)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.0, 1.5, 1.0)])
def test_a_box_is_drawn_where_its_numbers_say(
    qtbot: object, tmp_path: Path, spacing: tuple[float, float, float]
) -> None:
    values = np.zeros((1, 80, 60), np.int16)
    values[0, 30:50, 20:44] = 1000
    make_series(tmp_path, values.shape, spacing_mm=spacing, values=values)
    with tiles_on(tmp_path) as tiles:
        scene = tiles.show()
        assert scene.where is not None
        points = finding_points(FrameBox(20, 30, 44, 50))
        uid = scene.tile.series_uid
        box = Annotation("f", "finding", uid, scene.where, points, "block", status="confirmed")
        tiles.apply(
            edits.set_window(0, TileWindow(Window(2000, 4000), "user")), edits.add_annotations(box)
        )
        for view in VIEWS:
            tiles.apply(edits.set_view(0, view))
            image = tiles.image()
            # All four sides of the block that is in the pixels carry the line of the box.
            for column, row in ((20, 38), (44, 38), (32, 30), (32, 50)):
                assert _cyan_at(image, tiles.at(column, row)) > 70, (view, column, row)
            inside, beside = (image.pixelColor(tiles.at(c, r)) for c, r in ((36, 44), (47, 44)))
            assert inside.red() == inside.green() == inside.blue()
            assert inside.red() > beside.red()


def test_beside_the_frame_it_is_black_even_inverted(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 20, 60), spacing_mm=(1, 1, 1))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.apply(edits.invert(0), edits.set_overlays("none"))
        image = tiles.image()
        assert image.pixelColor(100, 60).red() == 0
        assert image.pixelColor(500, 590).red() == 0


def test_a_click_on_the_window_text_lets_it_be_typed(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 20, 20), intercept=-1000)
    with tiles_on(tmp_path) as tiles:
        scene = tiles.show()
        place = overlay.window_text_rect(scene).center().toPoint()
        tiles.click(place)
        field = tiles.grid.window().focusWidget()
        assert field is not None
        assert field.accessibleName() == "Window width"
        QTest.keyClicks(field, "1500")
        QTest.keyClick(field, Qt.Key.Key_Return)
        window = tiles.state.doc.tiles[0].window.window
        assert window is not None
        assert window.width == 1500
        assert tiles.grid.window().focusWidget() is tiles.viewport()


def test_a_file_that_cannot_be_shown_says_why_in_the_tile(qtbot: object, tmp_path: Path) -> None:
    truth = make_series(tmp_path, (2, 16, 16))
    with tiles_on(tmp_path) as tiles:
        for path in truth.paths:
            path.write_bytes(path.read_bytes()[:-200])
        tiles.show()
        scene = tiles.scene()
        assert scene.message_kind == "error"
        assert scene.message.endswith(".")


def test_a_tile_says_in_words_what_it_shows(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (5, 16, 16), number=3)
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.until(lambda: "image 3 of 5" in tiles.viewport().accessibleName())
        assert tiles.viewport().accessibleName().startswith("Tile 1, CT")


def test_colour_is_shown_as_stored(qtbot: object, tmp_path: Path) -> None:
    values = np.zeros((30, 30, 3), np.uint8)
    values[:, :15] = (200, 30, 90)
    values[:, 15:] = (10, 220, 40)
    write_image(tmp_path / "c.dcm", values, Modality="OT")
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        assert tiles.color_at(tiles.at(5, 20)).getRgb()[:3] == (200, 30, 90)
        assert tiles.color_at(tiles.at(25, 20)).getRgb()[:3] == (10, 220, 40)


def test_the_chest_ct_shows_the_aorta_on_the_viewers_right(
    qtbot: object, shared_data: Path
) -> None:
    with tiles_on(shared_data / "ct" / "ct_chest_cmbcrc_100") as tiles:
        scene = tiles.show()
        letters = overlay.letters_of(scene)
        assert (letters.left, letters.right, letters.top, letters.bottom) == ("R", "L", "A", "P")
        # The descending aorta: soft tissue left of the spine, lung at the mirrored place.
        assert scene.stored is not None
        assert scene.stored.pixels[270, 300] + scene.stored.grey.intercept > 0
        aorta, lung = tiles.color_at(tiles.at(300, 270)), tiles.color_at(tiles.at(212, 270))
        assert aorta.red() > 90 > lung.red()


def test_the_bar_says_where_one_is_and_what_is_not_read_yet(qtbot: object, tmp_path: Path) -> None:
    truth = make_series(tmp_path, (10, 16, 16))
    truth.paths[7].write_bytes(truth.paths[7].read_bytes()[:-300])
    with tiles_on(tmp_path) as tiles:
        scene = tiles.show()
        frames = tiles.series[0].stacks[0].frames
        kept = [ref for ref in frames if ref != frames[7]]
        tiles.until(lambda: all(tiles.frames.peek(ref) for ref in kept))
        place = position_bar.thumb(scene).center().toPoint()
        assert tiles.color_at(place).name().upper() == TOKENS.accent
        assert position_bar.unread_runs(scene, frozenset(kept)) == [(7, 8)]
        assert position_bar.unread_runs(scene, frozenset(frames)) == []


@pytest.mark.parametrize("turn", [0.0, 90.0, 180.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_at_one_to_one_the_screen_shows_the_display_path_exactly(
    qtbot: object, tmp_path: Path, turn: float, mirrored: bool
) -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(-1200, 1500, (1, 200, 160), dtype=np.int16)
    make_series(tmp_path, values.shape, spacing_mm=(1, 1, 1), values=values, intercept=-10)
    with tiles_on(tmp_path, size=(600, 600)) as tiles:
        scene = tiles.show()
        turned = View(rotation_deg=turn, mirrored=mirrored)
        view = at_scale(turned, scene.canvas, scene.area, px_per_column=1.0)
        window = Window(40, 400)
        tiles.apply(
            edits.set_window(0, TileWindow(window, "user")),
            edits.set_view(0, view),
            edits.set_overlays("none"),
        )
        scene = tiles.scene()
        assert scene.facts is not None
        wanted = to_display(values[0], scene.facts, window)
        wanted = np.fliplr(wanted) if mirrored else wanted
        wanted = np.rot90(wanted, -int(turn // 90))
        image = tiles.image()
        grey = image.convertToFormat(image.Format.Format_Grayscale8)
        shown = np.frombuffer(grey.constBits(), np.uint8).reshape(600, -1)
        rows, columns = wanted.shape
        top, left = (600 - rows) // 2, (600 - columns) // 2
        assert np.array_equal(shown[top : top + rows, left : left + columns], wanted)
