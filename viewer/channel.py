"""Messages between two processes: frozen dataclasses as length-checked JSON over one-way pipes.

A frame is a 4-byte little-endian length and UTF-8 JSON ``{"type": name, ...fields}`` of at most
``limits.MESSAGE_BYTES``. Nothing is pickled, so a child that was taken over can send text only,
and what it sends is checked against the fields' types before anything sees it.
"""

import json
import os
import struct
import sys
import threading
import types
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, BinaryIO, Literal, Union, get_args, get_origin, get_type_hints

from viewer import limits

_LENGTH = struct.Struct("<I")
_ATOMS = frozenset({str, int, float, bool})  # what JSON takes as it is


class ChannelError(Exception):
    """The other side sent something that is no message, or its end of the pipe is gone."""


class Channel:
    """Both directions of a conversation; ``known`` are the message types that may arrive.

    ``send`` may be called from any thread; ``receive`` from one.
    """

    def __init__(self, reader: BinaryIO, writer: BinaryIO, known: Iterable[type]) -> None:
        self._reader = reader
        self._writer = writer
        self._known: Mapping[str, type] = {t.__name__: t for t in known}
        self._sending = threading.Lock()

    def send(self, message: object) -> None:
        """Send one message; ChannelError when it is too long or nobody listens."""
        data = encode(message)
        try:
            with self._sending:
                self._writer.write(_LENGTH.pack(len(data)) + data)
                self._writer.flush()
        except (OSError, ValueError) as error:
            raise ChannelError(str(error)) from error

    def receive(self) -> Any | None:
        """The next message, or None at the end of the pipe; ChannelError for anything else."""
        head = self._read(_LENGTH.size)
        if not head:
            return None
        if len(head) < _LENGTH.size:
            raise ChannelError("length cut off")
        (length,) = _LENGTH.unpack(head)
        if length > limits.MESSAGE_BYTES:
            raise ChannelError(f"message of {length} bytes")
        data = self._read(length)
        if len(data) < length:
            raise ChannelError("message cut off")
        return decode(data, self._known)

    def finish(self) -> None:
        """Close the sending end: the other side reads to the end and stops."""
        try:
            self._writer.close()
        except OSError:
            return  # it is gone already

    def close(self) -> None:
        """Close both ends; the other side sees the end of its pipe."""
        for stream in (self._writer, self._reader):
            try:
                stream.close()
            except OSError:
                continue  # a dead reader's unflushed bytes are nobody's loss

    def _read(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            try:
                part = self._reader.read(count - len(parts))
            except (OSError, ValueError) as error:
                raise ChannelError(str(error)) from error
            if not part:
                break
            parts += part
        return bytes(parts)


def child_channel(known: Iterable[type]) -> Channel:
    """A child's first act: take descriptors 0 and 1 as the pipe and point 1 at 2.

    C code prints to descriptor 1; after this its words end in the log, not in the messages.
    """
    reader = os.fdopen(os.dup(0), "rb", buffering=0)
    writer = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return Channel(reader, writer, known)


def encode(message: object, *, bound: int = limits.MESSAGE_BYTES) -> bytes:
    """A dataclass instance as JSON bytes; ChannelError when longer than ``bound``.

    Fields that have their default value are left out.
    """
    plain = {"type": type(message).__name__, **_plain_fields(message)}
    data = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
    if len(data) > bound:
        raise ChannelError(f"message of {len(data)} bytes")
    return data


def decode(data: bytes, known: Mapping[str, type]) -> Any:
    """JSON bytes as an instance of one of ``known``; ChannelError when they are anything else."""
    try:
        plain = json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise ChannelError(f"not JSON: {error}") from error
    if not isinstance(plain, dict) or plain.get("type") not in known:
        raise ChannelError("unknown message")
    return record(known[plain.pop("type")], plain)


def record(kind: type, plain: Mapping[str, Any]) -> Any:
    """A mapping as a ``kind`` record, every field checked against its annotation."""
    converters = _converters(kind)
    if unknown := plain.keys() - converters.keys():
        raise ChannelError(f"{kind.__name__}: unknown field {min(unknown)}")
    try:
        return kind(**{name: converters[name](value) for name, value in plain.items()})
    except (TypeError, ValueError, OverflowError) as error:
        raise ChannelError(f"{kind.__name__}: {error}") from error


def _plain_fields(message: object) -> dict[str, Any]:
    plain = {}
    kind: type = type(message)
    for name, default in _defaults(kind):
        value = getattr(message, name)
        if value is not default and value != default:
            plain[name] = value if type(value) in _ATOMS else _plain(value)
    return plain


@cache
def _defaults(kind: type) -> tuple[tuple[str, Any], ...]:
    """Field names with their defaults; ``MISSING`` where there is none."""
    return tuple((f.name, f.default) for f in fields(kind))


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [v if type(v) in _ATOMS else _plain(v) for v in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return _plain_fields(value)
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    raise ChannelError(f"{type(value).__name__} is not a message value")


@cache
def _converters(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {f.name: _converter(hints[f.name]) for f in fields(kind)}


def _converter(hint: Any) -> Any:
    """A function that checks a plain value against a type hint and returns the field's value."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is not None:
        return _generic_converter(origin, args)
    if hint is float:
        return _float
    if hint in {str, int, bool}:
        return _atom_converter(hint)
    return _class_converter(hint)


def _generic_converter(origin: Any, args: tuple[Any, ...]) -> Any:
    if origin in {Union, types.UnionType}:
        return _union_converter(args)
    if origin is Literal:
        return lambda value: _one_of(value, args)
    if origin is tuple:
        return _tuple_converter(args)
    if issubclass(origin, Mapping):
        return _mapping_converter(args)
    raise TypeError(f"{origin} is not a message field")


def _class_converter(kind: Any) -> Any:
    if is_dataclass(kind):
        return lambda value: record(kind, _checked(value, dict))  # type: ignore[arg-type]
    if issubclass(kind, Enum):
        return kind
    if issubclass(kind, tuple):
        items = _tuple_converter(tuple(get_type_hints(kind).values()))
        return lambda value: kind(*items(value))
    raise TypeError(f"{kind} is not a message field")


def _union_converter(args: tuple[Any, ...]) -> Any:
    choices = [_converter(a) for a in args if a is not types.NoneType]
    optional = types.NoneType in args

    def convert(value: Any) -> Any:
        if value is None and optional:
            return None
        for choice in choices:
            try:
                return choice(value)
            except (TypeError, ValueError, ChannelError):
                continue
        raise TypeError(f"{type(value).__name__} fits none of its types")

    return convert


def _tuple_converter(args: tuple[Any, ...]) -> Any:
    if len(args) == 2 and args[1] is Ellipsis:
        every = _converter(args[0])
        return lambda value: tuple([every(v) for v in _checked(value, list)])
    items = [_converter(a) for a in args]

    def convert(value: Any) -> tuple[Any, ...]:
        if len(_checked(value, list)) != len(items):
            raise ValueError(f"{len(value)} items instead of {len(items)}")
        return tuple([item(v) for item, v in zip(items, value, strict=False)])

    return convert


def _atom_converter(hint: type) -> Any:
    """A check in one call: a scan's messages hold a hundred such values for every image."""

    def convert(value: Any) -> Any:
        if type(value) is not hint:
            raise TypeError(f"{type(value).__name__} instead of {hint.__name__}")
        return value

    return convert


def _mapping_converter(args: tuple[Any, ...]) -> Any:
    key, item = _converter(args[0]), _converter(args[1])
    return lambda value: {key(k): item(v) for k, v in _checked(value, dict).items()}


def _checked(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} instead of {kind.__name__}")
    return value


def _float(value: Any) -> float:
    if type(value) not in {float, int}:
        raise TypeError(f"{type(value).__name__} instead of float")
    return float(value)


def _one_of(value: Any, choices: tuple[Any, ...]) -> Any:
    if value not in choices:
        raise ValueError(f"{value!r} is none of {choices}")
    return value
