"""Whether two files hold the same pixels, told by a digest of their bytes in the files."""

import hashlib
from contextlib import ExitStack
from typing import Final

from viewer.parsing.archive import open_archive, open_member
from viewer.parsing.elements import UNDEFINED
from viewer.parsing.faults import Fault
from viewer.parsing.files import open_source
from viewer.parsing.part10 import read_dataset
from viewer.parsing.scan import BROKEN
from viewer.parsing.tags import SEQUENCES, WANTED

_PIECE: Final = 1 << 20


def pixel_digest(path: str, member: str) -> str:
    """SHA-256 of a file's pixel element as it is stored; "" when it cannot be read any more."""
    try:
        return _digest(path, member)
    except (Fault, KeyError, *BROKEN):
        return ""


def _digest(path: str, member: str) -> str:
    with ExitStack() as opened:
        if member:
            archive = opened.enter_context(open_archive(path))
            source = opened.enter_context(open_member(archive, archive.getinfo(member)))
        else:
            source = opened.enter_context(open_source(path))
        dataset = read_dataset(source, WANTED, SEQUENCES)
        head = dataset.pixels
        if head is None:
            return ""
        left = 1 << 62 if head.length == UNDEFINED else head.length
        first = memoryview(dataset.source.data)[head.start : head.start + left]
        made = hashlib.sha256(f"{dataset.syntax} {head.tag}".encode())
        made.update(first)
        left -= len(first)
        while left > 0 and (piece := dataset.source.read_on(min(left, _PIECE))):
            made.update(piece)
            left -= len(piece)
        return made.hexdigest()
