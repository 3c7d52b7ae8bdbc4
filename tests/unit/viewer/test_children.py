"""A child's end is a sentence; its noise is a log; it starts nowhere near the opened folder."""

import sys
from pathlib import Path

import pytest

from viewer.children import Child
from viewer.study import FrameRef

ECHO = Path(__file__).parents[2] / "support" / "echo_child.py"


@pytest.fixture
def child():
    started = Child(str(ECHO), what="The echo", known=(FrameRef,))
    yield started
    started.kill()
    started.outcome()


def test_messages_come_back_and_noise_goes_to_the_log(child):
    child.channel.send(FrameRef("1.2.3", 4))

    assert child.channel.receive() == FrameRef("1.2.3", 4)
    outcome = child.close()
    assert outcome.exit_code == 0
    assert "noise on standard output" in outcome.log


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_crash_is_named(child):
    child.channel.send(FrameRef("crash"))

    assert child.channel.receive() is None
    outcome = child.outcome()
    assert outcome.signal_name == "SIGSEGV"
    assert outcome.sentence == "The echo crashed (SIGSEGV)."


def test_an_exit_code_is_kept(child):
    child.channel.send(FrameRef("exit", 7))

    assert child.outcome().exit_code == 7


def test_a_child_does_not_start_in_the_current_folder(child, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    child.channel.send(FrameRef("cwd"))

    assert Path(child.channel.receive().sop_instance_uid) != tmp_path
