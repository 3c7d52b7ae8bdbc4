"""ZIP archives, read in place: never unpacked to disk, names are labels only."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, Final

from viewer import limits
from viewer.parsing.elements import Source
from viewer.parsing.faults import Fault
from viewer.parsing.files import open_regular
from viewer.parsing.part10 import file_source
from viewer.study import SkipReason
from viewer.words import _

MARK: Final = b"PK\x03\x04"
_EMPTY_MARK: Final = b"PK\x05\x06"
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_PIECE: Final = 1 << 20


def is_archive(first: bytes) -> bool:
    """Whether a file begins as a ZIP archive does."""
    return first[:4] in {MARK, _EMPTY_MARK}


@contextmanager
def open_archive(path: str) -> Iterator[zipfile.ZipFile]:
    """The archive's directory; Fault when it has none or too many entries."""
    with open_regular(path) as (descriptor, _size), io.FileIO(descriptor, closefd=False) as raw:
        try:
            archive = zipfile.ZipFile(io.BufferedReader(raw))
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
            raise Fault(
                SkipReason.TRUNCATED, _("The archive is damaged: its list of files is missing.")
            ) from None
        with archive:
            if len(archive.infolist()) > limits.ZIP_ENTRIES:
                raise Fault(SkipReason.TOO_LARGE, _("The archive holds too many files."))
            yield archive


def check_member(info: zipfile.ZipInfo) -> None:
    """Fault when a member must not be read: its name leads outside, or it is locked or a bomb."""
    name = info.filename
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if name.startswith(("/", "\\")) or ".." in parts or "\\" in info.orig_filename or ":" in name:
        raise Fault(SkipReason.OUTSIDE, _("Its name leads out of the archive; it was not read."))
    if info.flag_bits & 1:
        raise Fault(
            SkipReason.ENCRYPTED, _("It is locked with a password. Unlock it, then open it.")
        )
    if info.compress_type not in _METHODS:
        raise Fault(SkipReason.UNSUPPORTED, _("It is packed in a way that is not read here."))
    if info.file_size > limits.ZIP_MEMBER_BYTES or _is_bomb(info.file_size, info.compress_size):
        raise Fault(SkipReason.TOO_LARGE, _("It unpacks to far more than an image could need."))


@contextmanager
def open_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[Source]:
    """A member as a source of bytes, unpacked as far as it is read."""
    check_member(info)
    try:
        with archive.open(info) as stream:
            yield file_source(_Bounded(stream, info).read, info.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError):
        raise Fault(SkipReason.UNREADABLE, _("It is damaged inside the archive.")) from None


def read_member(path: str, member: str) -> bytes:
    """All bytes of one member, bounded; Fault when it is gone or too large."""
    with open_archive(path) as archive:
        try:
            info = archive.getinfo(member)
        except KeyError:
            raise Fault(SkipReason.UNREADABLE, _("It is not in the archive any more.")) from None
        with open_member(archive, info) as source:
            if info.file_size > limits.INSTANCE_BYTES:
                raise Fault(SkipReason.TOO_LARGE, _("It is too large."))
            parts = [source.data]
            while piece := source.read_on(_PIECE):
                parts.append(piece)
            return b"".join(parts)


class _Bounded:
    """Reads a member and stops where it turns out to be a bomb, whatever its directory claims."""

    def __init__(self, stream: IO[bytes], info: zipfile.ZipInfo) -> None:
        self._stream = stream
        self._info = info
        self._given = 0

    def read(self, count: int) -> bytes:
        piece = self._stream.read(count)
        self._given += len(piece)
        if _is_bomb(self._given, self._info.compress_size):
            raise Fault(SkipReason.TOO_LARGE, _("It unpacks to far more than an image could need."))
        return piece


def _is_bomb(size: int, packed: int) -> bool:
    return size > limits.ZIP_RATIO_FROM_BYTES and size > limits.ZIP_RATIO * max(packed, 1)
