"""Asking whether two studies are of one patient, where the files leave it in doubt."""

from collections.abc import Sequence

from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from assistant.panel.markdown import visible
from assistant.panel.pieces import label
from viewer.words import _


class IdentityDialog(QDialog):
    """Both identities beside each other; the default is not to compare."""

    def __init__(self, sentence: str, lines: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Same patient?"))
        self.setProperty("surface", "dialog")
        self.setMinimumWidth(480)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setSpacing(8)
        layout.addWidget(label(_("Same patient?"), role="heading"))
        layout.addWidget(label(visible(sentence), wrap=True))
        for line in lines:
            layout.addWidget(label(visible(line), tone="second", wrap=True))
        hint = _("Your choice is recorded with the answer.")
        layout.addWidget(label(hint, role="fact", tone="second"))
        layout.addSpacing(12)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        self.compare = QPushButton(_("Compare them"))
        self.compare.setProperty("kind", "quiet")
        self.compare.clicked.connect(self.accept)
        self.cancel = QPushButton(_("Cancel"))
        self.cancel.setDefault(True)
        self.cancel.clicked.connect(self.reject)
        buttons.addWidget(self.compare)
        buttons.addWidget(self.cancel)
        layout.addLayout(buttons)
        self.cancel.setFocus()


def ask_identity(parent: QWidget, sentence: str, lines: Sequence[str]) -> bool:
    """Ask; True only when a person says that they are one patient."""
    return IdentityDialog(sentence, lines, parent).exec() == QDialog.DialogCode.Accepted
