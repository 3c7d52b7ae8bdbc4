"""The table of commands: ids, keys, words, menus."""

import re
from collections import Counter

import pytest

import resources
from app.commands import BY_ID, COMMANDS, GROUPS

# Keys of viewer.md's table that the table of commands must know.
PROMISED = (
    "Up Down Left Right Shift+Up Shift+Down Home End PgUp PgDown Tab Shift+Tab F6 Shift+F6",
    "1 2 3 4 5 0 W Z T S D A E B X I H V R L + - F Shift+F Ctrl+R C Space O M Shift+M Ctrl+M F11",
    "Ctrl+1 Ctrl+2 Ctrl+4 Ctrl+6 Ctrl+9 Y P [ ] Return Del Q / Ctrl+. Ctrl+Z Ctrl+Shift+Z Ctrl+Y",
    "Ctrl+O Ctrl+Shift+O Ctrl+, Ctrl+K Ctrl+Shift+P ? F1 Esc Ctrl+B Ctrl+J",
)


def test_ids_are_unique():
    assert len(BY_ID) == len(COMMANDS)


def test_no_two_commands_share_a_key():
    # Keys of the images are keys of the window too while the images have the keyboard.
    counts = Counter(key for command in COMMANDS for key in command.keys)
    assert [key for key, count in counts.items() if count > 1] == []


def test_every_promised_key_does_something():
    keys = {key for command in COMMANDS for key in command.keys}
    assert {key for line in PROMISED for key in line.split()} <= keys


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.id)
def test_each_command_has_words_and_something_to_run(command):
    assert command.title
    assert command.title[0].isupper() or command.title[0].isdigit()
    assert callable(command.run)
    assert callable(command.when)
    assert not re.search(r"!|please|oops|successfully", command.title + command.hint, re.IGNORECASE)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.id)
def test_each_command_can_be_found_without_its_key(command):
    moves_only_by_key = command.id.startswith("image.") or command.id == "leave"
    assert command.group in dict(GROUPS) or (moves_only_by_key and command.keys)


def test_each_icon_ships():
    shipped = {p.stem for p in resources.path("icons").rglob("*.svg")}
    assert {c.icon for c in COMMANDS if c.icon} <= shipped


def test_tools_say_in_the_status_line_what_they_do():
    assert all(c.hint for c in COMMANDS if c.id.startswith("tool."))


def test_letters_act_on_the_images_only():
    for command in COMMANDS:
        plain = [k for k in command.keys if re.fullmatch(r"(Shift\+)?[^+]", k)]
        assert not plain or command.context == "grid", command.id
