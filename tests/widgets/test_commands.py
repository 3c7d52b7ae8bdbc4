"""Actions, tooltips and menus made from the table of commands; sentences in the window."""

import pytest
from PySide6.QtWidgets import QToolButton, QWidget

from app.commands import COMMANDS
from app.window.menus import Actions, TopBar, main_menu, tile_menu
from app.window.notices import Notices
from viewer.errors import UserError
from viewer.widgets import style

MOST_BUTTONS = 20


@pytest.fixture
def window(qtbot, qapp):
    style.install(qapp)
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def triggered():
    return []


@pytest.fixture
def actions(window, triggered):
    return Actions(window, lambda command: triggered.append(command.id))


def test_every_command_can_be_triggered(actions, triggered):
    for command in COMMANDS:
        actions[command.id].trigger()
    assert triggered == [c.id for c in COMMANDS]


def test_tooltips_say_name_and_key(actions):
    assert actions["tool.zoom"].toolTip() == "Zoom (Z)"
    assert actions["redo"].toolTip() == "Redo (Ctrl+Shift+Z, Ctrl+Y)"


def test_every_key_is_one_that_qt_knows(actions):
    for command in COMMANDS:
        sequences = actions[command.id].shortcuts()
        assert len(sequences) == len(command.keys)
        assert all(s.toString() for s in sequences), command.id


def test_without_the_rest_of_the_program_only_opening_works(actions):
    actions.update(None)
    usable = {c.id for c in COMMANDS if actions[c.id].isEnabled()}
    assert usable == {"open.folder", "open.files", "open.demo", "quit"}


def test_the_toolbar_is_small_and_names_its_buttons(actions, window):
    bar = TopBar(actions, window)
    buttons = bar.findChildren(QToolButton)
    assert len(buttons) <= MOST_BUTTONS
    for button in buttons:
        assert button.toolTip()
        assert button.accessibleName() or button.text().strip() or button.toolTip()


def test_menus_hold_every_command_with_a_group(actions, window):
    menu = main_menu(actions, window)
    held = {a for part in menu.actions() for a in part.menu().actions()}
    assert held == {actions[c.id] for c in COMMANDS if c.group}
    assert tile_menu(actions, window).actions()


def test_a_standing_sentence_comes_back_when_another_is_closed(window):
    notices = Notices(window)
    notices.stand("The disk is full.")
    notices.tell("Something else.")
    assert notices.sentence == "Something else."
    notices.tell("")
    assert notices.sentence == "The disk is full."
    notices.stand("")
    assert notices.sentence == ""


def test_an_error_is_shown_as_plain_text(window):
    notices = Notices(window)
    notices.show_error(UserError("<b>Bold</b> is not there.", "details"))
    assert notices.sentence == "<b>Bold</b> is not there."
