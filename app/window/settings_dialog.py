"""The settings dialog, made from the table of settings."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.settings import SETTINGS, Setting, Settings
from viewer.words import _


class SettingsDialog(QDialog):
    """One field per setting that has words; nothing is kept before "Save"."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Settings"))
        self.setMinimumWidth(520)
        self._settings = settings
        self.fields = {s: _field(s, settings.get(s)) for s in SETTINGS if s.title}
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(12)
        for setting, field in self.fields.items():
            field.setAccessibleName(_(setting.title))
            form.addRow("" if isinstance(field, QCheckBox) else _(setting.title), field)
            if setting.hint:
                form.addRow("", _hint(_(setting.hint)))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(16)
        title = QLabel(_("Settings"))
        title.setProperty("role", "heading")
        column.addWidget(title)
        column.addLayout(form)
        column.addLayout(self._buttons())

    def save(self) -> None:
        """Keep what stands in the fields; one that is out of range is marked and gets the focus."""
        values = {s: _value(s, f) for s, f in self.fields.items()}
        wrong = [s for s, value in values.items() if not s.accepts(value)]
        for setting, field in self.fields.items():
            field.setProperty("invalid", setting in wrong)
            field.style().unpolish(field)
            field.style().polish(field)
        if wrong:
            self.fields[wrong[0]].setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self._settings.set_many(values)
        self.accept()

    def _buttons(self) -> QHBoxLayout:
        cancel, save = QPushButton(_("Cancel")), QPushButton(_("Save"))
        cancel.setProperty("kind", "quiet")
        save.setProperty("kind", "primary")
        save.setDefault(True)
        cancel.clicked.connect(self.reject)
        save.clicked.connect(self.save)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(save)
        return row


def _field(setting: Setting[Any], value: Any) -> QWidget:
    """The field that fits a setting's type."""
    if setting.choices:
        return _choice(setting, value)
    if isinstance(value, bool):
        check = QCheckBox(_(setting.title))
        check.setChecked(value)
        return check
    text = QLineEdit(str(value))
    text.setMaxLength(64)
    return text


def _choice(setting: Setting[Any], value: Any) -> QComboBox:
    box = QComboBox()
    for choice, words in setting.choices:
        box.addItem(_(words), choice)
    box.setCurrentIndex(box.findData(value))
    return box


def _value(setting: Setting[Any], field: QWidget) -> Any:
    """What stands in a field, in the setting's type; None when it is no such thing."""
    if isinstance(field, QCheckBox):
        return field.isChecked()
    if isinstance(field, QComboBox):
        return field.currentData()
    text = field.text().strip() if isinstance(field, QLineEdit) else ""
    try:
        return type(setting.default)(text.replace("\u2212", "-"))
    except ValueError:
        return None


def _hint(words: str) -> QLabel:
    label = QLabel(words)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", "fact")
    label.setProperty("tone", "second")
    return label
