"""The window's side against an engine whose answers are known beforehand."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from assistant.engines.process import Engine
from assistant.engines.protocol import Progress, Token
from assistant.engines.states import EngineState
from viewer.arena import Arena
from viewer.errors import UserError

SCRIPTED = Path(__file__).resolve().parents[1] / "support" / "scripted_engine.py"


@pytest.fixture
def scripted(tmp_path):
    """A function from a script to an engine that answers by it."""
    made = []

    def make(**script):
        path = tmp_path / "script.json"
        path.write_text(json.dumps(script))
        engine = Engine(module=str(SCRIPTED), arguments=(str(path),))
        engine.choose(Path("model.gguf"), Path("mmproj.gguf"))
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()


BOX = 'Final Answer: ```json[{"box_2d": [400, 200, 600, 500], "label": "heart"}]```'


def test_written_answer_arrives_word_for_word(scripted, question, picture, finish):
    engine = scripted(answer=BOX, thought="thought\nlook left")
    events = list(engine.ask(question("Where is the heart?", picture(1))))
    said = {
        channel: "".join(e.text for e in events if isinstance(e, Token) and e.channel == channel)
        for channel in ("thought", "answer")
    }
    assert said == {"thought": "thought\nlook left", "answer": BOX}
    _text, done = finish(engine, question("And the lung?", picture(1)))
    assert (done.counts.images_encoded, done.counts.images_reused) == (0, 1)


def test_question_is_noted_for_tests(scripted, question, picture, finish, tmp_path):
    engine = scripted()
    finish(engine, question("Where?", picture(1), patient="P"))
    (line,) = (tmp_path / "script.json.asked").read_text().splitlines()
    noted = json.loads(line)
    assert noted["patient"] == "P"
    assert ["untrusted", "Where?", -1] in noted["parts"]
    assert noted["pictures"][0][:2] == [224, 224]


def test_failure_is_its_sentence(scripted, question, finish):
    with pytest.raises(UserError, match="The film is upside down"):
        finish(scripted(fail="The film is upside down."), question("x"))


def test_child_that_dies_in_an_answer_is_replaced(scripted, question, finish, tmp_path):
    engine = scripted(answer="one two three four", die_after_tokens=2)
    events = engine.ask(question("x"))
    words = []
    with pytest.raises(UserError, match="ended by the system"):
        words.extend(e.text for e in events if isinstance(e, Token))
    assert engine.status.state is EngineState.FAILED
    (tmp_path / "script.json").write_text(json.dumps({"answer": "well again"}))
    assert finish(engine, question("x"))[0] == "well again"


def test_state_is_seen_while_the_child_reads(scripted, question, tmp_path):
    go_on = tmp_path / "go on"
    engine = scripted(hold=str(go_on))
    events = engine.ask(question("x"))
    next(event for event in events if isinstance(event, Progress) and event.stage == "read")
    assert engine.status.state is EngineState.READING
    go_on.touch()
    assert list(events)[-1].stop == "end"


def test_stop_while_it_reads_ends_at_once(scripted, question, tmp_path):
    engine = scripted(hold=str(tmp_path / "never"))
    events = engine.ask(question("x"))
    next(event for event in events if isinstance(event, Progress) and event.stage == "read")
    began = time.monotonic()
    engine.stop()
    assert list(events)[-1].stop == "stopped"
    assert time.monotonic() - began < 5.0


def test_asking_without_a_model_says_what_to_do(question):
    with pytest.raises(UserError, match="Choose a model first"):
        list(Engine().ask(question("x")))


def test_garbage_from_a_child_is_named(question, tmp_path):
    module = tmp_path / "garbage.py"
    module.write_text("import sys, time\nsys.stdout.write('x' * 64)\nsys.stdout.flush()\n"
                      "sys.stdin.read()\n")  # fmt: skip
    engine = Engine(module=str(module))
    engine.choose(Path("m.gguf"), Path("p.gguf"))
    with pytest.raises(UserError, match="unreadable"):
        list(engine.ask(question("x")))
    engine.close()


def test_closing_leaves_no_process_and_no_shared_memory(scripted, question, picture, finish):
    engine = scripted()
    finish(engine, question("x", picture(1)))
    pid, arenas = engine.pid, [arena.name for arena in engine._sharing._spare]
    engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert arenas
    for name in arenas:
        with pytest.raises(FileNotFoundError):
            Arena.attach(name)


def test_pictures_share_an_arena_that_is_used_again(scripted, question, picture, finish):
    engine = scripted()
    finish(engine, question("x", picture(1)))
    (first,) = engine._sharing._spare
    finish(engine, question("y", picture(2)))
    assert engine._sharing._spare == [first]
    big = np.zeros((896, 896, 3), np.uint8)
    finish(engine, question("z", big, big))
    assert len(engine._sharing._spare) == 2
