"""All that is on the screen, immutable: ``State(doc, nav)``.

``doc`` is what undo restores; ``nav`` is where the reader is, which undo leaves alone. Pixels are
never in it: a tile names a series, and arrays live in ``reading.frames`` and ``reading.volumes``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from viewer.annotations import Annotation
from viewer.spaces import PatientPoint
from viewer.study import Window

TileKind = Literal["stack", "axial", "coronal", "sagittal", "volume"]
PLANE_KINDS: tuple[TileKind, ...] = ("axial", "coronal", "sagittal")
Projection = Literal["max", "min", "mean"]
Role = Literal["", "prior", "current"]
ToolName = Literal[
    "window",
    "zoom",
    "pan",
    "scroll",
    "length",
    "angle",
    "ellipse",
    "box",
    "sphere",
    "crosshair",
    "crop",
]
Overlays = Literal["all", "few", "none"]


@dataclass(frozen=True, slots=True)
class View:
    """How a canvas (frame or plane) lies in its tile.

    ``zoom`` 1 fits the canvas into the tile; ``centre`` is the place of the canvas in the middle of
    the tile, as fractions (column, row) of the canvas, so that linked tiles of other sizes follow.
    The canvas is mirrored left to right first (``mirrored``), then turned clockwise by
    ``rotation_deg``.
    """

    zoom: float = 1.0
    centre: tuple[float, float] = (0.5, 0.5)
    rotation_deg: float = 0.0
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class TileWindow:
    """Which grey levels a tile shows.

    ``window`` None: as ``source`` says, resolved from the file when shown. ``source`` is "file:n"
    (the n-th stored window or LUT; "file:0" is the default), "auto", "full", "preset:<id>" or
    "user".
    """

    window: Window | None = None
    source: str = "file:0"


@dataclass(frozen=True, slots=True)
class Slab:
    """Thickness of a cut, mm (0: one sample), and how its samples are joined."""

    thickness_mm: float = 0.0
    projection: Projection = "max"


@dataclass(frozen=True, slots=True)
class VolumeView:
    """A 3D tile: the camera's turn about the volume's middle, preset and crop.

    ``right``, ``down``: unit vectors of the picture's axes, LPS; the view looks along their cross
    product. ``pan_mm`` shifts the picture along them; ``zoom`` 1 fits. ``crop``: (low, high)
    fraction kept of the volume along its slice, row and column axis.
    """

    right: tuple[float, float, float] = (1.0, 0.0, 0.0)
    down: tuple[float, float, float] = (0.0, 0.0, -1.0)
    zoom: float = 1.0
    pan_mm: tuple[float, float] = (0.0, 0.0)
    preset: str = ""
    crop: tuple[tuple[float, float], tuple[float, float], tuple[float, float]] = (
        (0.0, 1.0),
        (0.0, 1.0),
        (0.0, 1.0),
    )


@dataclass(frozen=True, slots=True)
class Tile:
    """A cell of the grid; empty when ``series_uid`` is ""."""

    series_uid: str = ""
    stack_index: int = 0
    kind: TileKind = "stack"
    window: TileWindow = TileWindow()
    invert: bool = False
    view: View = View()
    slab: Slab = Slab()
    volume: VolumeView = VolumeView()
    role: Role = ""

    @property
    def is_plane(self) -> bool:
        """Whether it shows a cut through a volume."""
        return self.kind in PLANE_KINDS


@dataclass(frozen=True, slots=True)
class Link:
    """What linked tiles share; tiles are linked when ``doc.linked`` holds and these agree."""

    scroll: bool = True
    view: bool = True
    window: bool = True


@dataclass(frozen=True, slots=True)
class Doc:
    """What undo restores.

    ``tiles`` run row by row; there are ``rows`` x ``columns`` of them. ``turn`` is the rotation of
    the three planes about the crosshair: three LPS unit vectors, the turned x, y and z axis.
    ``linked`` names the tiles that follow each other.
    """

    rows: int = 1
    columns: int = 1
    tiles: tuple[Tile, ...] = (Tile(),)
    maximised: int | None = None
    linked: frozenset[int] = frozenset()
    link: Link = Link()
    turn: tuple[tuple[float, float, float], ...] = (
        (1.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        (0.0, 0.0, 1.0),
    )
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class Nav:
    """Where the reader is; undo leaves it.

    ``positions`` holds one index into the stack per tile. ``crosshair`` is where the planes of a
    volume meet, by series UID. ``offsets`` are scroll offsets of linked tiles, in mm, by tile.
    """

    active: int = 0
    positions: tuple[int, ...] = (0,)
    crosshair: tuple[tuple[str, PatientPoint], ...] = ()
    offsets: tuple[float, ...] = ()
    tool: ToolName = "window"
    cine_tile: int | None = None
    cine_fps: float = 10.0
    selected: str = ""
    overlays: Overlays = "all"
    show_ai: bool = True
    show_rejected: bool = False
    marks_hidden: bool = False
    names_hidden: bool = False
    pixel_grid: bool = False
    reference_lines: bool = False

    def crosshair_of(self, series_uid: str) -> PatientPoint | None:
        """Where the planes of this series meet, or None before they were shown."""
        return next((p for uid, p in self.crosshair if uid == series_uid), None)


@dataclass(frozen=True, slots=True)
class State:
    """Everything a listener needs to draw; compared by identity of its parts."""

    doc: Doc = field(default_factory=Doc)
    nav: Nav = field(default_factory=Nav)

    @property
    def active_tile(self) -> Tile:
        """The tile that keys and questions go to."""
        return self.doc.tiles[self.nav.active]

    def with_doc(self, **changes: object) -> "State":
        """Change fields of ``doc``."""
        return replace(self, doc=replace(self.doc, **changes))  # type: ignore[arg-type]

    def with_nav(self, **changes: object) -> "State":
        """Change fields of ``nav``."""
        return replace(self, nav=replace(self.nav, **changes))  # type: ignore[arg-type]

    def with_tiles(self, change: Callable[[int, Tile], Tile]) -> "State":
        """Change tiles, each given with its index; unchanged ones stay the same object."""
        tiles = tuple(change(i, t) for i, t in enumerate(self.doc.tiles))
        if all(a is b for a, b in zip(tiles, self.doc.tiles, strict=True)):
            return self
        return self.with_doc(tiles=tiles)


Edit = Callable[[State], State]
