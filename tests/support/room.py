"""A program without a window: everything a question needs, an engine with written answers."""

import json
import queue
import time
from pathlib import Path

from app.asking.asking import Asking, World
from app.library.history import History
from app.store import Store
from assistant.engines.durations import Durations
from assistant.engines.process import Engine
from viewer import edits
from viewer.jobs import Jobs
from viewer.reading.frames import Frames
from viewer.reading.grouping import group
from viewer.reading.workers import Found, Workers
from viewer.study import Library

SCRIPTED = Path(__file__).with_name("scripted_engine.py")
STEP_S = 0.02


class Room:
    """What ``wiring`` makes, for a test: ``until`` runs what was posted until something holds."""

    def __init__(self, folder: Path, **script) -> None:
        self.script_path = folder / "script.json"
        self.script(**script)
        self.calls = queue.SimpleQueue()
        self.bugs: list[BaseException] = []
        self.troubles: list[str] = []
        self.conversations = []
        self.subjects = []
        self.library = Library()
        self.workers = Workers(count=1)
        self.frames = Frames(self.workers)
        self.store = Store()
        self.jobs = Jobs(self.calls.put, self.bugs.append)
        self.engine = Engine(module=str(SCRIPTED), arguments=(str(self.script_path),))
        self.engine.choose(Path("m.gguf"), Path("mmproj.gguf"))
        self.history = History(folder / "work.db", self.troubles.append)
        self.world = World(
            store=self.store,
            jobs=self.jobs,
            engine=self.engine,
            frames=self.frames,
            history=self.history,
            library=lambda: self.library,
            durations=Durations(),
        )
        self.asking = Asking(
            self.world,
            on_conversation=self.conversations.append,
            on_subject=self.subjects.append,
        )
        self.store.subscribe(self.asking.apply)

    def script(self, **script) -> None:
        """What the engine says from now on."""
        self.script_path.write_text(json.dumps(script), encoding="utf-8")

    def open(self, *paths: Path) -> "Room":
        """Read what lies at paths and show the first series."""
        found = [
            p.instance for p in self.workers.scan([str(p) for p in paths]) if isinstance(p, Found)
        ]
        self.frames.add(found)
        self.library = group(found)
        self.asking.refresh()
        first = next(s for _p, _st, s in self.library.all_series() if s.stacks)
        self.store.apply(edits.show_series(0, first.uid))
        return self

    def run_posted(self) -> None:
        """Run what waits for the window's thread."""
        while not self.calls.empty():
            self.calls.get()()
        assert not self.bugs, self.bugs

    def until(self, holds, timeout_s: float = 20.0) -> None:
        """Run what is posted until ``holds()``."""
        end = time.monotonic() + timeout_s
        while not holds():
            assert time.monotonic() < end, "it never came"
            try:
                self.calls.get(timeout=STEP_S)()
            except queue.Empty:
                continue
            assert not self.bugs, self.bugs

    def ask(self, task_id: str, words: str = "") -> None:
        """Ask and wait for the end of the answer."""
        self.asking.ask_active(task_id, words)
        self.until(lambda: not self.asking.is_running)

    @property
    def turn(self):
        """The newest turn."""
        return self.asking.conversation.turns[-1]

    @property
    def marks(self):
        """What stands in the store."""
        return self.store.state.doc.annotations

    def asked(self) -> list[dict]:
        """Every question that the engine got."""
        path = Path(f"{self.script_path}.asked")
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def close(self) -> None:
        self.jobs.close()
        self.engine.close()
        self.frames.close()
        self.workers.close()
        self.history.close()


def answer_with(*boxes, label: str = "heart") -> str:
    """An answer as the model writes it, with boxes (y0, x0, y1, x1)."""
    items = [{"box_2d": list(box), "label": label} for box in boxes]
    return f"It is there. Final Answer: ```json{json.dumps(items)}```"
