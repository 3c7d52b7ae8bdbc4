"""The one stylesheet of the application, made from the token table.

A widget says what it is by a property that is set before it is shown: ``kind`` on buttons
("primary", "quiet", "danger", "link", "chip", "tool"), ``tone`` on labels ("second", "disabled",
"warn", "err"), ``role`` on labels ("group", "title", "heading", "hero", "fact"), ``surface`` on
containers ("view", "window", "panel", "raised", "card", "dialog", "field").
"""

from string import Template
from typing import Final

from viewer.widgets.theme import Tokens

_SHEET: Final = Template("""
* { outline: none; }
QMainWindow, QWidget[surface="window"] { background: $window; }
QWidget[surface="panel"], QDialog { background: $panel; }
QWidget[surface="view"] { background: $view; }
QWidget[surface="raised"] { background: $raised; }
QWidget[surface="card"] { background: $panel; border: 1px solid $line; border-radius: 8px; }
QWidget[surface="field"] { background: $window; border: 1px solid $ctl; border-radius: 8px; }
QDialog, QWidget[surface="dialog"] { background: $raised; border: 1px solid $edge; }
QFrame[rule="true"] { background: $line; border: none; }

QLabel { background: transparent; }
QLabel[tone="second"] { color: $second; }
QLabel[tone="disabled"] { color: $dis; }
QLabel[tone="warn"] { color: $warn; }
QLabel[tone="err"] { color: $err; }
QLabel[role="fact"] { font-size: ${s12}px; }
QLabel[role="strong"] { font-weight: 600; font-size: ${s12}px; }
QLabel[role="group"] { font-weight: 600; }
QLabel[role="title"] { font-size: ${s15}px; font-weight: 600; }
QLabel[role="heading"] { font-size: ${s20}px; font-weight: 600; }
QLabel[role="hero"] { font-size: ${s28}px; font-weight: 600; }

QPushButton, QToolButton {
  background: $raised; color: $text; border: 1px solid transparent; border-radius: 6px;
  padding: 0 12px; min-height: 30px; font-weight: 500;
}
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed { background: $press; }
QPushButton:focus, QToolButton:focus {
  border: 2px solid $accent; padding: 0 11px; min-height: 28px;
}
QPushButton:disabled, QToolButton:disabled { color: $dis; background: $raised; }
QPushButton[kind="primary"] { background: $primary; color: $on_primary; }
QPushButton[kind="primary"]:hover { background: $primary_hover; }
QPushButton[kind="primary"]:pressed { background: $primary_press; }
QPushButton[kind="primary"]:disabled { background: $raised; color: $dis; }
QPushButton[kind="quiet"], QToolButton[kind="quiet"] { background: transparent; }
QPushButton[kind="quiet"]:hover, QToolButton[kind="quiet"]:hover { background: $hover; }
QPushButton[kind="quiet"]:pressed, QToolButton[kind="quiet"]:pressed { background: $press; }
QPushButton[kind="danger"] { color: $err; }
QPushButton[kind="link"] {
  background: transparent; color: $accent; padding: 0 4px; min-height: 24px;
}
QPushButton[kind="link"]:hover { color: $text; }
QPushButton[kind="link"]:disabled { color: $dis; }
QPushButton[kind="chip"] {
  background: transparent; border: 1px solid $ctl; border-radius: 14px; padding: 0 11px;
  min-height: 26px;
}
QPushButton[kind="chip"]:hover { background: $hover; border-color: $second; }
QPushButton[kind="chip"]:pressed { background: $press; }
QPushButton[kind="chip"]:checked { background: $sel; border-color: $accent; color: $accent; }
QPushButton[kind="chip"]:focus { border: 2px solid $accent; padding: 0 10px; min-height: 24px; }
QPushButton[kind="chip"]:disabled { color: $dis; border-color: $line; background: transparent; }
QToolButton[kind="tool"] {
  background: transparent; padding: 0; min-width: 30px; min-height: 30px;
}
QToolButton[kind="tool"]:hover { background: $hover; }
QToolButton[kind="tool"]:pressed { background: $press; }
QToolButton[kind="tool"]:checked { background: $sel; }
QToolButton[kind="tool"]:focus {
  border: 2px solid $accent; padding: 0; min-width: 28px; min-height: 28px;
}
QToolButton[kind="tool"]:disabled { background: transparent; }
QToolButton[kind="word"] { background: transparent; padding: 0 8px; }
QToolButton[kind="word"]:hover { background: $hover; }
QToolButton[kind="word"]:pressed { background: $press; }
QToolButton[kind="word"]:focus { border: 2px solid $accent; padding: 0 7px; }
QToolButton[kind="word"]:disabled { background: transparent; }
QToolButton[kind="send"] { background: $primary; min-height: 0; padding: 0; }
QToolButton[kind="send"]:hover { background: $primary_hover; }
QToolButton[kind="send"]:pressed { background: $primary_press; }
QToolButton[kind="send"]:disabled { background: $raised; }
QToolButton[kind="send"]:focus { border: 2px solid $accent; padding: 0; min-height: 0; }
QToolButton[kind="fold"], QToolButton[kind="name"] {
  background: transparent; padding: 0; min-height: 22px;
}
QToolButton[kind="fold"] { font-size: ${s12}px; font-weight: 400; color: $second; }
QToolButton[kind="fold"]:hover, QToolButton[kind="name"]:hover { color: $accent; }
QToolButton[kind="fold"]:focus, QToolButton[kind="name"]:focus {
  border: 1px solid $accent; padding: 0; min-height: 22px;
}
QWidget[pill="true"] { border-radius: 4px; }
QLabel[badge="true"] { background: $sel; border-radius: 6px; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QPlainTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {
  background: $window; border: 1px solid $ctl; border-radius: 6px; padding: 0 8px;
  min-height: 30px; selection-background-color: $primary; selection-color: $on_primary;
}
QLineEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {
  border: 2px solid $accent; padding: 0 7px; min-height: 28px;
}
QLineEdit QToolButton {
  background: transparent; border: none; padding: 0; min-height: 0; min-width: 0;
}
QLineEdit[invalid="true"] { border-color: $err; }
QLineEdit:disabled, QPlainTextEdit:disabled, QComboBox:disabled {
  color: $dis; border-color: $line;
}
QPlainTextEdit[bare="true"], QTextEdit[bare="true"], QTextBrowser {
  background: transparent; border: none; padding: 0; min-height: 0;
}
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus {
  background: transparent; border: none; padding: 0; min-height: 0;
}
QComboBox QAbstractItemView {
  background: $raised; border: 1px solid $edge; selection-background-color: $sel;
  selection-color: $text;
}
QCheckBox, QRadioButton { background: transparent; spacing: 8px; min-height: 24px; }
QCheckBox:disabled, QRadioButton:disabled { color: $dis; }

QTreeView, QListView, QTableView {
  background: $panel; border: none; selection-background-color: $sel; selection-color: $text;
}
QListView[rows="true"]::item { min-height: 28px; padding-left: 8px; border-radius: 4px; }
QTableView::item { padding: 4px 8px; }
QAbstractScrollArea { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 8px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 8px; margin: 0; }
QScrollBar::handle { background: $press; border-radius: 4px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $ctl; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
  background: transparent; border: none; width: 0; height: 0;
}

QSplitter::handle { background: $line; }
QSplitter::handle:hover { background: $accent; }

QMenu { background: $raised; border: 1px solid $edge; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 4px; }
QMenu::item:selected { background: $sel; }
QMenu::item:disabled { color: $dis; }
QMenu::separator { height: 1px; background: $edge; margin: 4px 8px; }
QMenu::icon { padding-left: 8px; }
QToolTip {
  background: $raised; color: $text; border: 1px solid $edge; padding: 5px 8px; border-radius: 6px;
}
QProgressBar { background: $press; border: none; border-radius: 1px; max-height: 3px; }
QProgressBar::chunk { background: $accent; border-radius: 1px; }
QSlider::groove:horizontal { height: 3px; background: $press; border-radius: 1px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 1px; }
QSlider::handle:horizontal {
  background: $text; width: 14px; height: 14px; margin: -6px 0; border-radius: 7px;
}
QTabBar::tab { background: transparent; padding: 6px 12px; color: $second; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QHeaderView::section {
  background: $panel; color: $second; border: none; padding: 4px 8px; font-weight: 600;
}
""")


def stylesheet(tokens: Tokens, scale: float = 1.0) -> str:
    """Fill the sheet with the tokens and with type sizes times ``scale``."""
    colors = {name: getattr(tokens, name) for name in tokens.__slots__}
    sizes = {f"s{size}": str(round(size * scale)) for size in (12, 15, 20, 28)}
    return _SHEET.substitute(colors | sizes)
