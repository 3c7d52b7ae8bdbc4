"""Read the header of a GGUF file that may come from a stranger, every length bounded before use.

llama.cpp's own reader accepts far more than a model needs and has had overflows, so nothing reaches
it that this reader has not passed. Layout (little endian): magic, version, number of tensors,
number of keys; then key, type, value for each key; then name, dimensions, type, offset for each
tensor; then, at the next multiple of the alignment, the tensors' data.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from viewer import limits
from viewer.errors import UserError
from viewer.words import _

Value = str | int | float | bool

_SCALARS: Final = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q",
    12: "<d",
}  # fmt: skip
_STRING: Final = 8
_ARRAY: Final = 9

BLOCKS: Final = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    9: (32, 40), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
    21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8),
    28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""Weights and bytes of one block, by tensor type."""

_VERSIONS: Final = frozenset({2, 3})
_NAME_BYTES: Final = 63  # ggml cuts longer tensor names
_READ_BYTES: Final = 1 << 20
_MARK_BYTES: Final = 32
_LESS_THAN: Final = ord("<")
_UNPACK_LENGTH: Final = struct.Struct("<Q").unpack_from
_VALUES_END: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor's name, dimensions (fastest first), type and bytes."""

    name: str
    dimensions: tuple[int, ...]
    kind: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file declares.

    ``marks`` are the vocabulary's texts that look like ``<mark>``; ``array_items`` the lengths of
    arrays, whose values are not kept.
    """

    path: Path
    size_bytes: int
    values: Mapping[str, Value]
    array_items: Mapping[str, int]
    marks: frozenset[str]
    tensors: tuple[Tensor, ...]

    def text(self, key: str) -> str:
        """A text, or "" where the key is absent or holds something else."""
        value = self.values.get(key, "")
        return value if isinstance(value, str) else ""

    def number(self, key: str, default: int = 0) -> int:
        """A whole number, or ``default`` where the key is absent or holds something else."""
        value = self.values.get(key, default)
        return value if isinstance(value, int) and not isinstance(value, bool) else default


def read_header(path: Path) -> Header:
    """Read and check a header; UserError with a sentence for anything that is not as it must be."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            return _HeaderReader(path, file, size).read()
    except OSError as error:
        raise UserError(
            _("{name} could not be read. Check that it is there and that you may read it.").format(
                name=path.name
            ),
            details=str(error),
        ) from error


class _HeaderReader:
    """Walks one file from front to back, never past its end or the limits."""

    def __init__(self, path: Path, file: BinaryIO, size: int) -> None:
        self._path = path
        self._file = file
        self._size = size
        self._buffer = bytearray()
        self._at = 0  # in the file
        self._dropped = 0  # bytes of the file before the buffer
        self._strings_left = limits.GGUF_ARRAY_ITEMS
        self._values: dict[str, Value] = {}
        self._array_items: dict[str, int] = {}
        self._marks: frozenset[str] = frozenset()

    def read(self) -> Header:
        if self._size < 24 or self._take(4) != b"GGUF":
            raise UserError(
                _("{name} is not a GGUF file. Choose a model file that ends in .gguf.").format(
                    name=self._path.name
                )
            )
        version = self._whole("<I")
        if version not in _VERSIONS:
            raise self._refused(f"version {version}")
        tensors, keys = self._whole("<Q"), self._whole("<Q")
        if tensors > limits.GGUF_TENSORS or keys > limits.GGUF_KEYS:
            raise self._refused(f"{tensors} tensors, {keys} keys")
        for _i in range(keys):
            self._read_pair()
        found = tuple(self._read_tensors(tensors))
        return Header(self._path, self._size, self._values, self._array_items, self._marks, found)

    def _read_pair(self) -> None:
        key = self._string(limits.META_HEADER_BYTES)
        if key in self._values or key in self._array_items:
            raise self._refused(f"key {key[:80]!r} twice")
        kind = self._whole("<I")
        if kind == _ARRAY:
            self._read_array(key)
        else:
            self._values[key] = self._value(key, kind)

    def _value(self, key: str, kind: int) -> Value:
        if kind == _STRING:
            is_template = key.startswith("tokenizer.chat_template")
            bound = limits.GGUF_TEMPLATE_BYTES if is_template else limits.GGUF_STRING_BYTES
            return self._string(bound)
        if kind not in _SCALARS:
            raise self._refused(f"key {key[:80]!r} of type {kind}")
        value = self._scalar(_SCALARS[kind])
        if isinstance(value, int) and not -_VALUES_END < value < _VALUES_END:
            raise self._refused(f"key {key[:80]!r} is {value}")
        return value

    def _read_array(self, key: str) -> None:
        kind, count = self._whole("<I"), self._whole("<Q")
        if count > limits.GGUF_ARRAY_ITEMS:
            raise self._refused(f"array {key[:80]!r} of {count} items")
        self._array_items[key] = count
        if kind == _STRING:
            self._strings_left -= count
            if self._strings_left < 0:
                raise self._refused("too many strings")
            marks = self._walk_strings(count)
            if key == "tokenizer.ggml.tokens":
                self._marks = marks
        elif kind in _SCALARS:
            self._skip(count * struct.calcsize(_SCALARS[kind]))
        else:
            raise self._refused(f"array {key[:80]!r} of type {kind}")

    def _walk_strings(self, count: int) -> frozenset[str]:
        """Pass ``count`` strings; keep those that may be special tokens."""
        marks: set[str] = set()
        while count > 0:
            count -= self._walk_buffered(count, marks)
            if count > 0:
                _keep_mark(self._string_bytes(limits.GGUF_STRING_BYTES), marks)
                count -= 1
        return frozenset(marks)

    def _walk_buffered(self, count: int, marks: set[str]) -> int:
        """Pass the strings that are whole in the buffer; how many. Vocabularies have 262,144."""
        buffer, at, passed = self._buffer, self._at - self._dropped, 0
        end = len(buffer)
        while passed < count and at + 8 <= end:
            (length,) = _UNPACK_LENGTH(buffer, at)
            after = at + 8 + length
            if after > end:
                break
            if 0 < length <= _MARK_BYTES and buffer[at + 8] == _LESS_THAN:
                _keep_mark(buffer[at + 8 : after], marks)
            at = after
            passed += 1
        self._at = self._dropped + at
        return passed

    def _read_tensors(self, count: int) -> list[Tensor]:
        alignment = self._values.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
            raise self._refused(f"alignment {alignment}")
        found: dict[str, Tensor] = {}
        ends = [0]
        for _i in range(count):
            tensor = self._tensor()
            offset = self._whole("<Q")
            if tensor.name in found or offset % alignment or offset > self._size:
                raise self._refused(f"tensor {tensor.name[:80]!r} at {offset}")
            found[tensor.name] = tensor
            ends.append(offset + tensor.size_bytes)
        data = -(-self._at // alignment) * alignment
        if data + max(ends) > self._size:
            raise UserError(
                _("{name} is cut off. Copy or download it again.").format(name=self._path.name),
                details=f"{data + max(ends)} bytes declared, {self._size} present",
            )
        return list(found.values())

    def _tensor(self) -> Tensor:
        name = self._string(_NAME_BYTES)
        rank = self._whole("<I")
        if not 1 <= rank <= limits.GGUF_DIMENSIONS:
            raise self._refused(f"tensor {name!r} of {rank} dimensions")
        dimensions = tuple(self._whole("<Q") for _i in range(rank))
        kind = self._whole("<I")
        block, block_bytes = BLOCKS.get(kind, (0, 0))
        weights = 1
        for dimension in dimensions:
            weights *= dimension
        if not block or dimensions[0] % block or not 0 < weights <= _VALUES_END:
            raise self._refused(f"tensor {name!r}: {dimensions} of type {kind}")
        return Tensor(name, dimensions, kind, weights // block * block_bytes)

    def _string(self, bound: int) -> str:
        try:
            return self._string_bytes(bound).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._refused("text that is not UTF-8") from error

    def _string_bytes(self, bound: int) -> bytes:
        length = self._whole("<Q")
        if length > bound:
            raise self._refused(f"string of {length} bytes")
        return self._take(length)

    def _whole(self, layout: str) -> int:
        return int(struct.unpack(layout, self._take(struct.calcsize(layout)))[0])

    def _scalar(self, layout: str) -> Value:
        value: Value = struct.unpack(layout, self._take(struct.calcsize(layout)))[0]
        return value

    def _skip(self, count: int) -> None:
        while count > 0:
            step = min(count, _READ_BYTES)
            self._take(step)
            count -= step

    def _take(self, count: int) -> bytes:
        start = self._at - self._dropped
        if start + count > len(self._buffer):
            start = self._fill(count)
        self._at += count
        return bytes(self._buffer[start : start + count])

    def _fill(self, count: int) -> int:
        """Read on until ``count`` bytes stand at the place; where they begin in the buffer."""
        if self._at + count > min(self._size, limits.HEADER_BYTES):
            raise self._refused(f"ends at {self._at}")
        del self._buffer[: self._at - self._dropped]
        while len(self._buffer) < count:
            part = self._file.read(max(_READ_BYTES, count - len(self._buffer)))
            if not part:
                raise self._refused(f"ends at {self._at}")
            self._buffer += part
        self._dropped = self._at
        return 0

    def _refused(self, details: str) -> UserError:
        return UserError(
            _("{name} is damaged or not a model. Copy or download it again.").format(
                name=self._path.name
            ),
            details=details,
        )


def _keep_mark(piece: bytes | bytearray, marks: set[str]) -> None:
    if len(piece) <= _MARK_BYTES and piece[:1] == b"<":
        marks.add(piece.decode("utf-8", "replace"))
