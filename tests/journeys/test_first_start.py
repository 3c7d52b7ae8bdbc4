"""The first minutes: the notice, the demo study, three planes, 3D."""

from pathlib import Path

from app.opening import demo_path
from app.paths import make_paths
from app.settings import RECENT, Settings
from viewer.widgets.theme import SIZES


def test_nothing_opens_before_the_notice_is_ticked(reader, shared_data):
    reader.start().drop(shared_data / "ct")
    assert reader.sees_first_page()
    assert reader.patients() == []
    reader.choose("open.demo")
    assert "tick it" in reader.sentence()


def test_the_first_page_says_and_holds_what_comes_next(reader):
    reader.start()
    page, status = reader.window.start_page, reader.window.status
    assert reader.window.focusWidget() is page.tick
    assert "tick" in status.hint
    reader.press(" ")
    assert page.is_accepted
    assert "open a folder" in status.hint
    reader.restart()
    assert reader.window.focusWidget().accessibleName() == "Open folder…"


def test_a_new_reader_comes_to_the_demo_study(reader):
    reader.start()
    assert reader.sees_first_page()
    reader.tick().open_demo()
    assert not reader.sees_first_page()
    assert reader.series()
    reader.wait_for_image()


def test_the_demo_study_skips_nothing_and_is_no_recent_folder(reader):
    reader.start().tick().open_demo()
    assert len(reader.series()) == 3
    assert reader.program.shelf.library.skipped == ()
    reader.quit()
    assert Settings(make_paths().settings).get(RECENT) == ()


def test_the_demo_folder_by_its_name_lists_what_is_no_image(reader):
    reader.start(demo_path()).wait_until_read()
    skipped = {Path(s.path).name for s in reader.program.shelf.library.skipped}
    assert skipped == {"README.md", "truth.json"}
    reader.quit()
    assert Settings(make_paths().settings).get(RECENT) == (demo_path(),)


def test_what_was_asked_for_before_the_tick_opens_after_it(reader):
    reader.start().choose("open.demo")
    reader.tick().wait_until_read()
    assert reader.series()
    assert reader.sentence() == ""


def test_the_command_line_opens_at_once_and_the_notice_stands_below(reader):
    reader.start(demo_path()).wait_until_read()
    assert reader.series()
    assert reader.sentence().startswith("For research and teaching only.")
    reader.answer_notice()
    assert reader.sentence() == ""
    assert reader.window.is_accepted


def test_the_notice_is_ticked_once(reader):
    reader.start().tick()
    reader.restart()
    assert reader.window.is_accepted


def test_the_window_says_what_it_is_not_for(reader):
    reader.start()
    assert "NOT FOR DIAGNOSIS" in reader.window.windowTitle()


def test_the_place_of_the_window_and_its_parts_come_back(reader):
    reader.start().tick()
    reader.window.resize(1300, 800)
    reader.press("Ctrl+J")
    reader.restart()
    assert reader.window.size().toTuple() == (1300, 800)
    assert not reader.window.assistant_shown
    assert reader.window.browser_shown


def test_the_rows_of_all_commands_are_high_enough_to_press(reader):
    reader.start().tick().choose("palette")
    rows = reader.dialog().rows
    assert rows.visualRect(rows.model().index(0, 0)).height() >= SIZES.target
