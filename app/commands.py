"""Everything a reader can trigger, as one table.

Menus, tooltips, shortcuts, the palette and the list of keys are made from it. A command of
context "grid" acts by its key while the images have the focus, never in a text field; one of
context "window" acts everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from app import looking
from app.services import Services
from viewer.state import ToolName
from viewer.words import N_

Context = Literal["grid", "window"]
Run = Callable[[Services], None]
When = Callable[[Services], bool]


def _always(_services: Services) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Command:
    """Something to trigger.

    ``title`` is its name in menus; ``keys`` in Qt's portable spelling; ``when`` says whether it
    can be used now; ``checked`` whether it is on, for what can be on; ``icon`` names a picture;
    ``group`` is the menu it stands in, "" for none; ``hint`` is the status line while it is on.
    """

    id: str
    title: str
    run: Run
    keys: tuple[str, ...] = ()
    context: Context = "grid"
    group: str = ""
    icon: str = ""
    when: When = looking.has_image
    checked: When | None = None
    hint: str = ""


def _part(name: str) -> Run:
    return lambda services: services.desk.open_part(name)


def _tool(tool: ToolName, title: str, key: str, icon: str, hint: str) -> Command:
    return Command(
        f"tool.{tool}",
        title,
        lambda services: looking.set_tool(services, tool),
        (key,),
        group="Tools",
        icon=icon,
        when=looking.has_image,
        checked=lambda services: services.store.state.nav.tool == tool,
        hint=hint,
    )


def _layout(rows: int, columns: int, key: str) -> Command:
    return Command(
        f"layout.{rows}x{columns}",
        f"{rows} × {columns}",
        lambda services: looking.set_layout(services, rows, columns),
        (f"Ctrl+{key}",),
        context="window",
        group="Layout",
        icon="layout-grid",
        checked=lambda services: (
            (services.store.state.doc.rows, services.store.state.doc.columns) == (rows, columns)
        ),
    )


def _preset(preset_id: str, title: str, key: str) -> Command:
    return Command(
        f"preset.{preset_id}",
        title,
        lambda services: looking.number_key(services, preset_id, int(key) if key else 0),
        (key,) if key else (),
        group="Window",
        icon="window",
        checked=lambda services: (
            services.store.state.active_tile.window.source == f"preset:{preset_id}"
        ),
    )


def _arrow(columns: int, rows: int) -> Run:
    return partial(looking.arrow, columns=columns, rows=rows)


def _mirror(*, left_right: bool) -> Run:
    return partial(looking.mirror, left_right=left_right)


def _undo(services: Services) -> None:
    services.store.undo()


def _redo(services: Services) -> None:
    services.store.redo()


def _close_studies(services: Services) -> None:
    from app.opening import close_studies

    close_studies(services)


def _cancel_scan(services: Services) -> None:
    from app.opening import cancel_opening

    cancel_opening(services)


def _compare(services: Services) -> None:
    services.desk.open_part("compare")


def _toggle_reference_lines(services: Services) -> None:
    services.store.apply(lambda s: s.with_nav(reference_lines=not s.nav.reference_lines))


def _is_3d(services: Services) -> bool:
    return services.store.state.active_tile.kind == "volume" and looking.has_image(services)


def _has_selected(services: Services) -> bool:
    return bool(services.store.state.nav.selected)


def _has_marks(services: Services) -> bool:
    return bool(services.store.state.doc.annotations)


COMMANDS: Final = (
    Command("open.folder", N_("Open folder…"), lambda s: s.desk.choose_folder(), ("Ctrl+O",),
            "window", "File", "folder-open", _always),
    Command("open.files", N_("Open files…"), lambda s: s.desk.choose_files(), ("Ctrl+Shift+O",),
            "window", "File", "", _always),
    Command("open.demo", N_("Open the demo study"), _part("demo"), (), "window", "File",
            when=_always),
    Command("open.cancel", N_("Stop reading files"), _cancel_scan, (), "window", "File", "",
            lambda s: s.shelf.scan is not None),
    Command("close.studies", N_("Close all studies"), _close_studies, ("Ctrl+W",), "window", "File",
            "x", lambda s: bool(s.library.patients)),
    Command("skipped", N_("Skipped files…"), _part("skipped"), (), "window", "File", "file-x",
            lambda s: bool(s.library.skipped)),
    Command("settings", N_("Settings…"), _part("settings"), ("Ctrl+,",), "window", "File",
            "settings", _always),
    Command("quit", N_("Quit"), _part("quit"), ("Ctrl+Q",), "window", "File", "", _always),

    Command("undo", N_("Undo"), _undo, ("Ctrl+Z",), "window", "Edit", "undo-2",
            lambda s: bool(s.store.undo_name)),
    Command("redo", N_("Redo"), _redo, ("Ctrl+Shift+Z", "Ctrl+Y"), "window", "Edit", "redo-2",
            lambda s: bool(s.store.redo_name)),

    _tool("window", N_("Window and level"), "W", "window",
          N_("Window: drag right for wider, down for darker")),
    _tool("zoom", N_("Zoom"), "Z", "search", N_("Zoom: drag up to enlarge, about the press point")),
    _tool("pan", N_("Pan"), "T", "hand", N_("Pan: drag the image")),
    _tool("scroll", N_("Scroll"), "S", "scroll", N_("Scroll: drag up or down through the images")),
    _tool("length", N_("Distance"), "D", "distance", N_("Distance: drag. Esc to leave")),
    _tool("angle", N_("Angle"), "A", "angle", N_("Angle: click three points. Esc to leave")),
    _tool("ellipse", N_("Ellipse"), "E", "ellipse", N_("Ellipse: drag over an area. Esc to leave")),
    _tool("box", N_("Box"), "B", "box-measure", N_("Box: drag over an area. Esc to leave")),
    _tool("sphere", N_("Volume"), "N", "sphere",
          N_("Volume: drag from the middle of a thing to beyond its edge. Esc to leave")),
    _tool("crosshair", N_("Crosshair"), "X", "crosshair",
          N_("Crosshair: drag the centre, a line, a dot to turn, a bar for the slab")),
    Command("tool.crop", N_("Crop the 3D picture"), lambda s: looking.set_tool(s, "crop"), ("K",),
            group="Tools", icon="box", when=_is_3d,
            checked=lambda s: s.store.state.nav.tool == "crop",
            hint=N_("Crop: drag a dot of the box. Ctrl+R shows all again, Esc to leave")),

    Command("image.previous", N_("Previous image"), _arrow(0, -1), ("Up",), group="Go"),
    Command("image.next", N_("Next image"), _arrow(0, 1), ("Down",), group="Go"),
    Command("image.left", N_("Previous image, or selected mark to the left"), _arrow(-1, 0),
            ("Left",)),
    Command("image.right", N_("Next image, or selected mark to the right"), _arrow(1, 0),
            ("Right",)),
    Command("image.back10", N_("Ten images back"), _arrow(0, -10), ("Shift+Up",), group="Go"),
    Command("image.on10", N_("Ten images on"), _arrow(0, 10), ("Shift+Down",), group="Go"),
    Command("image.left10", N_("Ten images back, or selected mark to the left"), _arrow(-10, 0),
            ("Shift+Left",)),
    Command("image.right10", N_("Ten images on, or selected mark to the right"), _arrow(10, 0),
            ("Shift+Right",)),
    Command("image.first", N_("First image"), lambda s: s.desk.step(-looking.ALL_IMAGES), ("Home",),
            group="Go"),
    Command("image.last", N_("Last image"), lambda s: s.desk.step(looking.ALL_IMAGES), ("End",),
            group="Go"),
    Command("series.previous", N_("Previous series"), partial(looking.next_series, by=-1),
            ("PgUp",), group="Go"),
    Command("series.next", N_("Next series"), partial(looking.next_series, by=1), ("PgDown",),
            group="Go"),
    Command("tile.next", N_("Next tile"), partial(looking.next_tile, by=1), ("Tab",), group="Go"),
    Command("tile.previous", N_("Previous tile"), partial(looking.next_tile, by=-1),
            ("Shift+Tab",), group="Go"),
    Command("finding.previous", N_("Previous finding"), partial(looking.next_finding, by=-1),
            ("[",), group="Go", when=_has_marks),
    Command("finding.next", N_("Next finding"), partial(looking.next_finding, by=1), ("]",),
            group="Go", when=_has_marks),
    Command("region.next", N_("Next region"), _part("next_region"), ("F6",), "window", "Go",
            when=_always),
    Command("region.previous", N_("Previous region"), _part("previous_region"), ("Shift+F6",),
            "window", "Go", when=_always),

    _preset("soft_tissue", N_("Soft tissue 400 / 40"), "1"),
    _preset("lung", N_("Lung 1500 / −600"), "2"),
    _preset("bone", N_("Bone 2000 / 350"), "3"),
    _preset("brain", N_("Brain 80 / 40"), "4"),
    _preset("liver", N_("Liver 150 / 90"), "5"),
    _preset("mediastinum", N_("Mediastinum 350 / 40"), ""),
    _preset("cta", N_("CT angiography 600 / 200"), ""),
    _preset("stroke", N_("Stroke 40 / 40"), ""),
    _preset("spine", N_("Spine 300 / 40"), ""),
    _preset("temporal_bone", N_("Temporal bone 4000 / 700"), ""),
    Command("window.own", N_("The file's own window"), looking.own_window, ("0",), group="Window",
            icon="window"),
    Command("window.auto", N_("Automatic window"), partial(looking.set_source, source="auto"),
            group="Window"),
    Command("window.full", N_("Full range"), partial(looking.set_source, source="full"),
            group="Window"),
    Command("invert", N_("Invert"), looking.invert, ("I",), group="Window",
            checked=lambda s: s.store.state.active_tile.invert),

    Command("mirror.leftright", N_("Mirror left to right"), _mirror(left_right=True),
            ("H",), group="View"),
    Command("mirror.topbottom", N_("Mirror top to bottom"), _mirror(left_right=False),
            ("V",), group="View"),
    Command("rotate.right", N_("Turn right"), partial(looking.rotate, degrees=90), ("R",),
            group="View"),
    Command("rotate.left", N_("Turn left"), partial(looking.rotate, degrees=-90), ("L",),
            group="View"),
    Command("zoom.in", N_("Enlarge"), partial(looking.zoom, notches=1), ("+", "="), group="View"),
    Command("zoom.out", N_("Reduce"), partial(looking.zoom, notches=-1), ("-",), group="View"),
    Command("fit", N_("Fit into the tile"), looking.fit, ("F",), group="View"),
    Command("one_to_one", N_("One image pixel on one screen pixel"), looking.one_to_one,
            ("Shift+F",), group="View"),
    Command("reset", N_("Reset the view"), looking.reset, ("Ctrl+R",), "window", "View"),
    Command("cine", N_("Run the images"), looking.toggle_cine, ("C", "Space"), group="View",
            icon="play", checked=lambda s: s.store.state.nav.cine_tile is not None),
    Command("overlays", N_("Corner texts: all, few, none"), looking.next_overlays, ("O",),
            group="View"),
    Command("lines", N_("Reference lines"), _toggle_reference_lines, ("Shift+X",), group="View",
            checked=lambda s: s.store.state.nav.reference_lines),
    Command("marks.ai", N_("AI marks"), looking.toggle_ai, (), group="View", icon="eye",
            checked=lambda s: s.store.state.nav.show_ai),
    Command("marks.rejected", N_("Show rejected AI marks"), looking.toggle_rejected, (),
            group="View", checked=lambda s: s.store.state.nav.show_rejected),
    Command("names", N_("Hide patient names"), looking.toggle_names, (), "window", "View",
            when=_always, checked=lambda s: s.store.state.nav.names_hidden),

    _layout(1, 1, "1"),
    _layout(1, 2, "2"),
    _layout(2, 2, "4"),
    _layout(2, 3, "6"),
    _layout(3, 3, "9"),
    Command("planes", N_("Three planes"), looking.toggle_planes, ("M",), group="Layout", icon="mpr",
            when=looking.has_volume,
            checked=lambda s: any(t.is_plane for t in s.store.state.doc.tiles)),
    Command("volume", N_("3D"), looking.toggle_volume, ("Shift+M",), group="Layout", icon="box",
            when=looking.has_volume,
            checked=lambda s: any(t.kind == "volume" for t in s.store.state.doc.tiles)),
    Command("maximise", N_("This tile alone"), looking.toggle_maximised, ("Ctrl+M",),
            "window", "Layout", checked=lambda s: s.store.state.doc.maximised is not None),
    Command("link", N_("Link the tiles"), looking.toggle_link, ("Y",), group="Layout",
            icon="link-2", checked=lambda s: bool(s.store.state.doc.linked)),
    Command("compare", N_("Compare with the prior"), _compare, ("P",), group="Layout",
            icon="columns-2"),

    Command("mark.confirm", N_("Confirm the selected finding"), looking.confirm_mark,
            ("Return", "Enter"), group="Findings", icon="check", when=_has_selected),
    Command("mark.remove", N_("Reject or delete the selected mark"), looking.remove_mark,
            ("Del", "Backspace"), group="Findings", icon="trash-2", when=_has_selected),
    Command("ask", N_("Ask about this image"), _part("question"), ("Q", "/"), group="Findings"),
    Command("answer.stop", N_("Stop the answer"), lambda s: s.asks.stop(), ("Ctrl+.",), "window",
            "Findings", "stop", _always),
    Command("model", N_("Choose a model…"), _part("model"), (), "window", "Findings", "brain",
            _always),

    Command("browser", N_("Studies"), _part("browser"), ("Ctrl+B",), "window", "Window parts",
            "panel-left", _always),
    Command("assistant", N_("Assistant"), _part("assistant"), ("Ctrl+J",), "window", "Window parts",
            "panel-right", _always),
    Command("fullscreen", N_("Full screen"), _part("fullscreen"), ("F11",), "window",
            "Window parts", "", _always),
    Command("palette", N_("All commands"), _part("palette"), ("Ctrl+K", "Ctrl+Shift+P"), "window",
            "Help", "search", _always),
    Command("keys", N_("List of keys"), _part("keys"), ("?",), "grid", "Help", "keyboard", _always),
    Command("help", N_("Help"), _part("keys"), ("F1",), "window", "Help", "circle-question-mark",
            _always),
    Command("about", N_("About Second Read"), _part("about"), (), "window", "Help", "info",
            _always),
    Command("leave", N_("Leave what is half done"), looking.leave, ("Esc",), when=_always),
)  # fmt: skip

GROUPS: Final = (
    ("File", N_("File")),
    ("Edit", N_("Edit")),
    ("Tools", N_("Tools")),
    ("Window", N_("Grey window")),
    ("View", N_("View")),
    ("Layout", N_("Layout")),
    ("Go", N_("Go")),
    ("Findings", N_("Findings")),
    ("Window parts", N_("Window")),
    ("Help", N_("Help")),
)
"""Menu groups in their order, each with its words."""

BY_ID: Final = {command.id: command for command in COMMANDS}
