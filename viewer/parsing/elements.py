"""Data elements out of bytes (PS3.5 section 7): every length checked, nothing allocated from one.

A data set becomes a dict from tag to ``Value``; a sequence's value is a list of such dicts. Only
wanted elements are kept, the others are skipped by their length. Depth, count and size are bounded
by ``viewer.limits``; undefined lengths are skipped iteratively, so no nesting exhausts the stack.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is an exception
from typing import Final, NamedTuple

from viewer import limits
from viewer.parsing.faults import Fault
from viewer.study import SkipReason
from viewer.words import _

UNDEFINED: Final = 0xFFFFFFFF
PIXEL_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_DELIMITERS: Final = 0xFFFE
_ITEM: Final = 0xFFFEE000
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD
LONG_VRS: Final = frozenset({
    b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV",
})  # fmt: skip
SHORT_VRS: Final = frozenset({
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN",
    b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
})  # fmt: skip
_NO_GROUPS: Final = frozenset({0, 1, 3, 5, 6, 7})
_BINARY: Final = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"UN"})


class Value(NamedTuple):
    """An element's value: its VR (b"" in implicit data sets) and its bytes.

    ``items`` are those of a sequence inside an item; a sequence of the top level keeps its bytes,
    so that it is hashable and parsed only when somebody asks.
    """

    vr: bytes
    raw: bytes
    items: "list[Elements] | None" = None


Elements = dict[int, Value]


@dataclass(frozen=True, slots=True)
class Encoding:
    """Byte order and VR of a data set, with the unpackers that follow from them."""

    explicit: bool
    little: bool = True
    explicit_head: Struct = field(init=False)
    implicit_head: Struct = field(init=False)
    long_length: Struct = field(init=False)

    def __post_init__(self) -> None:
        order = "<" if self.little else ">"
        object.__setattr__(self, "explicit_head", Struct(order + "HH2sH"))
        object.__setattr__(self, "implicit_head", Struct(order + "HHI"))
        object.__setattr__(self, "long_length", Struct(order + "I"))


IMPLICIT: Final = Encoding(explicit=False)
EXPLICIT: Final = Encoding(explicit=True)
BIG_ENDIAN: Final = Encoding(explicit=True, little=False)


class Head(NamedTuple):
    """An element's tag, VR, length and the position of its value."""

    tag: int
    vr: bytes
    length: int
    start: int


class Source:
    """A file's bytes from its beginning, read on demand up to the header's limit."""

    def __init__(self, first: bytes, size: int, more: Callable[[int], bytes]) -> None:
        self.data = first
        self.size = size
        self._more = more

    def reach(self, end: int) -> bool:
        """Make ``data`` hold at least ``end`` bytes; False when the file has not as many."""
        if end <= len(self.data):
            return True
        if self.size >= end > limits.HEADER_BYTES:
            raise Fault(SkipReason.TOO_LARGE, _("Its header is larger than 64 MB."))
        want = min(max(end, 4 * len(self.data)), self.size, limits.HEADER_BYTES)
        while len(self.data) < want:
            part = self._more(want - len(self.data))
            if not part:
                break
            self.data += part
        return len(self.data) >= end

    def read_on(self, count: int) -> bytes:
        """The next bytes behind ``data``, for one who does not look back."""
        return self._more(count)


@dataclass(slots=True)
class Found:
    """What a walk over the top level found: wanted elements, and the pixel element's head.

    ``is_odd``: a VR is none of the standard's, so that what follows it may be misread.
    """

    elements: Elements
    pixels: Head | None = None
    is_odd: bool = False


def read_top(  # noqa: C901, PLR0912 - the one hot loop: a call for each element would double its time
    source: Source,
    start: int,
    encoding: Encoding,
    wanted: frozenset[int],
    sequences: frozenset[int],
) -> Found:
    """Walk the top level from ``start`` to the pixels or the end of the file.

    ``wanted`` and ``sequences`` are the tags to keep, as bytes and as items. Fault when an element
    reaches past the end of the file or a limit.
    """
    elements: Elements = {}
    position = start
    data, held = source.data, len(source.data)
    special = sequences | PIXEL_TAGS
    is_odd = False
    new_value = tuple.__new__  # a third of what calling Value costs
    for _count in range(limits.ELEMENTS):
        if position + 12 > held:
            data, held = _refill(source, position)
            if position + 8 > held:
                return Found(elements, None, is_odd)
        if encoding.explicit:
            group, element, vr, length = encoding.explicit_head.unpack_from(data, position)
            position += 8
            if vr not in SHORT_VRS:
                if vr in LONG_VRS:
                    (length,) = encoding.long_length.unpack_from(data, position)
                    position += 4
                else:
                    is_odd = True
        else:
            group, element, length = encoding.implicit_head.unpack_from(data, position)
            vr = b""
            position += 8
        tag = group << 16 | element
        if length == UNDEFINED or tag in special:
            head = Head(tag, vr, length, position)
            if tag in PIXEL_TAGS:
                return Found(elements, head, is_odd)
            position = _top_sequence(source, head, encoding, elements, tag in sequences)
            data, held = source.data, len(source.data)
            continue
        end = position + length
        if end > held:
            data, held = _refill_value(source, end, vr, length)
        if tag in wanted:
            elements[tag] = new_value(Value, (vr, data[position:end], None))
        elif group in _NO_GROUPS:
            raise Fault(SkipReason.INVALID, _("Its data elements make no sense."))
        position = end
    raise Fault(SkipReason.TOO_LARGE, _("It holds more than a million data elements."))


def read_items(value: Value, encoding: Encoding) -> list[Elements]:
    """A sequence's items with everything in them.

    Fault past ``limits.SEQUENCE_DEPTH`` and where the bytes make no items.
    """
    if value.items is not None:
        return value.items
    inner = IMPLICIT if value.vr == b"UN" else encoding
    try:
        return _items(value.raw, Head(0, value.vr, len(value.raw), 0), inner, 1)[0]
    except (StructError, IndexError):
        raise _cut_off() from None


def read_head(data: bytes, position: int, encoding: Encoding) -> Head:
    """The element head at ``position``; StructError where the bytes end."""
    if not encoding.explicit:
        group, element, length = encoding.implicit_head.unpack_from(data, position)
        return Head(group << 16 | element, b"", length, position + 8)
    group, element, vr, short = encoding.explicit_head.unpack_from(data, position)
    if group == 0xFFFE:
        (length,) = encoding.long_length.unpack_from(data, position + 4)
        return Head(group << 16 | element, b"", length, position + 8)
    if vr not in LONG_VRS:
        return Head(group << 16 | element, vr, short, position + 8)
    (length,) = encoding.long_length.unpack_from(data, position + 8)
    return Head(group << 16 | element, vr, length, position + 12)


def _refill(source: Source, position: int) -> tuple[bytes, int]:
    """Read on so that a head fits; a few zero bytes at the end of a file are no element."""
    source.reach(position + 12)
    data = source.data
    if position + 8 > len(data) and any(data[position:]):
        raise _cut_off()
    return data, len(data)


def _refill_value(source: Source, end: int, vr: bytes, length: int) -> tuple[bytes, int]:
    """Read on to the end of a value."""
    _check_size(vr, length)
    if not source.reach(end):
        raise _cut_off()
    return source.data, len(source.data)


def _top_sequence(
    source: Source, head: Head, encoding: Encoding, elements: Elements, keep: bool
) -> int:
    """Skip or keep a sequence of the top level; the position behind it."""
    inner = IMPLICIT if head.vr == b"UN" else encoding
    if head.length == UNDEFINED:
        end = _skip(source, head.start, inner)
    else:
        end = head.start + head.length
        if not source.reach(end):
            raise _cut_off()
    if keep and head.vr in {b"SQ", b"UN", b""}:
        elements[head.tag] = Value(head.vr, source.data[head.start : end])
    return end


def _skip(source: Source, position: int, encoding: Encoding) -> int:
    """The position behind a sequence of undefined length that starts at ``position``."""
    open_parts = [(True, encoding)]  # (is a sequence, its encoding); False stands for an item
    for _count in range(limits.ELEMENTS):
        is_sequence, inner = open_parts[-1]
        try:
            head = _next_open(source, position, inner)
        except StructError:
            raise _cut_off() from None
        position = head.start
        if head.tag == (_SEQUENCE_END if is_sequence else _ITEM_END):
            open_parts.pop()
            if not open_parts:
                return position
        elif is_sequence and head.tag != _ITEM:
            raise Fault(SkipReason.INVALID, _("A sequence in it holds something that is no item."))
        elif head.length == UNDEFINED:
            inner = IMPLICIT if head.vr == b"UN" else inner
            open_parts.append((not is_sequence, inner))
            if len(open_parts) > 2 * limits.SEQUENCE_DEPTH:
                raise _too_deep()
        else:
            position += head.length
            if position > source.size:
                raise _cut_off()
    raise Fault(SkipReason.TOO_LARGE, _("It holds more than a million data elements."))


def _next_open(source: Source, position: int, encoding: Encoding) -> Head:
    """Past plain elements: the next delimiter, item, or element of undefined length.

    In implicit data sets, the next element of any kind.
    """
    head_of, length_of = encoding.explicit_head.unpack_from, encoding.long_length.unpack_from
    while True:
        if position + 12 > len(source.data):
            source.reach(position + 12)
        data = source.data
        group, _element, vr, length = head_of(data, position)
        if group == _DELIMITERS or not encoding.explicit:
            return read_head(data, position, encoding)
        start = position + 8
        if vr in LONG_VRS:
            (length,) = length_of(data, start)
            start += 4
            if length == UNDEFINED:
                return read_head(data, position, encoding)
        position = start + length
        if position > source.size:
            raise _cut_off()


def _items(data: bytes, head: Head, encoding: Encoding, depth: int) -> tuple[list[Elements], int]:
    if depth > limits.SEQUENCE_DEPTH:
        raise _too_deep()
    items: list[Elements] = []
    position = head.start
    end = len(data) if head.length == UNDEFINED else head.start + head.length
    while position + 8 <= end:
        item = read_head(data, position, encoding)
        position = item.start
        if item.tag == _SEQUENCE_END:
            break
        if item.tag != _ITEM:
            raise Fault(SkipReason.INVALID, _("A sequence in it holds something that is no item."))
        stop = end if item.length == UNDEFINED else min(position + item.length, end)
        elements, position = _item(data, position, stop, encoding, depth)
        items.append(elements)
    return items, position


def _item(
    data: bytes, position: int, end: int, encoding: Encoding, depth: int
) -> tuple[Elements, int]:
    elements: Elements = {}
    while position + 8 <= end:
        head = read_head(data, position, encoding)
        if head.tag == _ITEM_END:
            return elements, head.start
        inner = IMPLICIT if head.vr == b"UN" and head.length == UNDEFINED else encoding
        if head.length == UNDEFINED or head.vr == b"SQ" or _looks_like_items(data, head, encoding):
            items, position = _items(data, head, inner, depth + 1)
            elements[head.tag] = Value(b"SQ", b"", items)
            continue
        position = head.start + head.length
        if position > end:
            raise _cut_off()
        _check_size(head.vr, head.length)
        elements[head.tag] = Value(head.vr, data[head.start : position])
    return elements, max(position, end)


def _looks_like_items(data: bytes, head: Head, encoding: Encoding) -> bool:
    """Whether an implicit value of defined length is a sequence: it begins with an item tag."""
    if encoding.explicit or head.length < 8:
        return False
    group, element, length = encoding.implicit_head.unpack_from(data, head.start)
    fits: bool = length == UNDEFINED or length + 8 <= head.length
    return (group << 16 | element) == _ITEM and fits


def _check_size(vr: bytes, length: int) -> None:
    if length > limits.ELEMENT_BYTES and vr not in _BINARY:
        raise Fault(SkipReason.TOO_LARGE, _("One of its data elements is larger than 16 MB."))


def _cut_off() -> Fault:
    return Fault(SkipReason.TRUNCATED, _("The file ends in the middle of its header."))


def _too_deep() -> Fault:
    return Fault(
        SkipReason.INVALID, _("Its sequences are nested more than {count} deep.").format(
            count=limits.SEQUENCE_DEPTH
        )
    )  # fmt: skip
