"""Settings: the table, the file, and what a damaged file does."""

import json
import stat

import pytest

from app.settings import (
    CORNER_TEXTS,
    FIRST_TOOL,
    MEMORY_MB,
    MOST_RECENT,
    PANES,
    RECENT,
    SETTINGS,
    TYPE_SCALE,
    Settings,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "settings.json"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.key)
def test_each_default_is_in_its_own_range(setting):
    assert setting.accepts(setting.default)


def test_keys_are_unique():
    assert len({s.key for s in SETTINGS}) == len(SETTINGS)


def test_choices_have_words():
    assert all(words for s in SETTINGS for _value, words in s.choices)


def test_what_is_set_is_there_at_the_next_start(path):
    first = Settings(path)
    first.set(TYPE_SCALE, 1.5)
    first.set(PANES, (200, 900, 400))
    again = Settings(path)
    assert again.get(TYPE_SCALE) == 1.5
    assert again.get(PANES) == (200, 900, 400)
    assert again.get(CORNER_TEXTS) == "all"


@pytest.mark.parametrize(
    ("setting", "value"),
    [(TYPE_SCALE, 9.0), (TYPE_SCALE, "1"), (CORNER_TEXTS, "some"), (MEMORY_MB, 1), (PANES, ("a",))],
)
def test_a_value_out_of_range_is_refused(path, setting, value):
    with pytest.raises(ValueError, match=setting.key):
        Settings(path).set(setting, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "null",
        '{"type_scale": "big", "first_tool": 3, "frames_mb": true}',
        "[" * 9999,
    ],
)
def test_a_damaged_file_gives_defaults(path, text):
    path.write_text(text)
    settings = Settings(path)
    assert settings.get(TYPE_SCALE) == TYPE_SCALE.default
    assert settings.get(FIRST_TOOL) == FIRST_TOOL.default
    assert settings.get(MEMORY_MB) == MEMORY_MB.default


def test_a_number_without_a_point_is_a_number(path):
    path.write_text(json.dumps({"type_scale": 2}))
    assert Settings(path).get(TYPE_SCALE) == 2.0


def test_the_file_is_private_and_replaced_whole(path):
    Settings(path).set(TYPE_SCALE, 1.2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_is_gone_is_no_matter(tmp_path):
    settings = Settings(tmp_path / "gone" / "settings.json")
    settings.set(TYPE_SCALE, 1.2)
    assert settings.get(TYPE_SCALE) == 1.2


def test_the_recent_list_is_short_and_newest_first(path):
    settings = Settings(path)
    for number in range(12):
        settings.add_recent(f"/folder {number}")
    settings.add_recent("/folder 8")
    recent = settings.get(RECENT)
    assert recent[:2] == ("/folder 8", "/folder 11")
    assert len(recent) == MOST_RECENT
    assert len(set(recent)) == MOST_RECENT
