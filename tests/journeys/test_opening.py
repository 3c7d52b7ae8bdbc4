"""Opening folders, good ones and bad ones."""

import shutil

import pytest

from viewer.edits import annotation_of


@pytest.fixture
def ct(shared_data):
    return shared_data / "ct" / "ct_chest_cmbcrc_100"


def test_a_ct_folder_shows_its_series_alone(ready_reader, ct):
    ready_reader.open(ct).wait_for_image()
    assert ready_reader.layout() == (1, 1)
    assert ready_reader.kinds() == ["stack"]
    assert len(ready_reader.series()) == 1
    assert "100 slices" in ready_reader.series()[0]


def test_current_and_prior_radiographs_stand_side_by_side(ready_reader, shared_data):
    ready_reader.open(shared_data / "cxr_pairs_as_dicom").wait_for_image()
    assert ready_reader.layout() == (1, 2)
    roles = [t.role for t in ready_reader.state.doc.tiles]
    assert roles == ["current", "prior"]
    assert len(ready_reader.patients()) == 3


def test_two_patients_in_one_folder_are_two(ready_reader, shared_data, tmp_path):
    folder = tmp_path / "mixed"
    shutil.copytree(shared_data / "cxr_pairs_as_dicom", folder / "x-rays")
    shutil.copy(next((shared_data / "ct" / "ct_chest_cmbcrc_100").glob("*.dcm")), folder)
    ready_reader.open(folder)
    assert len(ready_reader.patients()) == 4


def test_an_empty_folder_ends_in_a_sentence(ready_reader, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    ready_reader.open(folder)
    assert "no files" in ready_reader.sentence()
    assert ready_reader.sees_first_page()


def test_a_folder_that_is_open_already_is_said(ready_reader, ct):
    ready_reader.open(ct).open(ct)
    assert ready_reader.sentence() == "These images are open already."
    assert len(ready_reader.series()) == 1


def test_a_folder_without_images_says_why(ready_reader, tmp_path):
    folder = tmp_path / "words"
    folder.mkdir()
    (folder / "letter.dcm").write_text("Dear colleague, " * 100)
    (folder / "<img src=x>.txt").write_text("plain")
    ready_reader.open(folder)
    assert "No images" in ready_reader.sentence()
    ready_reader.choose("skipped")
    table = ready_reader.dialog().table
    names = {table.item(row, 0).text().rpartition("/")[2] for row in range(table.rowCount())}
    assert names == {"letter.dcm", "<img src=x>.txt"}
    assert all(table.item(row, 1).text().endswith(".") for row in range(table.rowCount()))
    ready_reader.dialog().close()


def test_the_rest_opens_when_some_files_are_broken(ready_reader, shared_data, tmp_path):
    folder = tmp_path / "some"
    shutil.copytree(shared_data / "cr_dx", folder)
    (folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 64)
    ready_reader.open(folder).wait_for_image()
    assert ready_reader.series()
    assert len(ready_reader.program.shelf.library.skipped) >= 1


def test_reading_can_be_cancelled_and_what_was_found_stays(ready_reader, shared_data, qtbot):
    ready_reader.drop(shared_data)
    shelf = ready_reader.program.shelf
    qtbot.waitUntil(lambda: bool(shelf.library.patients), timeout=20_000)
    ready_reader.cancel_reading()
    assert shelf.scan is None
    found = shelf.library
    assert found.patients
    qtbot.wait(400)
    assert shelf.library is found


def test_nothing_is_written_into_the_opened_folder(ready_reader, ct, tmp_path):
    folder = tmp_path / "opened"
    shutil.copytree(ct, folder)
    before = {p.name: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.iterdir()}
    folder.chmod(0o500)
    ready_reader.open(folder).wait_for_image()
    ready_reader.look().press("D").drag_on_image((0.3, 0.4), (0.6, 0.4))
    ready_reader.quit()
    folder.chmod(0o700)
    after = {p.name: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.iterdir()}
    assert after == before


def test_what_is_open_stays_open_beside_what_is_added(ready_reader, ct, shared_data):
    ready_reader.open(ct).open(shared_data / "cxr_pairs_as_dicom")
    assert len(ready_reader.patients()) == 4
    ready_reader.choose("close.studies")
    assert ready_reader.sees_first_page()
    assert ready_reader.patients() == []


@pytest.mark.parametrize(("chosen", "left"), [("M", "window"), ("D", "length")])
def test_a_tool_of_planes_ends_with_the_studies(ready_reader, ct, shared_data, chosen, left):
    ready_reader.open(ct).wait_for_image()
    ready_reader.look().press(chosen)
    ready_reader.choose("close.studies")
    assert ready_reader.state.nav.tool == left
    ready_reader.open(shared_data / "cxr_pairs_as_dicom").wait_for_image()
    assert ready_reader.state.nav.tool == left


def test_a_clip_says_at_the_button_alone_why_it_has_no_planes(ready_reader, ct, shared_data):
    ready_reader.open(shared_data / "us").wait_for_image()
    action = ready_reader.window.commands["planes"]
    assert not action.isEnabled()
    assert len(action.toolTip().splitlines()) == 2
    ready_reader.choose("close.studies").open(ct).wait_for_image()
    assert action.isEnabled()
    assert action.toolTip() == "Three planes (M)"


def test_measurements_come_back_with_their_study(ready_reader, ct):
    ready_reader.open(ct).wait_for_image()
    ready_reader.look().press("D").drag_on_image((0.3, 0.4), (0.6, 0.4))
    (mark,) = ready_reader.state.doc.annotations
    ready_reader.restart().open(ct)
    assert annotation_of(ready_reader.state, mark.id) == mark


def test_marks_survive_closing_the_studies(ready_reader, ct):
    ready_reader.open(ct).wait_for_image()
    ready_reader.look().press("D").drag_on_image((0.3, 0.4), (0.6, 0.4))
    ready_reader.choose("close.studies")
    assert ready_reader.state.doc.annotations == ()
    ready_reader.open(ct)
    assert len(ready_reader.state.doc.annotations) == 1


def test_a_study_opens_as_it_was_left(ready_reader, ct):
    ready_reader.open(ct).wait_for_image()
    ready_reader.look().press("2").press("H")
    position = ready_reader.look().press("Down").state.nav.positions
    ready_reader.restart().open(ct)
    tile = ready_reader.state.active_tile
    assert tile.window.source == "preset:lung"
    assert tile.view.mirrored
    assert ready_reader.state.nav.positions == position
