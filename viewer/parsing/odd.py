"""Data sets that the own reader cannot place, read by pydicom: mixed encodings, unknown VRs.

Some writers switch to implicit VR in the middle of an explicit data set. Depth is checked before
pydicom sees a byte: nested sequences would cost it gigabytes or its stack.
"""

import io
import re
import warnings
from collections.abc import MutableSequence
from typing import Any, Final

from viewer import limits
from viewer.parsing.elements import (
    PIXEL_TAGS,
    UNDEFINED,
    Elements,
    Encoding,
    Found,
    Source,
    Value,
    read_head,
)
from viewer.parsing.importing import announce_import

_ITEMS: Final = {
    True: re.compile(rb"\xfe\xff([\x00\x0d])\xe0", re.DOTALL),
    False: re.compile(rb"\xff\xfe\xe0([\x00\x0d])", re.DOTALL),
}
_ITEM_END: Final = b"\x0d"


class _Items(list[Elements]):
    """A sequence's items, hashable as the bytes of other values are."""

    __hash__ = object.__hash__  # type: ignore[assignment]


def read_odd(
    source: Source, start: int, encoding: Encoding, wanted: frozenset[int]
) -> Found | None:
    """The wanted elements from ``start`` up to the pixels; None where pydicom finds none either."""
    source.reach(min(source.size, limits.HEADER_BYTES))
    if is_too_deep(source.data, encoding):
        return None
    announce_import()
    from pydicom.filereader import read_dataset

    stream = io.BytesIO(source.data)
    stream.seek(start)
    with warnings.catch_warnings(action="ignore"):
        try:
            dataset = read_dataset(
                stream,
                is_implicit_VR=not encoding.explicit,
                is_little_endian=encoding.little,
                stop_when=lambda tag, _vr, _length: int(tag) in PIXEL_TAGS,
                specific_tags=sorted(wanted),
            )
            head = read_head(source.data, stream.tell(), encoding)
            elements = _elements(dataset)
        except Exception:  # noqa: BLE001 - whatever it raises, it cannot read these bytes
            return None
    return Found(elements, head, is_odd=True) if head.tag in PIXEL_TAGS else None


def is_too_deep(data: bytes, encoding: Encoding) -> bool:
    """Whether items lie in items deeper than the limit, whatever the elements between say."""
    ends: list[int] = []  # of the items that are open; past the data where that is not said
    for mark in _ITEMS[encoding.little].finditer(data):
        position = mark.start()
        while ends and ends[-1] <= position:
            ends.pop()
        if mark[1] == _ITEM_END:
            ends = ends[:-1]
            continue
        length = int.from_bytes(
            data[position + 4 : position + 8], "little" if encoding.little else "big"
        )
        ends.append(len(data) + 1 if length == UNDEFINED else position + 8 + length)
        if len(ends) > limits.SEQUENCE_DEPTH:
            return True
    return False


def _elements(dataset: Any) -> Elements:
    # All before any: looking into a sequence makes pydicom convert its neighbours.
    held = {tag: dataset.get_item(tag) for tag in dataset.keys()}  # noqa: SIM118 - no dict
    return {int(tag): _value(dataset, element) for tag, element in held.items()}


def _value(dataset: Any, element: Any) -> Value:
    """An element as pydicom holds it: its bytes, or its items where it is a sequence."""
    if element.is_raw and _vr(element) != "SQ":
        return Value((element.VR or "").encode(), element.value or b"")
    items = dataset[element.tag].value
    if not isinstance(items, MutableSequence):
        return Value((element.VR or "").encode(), b"")  # bytes of undefined length
    return Value(b"SQ", b"", _Items(_elements(item) for item in items))


def _vr(element: Any) -> str:
    from pydicom.datadict import dictionary_VR

    try:
        return str(element.VR or dictionary_VR(element.tag))
    except KeyError:
        return ""
