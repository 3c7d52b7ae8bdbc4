"""Choosing a model: what fits, the licence, the download, files on this computer."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from assistant.engines.process import Engine
from assistant.models.catalog import CATALOG, LICENCE_VERSION
from assistant.models.download import place_of
from assistant.models.installed import default_pair, installed, pairs_in
from assistant.models.messages import Fetched, Fetching
from assistant.panel.identity_dialog import IdentityDialog
from assistant.panel.model_dialog import ModelActions, ModelDialog
from viewer.errors import UserError
from viewer.jobs import Jobs
from viewer.widgets import style


@pytest.fixture(autouse=True)
def themed(qapp):
    style.install(qapp)


class Desk:
    """Jobs whose parts arrive when the test looks, and a note of accepted licences."""

    def __init__(self) -> None:
        self.calls: list = []
        self.bugs: list = []
        self.accepted: set = set()
        self.jobs = Jobs(self.calls.append, self.bugs.append)
        self.engine = Engine()

    def run(self) -> None:
        while self.calls:
            self.calls.pop(0)()
        assert not self.bugs

    def actions(self, folder: Path, fetch=None, free_bytes: int = 16 << 30) -> ModelActions:
        return ModelActions(
            engine=self.engine,
            jobs=self.jobs,
            folder=folder,
            accept=lambda model, version: self.accepted.add((model, version)),
            has_accepted=lambda model, version: (model, version) in self.accepted,
            fetch=fetch,
            free_bytes=lambda: free_bytes,
        )


@pytest.fixture
def desk():
    made = Desk()
    yield made
    made.jobs.close()
    made.engine.close()


def until(qtbot, desk, holds) -> None:
    def look() -> bool:
        desk.run()
        return holds()

    qtbot.waitUntil(look, timeout=15_000)


def test_what_ships_can_be_used_at_once(qtbot, desk, tmp_path) -> None:
    dialog = ModelDialog(desk.actions(tmp_path))
    qtbot.addWidget(dialog)
    assert dialog.action.text() == "Use"
    assert not dialog.licence.isVisibleTo(dialog)
    with qtbot.waitSignal(dialog.chosen) as found:
        qtbot.mouseClick(dialog.action, Qt.MouseButton.LeftButton)
    assert found.args == [default_pair().model, default_pair().projector]


def test_sizes_and_memory_are_said(qtbot, desk, tmp_path) -> None:
    dialog = ModelDialog(desk.actions(tmp_path, free_bytes=6 << 30))
    qtbot.addWidget(dialog)
    words = [row.words for row in dialog.rows]
    assert words[1].title == "MedGemma 1.5 4B · Q4_K_M"
    assert (words[1].size, words[1].memory, words[1].badge) == (
        "3.34 GB", "needs 5.2 GB memory", "Fits",
    )  # fmt: skip
    assert words[3].memory == "more than this computer has free"
    assert words[3].badge == ""


def test_nothing_is_fetched_before_the_licence_is_accepted(qtbot, desk, tmp_path) -> None:
    dialog = ModelDialog(desk.actions(tmp_path))
    qtbot.addWidget(dialog)
    dialog.rows[1].setChecked(True)
    assert dialog.licence.isVisibleTo(dialog)
    assert not dialog.action.isEnabled()
    assert dialog.action.toolTip() == "Accept the licence first."
    dialog.accepted_box.setChecked(True)
    assert dialog.action.isEnabled()
    assert desk.accepted == set()


def test_a_download_says_how_far_it_is_and_is_used_at_its_end(qtbot, desk, tmp_path) -> None:
    entry = CATALOG[0]

    def fetch(wanted, folder, _cancel):
        yield Fetching(wanted.files[0].name, 1_210_000_000, wanted.files[0].size_bytes)
        place = place_of(wanted, folder)
        place.mkdir()
        for file in wanted.files:
            (place / file.name).write_bytes(b"x")
            yield Fetched(file.name, "", file.size_bytes)

    dialog = ModelDialog(desk.actions(tmp_path, fetch))
    qtbot.addWidget(dialog)
    dialog.rows[1].setChecked(True)
    dialog.accepted_box.setChecked(True)
    said = []
    dialog.progress.valueChanged.connect(lambda _v: said.append(dialog.progress_words.text()))
    chosen = []
    dialog.chosen.connect(lambda model, projector: chosen.append((model.name, projector.name)))
    qtbot.mouseClick(dialog.action, Qt.MouseButton.LeftButton)
    until(qtbot, desk, lambda: bool(chosen))
    assert desk.accepted == {(entry.id, LICENCE_VERSION)}
    assert said[0] == "1.21 GB of 3.34 GB"
    assert chosen == [(entry.files[0].name, entry.files[1].name)]


def test_a_failed_download_says_why_and_can_be_tried_again(qtbot, desk, tmp_path) -> None:
    def fetch(_entry, _folder, _cancel):
        yield Fetching("m.gguf", 1, 2)
        raise UserError("The connection failed. What was fetched is kept: try again.")

    dialog = ModelDialog(desk.actions(tmp_path, fetch))
    qtbot.addWidget(dialog)
    dialog.rows[1].setChecked(True)
    dialog.accepted_box.setChecked(True)
    qtbot.mouseClick(dialog.action, Qt.MouseButton.LeftButton)
    until(qtbot, desk, lambda: "try again" in dialog.sentence.text())
    assert dialog.action.isEnabled()


def test_files_that_belong_together_are_chosen(qtbot, desk, tmp_path) -> None:
    pair = default_pair()
    dialog = ModelDialog(desk.actions(tmp_path))
    qtbot.addWidget(dialog)
    chosen = []
    dialog.chosen.connect(lambda *paths: chosen.append(paths))
    dialog.choose_files([pair.model])  # its projector lies beside it
    until(qtbot, desk, lambda: bool(chosen))
    assert chosen == [(pair.model, pair.projector)]


def test_files_that_are_no_models_are_refused_with_a_reason(qtbot, desk, tmp_path) -> None:
    wrong = tmp_path / "wrong.gguf"
    wrong.write_text("no model")
    dialog = ModelDialog(desk.actions(tmp_path))
    qtbot.addWidget(dialog)
    chosen = []
    dialog.chosen.connect(lambda *paths: chosen.append(paths))
    dialog.choose_files([wrong])
    looking = "Looking at the files …"
    until(qtbot, desk, lambda: dialog.sentence.text() not in {"", looking})
    assert chosen == []


def test_pairs_are_found_by_name(tmp_path) -> None:
    place = tmp_path / "a"
    place.mkdir()
    for name in ("m.gguf", "n.gguf", "mmproj-F16.gguf"):
        (place / name).touch()
    assert [p.model.name for p in pairs_in(place)] == ["m.gguf", "n.gguf"]
    assert len(installed(tmp_path)) == 2
    assert installed(tmp_path / "absent") == ()


def test_the_catalogue_is_whole() -> None:
    for entry in CATALOG:
        model, projector = entry.files
        assert model.name.endswith(".gguf")
        assert projector.name.startswith("mmproj")
        assert all(len(f.sha256) in {0, 64} for f in entry.files)
        assert entry.size_bytes < entry.needs_bytes
    assert len({entry.id for entry in CATALOG}) == len(CATALOG)


def test_a_doubtful_identity_is_not_compared_by_default(qtbot) -> None:
    dialog = IdentityDialog("It is doubtful.", ["ID: 2 (prior), 1 (current)"])
    qtbot.addWidget(dialog)
    assert dialog.cancel.isDefault()
    dialog.show()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == 0
