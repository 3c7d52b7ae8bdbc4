"""Folders and files to files: by what is there, not by name, and never out of the opened folder.

Links are never followed: one that stays inside leads to what is met anyway. Loops of mounts and
junctions end by (device, inode).
"""

import os
import stat
from collections import deque
from collections.abc import Iterator
from typing import Final

from viewer import limits
from viewer.study import Skipped, SkipReason
from viewer.words import _

DICOMDIR: Final = "DICOMDIR"


def walk(paths: tuple[str, ...]) -> Iterator[str | Skipped]:
    """Every regular file under ``paths``, folder by folder, names in order.

    A DICOMDIR that is opened by itself stands for the folder it lies in.
    """
    seen: set[tuple[int, int]] = set()
    budget = _Budget()
    for path in paths:
        full = os.path.realpath(path)
        if os.path.basename(full).upper() == DICOMDIR and os.path.isfile(full):  # noqa: PTH113, PTH119
            full = os.path.dirname(full)  # noqa: PTH120
        if os.path.isdir(full):  # noqa: PTH112
            yield from _folder(full, seen, budget)
        elif os.path.exists(full):  # noqa: PTH110
            yield full
        else:
            yield Skipped(path, SkipReason.UNREADABLE, _("There is no such file or folder."))


class _Budget:
    """How many entries and files an opening may still bring."""

    def __init__(self) -> None:
        self.entries = limits.FOLDER_ENTRIES
        self.files = limits.FILES_PER_OPENING

    def is_spent(self, *, file: bool) -> bool:
        self.entries -= 1
        self.files -= file
        return self.entries < 0 or self.files < 0


def _folder(root: str, seen: set[tuple[int, int]], budget: _Budget) -> Iterator[str | Skipped]:
    waiting: deque[tuple[str, int]] = deque([(root, 0)])
    while waiting:
        folder, depth = waiting.popleft()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            yield Skipped(folder, SkipReason.UNREADABLE, _("You may not read this folder."))
            continue
        for entry in entries:
            kind = _kind(entry, root, seen)
            if budget.is_spent(file=kind == "file"):
                yield Skipped(
                    root, SkipReason.TOO_LARGE, _("It holds too many files; the rest was left out.")
                )
                return
            if kind == "file":
                yield entry.path
            elif kind == "folder" and depth < limits.FOLDER_DEPTH:
                waiting.append((entry.path, depth + 1))
            elif kind == "folder":
                yield Skipped(entry.path, SkipReason.TOO_LARGE, _("It lies too deep in folders."))
            elif kind == "outside":
                yield Skipped(
                    entry.path, SkipReason.OUTSIDE, _("It is a link that leads out of the folder.")
                )


def _kind(entry: os.DirEntry[str], root: str, seen: set[tuple[int, int]]) -> str:
    """What an entry is: file, folder, outside (a link that leaves ``root``), "" to ignore it.

    What a link inside the folder leads to is met by itself, so the link is ignored.
    """
    try:
        if entry.is_symlink():
            is_inside = _is_inside(os.path.realpath(entry.path), root)
            return "" if is_inside else "outside"
        if entry.is_file(follow_symlinks=False):
            return "file"
        facts = entry.stat(follow_symlinks=False)
    except OSError:
        return ""
    if not stat.S_ISDIR(facts.st_mode):
        return ""  # a device, a pipe, a socket
    identity = (facts.st_dev, facts.st_ino)
    is_loop = identity in seen and identity != (0, 0)  # a mount or junction can make one
    seen.add(identity)
    return "" if is_loop else "folder"


def _is_inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
