"""The real window in a process of its own, acted in step by step; each step is told when done.

Run as ``python driven_window.py JOURNEY``. JOURNEY is a JSON file, of which all keys but the steps
may be missing::

    {"steps": [["open", "/folder"], ["ask", "What is this?"], ["close"]], "ticked": true,
     "umask": 18, "script": "answers of tests/support/scripted_engine.py", "looked_s": 1.0,
     "retry_s": 10.0, "rounds": 0}

Standard output has a line of JSON for each thing that is done: ``{"did": step, ...facts}``. Facts
are told only after the window was painted with them. The last line holds what was watched all
through: sentences, titles, and in milliseconds the longest that the event loop took for a turn.

With ``rounds`` the journey is gone as often, each time in a new process that is forked when a line
comes on standard input: what can be loaded before the first window is loaded once.
"""

import json
import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtGui import Qt as Rich
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox

from app import start, wiring
from app.window.start_page import NOTICE_VERSION

LOOK_MS = 5
PATIENCE_S = 40.0
SCRIPTED = str(Path(__file__).with_name("scripted_engine.py"))


def tell(**facts):
    """Write a line that is whole or not there, whatever happens to this process."""
    os.write(1, json.dumps(facts).encode() + b"\n")


class Driver(QObject):
    """Does one step after the other; a step is a generator that yields what it waits for."""

    def __init__(self, program, steps):
        super().__init__()
        self.program, self.window = program, program.window
        self.steps = iter(steps)
        self.running = iter(())
        self.awaited = lambda: program.parts is not None and program.parts.assisting is not None
        self.until = time.monotonic() + PATIENCE_S
        self.last = time.monotonic()
        self.gap_s = 0.0
        self.gaps_ms = {}
        self.phase = "start"
        self.sentences, self.titles = [], set()
        self.grown = ("", 0)
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.setInterval(LOOK_MS)
        self.timer.timeout.connect(self.look_or_end)
        self.timer.start()

    def look_or_end(self):
        """A fault of this driver is no fault of the program's."""
        try:
            self.look()
        except Exception:  # noqa: BLE001
            traceback.print_exc()
            os._exit(4)

    def look(self):
        now = time.monotonic()
        gap_ms = round(1000 * (now - self.last))
        self.gaps_ms[self.phase] = max(gap_ms, self.gaps_ms.get(self.phase, 0))
        self.watch()
        if self.awaited():
            self.go_on()
        elif now > self.until:
            tell(stuck=self.phase, sentences=self.sentences)
            os._exit(3)
        self.last = now

    def watch(self):
        sentence = self.window.notices.sentence
        if not self.sentences or self.sentences[-1] != sentence:
            self.sentences.append(sentence)
        if self.phase in {"ask", "find"}:
            self.tell_growth()
        self.titles |= {w.windowTitle() for w in QApplication.topLevelWidgets()}

    def tell_growth(self):
        """How much of an answer is on the screen, whenever that grew."""
        turn = self.asking.conversation.last
        if turn is not None and turn.is_running and (turn.id, len(turn.answer)) != self.grown:
            self.grown = (turn.id, len(turn.answer))
            tell(grown=turn.id, chars=len(turn.answer))

    def go_on(self):
        self.until = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.awaited = next(self.running)
            except StopIteration:
                step = next(self.steps, None)
                if step is None:
                    self.timer.stop()
                    return
                self.phase = step[0]
                self.running = getattr(self, f"do_{step[0]}")(*step[1:])
            else:
                return

    # Steps

    def do_tick(self):
        """Tick the notice."""
        QTest.mouseClick(self.window.start_page.tick, Qt.MouseButton.LeftButton, pos=QPoint(8, 12))
        yield lambda: self.window.is_accepted
        tell(did="tick")

    def do_open(self, *paths):
        """Drop paths onto the window and wait until all is read and every tile has its picture."""
        began = time.monotonic()
        self.drop(*paths)
        yield lambda: self.shelf.scan is None and bool(self.shelf.library.patients)
        yield self.has_pictures
        tell(
            did="open",
            took_s=time.monotonic() - began,
            patients=[p.facts.id for p in self.shelf.library.patients],
            images=sum(s.frame_count for _p, _s, s in self.shelf.library.all_series()),
            marks=[m.id for m in self.marks],
            confirmed=[m.id for m in self.marks if m.status == "confirmed"],
            turns=self.turns(),
        )

    def do_drop(self, *paths):
        """Drop paths onto the window and go on while they are read."""
        self.drop(*paths)
        yield lambda: self.shelf.scan is not None
        tell(did="drop")

    def do_shown(self):
        """Wait until every tile has its picture."""
        yield self.has_pictures
        tell(did="shown", is_read=self.shelf.scan is None)

    def do_read(self):
        """Wait until all that was dropped is read."""
        yield lambda: self.shelf.scan is None
        library = self.shelf.library
        tell(
            did="read",
            images=sum(s.frame_count for _p, _s, s in library.all_series()),
            skipped=len(library.skipped),
        )

    def do_show(self, patient_id):
        """Show the first series of a patient in the active tile."""
        uid = next(
            s.uid for p, _study, s in self.shelf.library.all_series() if p.facts.id == patient_id
        )
        self.parts.grid.show_in_tile(self.program.store.state.nav.active, uid)
        yield self.has_pictures
        yield from self.painted()
        tell(did="show", marks=self.findings(), turns=self.turns())

    def do_mark(self):
        """Draw a length, or drag one that is in the way."""
        tile = self.parts.grid.active_viewport
        self.window.commands["tool.length"].trigger()
        before = set(self.marks)
        down = 0.15 + 0.7 * (len(before) % 23) / 23
        places = [QPoint(round(x * tile.width()), round(down * tile.height())) for x in (0.4, 0.6)]
        QTest.mousePress(tile, Qt.MouseButton.LeftButton, pos=places[0])
        QTest.mouseMove(tile, (places[0] + places[1]) / 2)
        QTest.mouseMove(tile, places[1])
        QTest.mouseRelease(tile, Qt.MouseButton.LeftButton, pos=places[1])
        yield lambda: bool(set(self.marks) - before)
        yield from self.painted()
        tell(did="mark", id=next(m.id for m in self.marks if m not in before))

    def do_ask(self, words):
        """Type a question, send it, and wait for the end of its answer."""
        yield from self.send(words)
        yield lambda: not self.asking.is_running
        yield from self.painted()
        tell(did=self.phase, **self.turns()[-1])

    def do_send(self, words):
        """Type a question, send it, and wait for its first words."""
        yield from self.send(words)
        yield lambda: any(t.answer for t in self.asking.conversation.turns[-1:])
        tell(did="send", id=self.asking.conversation.last.id)

    def do_answered(self):
        """Wait for the end of the answer."""
        yield lambda: not self.asking.is_running
        yield from self.painted()
        tell(did="answered", **self.turns()[-1])

    def do_find(self, words):
        """Ask where something is, by the chip."""
        chip = next(c for c in self.panel.chips.chips() if c.text().startswith("Where"))
        QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
        yield from self.do_ask(words)

    def do_confirm(self):
        """Confirm the newest finding that is still open, once its image was looked at."""
        found = [m for m in self.marks if m.by_model and m.status == "open"]
        if not found:
            return
        mark = found[-1]
        listed = self.panel.findings
        rows = [row.id for row in listed.rows_model.rows]

        def confirmed():
            return any(m.id == mark.id and m.status == "confirmed" for m in self.marks)

        def is_confirmed():
            if not confirmed():
                listed.setCurrentIndex(listed.rows_model.index(rows.index(mark.id)))
                QTest.keyClick(listed, Qt.Key.Key_Return)
            return confirmed()

        yield is_confirmed
        yield from self.painted()
        tell(did="confirm", id=mark.id)

    def do_kill(self, what):
        """Kill -9 what works for the window: "engine", "scanners" or "decoders"."""
        services = self.parts.services
        pids = {
            "engine": lambda: [services.engine.pid] if services.engine.pid else [],
            "scanners": services.workers.scanner_pids,
            "decoders": services.workers.decoder_pids,
        }[what]
        yield lambda: bool(pids())
        killed = list(pids())
        for pid in killed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        tell(did="kill", what=what, pids=killed)

    def do_fail(self, words):
        """A bug whose message has these words, on a thread, in a job, and in the event loop."""

        def bug():
            folder = Path(words)
            raise RuntimeError(f"{folder} {words}")

        def work(_cancel):
            bug()
            yield

        self.program.jobs.start("bug", work)
        QTimer.singleShot(0, bug)
        yield lambda: any(isinstance(w, QMessageBox) for w in QApplication.topLevelWidgets())
        yield from self.painted()
        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QMessageBox):
                tell(did="fail", said=f"{dialog.text()} {dialog.informativeText()}")
                dialog.close()

    def do_fill(self, path):
        """Fill the disk that a file lies on."""
        with Path(path).open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        with Path(path).open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"0")
        tell(did="fill")
        yield lambda: True

    def do_free(self, path):
        """Make room again."""
        Path(path).unlink()
        tell(did="free")
        yield lambda: True

    def do_go(self, step):
        """Go on by so many images, and further while one cannot be shown: its reader was killed."""
        self.parts.grid.step(step)
        yield lambda: self.has_pictures() or self.is_refused()
        while self.is_refused():
            self.parts.grid.step(1)
            yield lambda: self.has_pictures() or self.is_refused()
        tell(did="go")

    def is_refused(self):
        scenes = [v.scene() for v in self.parts.grid.viewports if v.isVisible()]
        return any(s.message_kind == "error" for s in scenes if s.tile.series_uid)

    def do_planes(self):
        """Show three planes and 3D."""
        self.window.commands["planes"].trigger()
        yield self.has_pictures
        tell(did="planes")

    def do_wait(self, seconds):
        """Let time pass."""
        until = time.monotonic() + seconds
        yield lambda: time.monotonic() > until
        tell(did="wait")

    def do_until_file(self, path):
        """Wait until a file is there."""
        yield lambda: Path(path).exists()
        tell(did="until_file", sentence=self.window.notices.sentence)

    def do_until_sentence(self, words):
        """Wait until the bar below the images says something with these words, "" for nothing."""
        yield (
            lambda: (
                words in self.window.notices.sentence if words else not self.window.notices.sentence
            )
        )
        tell(did="until_sentence", sentence=self.window.notices.sentence)

    def do_words(self):
        """All that labels and lists of the window say, and whether a label is not plain text."""
        yield from self.painted()
        labels = [w for w in self.window.findChildren(QLabel) if w.text()]
        rich = [w.text() for w in labels if w.textFormat() != Qt.TextFormat.PlainText]
        browser = self.parts.browser.tree
        listed = []
        for row in range(browser.rowCount()):
            patient = browser.index(row, 0)
            study = browser.index(0, 0, patient)
            series = browser.index(0, 0, study)
            listed += [patient.data(), study.data(), series.data()]
        tips = [w.toolTip() for w in self.window.findChildren(QObject) if hasattr(w, "toolTip")]
        tell(
            did="words",
            labels=[w.text() for w in labels],
            rich=[text for text in rich if Rich.mightBeRichText(text)],
            tips=[tip for tip in tips if tip and Rich.mightBeRichText(tip)],
            listed=listed,
            findings=[(r.title, r.detail) for r in self.panel.findings.rows_model.rows],
            turns=[view.words() for view in self.panel.conversation_view.views],
        )

    def do_screenshot(self, path):
        """Keep what the window looks like."""
        yield from self.painted()
        self.window.grab().save(path)
        tell(did="screenshot")

    def do_close(self):
        """Close the window, which ends the program."""
        tell(
            did="close",
            gaps_ms=self.gaps_ms,
            sentences=self.sentences,
            titles=sorted(self.titles),
            children=[
                *self.parts.services.workers.scanner_pids(),
                *self.parts.services.workers.decoder_pids(),
            ],
        )
        self.timer.stop()
        self.window.close()
        yield lambda: False

    # What steps need

    @property
    def parts(self):
        return self.program.parts

    @property
    def shelf(self):
        return self.program.shelf

    @property
    def asking(self):
        return self.parts.assisting.asking

    @property
    def panel(self):
        return self.parts.assisting.panel

    @property
    def marks(self):
        return self.program.store.state.doc.annotations

    def drop(self, *paths):
        carried = QMimeData()
        carried.setUrls([QUrl.fromLocalFile(p) for p in paths])
        middle = self.window.rect().center()
        how = (Qt.DropAction.CopyAction, carried, Qt.MouseButton.LeftButton)
        none = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(self.window, QDragEnterEvent(middle, *how, none))
        QApplication.sendEvent(self.window, QDropEvent(QPointF(middle), *how, none))

    def has_pictures(self):
        scenes = [v.scene() for v in self.parts.grid.viewports if v.isVisible()]
        shown = [s for s in scenes if s.tile.series_uid]
        return bool(shown) and all(s.stored is not None or s.volume is not None for s in shown)

    def send(self, words):
        field = self.panel.question.words
        known = len(self.asking.conversation.turns)
        QTest.keyClicks(field, words)
        QTest.keyClick(field, Qt.Key.Key_Return)
        yield lambda: len(self.asking.conversation.turns) > known
        yield from self.painted()
        tell(did="sent", id=self.asking.conversation.last.id)

    def painted(self):
        """Wait until the window was painted as it is now."""
        self.window.repaint()
        for viewport in self.parts.grid.viewports:
            viewport.repaint()
        yield lambda: True

    def findings(self):
        return [m.id for m in self.marks if m.by_model]

    def turns(self):
        return [
            {"id": t.id, "question": t.question, "state": t.state, "answer": t.answer,
             "error": t.error, "seen": len(t.seen), "findings": list(t.findings)}
            for t in self.asking.conversation.turns
        ]  # fmt: skip


def prepare(journey):
    """Set what the journey wants to be otherwise than on a reader's computer."""
    from app.asking import looked
    from app.library import history
    from app.paths import make_paths
    from app.settings import NOTICE, Settings
    from assistant.engines.process import Engine

    os.umask(journey.get("umask", 0o022))
    if journey.get("ticked", True):
        Settings(make_paths().settings).set(NOTICE, NOTICE_VERSION)
    if "script" in journey:
        Engine.__init__.__kwdefaults__["module"] = SCRIPTED
        Engine.__init__.__kwdefaults__["arguments"] = (journey["script"],)
    looked.LEAST_S = journey.get("looked_s", looked.LEAST_S)
    retry_s = journey.get("retry_s", history.RETRY_S)
    history.History.__init__.__kwdefaults__["retry_s"] = retry_s


def main(path):
    journey = json.loads(Path(path).read_text(encoding="utf-8"))
    prepare(journey)

    class Driven(wiring.Program):
        """The real program, with somebody at it."""

        def __init__(self, *given, **named):
            super().__init__(*given, **named)
            self.driver = Driver(self, journey["steps"])

    wiring.Program = Driven
    for _round in range(journey.get("rounds", 0)):
        if fork_and_wait():
            break
    else:
        if "rounds" in journey:
            return
    sys.exit(start.run(journey.get("paths", [])))


def fork_and_wait():
    """Fork when a line comes: True in the child; the parent waits until it ended somehow."""
    import app.asking.assisting
    import app.filling  # noqa: F401

    if not sys.stdin.readline():
        sys.exit(0)
    child = os.fork()
    if child:
        tell(pid=child)
        os.waitpid(child, 0)
        tell(ended=child)
    return not child


if __name__ == "__main__":
    main(sys.argv[1])
