"""What the reader does with the active tile by a key, a button or the palette."""

from dataclasses import replace
from typing import Final

from app.services import Services
from viewer import edits
from viewer.annotations import Annotation, PlaneRef
from viewer.errors import UserError
from viewer.pixels.modality import facts_of
from viewer.pixels.presets import find_preset, presets_for
from viewer.pixels.windows import next_source, stored_choices
from viewer.spaces import FramePoint, PatientPoint, ViewPoint
from viewer.state import Edit, Overlays, State, Tile, TileKind, TileWindow, ToolName, View
from viewer.study import Series, Stack
from viewer.tools.linking import align
from viewer.tools.moving import WHEEL_STEP, zoom_by
from viewer.tools.planes import to_patient
from viewer.tools.transform import at_scale
from viewer.tools.volume_view import zoom_by as zoom_volume_by
from viewer.words import _

ALL_IMAGES: Final = 1_000_000
_OVERLAYS: Final[dict[Overlays, Overlays]] = {"all": "few", "few": "none", "none": "all"}
_MPR: Final[tuple[TileKind, ...]] = ("axial", "coronal", "sagittal", "volume")
_CINE_STEP: Final = 1.25


def has_image(services: Services) -> bool:
    """Whether the active tile shows a series."""
    return bool(services.store.state.active_tile.series_uid)


def has_volume(services: Services) -> bool:
    """Whether planes and 3D can be made of the active tile's series."""
    stack = active_stack(services)
    return stack is not None and stack.volume


def active_series(services: Services) -> Series | None:
    """The series in the active tile, or None."""
    return services.library.find_series(services.store.state.active_tile.series_uid)


def active_stack(services: Services) -> Stack | None:
    """The stack in the active tile, or None."""
    return services.sources.stack(services.store.state.active_tile)


def show_series(services: Services, series_uid: str, tile: int | None = None) -> None:
    """Put a series into a tile, or into the active one, at its first image."""
    state = services.store.state
    where = state.nav.active if tile is None else tile
    edit = showing(services, series_uid, where)
    services.store.apply(lambda old: edits.set_active(where)(edit(old)), undo=_("series change"))


def showing(services: Services, series_uid: str, tile: int) -> Edit:
    """The edit that shows a series in a tile from the image that comes first on the screen."""
    return edits.show_series(tile, series_uid, position=services.sources.first_position(series_uid))


def next_series(services: Services, by: int) -> None:
    """Show the next or previous series of the browser's order in the active tile."""
    order = [s.uid for _p, _s, s in services.library.all_series() if s.stacks]
    current = services.store.state.active_tile.series_uid
    if not order:
        return
    index = order.index(current) + by if current in order else 0
    if 0 <= index < len(order):
        show_series(services, order[index])


def arrow(services: Services, columns: int, rows: int) -> None:
    """Move the selected mark by image pixels; without one go to another image."""
    if not services.desk.nudge(columns, rows):
        services.desk.step(columns + rows)


def next_tile(services: Services, by: int) -> None:
    """Make the next or previous tile the active one."""
    state = services.store.state
    count = len(state.doc.tiles)
    services.store.apply(edits.set_active((state.nav.active + by) % count))


def set_layout(services: Services, rows: int, columns: int) -> None:
    """Change the grid; series that are not shown yet fill the new tiles."""
    store = services.store
    shown = {t.series_uid for t in store.state.doc.tiles}
    waiting = [
        s.uid for _p, _s, s in services.library.all_series() if s.stacks and s.uid not in shown
    ]

    def edit(state: State) -> State:
        state = edits.set_layout(rows, columns)(state)
        empty = [i for i, t in enumerate(state.doc.tiles) if not t.series_uid]
        for tile, uid in zip(empty, waiting, strict=False):
            state = showing(services, uid, tile)(state)
        return state

    store.apply(edit, undo=_("layout change"))


def set_tool(services: Services, tool: ToolName) -> None:
    """Choose what the left button does."""
    services.store.apply(edits.set_tool(tool))


def set_preset(services: Services, preset_id: str) -> None:
    """Set a CT window by its name; a sentence where it would mean nothing."""
    state, series = services.store.state, active_series(services)
    preset = find_preset(preset_id)
    if series is None or preset is None:
        return
    if preset not in presets_for(series.modality, facts_of(series.first)):
        services.desk.tell(_("No Hounsfield units here: the window was not changed."))
        return
    window = TileWindow(preset.window, f"preset:{preset.id}")
    services.store.apply(edits.set_window(state.nav.active, window), undo=_("window change"))


def number_key(services: Services, preset_id: str, number: int) -> None:
    """CT: the preset; other modalities: the file's stored window with this number."""
    series = active_series(services)
    if series is None:
        return
    if series.modality == "CT" or number == 0:
        set_preset(services, preset_id)
        return
    count = len(stored_choices(series.first, facts_of(series.first)))
    if number <= count:
        set_source(services, f"file:{number - 1}")
    else:
        services.desk.tell(_offered(count))


def _offered(count: int) -> str:
    """How many windows a file offers, as a sentence."""
    if count == 0:
        return _("The file offers no window.")
    if count == 1:
        return _("The file offers one window.")
    return _("The file offers {count} windows.").format(count=count)


def set_source(services: Services, source: str) -> None:
    """Set the window to one that the file offers, or to the automatic or the full one."""
    active = services.store.state.nav.active
    services.store.apply(
        edits.set_window(active, TileWindow(None, source)), undo=_("window change")
    )


def own_window(services: Services) -> None:
    """The file's own window; again: the next stored one, then automatic, then full range."""
    series = active_series(services)
    if series is None:
        return
    source = services.store.state.active_tile.window.source
    count = len(stored_choices(series.first, facts_of(series.first)))
    is_stored = source.startswith("file:") or source in {"auto", "full"}
    set_source(services, next_source(source, count) if is_stored else "file:0")


def invert(services: Services) -> None:
    """Exchange black and white in the active tile."""
    services.store.apply(edits.invert(services.store.state.nav.active), undo=_("invert"))


def mirror(services: Services, *, left_right: bool) -> None:
    """Mirror the active tile."""
    active = services.store.state.nav.active
    services.store.apply(edits.mirror(active, left_right=left_right), undo=_("mirror"))


def rotate(services: Services, degrees: float) -> None:
    """Turn the active tile clockwise."""
    services.store.apply(edits.rotate(services.store.state.nav.active, degrees), undo=_("turn"))


def zoom(services: Services, notches: int) -> None:
    """Zoom the active tile about its middle; while cine runs, change its speed."""
    state = services.store.state
    if state.nav.cine_tile is not None:
        fps = state.nav.cine_fps * _CINE_STEP**notches
        services.store.apply(edits.set_cine(state.nav.cine_tile, fps))
        return
    factor, active, tile = WHEEL_STEP**notches, state.nav.active, state.active_tile
    surface = services.desk.surface(active)
    if tile.kind == "volume":
        edit = zoom_volume_by(active, tile.volume, factor)
    elif surface is not None:
        middle = ViewPoint(
            surface.area.left + surface.area.width / 2, surface.area.top + surface.area.height / 2
        )
        edit = zoom_by(surface, factor, middle)
    else:
        return
    services.store.apply(edit, undo=_("zoom"), gesture=f"key zoom {active}")


def fit(services: Services) -> None:
    """Show the whole image in the tile."""
    state = services.store.state
    view = state.active_tile.view
    fitted = View(rotation_deg=view.rotation_deg, mirrored=view.mirrored)
    services.store.apply(edits.set_view(state.nav.active, fitted), undo=_("fit"))


def one_to_one(services: Services) -> None:
    """Show one image pixel on one pixel of the screen."""
    active = services.store.state.nav.active
    surface = services.desk.surface(active)
    if surface is None or surface.kind == "volume":
        return
    view = at_scale(
        surface.view,
        surface.canvas,
        surface.area,
        px_per_column=1 / services.desk.device_pixel_ratio(),
    )
    services.store.apply(edits.set_view(active, view), undo=_("1:1"))


def reset(services: Services) -> None:
    """Zoom, pan, rotation, mirror, window and invert as at the start; the image stays."""
    services.store.apply(edits.reset_view(services.store.state.nav.active), undo=_("reset"))


def toggle_cine(services: Services) -> None:
    """Run the images of the active tile, or stop."""
    nav = services.store.state.nav
    stack = active_stack(services)
    if nav.cine_tile is None and (stack is None or len(stack.frames) < 2):
        services.desk.tell(_("One image only: nothing to run."))
        return
    services.store.apply(edits.set_cine(nav.active if nav.cine_tile is None else None))


def next_overlays(services: Services) -> None:
    """Corner texts: all, few, none."""
    wanted = _OVERLAYS[services.store.state.nav.overlays]
    services.store.apply(edits.set_overlays(wanted))


def toggle_ai(services: Services) -> None:
    """Show or hide all AI marks."""
    services.store.apply(lambda s: s.with_nav(show_ai=not s.nav.show_ai))


def toggle_rejected(services: Services) -> None:
    """Show or hide AI marks that were rejected."""
    services.store.apply(lambda s: s.with_nav(show_rejected=not s.nav.show_rejected))


def toggle_names(services: Services) -> None:
    """Hide or show patient names everywhere in the window."""
    services.store.apply(lambda s: s.with_nav(names_hidden=not s.nav.names_hidden))


def toggle_planes(services: Services) -> None:
    """Three planes and 3D of the active series; again: back to its images."""
    if any(t.is_plane for t in services.store.state.doc.tiles):
        _back_to_stack(services)
    else:
        show_planes(services)


def show_planes(services: Services) -> None:
    """Three planes and 3D of the active series; UserError where they would lie."""
    _require_volume(services)
    tile = services.store.state.active_tile
    services.store.apply(
        edits.set_planes(tile.series_uid, _MPR, tile.window), undo=_("three planes")
    )


def toggle_volume(services: Services) -> None:
    """The active series in 3D in its tile; again: back to its images.

    Beside planes, where a tile shows that series in 3D already, that tile alone; again: the grid.
    """
    state = services.store.state
    active, tile = state.nav.active, state.active_tile
    beside = _volume_beside(state)
    if beside is not None:
        alone = None if state.doc.maximised == beside else beside
        services.store.apply(lambda old: edits.maximise(alone)(edits.set_active(beside)(old)))
        return
    if tile.kind == "volume":
        shown = Tile(series_uid=tile.series_uid, stack_index=tile.stack_index)
        services.store.apply(_with_tile(active, shown), undo=_("images"))
        return
    _require_volume(services)
    shown = replace(tile, kind="volume")
    services.store.apply(_with_tile(active, shown), undo=_("3D"))


def _volume_beside(state: State) -> int | None:
    """The tile that shows the active series in 3D while another shows a plane of it."""
    uid = state.active_tile.series_uid
    shown = [(i, t) for i, t in enumerate(state.doc.tiles) if t.series_uid == uid]
    if not any(t.is_plane for _i, t in shown):
        return None
    return next((i for i, t in shown if t.kind == "volume"), None)


def toggle_maximised(services: Services) -> None:
    """Show the active tile alone, or the grid again."""
    state = services.store.state
    wanted = None if state.doc.maximised is not None else state.nav.active
    services.store.apply(edits.maximise(wanted))


def toggle_link(services: Services) -> None:
    """Let the tiles follow each other from how they stand now, or stop that."""
    state = services.store.state
    if state.doc.linked:
        services.store.apply(edits.set_link(frozenset()), undo=_("unlink"))
        return
    tiles = frozenset(i for i, t in enumerate(state.doc.tiles) if t.series_uid)
    if len(tiles) < 2:
        services.desk.tell(_("Show a second series to link it."))
        return
    shown = services.sources.shown(state.doc.tiles)

    def edit(old: State) -> State:
        return align(tiles, shown)(edits.set_link(tiles)(old))

    services.store.apply(edit, undo=_("link"))


def next_finding(services: Services, by: int) -> None:
    """Go to the next or previous mark and select it."""
    state = services.store.state
    ids = [a.id for a in state.doc.annotations if a.status != "rejected"]
    if not ids:
        return
    selected = state.nav.selected
    index = ids.index(selected) + by if selected in ids else (0 if by > 0 else -1)
    go_to_mark(services, ids[index % len(ids)])


def go_to_mark(services: Services, annotation_id: str) -> None:
    """Show a mark's image in a tile that has its series, else in the active one; select it."""
    state = services.store.state
    mark = edits.annotation_of(state, annotation_id)
    if mark is None:
        return
    tiles = state.doc.tiles
    fitting = [i for i, t in enumerate(tiles) if t.series_uid == mark.series_uid]
    tile = state.nav.active if state.nav.active in fitting else next(iter(fitting), None)
    if tile is None:
        show_series(services, mark.series_uid)
        tile = services.store.state.nav.active
    edit = _going_to(services, tile, mark)
    services.store.apply(lambda old: edits.select(annotation_id)(edits.set_active(tile)(edit(old))))


def remove_mark(services: Services) -> None:
    """Reject the selected finding of a model, or delete the selected own mark."""
    mark = edits.annotation_of(services.store.state, services.store.state.nav.selected)
    if mark is None:
        return
    if mark.by_model:
        services.asks.reject(mark.id)
    else:
        services.store.apply(edits.delete_annotation(mark.id), undo=_("delete mark"))


def confirm_mark(services: Services) -> None:
    """Confirm the selected finding of a model."""
    mark = edits.annotation_of(services.store.state, services.store.state.nav.selected)
    if mark is not None and mark.by_model:
        services.asks.confirm(mark.id)


def leave(services: Services) -> None:
    """Escape: what is half done, then the selection, then the tool, then the maximised tile."""
    state = services.store.state
    if services.desk.cancel_gesture():
        return
    if state.nav.selected:
        services.store.apply(edits.select(""))
    elif state.nav.tool not in {"window", "crosshair"}:
        services.store.apply(edits.set_tool("window"))
    elif state.doc.maximised is not None:
        services.store.apply(edits.maximise(None))


def _going_to(services: Services, tile: int, mark: Annotation) -> Edit:
    """The edit that shows a mark's frame, or the plane that it was made on."""
    if isinstance(mark.where, PlaneRef):
        return edits.set_crosshair(mark.series_uid, _middle_of(mark.where))
    stack = services.sources.stack(services.store.state.doc.tiles[tile])
    frames = stack.frames if stack else ()
    if mark.where not in frames:
        return lambda state: state
    return edits.set_position(tile, frames.index(mark.where))


def _middle_of(plane: PlaneRef) -> PatientPoint:
    middle = FramePoint(plane.columns / 2, plane.rows / 2)
    return to_patient(plane, middle)


def _back_to_stack(services: Services) -> None:
    uid = services.store.state.active_tile.series_uid
    edit = showing(services, uid, 0)
    services.store.apply(
        lambda old: edits.set_tool("window")(edit(edits.set_layout(1, 1)(old))), undo=_("images")
    )


def _with_tile(index: int, tile: Tile) -> Edit:
    return lambda state: state.with_tiles(lambda i, old: tile if i == index else old)


def _require_volume(services: Services) -> None:
    """Raise the reason why planes and 3D would lie here."""
    stack = active_stack(services)
    if stack is None:
        raise UserError(_("Open a series first."))
    if not stack.volume:
        raise UserError(stack.no_volume_because)
