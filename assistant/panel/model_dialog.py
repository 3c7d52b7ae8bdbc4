"""Choosing a model: files on this computer, or MedGemma's by name after its licence.

The window reads no model file: the engine's child says what a file is, what fits and what it needs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from assistant.engines.process import Engine
from assistant.engines.protocol import Inspected
from assistant.models.catalog import (
    CATALOG,
    LICENCE,
    LICENCE_VERSION,
    LICENCE_WORDS,
    POLICY_URL,
    TERMS_URL,
    Entry,
)
from assistant.models.download import download, is_installed
from assistant.models.installed import Installed, default_pair
from assistant.models.messages import Fetched, Fetching
from assistant.notices import PHANTOM_MODEL
from assistant.panel.model_rows import ModelRow, RowWords, gigabytes
from assistant.panel.pieces import icon_label, label
from assistant.panel.progress import Pace
from viewer.children import free_memory_bytes
from viewer.errors import UserError
from viewer.jobs import Cancel, Jobs
from viewer.words import _

DOWNLOAD_SLOT: Final = "download model"
INSPECT_SLOT: Final = "inspect model"
_WIDTH: Final = 520
_PADDING: Final = 24


@dataclass(frozen=True, slots=True)
class ModelActions:
    """What the dialog works with; ``accept`` and ``has_accepted`` keep who accepted which licence.

    ``fetch`` downloads an entry; a test gives its own server.
    """

    engine: Engine
    jobs: Jobs
    folder: Path
    accept: Callable[[str, str], None]
    has_accepted: Callable[[str, str], bool]
    fetch: Callable[[Entry, Path, Cancel], Iterator[Fetching | Fetched]] | None = None
    catalog: Sequence[Entry] = CATALOG
    free_bytes: Callable[[], int] = free_memory_bytes


class ModelDialog(QDialog):
    """``chosen`` gives model and projector once they are there and fit each other."""

    chosen = Signal(Path, Path)

    def __init__(self, services: ModelActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._pace = Pace()
        self.setWindowTitle(_("Choose a model"))
        self.setProperty("surface", "dialog")
        self.setMinimumWidth(_WIDTH)
        self._rows = QButtonGroup(self)
        self.rows: list[ModelRow] = []
        self.licence = QWidget()
        self.accepted_box = QCheckBox(_("I accept the terms and the prohibited-use policy"))
        self.accepted_box.toggled.connect(self._show_choice)
        self.progress_words = label(role="strong")
        self.progress_more = label(role="fact", tone="second")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress_box = QWidget()
        self.sentence = label(role="fact", tone="warn", wrap=True)
        self.action = QPushButton()
        self.action.setProperty("kind", "primary")
        self.action.clicked.connect(self._act)
        self._lay_out()
        self.finished.connect(self._end)
        self.rows[0].setChecked(True)
        self._show_choice()

    def choose_files(self, paths: Sequence[Path]) -> None:
        """Have the engine look at files; a pair that fits is chosen, else it is said why not."""
        self.sentence.setText(_("Looking at the files …"))

        def work(_cancel: Cancel) -> Iterator[Inspected]:
            yield self._services.engine.inspect(_with_neighbours(paths))

        self._services.jobs.start(
            INSPECT_SLOT, work, on_part=self._take_inspected, on_end=self._say_error
        )

    # Laying out

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_PADDING, 20, _PADDING, 20)
        layout.setSpacing(0)
        layout.addWidget(label(_("Choose a model"), role="heading"))
        layout.addSpacing(4)
        words = _("It answers on this computer. Nothing about your images is sent.")
        layout.addWidget(label(words, tone="second", wrap=True))
        layout.addSpacing(12)
        for row in self._make_rows():
            layout.addWidget(row)
            layout.addSpacing(4)
        files = QPushButton(_("Choose files on this computer…"))
        files.setProperty("kind", "quiet")
        files.clicked.connect(self._ask_for_files)
        layout.addWidget(files, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addSpacing(8)
        self._lay_out_licence()
        layout.addWidget(self.licence)
        layout.addSpacing(12)
        self._lay_out_progress()
        layout.addWidget(self.progress_box)
        layout.addWidget(self.sentence)
        layout.addSpacing(12)
        layout.addLayout(self._foot())

    def _make_rows(self) -> list[ModelRow]:
        free = self._services.free_bytes()
        shipped = default_pair()
        self._add_row(ModelRow(_shipped_words(shipped), pair=shipped))
        for entry in self._services.catalog:
            pair = is_installed(entry, self._services.folder)
            self._add_row(ModelRow(_entry_words(entry, pair, free), entry=entry, pair=pair))
        return self.rows

    def _add_row(self, row: ModelRow) -> None:
        row.toggled.connect(self._show_choice)
        self._rows.addButton(row.radio)
        self.rows.append(row)

    def _lay_out_licence(self) -> None:
        self.licence.setProperty("surface", "card")
        self.licence.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(icon_label("file-text"))
        title = _("Licence: {name}").format(name=LICENCE)
        head.addWidget(label(title, role="strong"), 1)
        terms = QPushButton(_("Copy links to terms and policy"))
        terms.setProperty("kind", "link")
        terms.setToolTip(f"{TERMS_URL}\n{POLICY_URL}")
        terms.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(f"{TERMS_URL}\n{POLICY_URL}")
        )
        head.addWidget(terms)
        layout = QVBoxLayout(self.licence)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(label(_(LICENCE_WORDS), role="fact", tone="second", wrap=True))
        layout.addWidget(self.accepted_box)

    def _lay_out_progress(self) -> None:
        words = QHBoxLayout()
        words.setSpacing(8)
        words.addWidget(self.progress_words)
        words.addWidget(self.progress_more, 1)
        self.pause = QPushButton(_("Pause"))
        self.pause.setProperty("kind", "link")
        self.pause.clicked.connect(self._pause)
        words.addWidget(self.pause)
        layout = QVBoxLayout(self.progress_box)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.setSpacing(4)
        layout.addLayout(words)
        layout.addWidget(self.progress)
        self.progress_box.hide()

    def _foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(label(_("Checksum is verified before first use"), role="fact",
                             tone="second"), 1)  # fmt: skip
        cancel = QPushButton(_("Cancel"))
        cancel.setProperty("kind", "quiet")
        cancel.clicked.connect(self.reject)
        foot.addWidget(cancel)
        foot.addWidget(self.action)
        return foot

    # What is shown

    @property
    def row(self) -> ModelRow:
        """The row that is chosen."""
        return next((row for row in self.rows if row.radio.isChecked()), self.rows[0])

    def _show_choice(self) -> None:
        row = self.row
        has_to_be_fetched = row.pair is None
        is_running = self._services.jobs.is_running(DOWNLOAD_SLOT)
        self.licence.setVisible(row.entry is not None)
        if row.entry is not None and self._services.has_accepted(row.entry.id, LICENCE_VERSION):
            self.accepted_box.setChecked(True)
        is_accepted = self.accepted_box.isChecked() or row.entry is None
        self.action.setText(_("Download") if has_to_be_fetched else _("Use"))
        self.action.setEnabled(is_accepted and not is_running)
        self.action.setToolTip("" if is_accepted else _("Accept the licence first."))

    def _act(self) -> None:
        """Use what is here, or fetch it."""
        row = self.row
        if row.entry is not None:
            self._services.accept(row.entry.id, LICENCE_VERSION)
        if row.pair is not None:
            self._use(row.pair)
        elif row.entry is not None:
            self._download(row.entry)

    def _use(self, pair: Installed) -> None:
        self.chosen.emit(pair.model, pair.projector)
        self.accept()

    # Downloading

    def _download(self, entry: Entry) -> None:
        services = self._services
        fetch = services.fetch or _fetch
        self._pace = Pace()
        self.sentence.setText("")
        self.progress_box.show()
        self.progress_words.setText(_("Connecting …"))
        self.progress_more.setText("")
        services.jobs.start(
            DOWNLOAD_SLOT,
            lambda cancel: fetch(entry, services.folder, cancel),
            on_part=lambda part: self._show_progress(entry, part),
            on_end=lambda error: self._downloaded(entry, error),
        )
        self._show_choice()

    def _show_progress(self, entry: Entry, part: Fetching | Fetched) -> None:
        is_projector = part.name == entry.files[1].name
        before = entry.files[0].size_bytes if is_projector else 0
        done = before + (part.size_bytes if isinstance(part, Fetched) else part.done_bytes)
        total = max(entry.size_bytes, 1)
        self._pace.add(done)
        words = _("{done} of {total}").format(done=gigabytes(done), total=gigabytes(total))
        self.progress_words.setText(words)
        self.progress_more.setText(self._pace.words(total))
        self.progress.setRange(0, 1000)
        self.progress.setValue(min(round(done / total * 1000), 1000))

    def _downloaded(self, entry: Entry, error: UserError | None) -> None:
        self.progress_box.setVisible(error is not None)
        self._say_error(error)
        pair = is_installed(entry, self._services.folder)
        if pair is not None:
            self._use(pair)
        else:
            self._show_choice()

    def _pause(self) -> None:
        """End the download; the next one goes on from here."""
        self._services.jobs.cancel(DOWNLOAD_SLOT)
        self.progress_more.setText(_("Paused. Download goes on from here."))
        self._show_choice()

    # Files on this computer

    def _ask_for_files(self) -> None:
        names, _filter = QFileDialog.getOpenFileNames(
            self, _("Choose model and projector"), "", _("Model files (*.gguf)")
        )
        if names:
            self.choose_files([Path(name) for name in names])

    def _take_inspected(self, inspected: Inspected) -> None:
        """Use the pair that fits; say why there is none."""
        fitting = [pair for pair in inspected.pairs if pair.fits]
        if fitting:
            pair = fitting[0]
            self.sentence.setText(pair.sentence)
            model, projector = inspected.files[pair.model], inspected.files[pair.projector]
            self._use(Installed(Path(model.path), Path(projector.path)))
            return
        self.sentence.setText(_why_not(inspected))

    def _say_error(self, error: UserError | None) -> None:
        if error is not None:
            self.sentence.setText(error.sentence)

    def _end(self) -> None:
        for slot in (DOWNLOAD_SLOT, INSPECT_SLOT):
            self._services.jobs.cancel(slot)


def _fetch(entry: Entry, folder: Path, cancel: Cancel) -> Iterator[Fetching | Fetched]:
    return download(entry, folder, check=cancel.check)


def _with_neighbours(paths: Sequence[Path]) -> list[Path]:
    """The chosen files; for one alone also those beside it, which may be its other half."""
    if len(paths) != 1:
        return list(paths)
    beside = sorted(p for p in paths[0].parent.glob("*.gguf") if p != paths[0])
    return [paths[0], *beside[:8]]


def _why_not(inspected: Inspected) -> str:
    """Why no two of the files belong together."""
    for file in inspected.files:
        if file.sentence:
            return file.sentence
    if inspected.pairs:
        return inspected.pairs[0].sentence
    if any(file.role == "model" for file in inspected.files):
        return _("This is a model without its projector. Choose the mmproj file too.")
    return _("This is a projector without its model. Choose the model file too.")


def _shipped_words(pair: Installed) -> RowWords:
    return RowWords(
        title=_("Small model that ships with the program"),
        detail=_(PHANTOM_MODEL)
        if pair.is_phantom_only
        else _("Shows how asking works; its words mean nothing"),
        size=gigabytes(pair.size_bytes),
        badge=_("Here"),
    )


def _entry_words(entry: Entry, pair: Installed | None, free_bytes: int) -> RowWords:
    fits = not free_bytes or entry.needs_bytes <= free_bytes
    needs = _("needs {size:.1f} GB memory").format(size=entry.needs_bytes / 1e9)
    return RowWords(
        title=entry.title,
        detail=_(entry.words),
        size=gigabytes(entry.size_bytes),
        memory=needs if fits else _("more than this computer has free"),
        badge=_("Here") if pair is not None else _("Fits") if fits else "",
    )
