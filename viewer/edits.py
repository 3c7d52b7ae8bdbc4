"""State -> State, a function per change. Total and fast; reads no file, widget or clock.

Links are followed here, so no view ever tells another.
"""

from dataclasses import replace

from viewer.annotations import Annotation, Status
from viewer.spaces import FramePoint, PatientPoint
from viewer.state import (
    Edit,
    Link,
    Overlays,
    Role,
    Slab,
    State,
    Tile,
    TileKind,
    TileWindow,
    ToolName,
    View,
    VolumeView,
)

MAX_ZOOM = 64.0
MIN_ZOOM = 0.05


def followers(state: State, tile: int, aspect: str) -> frozenset[int]:
    """The tile and those that follow it in ``aspect`` ("scroll", "view" or "window")."""
    doc = state.doc
    if tile not in doc.linked or not getattr(doc.link, aspect):
        return frozenset({tile})
    return doc.linked


def set_layout(rows: int, columns: int) -> Edit:
    """Make the grid ``rows`` x ``columns``; tiles keep their order, new ones are empty.

    Where a smaller grid leaves a current image without its prior, the two roles and their link go.
    """

    def edit(state: State) -> State:
        count = rows * columns
        tiles = (*state.doc.tiles[:count], *(Tile() for _ in range(count - len(state.doc.tiles))))
        positions = _sized(state.nav.positions, count)
        linked = frozenset(i for i in state.doc.linked if i < count)
        if not {"prior", "current"} <= {t.role for t in tiles}:
            tiles = tuple(replace(t, role="") if t.role else t for t in tiles)
        if len(linked) < 2:
            linked = frozenset()
        changed = state.with_doc(
            rows=rows, columns=columns, tiles=tiles, maximised=None, linked=linked
        )
        return changed.with_nav(active=min(state.nav.active, count - 1), positions=positions)

    return edit


def show_series(
    tile: int,
    series_uid: str,
    *,
    kind: TileKind = "stack",
    position: int = 0,
    stack_index: int = 0,
    role: Role = "",
) -> Edit:
    """Put a series into a tile, with the file's own window and the whole of it in view."""

    def edit(state: State) -> State:
        fresh = Tile(series_uid=series_uid, stack_index=stack_index, kind=kind, role=role)
        shown = state.with_tiles(lambda i, old: fresh if i == tile else old)
        shown = shown.with_doc(linked=shown.doc.linked - {tile})
        return set_position(tile, position)(shown)

    return edit


def set_planes(series_uid: str, kinds: tuple[TileKind, ...], window: TileWindow) -> Edit:
    """Show a volume in as many tiles as there are kinds, in a 2x2 (or smaller) grid."""

    def edit(state: State) -> State:
        rows, columns = (2, 2) if len(kinds) > 2 else (1, len(kinds))
        grid = set_layout(rows, columns)(state)
        fresh = [Tile(series_uid=series_uid, kind=k, window=window) for k in kinds]
        fresh += [Tile() for _ in range(rows * columns - len(fresh))]
        return grid.with_doc(tiles=tuple(fresh), linked=frozenset(), maximised=None).with_nav(
            active=0, positions=(0,) * len(fresh), tool="crosshair"
        )

    return edit


def set_active(tile: int) -> Edit:
    """Make a tile the one that keys and questions go to."""
    return lambda state: state if state.nav.active == tile else state.with_nav(active=tile)


def maximise(tile: int | None) -> Edit:
    """Show one tile alone; None brings the grid back as it was."""
    return lambda state: state.with_doc(maximised=tile)


def set_position(tile: int, position: int) -> Edit:
    """Go to an index of the tile's stack; the caller keeps it within the stack."""

    def edit(state: State) -> State:
        positions = list(_sized(state.nav.positions, len(state.doc.tiles)))
        if positions[tile] == position and len(positions) == len(state.nav.positions):
            return state
        positions[tile] = position
        return state.with_nav(positions=tuple(positions))

    return edit


def set_positions(positions: dict[int, int]) -> Edit:
    """Go to an index in several tiles at once."""

    def edit(state: State) -> State:
        for tile, position in positions.items():
            state = set_position(tile, position)(state)
        return state

    return edit


def set_window(tile: int, window: TileWindow) -> Edit:
    """Set the window of a tile and of all tiles linked with it."""

    def edit(state: State) -> State:
        targets = followers(state, tile, "window") | _same_volume(state, tile)
        return state.with_tiles(lambda i, old: replace(old, window=window) if i in targets else old)

    return edit


def set_view(tile: int, view: View) -> Edit:
    """Zoom, pan, turn or mirror a tile and all tiles linked with it."""

    def edit(state: State) -> State:
        bounded = replace(view, zoom=min(max(view.zoom, MIN_ZOOM), MAX_ZOOM))
        targets = followers(state, tile, "view")

        def change(index: int, old: Tile) -> Tile:
            if index == tile:
                return replace(old, view=bounded)
            if index in targets:
                return replace(
                    old, view=replace(old.view, zoom=bounded.zoom, centre=bounded.centre)
                )
            return old

        return state.with_tiles(change)

    return edit


def rotate(tile: int, degrees: float) -> Edit:
    """Turn a tile clockwise."""

    def edit(state: State) -> State:
        view = state.doc.tiles[tile].view
        return set_view(tile, replace(view, rotation_deg=(view.rotation_deg + degrees) % 360))(
            state
        )

    return edit


def mirror(tile: int, *, left_right: bool) -> Edit:
    """Mirror what is on the screen left to right, or top to bottom."""

    def edit(state: State) -> State:
        view = state.doc.tiles[tile].view
        # Mirroring the screen after a turn by a is mirroring the canvas, then turning by -a.
        turned = (-view.rotation_deg + (0 if left_right else 180)) % 360
        return set_view(tile, replace(view, mirrored=not view.mirrored, rotation_deg=turned))(state)

    return edit


def invert(tile: int) -> Edit:
    """Exchange black and white."""
    return lambda state: state.with_tiles(
        lambda i, old: replace(old, invert=not old.invert) if i == tile else old
    )


def reset_view(tile: int) -> Edit:
    """Fit, unturned, unmirrored, the file's own window; linked tiles too. Marks stay."""

    def edit(state: State) -> State:
        targets = followers(state, tile, "view")
        return state.with_tiles(
            lambda i, old: (
                replace(
                    old,
                    view=View(),
                    window=TileWindow(),
                    invert=False,
                    volume=VolumeView(preset=old.volume.preset),
                )
                if i in targets
                else old
            )
        )

    return edit


def set_volume(tile: int, volume: VolumeView) -> Edit:
    """Turn, shift, zoom, crop a 3D tile or give it another preset."""
    return lambda state: state.with_tiles(
        lambda i, old: replace(old, volume=volume) if i == tile else old
    )


def set_slab(tile: int, slab: Slab) -> Edit:
    """Thickness and projection of a plane."""
    return lambda state: state.with_tiles(
        lambda i, old: replace(old, slab=slab) if i == tile else old
    )


def set_turn(turn: tuple[tuple[float, float, float], ...]) -> Edit:
    """Turn the three planes about the crosshair."""
    return lambda state: state.with_doc(turn=turn)


def set_crosshair(series_uid: str, point: PatientPoint) -> Edit:
    """Move the place where the planes of a series meet."""

    def edit(state: State) -> State:
        others = tuple(c for c in state.nav.crosshair if c[0] != series_uid)
        return state.with_nav(crosshair=(*others, (series_uid, point)))

    return edit


def set_link(tiles: frozenset[int], link: Link | None = None) -> Edit:
    """Let these tiles follow each other; fewer than two unlink all."""

    def edit(state: State) -> State:
        linked = tiles if len(tiles) > 1 else frozenset()
        return state.with_doc(linked=linked, link=link or state.doc.link)

    return edit


def show_side_by_side(current_uid: str, prior_uid: str, *, current_left: bool = True) -> Edit:
    """Put a current and a prior series side by side, linked in zoom and pan."""

    def edit(state: State) -> State:
        current = Tile(series_uid=current_uid, role="current")
        prior = Tile(series_uid=prior_uid, role="prior")
        tiles = (current, prior) if current_left else (prior, current)
        grid = set_layout(1, 2)(state)
        return grid.with_doc(
            tiles=tiles, linked=frozenset({0, 1}), link=Link(window=False), maximised=None
        ).with_nav(active=0 if current_left else 1, positions=(0, 0))

    return edit


def swap_tiles(first: int, second: int) -> Edit:
    """Exchange what two tiles show."""

    def edit(state: State) -> State:
        order = list(range(len(state.doc.tiles)))
        order[first], order[second] = order[second], order[first]
        positions = _sized(state.nav.positions, len(order))
        active = order.index(state.nav.active)
        return state.with_doc(tiles=tuple(state.doc.tiles[i] for i in order)).with_nav(
            positions=tuple(positions[i] for i in order), active=active
        )

    return edit


def set_tool(tool: ToolName) -> Edit:
    """Choose what the left button does."""
    return lambda state: state.with_nav(tool=tool)


def set_cine(tile: int | None, fps: float | None = None) -> Edit:
    """Run or stop the cine of a tile."""
    return lambda state: state.with_nav(
        cine_tile=tile, cine_fps=state.nav.cine_fps if fps is None else min(max(fps, 1.0), 60.0)
    )


def set_overlays(overlays: Overlays) -> Edit:
    """Choose how many corner texts stand on the image."""
    return lambda state: state.with_nav(overlays=overlays)


def add_annotations(*annotations: Annotation) -> Edit:
    """Add marks; one with a known id takes the old one's place."""

    def edit(state: State) -> State:
        new = {a.id: a for a in annotations}
        kept = tuple(new.pop(a.id, a) for a in state.doc.annotations)
        return state.with_doc(annotations=(*kept, *new.values()))

    return edit


def change_annotation(annotation: Annotation) -> Edit:
    """Put a changed mark in the place of the one with its id."""
    return add_annotations(annotation)


def move_point(annotation_id: str, index: int, point: FramePoint) -> Edit:
    """Move one point of a mark."""

    def edit(state: State) -> State:
        old = annotation_of(state, annotation_id)
        return state if old is None else change_annotation(old.with_point(index, point))(state)

    return edit


def set_status(annotation_id: str, status: Status, by: str = "") -> Edit:
    """Confirm, reject or reopen a finding."""

    def edit(state: State) -> State:
        old = annotation_of(state, annotation_id)
        if old is None:
            return state
        named = by if status == "confirmed" else ""
        return change_annotation(replace(old, status=status, confirmed_by=named))(state)

    return edit


def delete_annotation(annotation_id: str) -> Edit:
    """Take a mark away."""

    def edit(state: State) -> State:
        kept = tuple(a for a in state.doc.annotations if a.id != annotation_id)
        selected = "" if state.nav.selected == annotation_id else state.nav.selected
        return state.with_doc(annotations=kept).with_nav(selected=selected)

    return edit


def select(annotation_id: str) -> Edit:
    """Select a mark; "" selects none."""
    return lambda state: state.with_nav(selected=annotation_id)


def annotation_of(state: State, annotation_id: str) -> Annotation | None:
    """The mark with this id, or None."""
    return next((a for a in state.doc.annotations if a.id == annotation_id), None)


def _same_volume(state: State, tile: int) -> frozenset[int]:
    """The planes of one volume share a window."""
    one = state.doc.tiles[tile]
    if not one.is_plane:
        return frozenset()
    return frozenset(
        i for i, t in enumerate(state.doc.tiles) if t.is_plane and t.series_uid == one.series_uid
    )


def _sized(positions: tuple[int, ...], count: int) -> tuple[int, ...]:
    return (*positions[:count], *(0 for _ in range(count - len(positions))))
