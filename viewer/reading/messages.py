"""What the window and its reading workers say to each other (``viewer.channel``)."""

from dataclasses import dataclass

from viewer.study import Instance, Skipped, SkipReason


@dataclass(frozen=True, slots=True)
class Walk:
    """List the files under these paths."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """Files that were found, and names that were refused or cannot be entered."""

    files: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadHeaders:
    """Read these files' headers."""

    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Headers:
    """Headers that were read, and files that hold no image; ``done`` counts finished files."""

    done: int
    instances: tuple[Instance, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class LongHeader:
    """A piece of one instance's JSON that is too long for a message; ``last`` ends it."""

    piece: str
    last: bool


@dataclass(frozen=True, slots=True)
class Compare:
    """Say whether two files, each (path, member), hold the same pixels."""

    first: tuple[str, str]
    second: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """Digests of the pixels of two files, "" for one that cannot be read."""

    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Importing:
    """A library is about to be loaded, which takes as long as the disc needs."""


@dataclass(frozen=True, slots=True)
class Decode:
    """Decode these frames of a file into the shared memory named ``arena``, one after another."""

    path: str
    member: str
    sop_instance_uid: str
    frame_numbers: tuple[int, ...]
    arena: str
    arena_bytes: int


@dataclass(frozen=True, slots=True)
class FrameDecoded:
    """One frame is in the arena at ``offset``."""

    frame_number: int
    dtype: str
    shape: tuple[int, ...]
    offset: int
    photometric: str
    bits_stored: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FrameFailed:
    """One frame cannot be shown, and why."""

    frame_number: int
    reason: SkipReason
    sentence: str


@dataclass(frozen=True, slots=True)
class Done:
    """The request is finished."""


REQUESTS = (Walk, ReadHeaders, Compare, Decode)
ANSWERS = (Listed, Headers, LongHeader, Compared, Importing, FrameDecoded, FrameFailed, Done)
