"""Background work: parts in order, a newer job replaces the older, errors are sentences."""

import queue
import threading

from viewer.errors import UserError
from viewer.jobs import Jobs


class Window:
    """Runs posted calls when the test says so, as a window's thread would."""

    def __init__(self) -> None:
        self.calls: queue.Queue = queue.Queue()
        self.bugs: list[BaseException] = []
        self.jobs = Jobs(self.calls.put, self.bugs.append)

    def run_until(self, done) -> None:
        while not done():
            self.calls.get(timeout=5)()


def test_parts_arrive_in_order_and_the_end_after_them():
    window, heard = Window(), []

    window.jobs.start("a", lambda cancel: iter(range(5)), heard.append, heard.append)
    window.run_until(lambda: len(heard) == 6)

    assert heard == [0, 1, 2, 3, 4, None]


def test_late_parts_of_a_replaced_job_never_arrive():
    window, heard, gate = Window(), [], threading.Event()

    def slow(cancel):
        yield "old 1"
        gate.wait(5)
        yield "old 2"

    window.jobs.start("open", slow, heard.append)
    window.run_until(lambda: heard == ["old 1"])
    window.jobs.start("open", lambda cancel: iter(["new"]), heard.append, heard.append)
    gate.set()
    window.run_until(lambda: None in heard)

    assert heard == ["old 1", "new", None]


def test_an_error_a_person_can_act_on_ends_the_job():
    window, ended = Window(), []

    def fails(cancel):
        yield 1
        raise UserError("Choose another folder.")

    window.jobs.start("a", fails, on_end=ended.append)
    window.run_until(lambda: ended)

    assert ended[0].sentence == "Choose another folder."
    assert not window.jobs.is_running("a")


def test_anything_else_is_a_bug_and_is_told():
    window, ended = Window(), []

    def fails(cancel):
        yield 1
        raise KeyError("x")

    window.jobs.start("a", fails, on_end=ended.append)
    window.run_until(lambda: ended)

    assert isinstance(window.bugs[0], KeyError)
