"""A person at the panel, and whoever writes down what the engine will say."""

import json
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from assistant.engines.process import Engine

PATIENCE_MS = 30_000
SCRIPTED = str(Path(__file__).with_name("scripted_engine.py"))


class Engineer:
    """Puts an engine with written answers in the real one's place; made before the program is."""

    def __init__(self, path: Path, monkeypatch) -> None:
        self.path = path
        self.says(answer="Scripted answer.")
        defaults = Engine.__init__.__kwdefaults__
        monkeypatch.setitem(defaults, "module", SCRIPTED)
        monkeypatch.setitem(defaults, "arguments", (str(path),))

    def says(self, **script) -> None:
        self.path.write_text(json.dumps(script), encoding="utf-8")

    def was_asked(self) -> list[dict]:
        asked = Path(f"{self.path}.asked")
        return [json.loads(line) for line in asked.read_text().splitlines()]


class Asker:
    """Uses the panel of a reader's window."""

    def __init__(self, reader, qtbot) -> None:
        self._reader, self._qtbot = reader, qtbot
        self.panel = reader.program.parts.assisting.panel
        self.asking = reader.program.parts.assisting.asking

    def press_chip(self, words: str) -> None:
        chip = next(c for c in self.panel.chips.chips() if c.text().startswith(words))
        QTest.mouseClick(chip, Qt.MouseButton.LeftButton)

    def type(self, words: str) -> None:
        QTest.keyClicks(self.panel.question.words, words)
        QTest.keyClick(self.panel.question.words, Qt.Key.Key_Return)

    def wait(self, turns: int = 1) -> None:
        """Until so many turns stand there and none is being answered."""
        self.until(lambda: len(self.turns) == turns and not self.asking.is_running)

    def until(self, holds) -> None:
        self._qtbot.waitUntil(holds, timeout=PATIENCE_MS)

    @property
    def turns(self):
        return self.asking.conversation.turns

    def boxes(self) -> list[tuple[float, ...]]:
        marks = self._reader.state.doc.annotations
        return [(m.box.left, m.box.top, m.box.right, m.box.bottom) for m in marks]
