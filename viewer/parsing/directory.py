"""DICOMDIR (PS3.3 annex F): a hint only. Files are found by walking; it tells which are missing."""

import os
from collections.abc import Iterator
from typing import Final

from viewer.parsing.elements import Source
from viewer.parsing.part10 import read_dataset
from viewer.study import Skipped, SkipReason
from viewer.words import _

_RECORDS: Final = 0x00041220
_FILE_ID: Final = 0x00041500


def missing_files(source: Source, path: str) -> Iterator[Skipped]:
    """What a DICOMDIR names that is not there, or lies outside its folder and is never read."""
    dataset = read_dataset(source, frozenset(), frozenset({_RECORDS}))
    root = os.path.dirname(os.path.realpath(path))  # noqa: PTH120
    for record in dataset.header.items(_RECORDS):
        parts = record.texts(_FILE_ID)
        if not parts:
            continue
        label = os.path.join(path, *(part.replace("/", "_") for part in parts))  # noqa: PTH118
        target = _inside(root, parts)
        if target is None:
            yield Skipped(
                label,
                SkipReason.OUTSIDE,
                _("The DICOMDIR names a file outside its folder; it was not read."),
            )
        elif not os.path.isfile(target):  # noqa: PTH113
            yield Skipped(
                label,
                SkipReason.UNREADABLE,
                _("The DICOMDIR names this file, but it is not there."),
            )


def _inside(root: str, parts: tuple[str, ...]) -> str | None:
    """The named file's real path when every part is a plain name and it stays under ``root``."""
    for part in parts:
        if not part or part in {".", ".."} or any(mark in part for mark in "/\\:\0"):
            return None
    target = os.path.realpath(os.path.join(root, *parts))  # noqa: PTH118
    return target if target.startswith(root.rstrip(os.sep) + os.sep) else None
