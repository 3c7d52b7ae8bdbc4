"""Plain values out of elements: numbers, text, codes; a bad optional value is absent, not fatal.

``Header`` looks up elements of one data set (or one sequence item) and knows byte order and
character set. A tag's own VR stands here only where implicit files need it.
"""

import math
from functools import lru_cache
from struct import Struct
from typing import Final

from viewer.parsing.charsets import codecs_of, decode_text
from viewer.parsing.elements import Elements, Encoding, read_items

_MAX_TEXT: Final = 1024
_NUMBER: Final = {
    b"US": "H", b"SS": "h", b"UL": "I", b"SL": "i", b"FL": "f", b"FD": "d", b"UV": "Q", b"SV": "q",
    b"AT": "H",
}  # fmt: skip
_TEXT_NUMBERS: Final = frozenset({b"DS", b"IS", b"LO", b"SH", b"CS", b"UT", b"LT", b"ST", b"UC"})
_IMPLICIT_NUMBER: Final = {  # what implicit files do not say; every other number here is text
    0x00089459: b"FL", 0x00180000: b"UL", 0x00186011: b"SQ", 0x00189087: b"FD", 0x00189089: b"FD",
    0x00189082: b"FD", 0x00209056: b"SH", 0x00209057: b"UL", 0x00209128: b"UL", 0x00209153: b"FD",
    0x00280002: b"US", 0x00280006: b"US", 0x00280010: b"US", 0x00280011: b"US", 0x00280100: b"US",
    0x00280101: b"US", 0x00280102: b"US", 0x00280103: b"US", 0x00281101: b"US", 0x00281102: b"US",
    0x00281103: b"US", 0x00283002: b"US", 0x00283006: b"US", 0x00280120: b"US", 0x00280121: b"US",
    0x00186012: b"US", 0x00186014: b"US", 0x00186018: b"UL", 0x0018601A: b"UL", 0x0018601C: b"UL",
    0x0018601E: b"UL", 0x00186024: b"US", 0x00186026: b"US", 0x0018602C: b"FD", 0x0018602E: b"FD",
    0x0019100A: b"US", 0x00281203: b"OW", 0x00289503: b"FD",
}  # fmt: skip


class Header:
    """One data set's elements with the means to read them."""

    __slots__ = ("_order", "codecs", "elements", "encoding")

    def __init__(
        self, elements: Elements, encoding: Encoding, codecs: tuple[str, ...] = ()
    ) -> None:
        self.elements = elements
        self.encoding = encoding
        self._order = "<" if encoding.little else ">"
        self.codecs = codecs or codecs_of(self.raw(0x00080005))

    @property
    def little(self) -> bool:
        """Whether numbers are little endian."""
        return self.encoding.little

    def raw(self, tag: int) -> bytes:
        """An element's bytes, b"" when it is absent."""
        value = self.elements.get(tag)
        return value.raw if value is not None else b""

    def text(self, tag: int) -> str:
        """One text value, trimmed; "" when absent."""
        value = self.elements.get(tag)
        if value is None or not value.raw:
            return ""
        return _text(value.raw[:_MAX_TEXT], self.codecs, False)

    def name(self, tag: int) -> str:
        """A person's name with its groups (PS3.5 6.2.1)."""
        value = self.elements.get(tag)
        if value is None or not value.raw:
            return ""
        return _text(value.raw[:_MAX_TEXT], self.codecs, True)

    def texts(self, tag: int) -> tuple[str, ...]:
        """A text value's parts, () when absent."""
        text = self.text(tag)
        return tuple(part.strip() for part in text.split("\\")) if text else ()

    def uid(self, tag: int) -> str:
        """A UID, digits and dots as the file has them; "" when absent."""
        value = self.elements.get(tag)
        return _ascii(value.raw[:128]) if value is not None else ""

    def numbers(self, tag: int) -> tuple[float, ...]:
        """All numbers of a value; () when it is absent or holds anything that is no number."""
        value = self.elements.get(tag)
        if value is None or not value.raw or value.items is not None:
            return ()
        vr = value.vr or _IMPLICIT_NUMBER.get(tag, b"DS")
        if vr == b"UN":
            vr = _IMPLICIT_NUMBER.get(tag, b"DS")
        if vr in _NUMBER:
            return _unpack(value.raw, self._order, _NUMBER[vr])
        return _parse(value.raw[:65536]) if vr in _TEXT_NUMBERS else ()

    def number(self, tag: int) -> float | None:
        """The first number of a value, None when there is none."""
        numbers = self.numbers(tag)
        return numbers[0] if numbers else None

    def integer(self, tag: int) -> int | None:
        """One whole number, None when the value is absent, fractional or not alone."""
        numbers = self.numbers(tag)
        if len(numbers) != 1 or numbers[0] != int(numbers[0]):
            return None
        return int(numbers[0])

    def has(self, tag: int) -> bool:
        """Whether the element is there, empty or not."""
        return tag in self.elements

    def items(self, tag: int) -> "list[Header]":
        """A sequence's items, [] when it is absent."""
        value = self.elements.get(tag)
        if value is None:
            return []
        items = read_items(value, self.encoding)
        return [Header(item, self.encoding, self.codecs) for item in items]

    def first(self, tag: int) -> "Header | None":
        """A sequence's first item, None when there is none."""
        items = self.items(tag)
        return items[0] if items else None


@lru_cache(maxsize=8192)
def _text(raw: bytes, codecs: tuple[str, ...], is_name: bool) -> str:
    return decode_text(raw, codecs, is_name=is_name).strip(" \0\t\r\n")


@lru_cache(maxsize=8192)
def _ascii(raw: bytes) -> str:
    return raw.decode("ascii", "backslashreplace").strip(" \0\t\r\n")


@lru_cache(maxsize=16384)
def _parse(raw: bytes) -> tuple[float, ...]:
    """Decimal or integer strings; () when any of them is no finite number."""
    try:
        numbers = tuple(
            float(part)
            for part in raw.decode("ascii").strip(" \0").split("\\")
            if part.strip(" \0")
        )
    except ValueError:
        return ()
    return numbers if all(map(math.isfinite, numbers)) else ()


@lru_cache(maxsize=256)
def _layout(order: str, code: str, count: int) -> Struct:
    return Struct(f"{order}{count}{code}")


def _unpack(raw: bytes, order: str, code: str) -> tuple[float, ...]:
    size = Struct(order + code).size
    if len(raw) % size or len(raw) > 1 << 20:
        return ()
    numbers: tuple[float, ...] = _layout(order, code, len(raw) // size).unpack(raw)
    return numbers if code not in "fd" or all(map(math.isfinite, numbers)) else ()
