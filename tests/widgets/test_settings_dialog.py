"""The settings dialog: fields made from the table, nothing wrong is kept."""

import pytest
from PySide6.QtWidgets import QWidget

from app.settings import FIRST_TOOL, MEMORY_MB, SETTINGS, TYPE_SCALE, Settings
from app.window.settings_dialog import SettingsDialog
from viewer.widgets import style


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "settings.json")


@pytest.fixture
def dialog(qtbot, qapp, settings):
    style.install(qapp)
    window = QWidget()  # the dialog deletes itself when it is closed
    qtbot.addWidget(window)
    made = SettingsDialog(settings, window)
    made.show()
    yield made
    window.close()


def test_every_setting_with_words_has_a_field(dialog):
    assert set(dialog.fields) == {s for s in SETTINGS if s.title}


def test_what_stands_in_the_fields_is_kept(dialog, settings):
    dialog.fields[TYPE_SCALE].setText("1.3")
    dialog.fields[MEMORY_MB].setText("1024")
    dialog.fields[FIRST_TOOL].setCurrentIndex(dialog.fields[FIRST_TOOL].findData("pan"))
    dialog.save()
    assert settings.get(TYPE_SCALE) == 1.3
    assert settings.get(MEMORY_MB) == 1024
    assert settings.get(FIRST_TOOL) == "pan"


@pytest.mark.parametrize("text", ["9", "", "large", "nan"])
def test_a_wrong_number_is_marked_and_nothing_is_kept(dialog, settings, text):
    dialog.fields[TYPE_SCALE].setText(text)
    dialog.fields[MEMORY_MB].setText("1024")
    dialog.save()
    assert dialog.isVisible()
    assert dialog.fields[TYPE_SCALE].property("invalid")
    assert settings.get(MEMORY_MB) == MEMORY_MB.default
