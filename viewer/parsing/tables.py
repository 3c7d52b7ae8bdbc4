"""Lookup tables and palettes out of a header (PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5, C.7.9.2)."""

from struct import Struct
from struct import error as StructError  # noqa: N812 - it is an exception
from typing import Final

from viewer import limits
from viewer.parsing.values import Header
from viewer.study import LookupTable, Palette

_DESCRIPTOR: Final = 0x00283002
_EXPLANATION: Final = 0x00283003
_DATA: Final = 0x00283006
_PALETTES: Final = ((0x00281101, 0x00281201), (0x00281102, 0x00281202), (0x00281103, 0x00281203))
_SEGMENTED_OFFSET: Final = 0x20


def read_table(item: Header, *, signed: bool) -> LookupTable | None:
    """The table of one Modality or VOI LUT Sequence item; None when it is not usable."""
    return _table(item, _DESCRIPTOR, _DATA, signed=signed, explanation=item.text(_EXPLANATION))


def read_palette(header: Header, *, signed: bool) -> Palette | None:
    """Red, green and blue tables; None when one of them is missing or not usable."""
    tables = []
    for descriptor, data in _PALETTES:
        table = _table(header, descriptor, data, signed=signed) or _segmented(
            header, descriptor, data + _SEGMENTED_OFFSET, signed=signed
        )
        if table is None:
            return None
        tables.append(table)
    return Palette(*tables)


def _describe(header: Header, tag: int, *, signed: bool) -> tuple[int, int, int] | None:
    """Number of entries (0 means 65,536), first value mapped, bits of an entry."""
    raw = header.raw(tag)
    order = "<" if header.little else ">"
    if len(raw) != 6:
        return None
    count, first, bits = Struct(order + ("HhH" if signed else "HHH")).unpack(raw)
    return count or limits.PALETTE_ENTRIES, first, bits


def _table(
    header: Header, descriptor: int, data: int, *, signed: bool, explanation: str = ""
) -> LookupTable | None:
    described = _describe(header, descriptor, signed=signed)
    raw = header.raw(data)
    if described is None or not raw:
        return None
    count, first, bits = described
    order = "<" if header.little else ">"
    if len(raw) >= 2 * count:
        values = Struct(f"{order}{count}H").unpack_from(raw)
    elif len(raw) >= count and bits <= 8:
        values = _bytes_in_order(raw, little=header.little)[:count]
    else:
        return None
    return LookupTable(first, bits, tuple(values), explanation)


def _bytes_in_order(raw: bytes, *, little: bool) -> tuple[int, ...]:
    """8-bit entries packed two to a word; a big endian file has each pair swapped."""
    if little or len(raw) % 2:
        return tuple(raw)
    swapped = bytearray(raw)
    swapped[::2], swapped[1::2] = raw[1::2], raw[::2]
    return tuple(swapped)


def _segmented(header: Header, descriptor: int, data: int, *, signed: bool) -> LookupTable | None:
    """A segmented palette, unrolled (PS3.3 C.7.9.2)."""
    described = _describe(header, descriptor, signed=signed)
    raw = header.raw(data)
    if described is None or len(raw) < 4:
        return None
    count, first, bits = described
    order = "<" if header.little else ">"
    words = Struct(f"{order}{len(raw) // 2}H").unpack_from(raw)
    try:
        values = _unroll(words, count)
    except (IndexError, StructError):
        return None
    return LookupTable(first, bits, tuple(values), "") if len(values) == count else None


def _unroll(words: tuple[int, ...], count: int) -> list[int]:
    values: list[int] = []
    position = 0
    while position < len(words) and len(values) < count:
        position = _segment(words, position, values, count)
    return values[:count]


def _segment(words: tuple[int, ...], position: int, values: list[int], count: int) -> int:
    """Append one segment's values; the position behind it."""
    kind, length = words[position], words[position + 1]
    if kind == 0:
        values.extend(words[position + 2 : position + 2 + length])
        return position + 2 + length
    if kind == 1:
        start, end = values[-1], words[position + 2]
        values.extend(start + round((end - start) * (i + 1) / length) for i in range(length))
        return position + 3
    if kind == 2:
        offset = (words[position + 2] | words[position + 3] << 16) // 2
        for _repeat in range(length):
            if len(values) >= count or words[offset] == 2:
                break
            offset = _segment(words, offset, values, count)
        return position + 4
    raise IndexError(kind)
