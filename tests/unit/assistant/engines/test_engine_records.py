"""Messages, states and estimates of the engine."""

import json
import typing
from dataclasses import is_dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.engines import protocol
from assistant.engines.durations import Durations
from assistant.engines.protocol import (
    ANSWERS,
    REQUESTS,
    Ask,
    Counts,
    Done,
    Part,
    Progress,
    Provenance,
    SharedPicture,
    Timings,
)
from assistant.engines.states import TRANSITIONS, EngineState, follow
from viewer.channel import ChannelError, decode, encode

KNOWN = {kind.__name__: kind for kind in (*REQUESTS, *ANSWERS)}


@pytest.mark.parametrize("kind", [*REQUESTS, *ANSWERS], ids=lambda kind: kind.__name__)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_message_crosses_the_pipe_unchanged(kind, data):
    message = data.draw(st.from_type(kind))
    sent = encode(message)
    arrived = decode(sent, KNOWN)
    assert type(arrived) is kind
    assert encode(arrived) == sent  # NaN is no equal of itself, so bytes are compared


def test_every_record_is_frozen_and_documented():
    records = [
        value
        for value in vars(protocol).values()
        if isinstance(value, type) and is_dataclass(value)
    ]
    for record in records:
        assert record.__dataclass_params__.frozen, record
        assert record.__doc__
        assert "__slots__" in vars(record)


def test_wrong_kinds_of_parts_are_refused():
    plain = {"type": "Ask", "id": 1, "patient": "A", "pictures": []}
    part = {"kind": "system", "text": "x", "image": -1}
    with pytest.raises(ChannelError):
        decode(json.dumps({**plain, "parts": [part]}).encode(), KNOWN)


def test_prompt_of_the_largest_volume_fits_into_one_message():
    pictures = tuple(
        SharedPicture("psm_12345678", i * 896 * 896 * 3, 896, 896, "f" * 64, "p" * 64)
        for i in range(125)
    )
    parts = tuple(p for i in range(125) for p in (Part("image", image=i), Part("ours", "SLICE")))
    assert len(encode(Ask(1, "p" * 64, parts, pictures))) < 100_000


def test_every_state_can_fail_and_be_left():
    assert set(TRANSITIONS) == set(EngineState)
    for state, after in TRANSITIONS.items():
        assert {EngineState.FAILED, EngineState.ABSENT} <= after
        assert follow(state, state) is state


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (EngineState.ABSENT, EngineState.WRITING),
        (EngineState.FAILED, EngineState.IDLE),
        (EngineState.WRITING, EngineState.READING),
        (EngineState.STOPPING, EngineState.WRITING),
    ],
)
def test_states_that_cannot_follow_are_a_bug(old, new):
    with pytest.raises(ValueError, match=f"{new.value} after {old.value}"):
        follow(old, new)


def done(**timings) -> Done:
    values = {
        name: {str: "", int: 0, float: 0.0}.get(hint, ())
        for name, hint in typing.get_type_hints(Provenance).items()
    }
    record = Provenance(**{**values, "metadata": {}, "model_name": "M"})
    counts = Counts(images_encoded=2, tokens_evaluated=100)
    return Done(1, "end", counts, Timings(**timings), record)


def test_estimates_are_the_median_of_what_was_seen(tmp_path):
    durations = Durations(tmp_path / "seen.json")
    for encode_s in (20.0, 90.0, 24.0):
        durations.learn(done(encode=encode_s, prompt=5.0, first_token=6.0, total=16.0))
    again = Durations(tmp_path / "seen.json")
    three_images = Progress(1, "encode", 0, 27, 0, 3)
    names = ("m.gguf", "M")
    assert again.expected_in(EngineState.ENCODING, names, three_images) == 36.0
    assert again.expected_in(EngineState.READING, names, Progress(1, "read", 0, 200)) == 10.0
    assert again.expected_in(EngineState.WRITING, names, None) == 10.0
    assert again.expected_in(EngineState.ENCODING, ("", "other"), three_images) is None


def test_stopped_answers_teach_nothing():
    durations = Durations()
    stopped = done(encode=1.0, total=1.0)
    durations.learn(Done(1, "stopped", stopped.counts, stopped.timings, stopped.provenance))
    assert durations.expected_s("encoding", "M") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"load m": ["x", null, 1e999, -4]}'])
def test_broken_history_starts_anew(tmp_path, text):
    path = tmp_path / "seen.json"
    path.write_text(text)
    durations = Durations(path)
    assert durations.expected_s("load", "m") is None
    durations.add("load", "m", 2.0)
    assert Durations(path).expected_s("load", "m") == 2.0


def test_history_stays_short(tmp_path):
    durations = Durations(tmp_path / "seen.json")
    for i in range(300):
        durations.add("load", f"m{i}", 1.0)
    assert len(json.loads((tmp_path / "seen.json").read_text())) == 200
