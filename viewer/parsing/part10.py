"""A DICOM file as a data set: preamble, meta header, transfer syntax, deflate (PS3.10, PS3.5 A).

Files without preamble or meta header are guessed by their first elements, and noted.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from struct import error as StructError  # noqa: N812 - it is an exception
from typing import Final

from viewer import limits
from viewer.parsing.elements import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    LONG_VRS,
    Encoding,
    Found,
    Head,
    Source,
    read_top,
)
from viewer.parsing.faults import Fault
from viewer.parsing.foreign import foreign_kind
from viewer.parsing.odd import read_odd
from viewer.parsing.syntaxes import (
    BIG_ENDIAN_UID,
    DEFLATED_UID,
    EXPLICIT_UID,
    IMPLICIT_UID,
    SYNTAXES,
)
from viewer.parsing.values import Header
from viewer.study import SkipReason
from viewer.words import _

FIRST_READ: Final = 16 << 10
_META: Final = 2
_SYNTAX: Final = 0x0010
_MEDIA_CLASS: Final = 0x0002
_ODD: Final = frozenset({SkipReason.INVALID, SkipReason.TRUNCATED})
_FIRST_GROUPS: Final = frozenset({0x0002, 0x0008})


@dataclass(slots=True)
class DataSet:
    """The top level of a file: its wanted elements and where its pixels are.

    ``source`` holds the bytes that ``pixels.start`` counts in: the file, or what it inflates to.
    """

    source: Source
    syntax: str
    header: Header
    pixels: Head | None
    media_class: str
    notes: tuple[str, ...] = ()


def read_dataset(source: Source, wanted: frozenset[int], sequences: frozenset[int]) -> DataSet:
    """The data set of a file; Fault when it is none or breaks off."""
    try:
        return _read(source, wanted, sequences)
    except (StructError, IndexError):
        raise Fault(SkipReason.TRUNCATED, _("The file ends in the middle of its header.")) from None


def _read(source: Source, wanted: frozenset[int], sequences: frozenset[int]) -> DataSet:
    if source.size == 0:
        raise Fault(SkipReason.NOT_DICOM, _("The file is empty."))
    notes: list[str] = []
    start = 132 if source.data[128:132] == b"DICM" else 0
    meta, start = _meta(source, start)
    syntax = _uid(meta.get(_SYNTAX, b""))
    media_class = _uid(meta.get(_MEDIA_CLASS, b""))
    if not syntax:
        syntax = _guess(source, start)
        notes.append(_("It does not say how it is encoded; that was guessed."))
    if syntax == DEFLATED_UID:
        source, start = _inflated(source, start), 0
    encoding = _encoding(syntax, source, start)
    if start + 8 > len(source.data):
        raise Fault(SkipReason.NOT_DICOM, _("It holds nothing but the mark of a DICOM file."))
    found = _found(source, start, encoding, wanted, sequences)
    if found.is_odd:
        notes.append(_("Its header breaks the rules of the format; what could be read is used."))
    header = Header(found.elements, encoding)
    return DataSet(source, syntax, header, found.pixels, media_class, tuple(notes))


def _found(
    source: Source,
    start: int,
    encoding: Encoding,
    wanted: frozenset[int],
    sequences: frozenset[int],
) -> Found:
    """What the own reader finds; where it stumbles, what pydicom does if it does better."""
    try:
        found = read_top(source, start, encoding, wanted, sequences)
    except (Fault, StructError, IndexError) as trouble:
        if isinstance(trouble, Fault) and trouble.reason not in _ODD:
            raise
        odd = read_odd(source, start, encoding, wanted | sequences)
        if odd is None:
            raise
        return odd
    if found.is_odd:
        return read_odd(source, start, encoding, wanted | sequences) or found
    return found


def _meta(source: Source, start: int) -> tuple[dict[int, bytes], int]:
    """The file meta elements (PS3.10 7.1), always explicit little endian, and what follows them."""
    meta: dict[int, bytes] = {}
    position = start
    head_of, data = EXPLICIT.explicit_head.unpack_from, source.data
    while position + 12 <= len(data):
        group, element, vr, length = head_of(data, position)
        if group != _META:
            break
        position += 8
        if vr in LONG_VRS:
            (length,) = EXPLICIT.long_length.unpack_from(data, position)
            position += 4
        begin, position = position, position + length
        if position - start > limits.META_HEADER_BYTES:
            raise Fault(SkipReason.INVALID, _("Its file header is larger than 64 KB."))
        if position + 12 > len(data):
            if not source.reach(position):
                raise Fault(SkipReason.TRUNCATED, _("The file ends in the middle of its header."))
            source.reach(position + 12)
            data = source.data
        meta[element] = data[begin:position]
    return meta, position


def _uid(raw: bytes) -> str:
    return raw[:128].decode("ascii", "backslashreplace").strip(" \0")


def _guess(source: Source, start: int) -> str:
    """The syntax of a file that does not name one, by its first element."""
    first = source.data[start : start + 8]
    if len(first) < 8:
        raise _not_dicom(source)
    little, big = (int.from_bytes(first[:2], order) for order in ("little", "big"))
    looks_explicit = first[4:6].isalpha() and first[4:6].isupper()
    if little in _FIRST_GROUPS and looks_explicit:
        return EXPLICIT_UID
    if big in _FIRST_GROUPS and looks_explicit:
        return BIG_ENDIAN_UID
    length = int.from_bytes(first[4:8], "little")
    if little in _FIRST_GROUPS and length <= 0x400:
        return IMPLICIT_UID
    raise _not_dicom(source)


def _not_dicom(source: Source) -> Fault:
    """The fault of a file of another format, named where it is known."""
    kind = foreign_kind(bytes(source.data[:FIRST_READ]))
    if not kind:
        return Fault(SkipReason.NOT_DICOM, _("It is not a DICOM file."))
    sentence = _("It is {kind}, which this program does not read yet.")
    return Fault(SkipReason.NOT_DICOM, sentence.format(kind=_(kind)))


def _encoding(syntax: str, source: Source, start: int) -> Encoding:
    """How the data set is written; what the first element shows wins over what the syntax says."""
    known = SYNTAXES.get(syntax)
    encoding = known.encoding if known is not None else EXPLICIT
    first = source.data[start : start + 6]
    looks_explicit = first[4:6].isalpha() and first[4:6].isupper()
    if encoding is BIG_ENDIAN and first[:1] not in {b"\0", b""}:
        return EXPLICIT if looks_explicit else IMPLICIT
    if encoding is EXPLICIT and not looks_explicit:
        return IMPLICIT
    if encoding is IMPLICIT and looks_explicit and first[:2] == b"\x08\x00":
        return EXPLICIT
    return encoding


def _inflated(source: Source, start: int) -> Source:
    """A source that inflates on demand (PS3.5 A.5), stopped at the ratio of a bomb."""
    feed = _Inflation(source, start)
    return Source(feed.read(FIRST_READ), 1 << 62, feed.read)


class _Inflation:
    def __init__(self, source: Source, start: int) -> None:
        self._source = source
        self._at = start
        self._engine = zlib.decompressobj(-zlib.MAX_WBITS)
        self._given = 0

    def read(self, count: int) -> bytes:
        out = bytearray()
        while len(out) < count and not self._engine.eof:
            raw = self._engine.unconsumed_tail or self._take()
            if not raw:
                break
            try:
                out += self._engine.decompress(raw, count - len(out))
            except zlib.error:
                raise Fault(SkipReason.INVALID, _("Its compressed data set is damaged.")) from None
            self._check(len(out))
        self._given += len(out)
        return bytes(out)

    def _take(self) -> bytes:
        end = min(self._at + (64 << 10), self._source.size)
        self._source.reach(end)
        raw = self._source.data[self._at : end]
        self._at = end
        return raw

    def _check(self, more: int) -> None:
        total = self._given + more
        if total > limits.ZIP_RATIO_FROM_BYTES and total > limits.ZIP_RATIO * self._at:
            raise Fault(SkipReason.TOO_LARGE, _("It unpacks to far more than an image could need."))


def file_source(read: Callable[[int], bytes], size: int) -> Source:
    """A source over a file or archive member that ``read(count)`` gives piece by piece."""
    return Source(read(FIRST_READ), size, read)
