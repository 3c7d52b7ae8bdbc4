"""Headers of good files read right; hostile ones are refused in time, with a sentence."""

import struct
import time

import gguf
import pytest

from assistant.engines.gguf import BLOCKS, read_header
from resources import path as resource
from viewer import limits
from viewer.errors import UserError

MOST_S = 2.0
U32, STRING, ARRAY, U64 = 4, 8, 9, 10


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def pair(key: bytes, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def tensor(name: bytes, dimensions: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    numbers = struct.pack(f"<{len(dimensions)}Q", *dimensions)
    return (
        text(name) + struct.pack("<I", len(dimensions)) + numbers + struct.pack("<IQ", kind, offset)
    )


def file(pairs=(), tensors=(), *, data=b"", counts=None, version=3, magic=b"GGUF") -> bytes:
    n_tensors, n_keys = counts or (len(tensors), len(pairs))
    head = magic + struct.pack("<IQQ", version, n_tensors, n_keys)
    body = head + b"".join(pairs) + b"".join(tensors)
    return body + bytes(-len(body) % 32) + data


ARCHITECTURE = pair(b"general.architecture", STRING, text(b"gemma3"))


def array(kind: int, count: int, items: bytes = b"") -> bytes:
    return struct.pack("<IQ", kind, count) + items


HOSTILE = {
    "text file": b"Dear radiologist, this is a letter and no model at all.",
    "empty": b"",
    "only a head": b"GGUF" + bytes(20),
    "other version": file([ARCHITECTURE], version=1),
    "wrong end first": file([ARCHITECTURE]).replace(b"GGUF", b"FUGG"),
    "2**31 strings": file([pair(b"a", ARRAY, array(STRING, 2**31))], data=bytes(4096)),
    "many empty strings": file(
        [pair(b"%d" % i, ARRAY, array(STRING, 1_500_000, bytes(8 * 1_500_000))) for i in (1, 2)]
    ),
    "array in array": file([pair(b"a", ARRAY, array(ARRAY, 100, array(ARRAY, 100)))]),
    "array beyond the end": file([pair(b"a", ARRAY, array(U64, 1_999_999))], data=bytes(64)),
    "string beyond the end": file([pair(b"a", STRING, struct.pack("<Q", 1_000_000))]),
    "string of 2**62": file([pair(b"a", STRING, struct.pack("<Q", 2**62))]),
    "long string": file([pair(b"a", STRING, text(bytes(limits.GGUF_STRING_BYTES + 1)))]),
    "long template": file(
        [pair(b"tokenizer.chat_template", STRING, text(b"{" * (limits.GGUF_TEMPLATE_BYTES + 1)))]
    ),
    "unknown type": file([pair(b"a", 99, bytes(8))]),
    "same key twice": file([ARCHITECTURE, ARCHITECTURE]),
    "text that is none": file([pair(b"a", STRING, text(b"\xff\xfe"))]),
    "huge number": file([pair(b"a", U64, struct.pack("<Q", 2**63))]),
    "many keys": file(counts=(0, 2**40)),
    "many tensors": file(counts=(2**40, 0)),
    "alignment of 3": file(
        [ARCHITECTURE, pair(b"general.alignment", U32, struct.pack("<I", 3))], [tensor(b"t", (1,))]
    ),
    "alignment of 0": file(
        [ARCHITECTURE, pair(b"general.alignment", U32, struct.pack("<I", 0))], [tensor(b"t", (1,))]
    ),
    "dimensions that overflow": file([], [tensor(b"t", (2**32, 2**32, 2**32))], data=bytes(64)),
    "dimension of 0": file([], [tensor(b"t", (0, 4))], data=bytes(64)),
    "five dimensions": file([], [tensor(b"t", (1, 1, 1, 1, 1))], data=bytes(64)),
    "no dimensions": file([], [tensor(b"t", ())], data=bytes(64)),
    "half a block": file([], [tensor(b"t", (100,), kind=12)], data=bytes(144)),
    "unknown tensor type": file([], [tensor(b"t", (4,), kind=77)], data=bytes(64)),
    "same tensor twice": file([], [tensor(b"t", (4,)), tensor(b"t", (4,))], data=bytes(64)),
    "offset beyond the end": file([], [tensor(b"t", (4,), offset=2**40)], data=bytes(64)),
    "offset between steps": file([], [tensor(b"t", (4,), offset=7)], data=bytes(64)),
    "long tensor name": file([], [tensor(b"t" * 64, (4,))], data=bytes(64)),
    "weights cut off": file([ARCHITECTURE], [tensor(b"t", (1024,))], data=bytes(64)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_in_time_with_a_sentence(name, tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(HOSTILE[name])
    began = time.monotonic()
    with pytest.raises(UserError) as error:
        read_header(path)
    assert time.monotonic() - began < MOST_S
    assert error.value.sentence.startswith("model.gguf")
    assert str(tmp_path) not in error.value.sentence


def test_every_truncation_is_refused(tmp_path):
    whole = resource("tiny_model/tiny-mmproj.gguf").read_bytes()
    path = tmp_path / "cut.gguf"
    for part in range(64):
        path.write_bytes(whole[: len(whole) * part // 64])
        with pytest.raises(UserError):
            read_header(path)


def test_missing_file_says_what_to_check(tmp_path):
    with pytest.raises(UserError, match=r"gone\.gguf could not be read"):
        read_header(tmp_path / "gone.gguf")


@pytest.mark.parametrize("name", ["tiny.gguf", "tiny-mmproj.gguf"])
def test_header_agrees_with_the_reference_reader(name):
    path = resource(f"tiny_model/{name}")
    ours, theirs = read_header(path), gguf.GGUFReader(path)
    assert [t.name for t in ours.tensors] == [t.name for t in theirs.tensors]
    assert [t.size_bytes for t in ours.tensors] == [t.n_bytes for t in theirs.tensors]
    assert [t.dimensions for t in ours.tensors] == [tuple(t.shape) for t in theirs.tensors]
    for key, field in theirs.fields.items():
        if key.startswith("GGUF."):
            continue
        if field.types[0] is gguf.GGUFValueType.ARRAY:
            assert ours.array_items[key] == len(field.data)
        else:
            assert ours.values[key] == field.contents()


def test_marks_are_the_vocabularys(tmp_path):
    header = read_header(resource("tiny_model/tiny.gguf"))
    assert {"<start_of_image>", "<end_of_turn>", "<unused94>"} <= header.marks


def test_block_sizes_agree_with_the_reference():
    for kind, sizes in BLOCKS.items():
        assert gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType(kind)] == sizes


def test_vocabulary_of_gemmas_size_is_walked_quickly(tmp_path):
    tokens = b"".join(text(b"piece%06d" % i) for i in range(262_144))
    path = tmp_path / "vocabulary.gguf"
    path.write_bytes(file([pair(b"tokenizer.ggml.tokens", ARRAY, array(STRING, 262_144, tokens))]))
    began = time.monotonic()
    assert read_header(path).array_items == {"tokenizer.ggml.tokens": 262_144}
    assert time.monotonic() - began < MOST_S
