"""The engine as the program uses it: a real child, the tiny model, things going wrong."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from assistant.engines.process import Question
from assistant.engines.protocol import Encoded, Progress, Token
from assistant.engines.states import EngineState
from viewer.errors import Cancelled, UserError

WAIT_S = 20.0


def test_second_question_encodes_no_picture_and_reads_only_its_words(
    start, question, picture, finish
):
    engine = start()
    _text, first = finish(engine, question("Is the heart enlarged?", picture(1)))
    text, second = finish(engine, question("Where is the nodule?", picture(1)))
    assert (first.counts.images_encoded, first.counts.images_reused) == (1, 0)
    assert (second.counts.images_encoded, second.counts.images_reused) == (0, 1)
    assert second.counts.tokens_reused == 262
    assert second.counts.tokens_evaluated < 40
    assert second.timings.load < first.timings.load
    assert text


def test_same_question_gives_the_same_answer_after_a_restart(start, question, picture, finish):
    asked = question("What is this?", picture(1), max_tokens=24)
    engine = start()
    before, first = finish(engine, asked)
    engine.close()
    after, again = finish(start(), asked)
    assert before == after
    assert first.provenance == again.provenance


def test_provenance_names_files_prompt_and_pictures(start, tiny, question, picture, finish):
    engine = start()
    _text, done = finish(engine, question("What is this?", picture(1)))
    record = done.provenance
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in tiny]
    assert [record.model_sha256, record.projector_sha256] == digests
    assert record.picture_digests == (hashlib.sha256(picture(1).tobytes()).hexdigest(),)
    assert record.model_name == "Tiny stand-in model"
    assert record.quantization == "F16"
    assert engine.facts.model.is_stand_in
    assert any(device.kind == "cpu" for device in engine.facts.devices)


def test_pictures_encoded_ahead_are_not_encoded_again(start, question, picture, finish):
    engine = start()
    finish(engine, question("Warm?", picture(9)))
    ahead = list(engine.encode([picture(1), picture(2)], patient="A"))
    assert ahead[-1] == Encoded(ahead[-1].id, 2, 0, is_complete=True)
    _text, done = finish(engine, question("Compare.", picture(1), picture(2)))
    assert (done.counts.images_encoded, done.counts.images_reused) == (0, 2)


def test_encoding_ahead_gives_way_to_a_question(start, question, picture, finish):
    engine = start()
    list(engine.load())
    ahead = engine.encode([picture(i) for i in range(60)], patient="A")
    next(ahead)
    _text, done = finish(engine, question("Now?", picture(100)))
    assert done.stop == "answer_limit"
    assert not list(ahead)[-1].is_complete


def test_nothing_is_encoded_ahead_without_a_model(start, picture):
    engine = start()
    assert list(engine.encode([picture(1)], patient="A")) == []
    assert engine.pid is None


@pytest.mark.parametrize(
    ("stage", "state"),
    [
        ("encode", EngineState.ENCODING),
        ("read", EngineState.READING),
        ("write", EngineState.WRITING),
    ],
)
def test_stop_ends_every_stage_and_the_next_question_works(
    stage, state, start, question, picture, finish
):
    seen = []
    engine = start(n_ctx=8192, on_status=lambda status: seen.append(status.state))
    pictures = [picture(i) for i in range(24)]
    if stage == "read":
        list(engine.load())
        list(engine.encode(pictures, patient="A"))
    asked = question("Long?", *pictures, max_tokens=4000)
    events = engine.ask(asked)
    for event in events:
        if isinstance(event, Progress) and event.stage == stage:
            engine.stop()
            break
    rest = list(events)
    assert state in seen
    assert rest[-1].stop == "stopped"
    assert rest[-1].counts.answer_tokens < 4000
    assert engine.status.state is EngineState.IDLE
    _text, done = finish(engine, question("Next?", picture(1)))
    assert done.stop == "answer_limit"


def test_closing_the_iterator_stops_the_answer(start, question, picture, finish):
    engine = start()
    events = engine.ask(question("Long?", picture(1), max_tokens=4000))
    next(event for event in events if isinstance(event, Token))
    events.close()
    assert engine.status.state in {EngineState.STOPPING, EngineState.IDLE}
    _text, done = finish(engine, question("Next?", picture(1)))
    assert done.stop == "answer_limit"


def test_cancel_in_between_stops_the_answer(start, question, picture):
    engine = start()
    wanted = threading.Event()

    def check():
        if wanted.is_set():
            raise Cancelled

    events = engine.ask(question("Long?", picture(1), max_tokens=4000), check)
    next(event for event in events if isinstance(event, Token))
    wanted.set()
    with pytest.raises(Cancelled):
        list(events)


def test_second_question_while_one_is_answered_is_refused(start, question, picture):
    engine = start()
    events = engine.ask(question("Long?", picture(1), max_tokens=4000))
    next(event for event in events if isinstance(event, Token))
    with pytest.raises(UserError, match="still answering"):
        next(engine.ask(question("Me too?", picture(1))))
    events.close()


def test_killed_child_is_said_and_the_next_question_works(start, question, picture, finish):
    seen = []
    engine = start(on_status=lambda status: seen.append(status.state))
    events = engine.ask(question("Long?", picture(1), max_tokens=4000))
    next(event for event in events if isinstance(event, Token))
    before = engine.pid
    os.kill(before, signal.SIGKILL)
    with pytest.raises(UserError, match="ended by the system") as error:
        list(events)
    assert engine.status.state is EngineState.FAILED
    assert engine.status.sentence == error.value.sentence
    _text, done = finish(engine, question("Again?", picture(1)))
    assert done.stop == "answer_limit"
    assert engine.pid not in {None, before}
    assert seen[-1] is EngineState.IDLE


def test_killed_while_loading_is_said_too(start):
    engine = start()
    events = engine.load()
    next(events)
    os.kill(engine.pid, signal.SIGKILL)
    with pytest.raises(UserError, match="ended by the system"):
        list(events)
    assert list(engine.load())


def test_embeddings_of_a_killed_child_are_found_on_disk(start, question, picture, finish, tmp_path):
    engine = start(cache_folder=str(tmp_path / "cache"))
    finish(engine, question("What?", picture(1)))
    os.kill(engine.pid, signal.SIGKILL)
    with contextlib.suppress(UserError):
        finish(engine, question("What?", picture(1)))
    _text, done = finish(engine, question("What?", picture(1)))
    assert done.counts.images_reused == 1
    files = [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    assert files
    assert {p.stat().st_mode & 0o777 for p in files} == {0o600}


def test_nothing_of_one_patient_is_used_for_another(start, question, picture, finish, tmp_path):
    engine = start(cache_folder=str(tmp_path / "cache"))
    mine, theirs = (question("What?", picture(1), patient=p) for p in ("A", "B"))
    cold, _done = finish(engine, mine)
    other, done = finish(engine, theirs)
    assert (done.counts.images_reused, done.counts.tokens_reused) == (0, 0)
    assert other == cold
    for patient in "ABABAB":
        asked = question("What?", picture(1), patient=patient)
        again, done = finish(engine, asked)
        assert done.counts.tokens_reused == 262
        assert again == cold


def test_forgotten_patient_leaves_nothing_behind(start, question, picture, finish, tmp_path):
    engine = start(cache_folder=str(tmp_path / "cache"))
    finish(engine, question("What?", picture(1), patient="A"))
    finish(engine, question("What?", picture(1), patient="B"))
    engine.forget("A")
    _text, of_b = finish(engine, question("What?", picture(1), patient="B"))
    folders = [p for p in (tmp_path / "cache").iterdir() if p.is_dir()]
    assert len(folders) == 1
    _text, of_a = finish(engine, question("What?", picture(1), patient="A"))
    assert of_b.counts.tokens_reused == 262
    assert (of_a.counts.images_encoded, of_a.counts.tokens_reused) == (1, 0)


def test_question_that_names_a_missing_picture_is_refused(start, question, picture, finish):
    engine = start()
    asked = question("What?", picture(1))
    with pytest.raises(UserError, match="not there"):
        finish(engine, Question("A", asked.parts))
    _text, done = finish(engine, asked)
    assert done.stop == "answer_limit"


def test_question_longer_than_the_context_is_refused_with_numbers(start, question, picture, finish):
    engine = start(n_ctx=512)
    with pytest.raises(UserError, match=r"needs 5\d\d tokens .* for 512"):
        finish(engine, question("Compare.", picture(1), picture(2)))
    _text, done = finish(engine, question("What?", picture(1), max_tokens=1000))
    assert done.stop == "context_full"


def test_too_little_memory_is_refused_before_loading_with_numbers(start, question, finish):
    engine = start(free_bytes=100_000_000)
    with pytest.raises(UserError, match=r"needs 0\.2 GB of memory and 0\.1 GB are free"):
        list(engine.load())
    assert engine.status.state is EngineState.FAILED


def test_swapped_files_are_named(start, tiny):
    engine = start()
    engine.choose(tiny[1], tiny[0])
    with pytest.raises(UserError, match=r"tiny-mmproj\.gguf is a projector"):
        list(engine.load())


def test_unloading_gives_the_memory_back_and_loads_again_when_asked(
    start, question, picture, finish
):
    changed = threading.Event()
    engine = start(
        on_status=lambda status: changed.set() if status.state is EngineState.ABSENT else None
    )
    finish(engine, question("What?", picture(1)))
    engine.unload()
    assert changed.wait(WAIT_S)
    assert engine.facts is None
    _text, done = finish(engine, question("What?", picture(1)))
    assert done.timings.load > 0


def test_inspection_pairs_files_without_loading_them(start, tiny):
    engine = start()
    found = engine.inspect([*tiny, Path(__file__)])
    assert [f.role for f in found.files] == ["model", "projector", ""]
    assert "not a GGUF file" in found.files[2].sentence
    assert [(p.model, p.projector, p.fits, p.sentence) for p in found.pairs] == [(0, 1, True, "")]
    assert engine.status.state is EngineState.ABSENT


def test_history_gives_honest_waiting_times(start, question, picture, finish):
    seen = []
    engine = start(on_status=seen.append)
    finish(engine, question("What?", picture(1)))
    seen.clear()
    finish(engine, question("And this?", picture(2)))
    encoding = [s for s in seen if s.state is EngineState.ENCODING]
    assert all(s.expected_s > 0 for s in encoding)
    assert {s.images for s in encoding} == {1}


def test_picture_bytes_are_checked_in_the_child(start, question, picture, finish, monkeypatch):
    engine = start()
    list(engine.load())
    lend = engine._sharing.lend

    def lend_and_spoil(pictures, *, patient):
        arena, shared = lend(pictures, patient=patient)
        arena.view[0] ^= 0xFF
        return arena, shared

    monkeypatch.setattr(engine._sharing, "lend", lend_and_spoil)
    with pytest.raises(UserError, match="did not reach"):
        finish(engine, question("What?", picture(1)))


SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from assistant.engines.process import Engine, Question
from assistant.engines.protocol import Part, Settings
engine = Engine()
engine.choose(Path(sys.argv[1]), Path(sys.argv[2]), Settings(threads=1))
rgb = np.zeros((224, 224, 3), np.uint8)
parts = (Part("image", image=0), Part("untrusted", "http://example.com/a.png"))
print(list(engine.ask(Question("A", parts, (rgb,), max_tokens=4)))[-1].stop)
engine.close()
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not here")
def test_no_socket_is_opened(tiny, tmp_path):
    log = tmp_path / "network"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=%network", "-o", str(log), sys.executable, "-c",
         SCRIPT, *map(str, tiny)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "answer_limit", done.stderr
    assert "socket" not in log.read_text()


def test_child_knows_nothing_of_windows_or_images():
    """What the child imports stays light and apart from readers of foreign images."""
    code = "import sys, assistant.engines.child; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"PySide6", "vtkmodules", "pydicom", "imagecodecs", "SimpleITK", "numba"}
    assert not {name for name in loaded if name.startswith("viewer.")} - {
        "viewer.arena", "viewer.channel", "viewer.children", "viewer.errors", "viewer.limits",
        "viewer.words",
    }  # fmt: skip


def test_window_side_imports_no_llama():
    code = "import sys, assistant.engines.process; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & {"llama_cpp", "assistant.engines.gguf"}
