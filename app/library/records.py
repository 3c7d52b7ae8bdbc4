"""Views and marks as JSON text for work.db, checked when they are read back.

A record that cannot be read (a newer or a damaged one) is left out, never guessed.
"""

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from viewer.annotations import Annotation
from viewer.channel import ChannelError, decode, encode
from viewer.limits import MIB
from viewer.spaces import PatientPoint
from viewer.state import Doc, Link, Nav, Overlays, State, Tile, ToolName

_T = TypeVar("_T")
_BOUND: Final = 16 * MIB
_LINK: Final = Link()
_TURN: Final = Doc().turn


@dataclass(frozen=True, slots=True)
class SavedView:
    """What was on the screen: layout, tiles, links and where the reader was."""

    rows: int
    columns: int
    tiles: tuple[Tile, ...]
    maximised: int | None = None
    linked: tuple[int, ...] = ()
    link: Link = _LINK
    turn: tuple[tuple[float, float, float], ...] = _TURN
    active: int = 0
    positions: tuple[int, ...] = ()
    crosshair: tuple[tuple[str, PatientPoint], ...] = ()
    offsets: tuple[float, ...] = ()
    tool: ToolName = "window"
    overlays: Overlays = "all"


def view_of(state: State) -> SavedView:
    """What is worth keeping of a state, without marks."""
    doc, nav = state.doc, state.nav
    return SavedView(
        rows=doc.rows,
        columns=doc.columns,
        tiles=doc.tiles,
        maximised=doc.maximised,
        linked=tuple(sorted(doc.linked)),
        link=doc.link,
        turn=doc.turn,
        active=nav.active,
        positions=nav.positions,
        crosshair=nav.crosshair,
        offsets=nav.offsets,
        tool=nav.tool,
        overlays=nav.overlays,
    )


def restored(view: SavedView, state: State) -> State:
    """The state with a saved view in it; marks stay as they are."""
    doc = replace(
        state.doc,
        rows=view.rows,
        columns=view.columns,
        tiles=view.tiles,
        maximised=view.maximised,
        linked=frozenset(view.linked),
        link=view.link,
        turn=view.turn,
    )
    nav = Nav(
        active=min(view.active, len(view.tiles) - 1),
        positions=view.positions,
        crosshair=view.crosshair,
        offsets=view.offsets,
        tool=view.tool,
        overlays=view.overlays,
    )
    return State(doc, nav)


def view_text(view: SavedView) -> str:
    """A view as JSON."""
    return encode(view, bound=_BOUND).decode("utf-8", "surrogatepass")


def read_view(text: str) -> SavedView | None:
    """A view from JSON, or None when it makes no sense."""
    view = _read(text, SavedView)
    if view is None or not view.tiles or view.rows * view.columns != len(view.tiles):
        return None
    return view


def annotation_text(annotation: Annotation) -> str:
    """A mark as JSON."""
    return encode(annotation, bound=_BOUND).decode("utf-8", "surrogatepass")


def read_annotation(text: str) -> Annotation | None:
    """A mark from JSON, or None when it makes no sense."""
    return _read(text, Annotation)


def _read(text: str, kind: type[_T]) -> _T | None:
    try:
        made = decode(text.encode("utf-8", "surrogatepass"), {kind.__name__: kind})
    except ChannelError:
        return None
    return made if isinstance(made, kind) else None
