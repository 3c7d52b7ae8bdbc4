"""What is written on the image: who, when, how, where, and what is doubtful."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from series import make_series, write_image
from tiles import Tiles, tiles_on

from viewer import edits
from viewer.annotations import Annotation, finding_points
from viewer.spaces import FrameBox, FramePoint, PatientPoint
from viewer.state import Slab, TileWindow, View
from viewer.study import Window
from viewer.tools import crosshair
from viewer.tools.labels import meets_any
from viewer.tools.planes import to_plane
from viewer.widgets import beside_lines, corners, ink, marks, overlay
from viewer.widgets.overlay import days_between, interval_text
from viewer.widgets.scene import Scene

pytestmark = pytest.mark.gui


def _texts(lines: tuple[corners.Line, ...]) -> list[str]:
    return [line.text for line in lines]


def test_the_corners_say_who_when_how_and_where(qtbot: object, tmp_path: Path) -> None:
    def more(dataset: Any, _index: int) -> None:
        dataset.PatientBirthDate, dataset.PatientSex = "19601224", "F"
        dataset.StudyDescription, dataset.SeriesDescription = "Chest", "Axial 5"
        dataset.SliceThickness, dataset.KVP = 5, 120

    make_series(tmp_path, (5, 16, 16), number=7, intercept=-1000, change=more)
    with tiles_on(tmp_path) as tiles:
        found = corners.corners_of(tiles.show())
        assert _texts(found.top_left) == ["Doe, Jane", "ID P1 · 1960-12-24 · F"]
        assert _texts(found.top_right)[:2] == ["2024-01-05  10:11", "Chest"]
        assert _texts(found.bottom_left)[0] == "W 400  L 40 · Soft tissue"
        assert _texts(found.bottom_right)[:2] == ["Series 7 · image 3 / 5", "Axial 5"]
        assert "5.00 mm · H 34.0 mm" in _texts(found.bottom_right)[2]


def test_names_can_be_hidden_and_texts_made_fewer(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (2, 16, 16))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.apply(lambda state: state.with_nav(names_hidden=True))
        assert _texts(corners.corners_of(tiles.scene()).top_left) == ["DJ"]
        tiles.apply(edits.set_overlays("few"))
        few = corners.corners_of(tiles.scene())
        assert all(line.bold for line in (*few.bottom_left, *few.bottom_right))
        tiles.apply(edits.set_overlays("none"), edits.mirror(0, left_right=True))
        none = corners.corners_of(tiles.scene())
        assert none.bottom_left == ()
        assert none.badges == ("MIRRORED",)


def test_a_name_of_a_file_cannot_turn_the_text_round(qtbot: object, tmp_path: Path) -> None:
    def utf8(dataset: Any, _index: int) -> None:
        dataset.SpecificCharacterSet = "ISO_IR 192"

    make_series(tmp_path, (1, 16, 16), name="<b>A\u202eB^C", change=utf8)
    with tiles_on(tmp_path) as tiles:
        (name, *_rest) = _texts(corners.corners_of(tiles.show()).top_left)
        assert name == "<b>A·B, C"


def test_badges_and_doubts_of_a_lossy_projection_without_spacing(
    qtbot: object, tmp_path: Path
) -> None:
    write_image(
        tmp_path / "x.dcm",
        np.zeros((20, 20), np.uint16),
        Modality="DX",
        PatientOrientation=["L", "F"],
        ImageType=["DERIVED", "PRIMARY"],
        LossyImageCompression="01",
        LossyImageCompressionRatio="12",
    )
    with tiles_on(tmp_path) as tiles:
        scene = tiles.show()
        assert corners.badges_of(scene) == ("LOSSY 12:1", "DERIVED")
        assert overlay.notes_of(scene).bar is None
        tiles.apply(edits.show_side_by_side(scene.tile.series_uid, scene.tile.series_uid))
        assert "Scales may differ: no pixel spacing recorded" in corners.doubts_of(tiles.scene())


def test_a_scale_bar_is_as_long_as_it_says_and_names_its_basis(
    qtbot: object, tmp_path: Path
) -> None:
    write_image(
        tmp_path / "x.dcm",
        np.zeros((500, 400), np.uint16),
        Modality="DX",
        ImagerPixelSpacing=[0.5, 0.5],
        PatientOrientation=["L", "F"],
    )
    with tiles_on(tmp_path) as tiles:
        scene = tiles.show()
        bar = overlay.notes_of(scene).bar
        assert bar is not None
        assert bar.basis == "at detector"
        frame_px = bar.length_px / scene.transform.view_px_per_column
        assert frame_px * 0.5 == pytest.approx(bar.length_mm)
        x = round(scene.size[0] - 16)
        image = tiles.image()
        lit = [y for y in range(image.height()) if image.pixelColor(x, y).red() > 200]
        runs = "".join("x" if y in lit else " " for y in range(image.height())).split()
        assert max(map(len, runs)) == pytest.approx(bar.length_px, abs=2)


def test_texts_do_not_lie_on_each_other_in_small_tiles(qtbot: object, tmp_path: Path) -> None:
    def long(dataset: Any, _index: int) -> None:
        dataset.StudyDescription = "A long description of a study of the chest and abdomen"
        dataset.SeriesDescription = "Another long description, of the series this time"

    make_series(tmp_path, (3, 16, 16), name="Verylongfamilyname^Withgivennames", change=long)
    for size in ((640, 640), (480, 300)):
        with tiles_on(tmp_path, size=size) as tiles:
            scene = tiles.show()
            rects = overlay.text_rects(scene, overlay.notes_of(scene))
            for index, rect in enumerate(rects):
                shrunk = (rect[0] + 2, rect[1] + 3, rect[2] - 2, rect[3] - 3)
                assert not meets_any(shrunk, rects[:index] + rects[index + 1 :])


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("20200303", "20200220", "12 days earlier"),
        ("20240105", "20221105", "14 months earlier"),
        ("20240105", "20240105", "same day"),
        ("20240105", "20180105", "6 years earlier"),
        ("20240105", "20240106", "1 day later"),
    ],
)
def test_the_interval_is_said_in_the_unit_one_thinks_in(
    first: str, second: str, words: str
) -> None:
    days = days_between(first, second)
    assert days is not None
    assert interval_text(days) == words
    assert days_between("", second) is None


@pytest.mark.parametrize(
    ("width", "center", "wanted"),
    [
        ("400", "40", Window(40, 400)),
        ("1500", "−600", Window(-600, 1500)),
        ("0,5", "1", Window(1, 0.5)),
        ("0", "1", None),
        ("many", "1", None),
        ("nan", "1", None),
    ],
)
def test_a_typed_window_is_one_or_none(width: str, center: str, wanted: Window | None) -> None:
    assert corners.window_of_text(width, center) == wanted


def _finding(tiles: Tiles, mark_id: str, box: FrameBox, **more: Any) -> Annotation:
    scene = tiles.scene()
    assert scene.where is not None
    uid = scene.tile.series_uid
    return Annotation(mark_id, "finding", uid, scene.where, finding_points(box), **more)


def test_a_pill_says_ai_number_label_and_who_confirmed(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 64, 64))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        mark = _finding(tiles, "f", FrameBox(10, 10, 30, 30), label="nodule")
        look = marks.MarkLook(numbers={"f": 2})
        assert [text for text, _, _ in marks.label_parts(mark, look)] == ["AI 2", "nodule"]
        sure = _finding(tiles, "f", FrameBox(1, 1, 3, 3), label="x", status="confirmed")
        assert [text for text, _, _ in marks.label_parts(sure, look)][-1] == "✓ you"
        gone = _finding(tiles, "f", FrameBox(1, 1, 3, 3), label="x", status="rejected")
        assert "rejected" in marks.label_parts(gone, look)[-1][0]


def test_rejected_ones_are_hidden_and_the_eye_hides_all(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 64, 64))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.apply(
            edits.add_annotations(
                _finding(tiles, "a", FrameBox(5, 5, 20, 20)),
                _finding(tiles, "b", FrameBox(30, 30, 50, 50), status="rejected"),
            )
        )
        assert [m.id for m in tiles.scene().marks] == ["a"]
        tiles.apply(lambda s: s.with_nav(show_rejected=True))
        assert [m.id for m in tiles.scene().marks] == ["a", "b"]
        tiles.apply(lambda s: s.with_nav(show_ai=False))
        assert tiles.scene().marks == ()


def _is_cyan(tiles: Tiles, place: QPoint) -> bool:
    image = tiles.image()
    around = [place + QPoint(x, y) for x in range(-2, 3) for y in range(-2, 3)]
    colours = [image.pixelColor(p) for p in around if image.rect().contains(p)]
    return any(min(c.green(), c.blue()) - c.red() > 60 for c in colours)


def test_a_box_always_shows_an_edge_and_a_tiny_one_a_ring(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 64, 64), spacing_mm=(1, 1, 1))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        tiles.apply(
            edits.set_overlays("none"),
            edits.add_annotations(_finding(tiles, "f", FrameBox(4, 4, 60, 60), status="confirmed")),
            edits.set_view(0, View(zoom=6.0)),
        )
        assert _is_cyan(tiles, QPoint(5, 200))
        assert _is_cyan(tiles, QPoint(200, 635))
        tiny = _finding(tiles, "f", FrameBox(32, 32, 32.2, 32.2), status="confirmed")
        tiles.apply(edits.add_annotations(tiny), edits.set_view(0, View()))
        middle = tiles.at(32.1, 32.1)
        assert _is_cyan(tiles, middle + QPoint(7, 0))
        assert not _is_cyan(tiles, middle + QPoint(20, 20))


def test_dashes_tell_open_from_confirmed_without_colour(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (1, 64, 64), spacing_mm=(1, 1, 1), values=np.zeros((1, 64, 64), np.int16))
    with tiles_on(tmp_path) as tiles:
        tiles.show()
        for status, is_dashed in (("open", True), ("confirmed", False)):
            mark = _finding(tiles, "f", FrameBox(10, 30, 54, 50), status=status)
            tiles.apply(edits.add_annotations(mark))
            image, row = tiles.image(), tiles.at(32, 50)
            line = [image.pixelColor(x, row.y()).green() for x in range(150, 500)]
            around = [
                max(image.pixelColor(x, row.y() + dy).green() for dy in (-1, 0, 1))
                for x in range(150, 500)
            ]
            assert len(line) == len(around)
            gaps = sum(value < 60 for value in around)
            assert (gaps > 80) is is_dashed


def test_a_corner_takes_the_room_that_the_other_one_leaves(qtbot: object, tmp_path: Path) -> None:
    def facts(dataset: Any, _index: int) -> None:
        dataset.PatientBirthDate, dataset.PatientSex = "19510101", "F"
        dataset.PatientAge, dataset.StudyDescription = "069Y", "Chest"

    make_series(tmp_path, (2, 16, 16), patient_id="PHANTOM-1180-2020", change=facts)
    with tiles_on(tmp_path, size=(420, 420)) as tiles:
        tiles.show()
        lines = [text for _at, text, _face in overlay.corner_places(tiles.scene())]
        assert "ID PHANTOM-1180-2020 · 1951-01-01 · F · 69 y" in lines
        assert not any("…" in line for line in lines)


def test_a_line_without_room_loses_whole_parts_first(qtbot: object, tmp_path: Path) -> None:
    def facts(dataset: Any, _index: int) -> None:
        dataset.PatientBirthDate, dataset.PatientSex = "19510101", "F"
        dataset.PatientAge = "069Y"
        dataset.StudyDescription = study

    study = "Thorax and abdomen with contrast in the portal phase"
    make_series(tmp_path, (2, 16, 16), patient_id="PHANTOM-1180-2020", change=facts)
    with tiles_on(tmp_path, size=(310, 310)) as tiles:
        tiles.show()
        lines = [text for _at, text, _face in overlay.corner_places(tiles.scene())]
        (identity,) = (line for line in lines if line.startswith("ID"))
        assert identity in {"ID PHANTOM-1180-2020", "ID PHANTOM-1180-2020 · 1951-01-01"}
        (cut,) = (line for line in lines if line.startswith("Thorax"))
        assert cut.endswith("…")
        assert study.startswith(cut.removesuffix("…") + " ")


def test_planes_and_3d_say_whose_they_are(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (24, 32, 32), spacing_mm=(1, 1, 1))
    with tiles_on(tmp_path, size=(900, 900)) as tiles:
        uid = tiles.series[0].uid
        window = TileWindow(Window(500, 1000), "user")
        tiles.apply(edits.set_planes(uid, ("axial", "coronal", "sagittal"), window))
        tiles.apply(edits.show_series(3, uid, kind="volume"))
        tiles.until(lambda: all(tiles.scene(t).volume is not None for t in range(4)))
        for tile in range(4):
            at = next(
                p for p, text, _f in overlay.corner_places(tiles.scene(tile)) if "Doe" in text
            )
            assert at.x() < 20
            assert 38 < at.y() < 46, "below the tab"
        tiles.apply(lambda state: state.with_nav(names_hidden=True))
        texts = [text for _at, text, _face in overlay.corner_places(tiles.scene(1))]
        assert "DJ" in texts


def test_letters_stand_beside_the_lines_of_the_other_planes(qtbot: object, tmp_path: Path) -> None:
    make_series(tmp_path, (24, 32, 32), spacing_mm=(1, 1, 1))
    with tiles_on(tmp_path, size=(900, 900)) as tiles:
        uid = tiles.series[0].uid
        window = TileWindow(Window(500, 1000), "user")
        tiles.apply(edits.set_planes(uid, ("axial", "coronal", "sagittal"), window))
        tiles.until(lambda: all(tiles.scene(t).volume is not None for t in range(3)))
        for thickness in (0.0, 6.0):
            tiles.apply(*(edits.set_slab(t, Slab(thickness)) for t in range(3)))
            for tile in range(3):
                scene = tiles.scene(tile)
                cuts = crosshair.cuts_on(scene.state, scene.surface)
                assert len(cuts) == 2
                places = beside_lines.letter_places(scene, overlay.letters_of(scene))
                assert len(places) == 4
                for at, text in places:
                    width = ink.width_of(text, ink.LETTER)
                    for cut in cuts:
                        middle = at.x() + width / 2 - cut.centre.x, at.y() - 6 - cut.centre.y
                        off = middle[0] * cut.across[0] + middle[1] * cut.across[1]
                        for edge in (-cut.half_slab_px, 0.0, cut.half_slab_px):
                            assert abs(off - edge) > 7


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [
        ("19510101", "1951-01-01"),
        ("1994.11.05", "1994-11-05"),
        ("00000000", ""),
        ("0000.00.00", ""),
        ("1994", "1994"),
        ("", ""),
    ],
)
def test_dates_of_old_and_of_empty_files(stored: str, wanted: str) -> None:
    assert corners.date_text(stored) == wanted


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [("069Y", "69 y"), ("000Y", "0 y"), ("003M", "3 mo"), ("010D", "10 d"), ("old", "old")],
)
def test_ages_are_said_as_people_say_them(stored: str, wanted: str) -> None:
    assert corners.age_text(stored) == wanted


def test_a_place_keeps_its_tenths_beyond_100_mm() -> None:
    assert (
        corners.patient_place(PatientPoint(-108.44, 3.0, -1203.26)) == "R 108.4  P 3.0  F 1203.3 mm"
    )


def test_a_mammogram_says_side_and_view_large(qtbot: object, tmp_path: Path) -> None:
    write_image(
        tmp_path / "m.dcm",
        np.zeros((40, 30), np.uint16),
        Modality="MG",
        ImageLaterality="R",
        ViewPosition="MLO",
    )
    with tiles_on(tmp_path) as tiles:
        found = corners.corners_of(tiles.show()).bottom_right
        assert corners.Line("R MLO", bold=True, big=True) in found


@pytest.mark.parametrize(
    ("modality", "units", "wanted"),
    [("PT", "BQML", "Bq/ml"), ("PT", "GML", "SUVbw"), ("PT", "CNTS", "counts"), ("CT", "", "")],
)
def test_the_kind_of_value_of_a_pet_stands_in_the_corner(
    qtbot: object, tmp_path: Path, modality: str, units: str, wanted: str
) -> None:
    def unit(dataset: Any, _index: int) -> None:
        if units:
            dataset.Units = units

    make_series(tmp_path, (2, 16, 16), modality=modality, change=unit)
    with tiles_on(tmp_path) as tiles:
        scene = tiles.show()
        assert corners.value_kind(scene) == wanted
        assert (wanted in _texts(corners.corners_of(scene).bottom_left)) is bool(wanted)


def test_a_doubt_wraps_before_the_line_of_another_plane(qtbot: object, shared_data: Path) -> None:
    with tiles_on(shared_data / "ct" / "ct_tilt_minus18_5_philips", size=(800, 800)) as tiles:
        window = TileWindow(Window(500, 1000), "user")
        kinds = ("axial", "coronal", "sagittal")
        tiles.apply(edits.set_planes(tiles.series[0].uid, kinds, window))
        tiles.until(lambda: all(tiles.scene(t).volume is not None for t in range(3)))
        for tile in range(3):
            scene = tiles.scene(tile)
            places = overlay.doubt_places(scene, corners.corners_of(scene))
            middle = scene.transform.to_view(_middle(scene))
            assert len(places) > 1
            for at, text in places:
                assert at.x() + ink.width_of(text, ink.CORNER_BOLD) < middle.x - 4


def _middle(scene: Scene) -> FramePoint:
    assert scene.plane is not None
    assert scene.crosshair is not None
    return to_plane(scene.plane, scene.crosshair)[0]
