"""Files to instances: each file is an image, an archive of images, a DICOMDIR, or skipped."""

from collections.abc import Iterator
from struct import error as StructError  # noqa: N812 - it is an exception
from typing import Final
from zipfile import ZipFile, ZipInfo

from viewer.parsing.archive import is_archive, open_archive, open_member
from viewer.parsing.directory import missing_files
from viewer.parsing.elements import Source
from viewer.parsing.facts import Memory
from viewer.parsing.faults import Fault
from viewer.parsing.files import open_source
from viewer.parsing.headers import IsDirectory, read_header
from viewer.study import Instance, Skipped, SkipReason
from viewer.words import _

# What parsing foreign bytes may raise beside Fault; each of them means a broken file.
BROKEN: Final = (
    ArithmeticError, LookupError, MemoryError, OSError, RecursionError, StructError, ValueError,
)  # fmt: skip


def scan_file(path: str, memory: Memory) -> Iterator[Instance | Skipped]:
    """What one file holds."""
    try:
        with open_source(path) as source:
            if is_archive(source.data):
                yield from _archive(path, memory)
            else:
                yield from _file(source, path, "", memory)
    except Fault as fault:
        yield Skipped(path, fault.reason, fault.sentence)
    except BROKEN:
        yield Skipped(path, SkipReason.UNREADABLE, _("It is damaged and cannot be read."))


def _file(source: Source, path: str, member: str, memory: Memory) -> Iterator[Instance | Skipped]:
    try:
        yield read_header(source, path, member, memory)
    except IsDirectory:
        if not member:
            yield from missing_files(source, path)


def _archive(path: str, memory: Memory) -> Iterator[Instance | Skipped]:
    with open_archive(path) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        for info in members:
            try:
                yield from _member(archive, info, path, memory)
            except Fault as fault:
                yield Skipped(f"{path}/{info.filename}", fault.reason, fault.sentence)
            except BROKEN:
                sentence = _("It is damaged and cannot be read.")
                yield Skipped(f"{path}/{info.filename}", SkipReason.UNREADABLE, sentence)
        if not members:
            yield Skipped(path, SkipReason.NO_IMAGE, _("The archive is empty."))


def _member(
    archive: ZipFile, info: ZipInfo, path: str, memory: Memory
) -> Iterator[Instance | Skipped]:
    with open_member(archive, info) as source:
        if is_archive(source.data):
            raise Fault(SkipReason.UNSUPPORTED, _("It is an archive inside an archive."))
        yield from _file(source, path, info.filename, memory)
