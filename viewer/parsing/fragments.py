"""Encapsulated pixels (PS3.5 A.4): fragments out of a file, and which of them make a frame.

The offset table is believed only where it agrees with the fragments.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct
from typing import Final

from viewer import limits
from viewer.parsing.faults import Fault
from viewer.study import SkipReason
from viewer.words import _

_ITEM: Final = 0xFFFEE000
_END: Final = 0xFFFEE0DD
_HEAD: Final = Struct("<HHI")
_STARTS: Final = (
    b"\xff\xd8",
    b"\xff\x4f\xff\x51",
    b"\xff\x0a",
    b"\0\0\0\x0cJXL ",
    b"\0\0\0\x0cjP  ",
)

ReadAt = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Fragment:
    """Where a fragment's bytes are; ``whole`` is False when the file ends inside it."""

    offset: int
    length: int
    whole: bool = True


def find_fragments(read_at: ReadAt, start: int, size: int) -> tuple[bytes, list[Fragment]]:
    """The offset table's bytes and all fragments of pixels that start at ``start``."""
    table: bytes | None = None
    fragments: list[Fragment] = []
    position = start
    while position + 8 <= size and len(fragments) <= limits.ELEMENTS:
        group, element, length = _HEAD.unpack(read_at(position, 8))
        tag = group << 16 | element
        position += 8
        if tag == _END:
            break
        if tag != _ITEM:
            raise Fault(SkipReason.INVALID, _("Its pixel data is damaged."))
        here = min(length, size - position)
        if table is None:
            table = read_at(position, min(here, limits.ELEMENT_BYTES))
        else:
            fragments.append(Fragment(position, here, here == length))
        position += length
    if not fragments:
        raise Fault(SkipReason.INVALID, _("Its pixel data is empty."))
    return table or b"", fragments


def frames_of(
    table: bytes, fragments: Sequence[Fragment], frames: int, read_at: ReadAt
) -> list[tuple[Fragment, ...]]:
    """The fragments of each frame; fewer than ``frames`` when the file holds fewer.

    Fault when it cannot be told which fragments belong together.
    """
    if frames == 1:
        return [tuple(fragments)]
    if len(fragments) <= frames:
        return [(fragment,) for fragment in fragments]
    starts = _table_starts(table, fragments, frames) or _marked_starts(fragments, read_at)
    if len(starts) != frames or starts[0] != 0:
        raise Fault(SkipReason.INVALID, _("It cannot be told where each of its frames begins."))
    ends = [*starts[1:], len(fragments)]
    return [tuple(fragments[a:b]) for a, b in zip(starts, ends, strict=True)]


def _table_starts(table: bytes, fragments: Sequence[Fragment], frames: int) -> list[int]:
    if len(table) != 4 * frames:
        return []
    first = fragments[0].offset - 8
    index_of = {fragment.offset - 8 - first: i for i, fragment in enumerate(fragments)}
    starts = [index_of.get(offset, -1) for offset in Struct(f"<{frames}I").unpack(table)]
    is_rising = all(a < b for a, b in pairwise(starts))
    return starts if starts[0] == 0 and is_rising else []


def _marked_starts(fragments: Sequence[Fragment], read_at: ReadAt) -> list[int]:
    """Fragments that begin like a code stream."""
    return [
        index
        for index, fragment in enumerate(fragments)
        if read_at(fragment.offset, min(12, fragment.length)).startswith(_STARTS)
    ]
