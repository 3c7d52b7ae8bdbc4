"""The bytes of single frames of one file, wherever they are: file, archive or deflated data set."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from viewer import limits
from viewer.parsing.archive import open_archive, open_member
from viewer.parsing.elements import Head, Source
from viewer.parsing.facts import Memory
from viewer.parsing.faults import Fault
from viewer.parsing.files import open_regular
from viewer.parsing.fragments import Fragment, ReadAt, find_fragments, frames_of
from viewer.parsing.headers import make_instance
from viewer.parsing.multiframe import Mosaic, find_mosaic
from viewer.parsing.part10 import DataSet, file_source, read_dataset
from viewer.parsing.pixel_format import frame_bits, read_pixel_format
from viewer.parsing.syntaxes import DEFLATED_UID, SYNTAXES, Syntax
from viewer.parsing.tags import SEQUENCES, WANTED
from viewer.study import Instance, PixelFormat, SkipReason
from viewer.words import _

_PIECE: Final = 4 << 20


@dataclass(slots=True)
class PixelSource:
    """One file, opened for decoding.

    ``pixels`` is the format of what a decoder gives: for a mosaic the whole picture. ``buffer``
    holds the bytes of files that cannot be read at an offset.
    """

    instance: Instance
    syntax: Syntax
    pixels: PixelFormat
    head: Head
    little: bool
    mosaic: Mosaic | None
    path: str
    size: int
    buffer: bytes | None = None
    fragments: list[tuple[Fragment, ...]] | None = None

    @contextmanager
    def reader(self) -> Iterator[ReadAt]:
        """A function that reads bytes at an offset."""
        buffer = self.buffer
        if buffer is not None:
            yield lambda offset, count: buffer[offset : offset + count]
            return
        with open_regular(self.path) as (descriptor, size):
            if size != self.size:
                raise Fault(SkipReason.UNREADABLE, _("The file has changed. Open it again."))
            yield lambda offset, count: _read_at(descriptor, offset, count)

    def frame(self, index: int, read_at: ReadAt) -> tuple[bytes, int]:
        """A frame's bytes, and how many bits of the first one belong to the frame before."""
        if self.syntax.encapsulated:
            return self._encapsulated(index, read_at), 0
        bits = frame_bits(self.pixels)
        first, skip = divmod(index * bits, 8)
        count = -(-(bits + skip) // 8)
        return read_at(self.head.start + first, count), skip

    def _encapsulated(self, index: int, read_at: ReadAt) -> bytes:
        if self.fragments is None:
            table, found = find_fragments(read_at, self.head.start, self.size)
            self.fragments = frames_of(table, found, self.instance.frame_count, read_at)
        if index >= len(self.fragments):
            raise Fault(SkipReason.TRUNCATED, _("The file ends before this frame."))
        parts = self.fragments[index]
        if not all(part.whole for part in parts):
            raise Fault(SkipReason.TRUNCATED, _("The file ends in the middle of this frame."))
        if sum(part.length for part in parts) > limits.FRAME_BYTES:
            raise Fault(SkipReason.TOO_LARGE, _("Its pixel data is too large."))
        return b"".join(read_at(part.offset, part.length) for part in parts)


def open_pixels(path: str, member: str) -> PixelSource:
    """A file's pixels, ready to be decoded; Fault as for its header."""
    if member:
        with open_archive(path) as archive:
            try:
                info = archive.getinfo(member)
            except KeyError:
                raise Fault(
                    SkipReason.UNREADABLE, _("It is not in the archive any more.")
                ) from None
            with open_member(archive, info) as source:
                return _opened(source, path, member)
    with open_regular(path) as (descriptor, size):
        source = file_source(lambda count: os.read(descriptor, min(count, _PIECE)), size)
        return _opened(source, path, member)


def _opened(source: Source, path: str, member: str) -> PixelSource:
    dataset = read_dataset(source, WANTED, SEQUENCES)
    instance = make_instance(dataset, path, member, Memory())
    if dataset.pixels is None:
        raise Fault(SkipReason.INVALID, _("It is an image without pixels."))
    buffer = None
    if member or dataset.syntax == DEFLATED_UID:
        buffer = _all_of(dataset, instance)
    return PixelSource(
        instance=instance,
        syntax=SYNTAXES[dataset.syntax],
        pixels=read_pixel_format(dataset.header, dataset.pixels, dataset.syntax),
        head=dataset.pixels,
        little=dataset.header.little,
        mosaic=find_mosaic(dataset.header),
        path=path,
        size=source.size if buffer is None else len(buffer),
        buffer=buffer,
    )


def _all_of(dataset: DataSet, instance: Instance) -> bytes:
    """All bytes up to the end of the pixels, as far as the format needs them."""
    source, head = dataset.source, dataset.pixels
    end = 1 << 62
    if (
        head is not None
        and instance.pixels is not None
        and not SYNTAXES[dataset.syntax].encapsulated
    ):
        whole = read_pixel_format(dataset.header, head, dataset.syntax)
        frames = 1 if find_mosaic(dataset.header) else instance.frame_count
        end = head.start + -(-frame_bits(whole) * frames // 8)
    parts = [source.data]
    have = len(source.data)
    while have < end and (piece := source.read_on(min(_PIECE, end - have))):
        parts.append(piece)
        have += len(piece)
        if have > limits.INSTANCE_BYTES:
            raise Fault(SkipReason.TOO_LARGE, _("Its pixel data is too large."))
    return b"".join(parts)


def _read_at(descriptor: int, offset: int, count: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    parts = []
    while count > 0 and (piece := os.read(descriptor, min(count, _PIECE))):
        parts.append(piece)
        count -= len(piece)
    return b"".join(parts)
