"""The channel carries what was sent and refuses everything else."""

import contextlib
import io
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer import limits
from viewer.channel import Channel, ChannelError, decode, encode
from viewer.study import FrameRef, Skipped, SkipReason


@dataclass(frozen=True, slots=True)
class Sample:
    text: str
    count: int
    share: float
    way: Literal["up", "down"]
    pairs: tuple[tuple[int, float], ...] = ()
    ref: FrameRef | None = None
    table: Mapping[str, int] | None = None
    reason: SkipReason = SkipReason.INVALID


KNOWN = {"Sample": Sample, "Skipped": Skipped}


@given(
    st.text(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.tuples(st.integers(0, 9), st.floats(0, 1))),
)
def test_what_is_sent_arrives(text, count, share, pairs):
    message = Sample(text, count, share, "up", tuple(pairs), FrameRef("1.2", 3), {"a": 1})

    assert decode(encode(message), KNOWN) == message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"type":"Popen"}',
        b'{"type":"Sample"}',
        b'{"type":"Sample","text":1,"count":1,"share":1,"way":"up"}',
        b'{"type":"Sample","text":"","count":true,"share":1,"way":"up"}',
        b'{"type":"Sample","text":"","count":1,"share":"1","way":"up"}',
        b'{"type":"Sample","text":"","count":1,"share":1,"way":"left"}',
        b'{"type":"Sample","text":"","count":1,"share":1,"way":"up","pairs":[[1]]}',
        b'{"type":"Sample","text":"","count":1,"share":1,"way":"up","extra":1}',
        b'{"type":"Sample","text":"","count":1,"share":1,"way":"up","reason":"none such"}',
        b"[" * 100_000,
        b"\x80\x04\x95",
    ],
)
def test_anything_else_is_refused(data):
    with pytest.raises(ChannelError):
        decode(data, KNOWN)


@given(st.binary(max_size=200))
def test_garbage_never_raises_anything_but_a_channel_error(data):
    with contextlib.suppress(ChannelError):
        decode(data, KNOWN)


def test_messages_cross_a_pipe_in_order():
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reader, os.fdopen(write_end, "wb") as writer:
        sender = Channel(io.BytesIO(), writer, ())
        sent = [Sample("a", n, 0.5, "down") for n in range(50)]
        for message in sent:
            sender.send(message)
        writer.close()
        receiver = Channel(reader, io.BytesIO(), (Sample,))

        assert [receiver.receive() for _ in range(50)] == sent
        assert receiver.receive() is None


def test_a_length_over_the_limit_is_refused_before_it_is_read():
    stream = io.BytesIO(struct.pack("<I", limits.MESSAGE_BYTES + 1) + b"x")

    with pytest.raises(ChannelError, match="bytes"):
        Channel(stream, io.BytesIO(), ()).receive()


def test_a_message_over_the_limit_is_not_sent():
    long = Sample("x" * limits.MESSAGE_BYTES, 1, 1.0, "up")

    with pytest.raises(ChannelError):
        encode(long)


def test_a_cut_message_is_refused():
    data = encode(Skipped("a", SkipReason.INVALID, "b"))
    stream = io.BytesIO(struct.pack("<I", len(data)) + data[:-1])

    with pytest.raises(ChannelError, match="cut off"):
        Channel(stream, io.BytesIO(), (Skipped,)).receive()
