"""Looking: keys, planes, 3D, tiles, undo, palette."""

import pytest
from PySide6.QtTest import QTest

from viewer.state import View


@pytest.fixture
def at_ct(ready_reader, shared_data):
    """A reader in front of a chest CT."""
    ready_reader.open(shared_data / "ct" / "ct_chest_cmbcrc_100").wait_for_image()
    return ready_reader.look()


def test_m_shows_three_planes_and_3d_and_goes_back(at_ct):
    at_ct.press("M")
    assert at_ct.kinds() == ["axial", "coronal", "sagittal", "volume"]
    at_ct.wait_for_image()
    at_ct.look().press("M")
    assert at_ct.kinds() == ["stack"]
    assert at_ct.layout() == (1, 1)


def test_shift_m_shows_3d_and_goes_back(at_ct):
    at_ct.press("Shift+M")
    assert at_ct.kinds() == ["volume"]
    at_ct.press("Shift+M")
    assert at_ct.kinds() == ["stack"]


def test_shift_m_beside_planes_shows_their_3d_alone_and_goes_back(at_ct):
    at_ct.press("M").look().press("Shift+M")
    assert at_ct.kinds() == ["axial", "coronal", "sagittal", "volume"]
    assert (at_ct.state.doc.maximised, at_ct.state.nav.active) == (3, 3)
    at_ct.press("Shift+M")
    assert at_ct.state.doc.maximised is None
    assert at_ct.kinds() == ["axial", "coronal", "sagittal", "volume"]


def test_the_command_line_can_ask_for_planes(reader, shared_data):
    reader.start().tick()
    reader.quit()
    for _again in range(2):
        reader.start(shared_data / "ct" / "ct_chest_cmbcrc_100", planes=True).wait_until_read()
        assert reader.kinds() == ["axial", "coronal", "sagittal", "volume"]
        reader.quit()


def test_arrows_go_from_image_to_image(at_ct):
    start = at_ct.state.nav.positions[0]
    at_ct.press("Down")
    moved = at_ct.state.nav.positions[0]
    assert abs(moved - start) == 1
    at_ct.press("Up")
    assert at_ct.state.nav.positions[0] == start
    at_ct.press("Home")
    first = at_ct.state.nav.positions[0]
    at_ct.press("End")
    assert {first, at_ct.state.nav.positions[0]} == {0, 99}


def test_numbers_set_ct_windows_and_0_the_files_own(at_ct):
    at_ct.press("2")
    window = at_ct.state.active_tile.window
    assert (window.window.width, window.window.center) == (1500, -600)
    at_ct.press("0")
    assert at_ct.state.active_tile.window.source == "file:0"


def test_undo_and_redo_bring_back_windows_and_marks(at_ct):
    at_ct.press("2").press("D").drag_on_image((0.3, 0.5), (0.6, 0.5))
    assert len(at_ct.state.doc.annotations) == 1
    at_ct.press("Ctrl+Z")
    assert at_ct.state.doc.annotations == ()
    at_ct.press("Ctrl+Z")
    assert at_ct.state.active_tile.window.source == "file:0"
    at_ct.press("Ctrl+Shift+Z").press("Ctrl+Y")
    assert at_ct.state.active_tile.window.source == "preset:lung"
    assert len(at_ct.state.doc.annotations) == 1


def test_reset_keeps_image_and_marks(at_ct):
    at_ct.press("D").drag_on_image((0.3, 0.5), (0.6, 0.5))
    at_ct.press("Down").press("H").press("R").press("I").press("+").press("2")
    position = at_ct.state.nav.positions
    at_ct.press("Ctrl+R")
    assert at_ct.state.active_tile.view == View()
    assert not at_ct.state.active_tile.invert
    assert at_ct.state.nav.positions == position
    assert len(at_ct.state.doc.annotations) == 1


def test_escape_leaves_step_by_step(at_ct):
    at_ct.press("D").drag_on_image((0.3, 0.5), (0.6, 0.5))
    assert at_ct.state.nav.selected
    at_ct.press("Esc")
    assert not at_ct.state.nav.selected
    assert at_ct.state.nav.tool == "length"
    at_ct.press("Esc")
    assert at_ct.state.nav.tool == "window"


def test_delete_takes_the_selected_measurement_away(at_ct):
    at_ct.press("D").drag_on_image((0.3, 0.5), (0.6, 0.5)).press("Del")
    assert at_ct.state.doc.annotations == ()


def test_letters_in_the_search_field_are_letters(at_ct):
    field = at_ct.program.parts.browser.search
    field.setFocus()
    QTest.keyClicks(field, "mim")
    assert field.text() == "mim"
    assert at_ct.kinds() == ["stack"]
    assert not at_ct.state.active_tile.invert


def test_panels_hide_and_come_back(at_ct):
    at_ct.press("Ctrl+B")
    assert not at_ct.window.browser_shown
    at_ct.press("Ctrl+B")
    assert at_ct.window.browser_shown


def test_the_palette_finds_a_command(at_ct):
    at_ct.press("Ctrl+K")
    palette = at_ct.dialog()
    QTest.keyClicks(palette.field, "turn right")
    QTest.keyClick(palette.field, "\r")
    assert at_ct.state.active_tile.view.rotation_deg == 90


def test_a_series_goes_into_the_active_tile_by_double_click(ready_reader, shared_data):
    reader = ready_reader.open(shared_data / "cxr_pairs_as_dicom").wait_for_image()
    reader.press("Ctrl+1")
    before = reader.state.active_tile.series_uid
    other = next(
        s
        for _p, _s, s in reader.program.shelf.library.all_series()
        if s.uid != before and s.description
    )
    index = reader.program.parts.browser.tree.find_series(other.uid)
    reader.show_row(index)
    assert reader.state.active_tile.series_uid == other.uid


def test_p_puts_the_prior_beside_and_swaps(ready_reader, shared_data):
    reader = ready_reader.open(shared_data / "cxr_pairs_as_dicom").wait_for_image()
    reader.press("Ctrl+1").look().press("P")
    assert [t.role for t in reader.state.doc.tiles] == ["current", "prior"]
    reader.look().press("P")
    assert [t.role for t in reader.state.doc.tiles] == ["prior", "current"]


def test_a_single_tile_has_no_role_and_no_link(ready_reader, shared_data):
    reader = ready_reader.open(shared_data / "cxr_pairs_as_dicom").wait_for_image()
    reader.press("Ctrl+1")
    assert [t.role for t in reader.state.doc.tiles] == [""]
    assert reader.state.doc.linked == frozenset()
