"""What the window and its resampling child say to each other (``viewer.channel``)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cut:
    """Where one slice of the result lies among the slices given.

    At ``share`` (0 to 1) of the way from slice ``below`` to the next; its pixel (row, column) is
    pixel (row - ``down``, column - ``across``) there.
    """

    below: int
    share: float
    down: float
    across: float


@dataclass(frozen=True, slots=True)
class Resample:
    """Cut slices out of the voxels at the beginning of an arena, and put them at ``offset``.

    ``shape`` (slices, rows, columns) and ``dtype`` are those of the voxels, ``size`` (rows,
    columns) that of a cut. What lies beside the voxels becomes ``fill``.
    """

    arena: str
    dtype: str
    shape: tuple[int, int, int]
    cuts: tuple[Cut, ...]
    size: tuple[int, int]
    offset: int
    fill: float


@dataclass(frozen=True, slots=True)
class Resampled:
    """So many slices are done."""

    done: int


REQUESTS = (Resample,)
ANSWERS = (Resampled,)
