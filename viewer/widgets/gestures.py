"""From pointer events to edits: what a press began, what a drag does, what a release ends.

Nothing here draws. What lives only during a gesture (a half-placed measurement, what is held) is
kept here and nowhere else.
"""

import itertools
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal, Protocol

from viewer.annotations import Annotation, Kind
from viewer.edits import (
    add_annotations,
    change_annotation,
    select,
    set_active,
    set_crosshair,
)
from viewer.render.camera import volume_corners
from viewer.spaces import FramePoint, ViewPoint
from viewer.state import Edit, State
from viewer.tools import (
    crop_box,
    crosshair,
    linking,
    marks,
    moving,
    placing,
    stepping,
    volume_view,
    window,
)
from viewer.tools.bindings import CLICK_PX, Action, Button, Modifier, action_of, wheel_action
from viewer.tools.planes import slice_number, stepped, to_patient
from viewer.tools.surface import Pointer, Surface
from viewer.widgets.digests import Digests
from viewer.widgets.scene import Scene
from viewer.widgets.sources import Sources
from viewer.words import N_, _

MEASURING: Final[dict[str, Kind]] = {
    "length": "length",
    "angle": "angle",
    "ellipse": "ellipse",
    "box": "box",
    "sphere": "sphere",
}
UNDO_NAMES: Final[dict[str, str]] = {
    "window": N_("window change"),
    "zoom": N_("zoom"),
    "pan": N_("pan"),
    "rotate": N_("turn"),
    "crosshair": N_("plane change"),
    "mark": N_("mark change"),
    "length": N_("distance"),
    "angle": N_("angle"),
    "ellipse": N_("ellipse"),
    "box": N_("box"),
    "sphere": N_("volume"),
    "crop": N_("crop"),
}
End = Literal["", "first", "last"]
_NO_GRIP: Final = crosshair.Grip("none")
_numbers = itertools.count(1)


class Apply(Protocol):
    """How an edit reaches the state: ``Store.apply``."""

    def __call__(self, edit: Edit, undo: str = "", gesture: str = "") -> State:
        """Change the state; edits of one gesture are one undo step."""


@dataclass(frozen=True, slots=True)
class _Drag:
    """A button held down: what it does, and the tile as it was at the press."""

    action: Action
    start: Pointer
    surface: Surface
    scene: Scene
    id: str
    hold: marks.Hold | None = None
    mark: Annotation | None = None
    grip: crosshair.Grip = _NO_GRIP
    handle: crop_box.Handle | None = None
    moved: bool = False


class Gestures:
    """The gestures of one tile.

    ``scene`` gives what the tile shows now; ``on_end`` hears that a stack's end was reached.
    """

    def __init__(
        self,
        scene: Callable[[], Scene],
        apply: Apply,
        sources: Sources,
        *,
        on_end: Callable[[End], None],
    ) -> None:
        self._scene = scene
        self._apply = apply
        self._sources = sources
        self._on_end = on_end
        self._drag: _Drag | None = None
        self._placing: placing.Placing | None = None
        self._held: marks.Hold | None = None
        self._digests = Digests()
        self._sum = stepping.ScrollSum()

    @property
    def is_dragging(self) -> bool:
        """Whether a button is held and the pointer has moved with it."""
        return self._drag is not None and self._drag.moved

    @property
    def action(self) -> Action | None:
        """What the held button does."""
        return self._drag.action if self._drag else None

    @property
    def draft(self) -> Annotation | None:
        """The measurement that is being placed."""
        if self._placing is None:
            return None
        return self._placing.mark("draft", self._scene().tile.series_uid)

    def press(self, at: ViewPoint, button: Button, modifier: Modifier) -> None:
        """A button went down."""
        scene = self._scene()
        if not scene.is_active:
            self._apply(set_active(scene.index))
            scene = self._scene()
        if scene.message or scene.entry is None:
            return
        in_volume = scene.tile.kind == "volume"
        tool = scene.state.nav.tool
        action = action_of(button, modifier, tool, in_volume=in_volume)
        start = Pointer(at)
        drag = _Drag(action, start, scene.surface, scene, f"{action}-{next(_numbers)}")
        if in_volume and button == "left" and modifier == "":
            drag = _with_handle(drag)
        is_plain = button == "left" and modifier == "" and not in_volume
        if is_plain and self._placing is None:
            drag = self._take_hold(drag)
        if drag.hold is None and is_plain and action in MEASURING:
            self._press_measuring(drag)
        elif drag.hold is None and action == "crosshair" and drag.grip.part == "none":
            self._drag = drag
            self._move_crosshair(drag, start)
            return
        self._drag = drag

    def move(self, at: ViewPoint, *, fine: bool = False, follow: bool = False) -> None:
        """The pointer moved, with or without a button held."""
        now = Pointer(at, fine)
        drag = self._drag
        if drag is None:
            if self._placing is not None:
                self._placing = placing.moved(self._placing, self._place(self._scene(), now))
            elif follow:
                self._follow(now)
            return
        if not drag.moved and math.dist(at, drag.start.at) <= CLICK_PX:
            return
        if drag.start.fine != fine:
            # From here on the drag counts anew, so that the picture does not jump.
            scene = self._scene()
            drag = replace(drag, start=now, surface=scene.surface, scene=scene)
        self._drag = drag = replace(drag, moved=True)
        self._continue(drag, now)

    def release(self, at: ViewPoint) -> bool:
        """The button came up; True when it was a click that moved nothing."""
        drag, self._drag = self._drag, None
        if drag is None:
            return False
        if self._placing is not None and drag.action in MEASURING:
            point = self._place(self._scene(), Pointer(at))
            self._placing = placing.released(self._placing, point, was_dragged=drag.moved)
            self._finish_placing()
        elif not drag.moved and drag.hold is None and self._scene().state.nav.selected:
            self._apply(select(""))
        return not drag.moved

    def cancel(self) -> bool:
        """Give up what is half done; whether there was something."""
        had = self._placing is not None
        self._placing = None
        self._drag = None
        return had

    def wheel(self, images: int, modifier: Modifier, at: ViewPoint) -> None:
        """The wheel turned by so many notches; positive is the next image, or reduces."""
        scene = self._scene()
        if scene.message or scene.entry is None:
            return
        if wheel_action(modifier, in_volume=scene.tile.kind == "volume") == "zoom":
            self._zoom(scene, moving.WHEEL_STEP**-images, at)
            return
        self.step(images * (stepping.MANY if modifier == "shift" else 1))

    def trackpad(self, pixels: float) -> None:
        """Two fingers moved by so many px; positive is the next image."""
        by = self._sum.add(pixels)
        if by and self.step(by):
            self._sum.clear()

    def pinch(self, factor: float, at: ViewPoint) -> None:
        """Two fingers went apart or together."""
        scene = self._scene()
        if not scene.message and scene.entry is not None:
            self._zoom(scene, factor, at)

    def step(self, by: int) -> End:
        """Go on by so many images; the end of the stack that was met, if any."""
        scene = self._scene()
        if scene.message_kind in {"empty", "error"} and scene.where is None:
            return ""
        if scene.tile.is_plane:
            return self._step_plane(scene, by)
        surface = scene.surface
        target = stepping.stepped(
            surface.position, by, length=surface.length, is_reversed=surface.is_reversed
        )
        self._go_to(scene, target)
        if target != surface.position:
            return ""
        end: End = "last" if by > 0 else "first"
        self._on_end(end)
        return end

    def advance(self, by: int) -> bool:
        """Go on by so many images, round the end; False when that image is not read yet."""
        scene = self._scene()
        if scene.stack is None or scene.tile.kind != "stack" or scene.message:
            return False
        count = len(scene.stack.frames)
        step = -by if scene.is_reversed else by
        target = (scene.position + step) % count
        if self._sources.peek(scene.stack.frames[target]) is None:
            return False
        self._go_to(scene, target)
        return True

    def nudge(self, columns: float, rows: float) -> bool:
        """Move the selected mark by image pixels (arrow keys); whether there is one here."""
        scene = self._scene()
        mark = next((m for m in scene.marks if m.id == scene.state.nav.selected), None)
        if mark is None:
            return False
        hold = self._held if self._held and self._held.mark_id == mark.id else marks.Hold(mark.id)
        changed = marks.nudged(mark, hold, columns, rows)
        gesture = f"nudge-{mark.id}"
        self._apply(change_annotation(changed), undo=_(UNDO_NAMES["mark"]), gesture=gesture)
        return True

    def hover(self, at: ViewPoint) -> str:
        """The mark under the pointer, or ""."""
        scene = self._scene()
        if scene.message or self._drag is not None or self._placing is not None:
            return ""
        hold = marks.hold_at(scene.marks, scene.transform, at, selected=scene.state.nav.selected)
        return hold.mark_id if hold else ""

    def _take_hold(self, drag: _Drag) -> _Drag:
        """Whether the press takes hold of the crosshair or of a mark."""
        scene, at = drag.scene, drag.start.at
        if drag.action == "crosshair":
            grip = crosshair.grip_at(crosshair.cuts_on(scene.state, drag.surface), at)
            if grip.part not in {"none", "line"}:
                return replace(drag, grip=grip)
            drag = replace(drag, grip=grip)
        selected = scene.state.nav.selected
        hold = marks.hold_at(scene.marks, scene.transform, at, selected=selected)
        if hold is None:
            return drag
        mark = next(m for m in scene.marks if m.id == hold.mark_id)
        self._held = hold
        if selected != mark.id:
            self._apply(select(mark.id))
        return replace(drag, hold=hold, mark=mark)

    def _press_measuring(self, drag: _Drag) -> None:
        scene = drag.scene
        if scene.where is None:
            return
        point = self._place(scene, drag.start)
        if self._placing is None:
            if self._is_on_canvas(scene, drag.start):
                self._placing = placing.begin(MEASURING[drag.action], scene.where, point)
                self._digests.begin(scene.stored)
        else:
            self._placing = placing.pressed(self._placing, point)
            self._finish_placing()

    def _finish_placing(self) -> None:
        placed = self._placing
        if placed is None or not placed.is_complete:
            return
        self._placing = None
        mark = replace(
            placed.mark(uuid.uuid4().hex, self._scene().tile.series_uid),
            created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        stored = self._scene().stored
        if stored is not None and stored.ref == mark.where:
            mark = replace(mark, pixel_digest=self._digests.of(stored))
        if placing.is_worth_keeping(mark):
            name = _(UNDO_NAMES[mark.kind])

            def edit(state: State) -> State:
                return select(mark.id)(add_annotations(mark)(state))

            self._apply(edit, undo=name)

    def _continue(self, drag: _Drag, now: Pointer) -> None:
        if drag.hold is not None and drag.mark is not None:
            self._drag_mark(drag, now)
        elif self._placing is not None and drag.action in MEASURING:
            self._placing = placing.moved(self._placing, self._place(self._scene(), now))
        elif drag.action == "crosshair":
            self._move_crosshair(drag, now)
        elif drag.action == "scroll":
            self._drag_scroll(drag, now)
        elif drag.surface.kind == "volume":
            self._drag_volume(drag, now)
        else:
            tool = {"window": window.drag, "zoom": moving.zoom, "pan": moving.pan}.get(drag.action)
            edit = tool(drag.surface, drag.start, now) if tool else None
            self._do(edit, drag)

    def _drag_mark(self, drag: _Drag, now: Pointer) -> None:
        if drag.hold is None or drag.mark is None:
            return
        start, end = drag.surface.frame_point(drag.start), drag.surface.frame_point(now)
        changed = marks.dragged(drag.mark, drag.hold, start, end)
        if changed.where != drag.scene.where and drag.scene.where is not None:
            # A mark of another image that runs through this one is bound to this one from now on.
            changed = replace(changed, where=drag.scene.where)
        self._apply(change_annotation(changed), undo=_(UNDO_NAMES["mark"]), gesture=drag.id)

    def _move_crosshair(self, drag: _Drag, now: Pointer) -> None:
        scene = self._scene()
        if scene.grid is not None:
            edit = crosshair.drag(
                scene.state if drag.grip.part == "slab" else drag.scene.state,
                drag.surface,
                drag.grip,
                drag.start,
                now,
                grid=scene.grid,
            )
            self._do(edit, drag)
        else:
            self._follow(now)

    def _follow(self, now: Pointer) -> None:
        """The crosshair of all linked views goes to the pointer."""
        scene = self._scene()
        if scene.sheet is None or scene.message:
            return
        place = to_patient(scene.sheet, scene.surface.clamped(scene.surface.frame_point(now)))
        shown = self._sources.shown(scene.state.doc.tiles)
        self._apply(linking.go_to_place(scene.tile.series_uid, place, scene.index, shown))

    def _drag_scroll(self, drag: _Drag, now: Pointer) -> None:
        surface = drag.surface
        if surface.kind != "stack":
            px = stepping.px_per_image(surface.area.height, 100)
            self._drag_planes(drag, int((now.at.y - drag.start.at.y) / px))
            return
        px = stepping.px_per_image(surface.area.height, surface.length)
        by = int((now.at.y - drag.start.at.y) / px)
        target = stepping.stepped(
            surface.position, by, length=surface.length, is_reversed=surface.is_reversed
        )
        self._go_to(self._scene(), target)

    def _drag_planes(self, drag: _Drag, by: int) -> None:
        scene = drag.scene
        if scene.grid is None or scene.crosshair is None or not scene.tile.is_plane:
            return
        turn = scene.state.doc.turn
        place = stepped(scene.grid, scene.tile.kind, turn, scene.crosshair, by=by)
        self._apply(set_crosshair(scene.tile.series_uid, place))

    def _drag_volume(self, drag: _Drag, now: Pointer) -> None:
        view = drag.scene.tile.volume
        surface = drag.surface
        if drag.handle is not None:
            start = drag.start.at
            self._do(crop_box.drag(surface.tile, view, drag.handle, start, now.at), drag)
            return
        if drag.action == "rotate":
            self._do(volume_view.rotate(surface, view, drag.start, now), drag)
        elif drag.action == "zoom":
            self._do(volume_view.zoom(surface, view, drag.start, now), drag)
        elif drag.action == "pan" and drag.scene.grid is not None:
            corners = volume_corners(drag.scene.grid.voxel_to_patient, drag.scene.grid.shape)
            camera = volume_view.camera_of(
                view, corners, aspect=surface.area.width / surface.area.height
            )
            per_px = volume_view.mm_per_px(camera, surface.area.height)
            edit = volume_view.pan(surface, view, drag.start, now, mm_per_px=per_px)
            self._do(edit, drag)

    def _do(self, edit: Edit | None, drag: _Drag) -> None:
        if edit is not None:
            name = UNDO_NAMES.get(drag.action, "")
            self._apply(edit, undo=_(name) if name else "", gesture=drag.id)

    def _zoom(self, scene: Scene, factor: float, at: ViewPoint) -> None:
        # Notches soon after each other are one step to undo.
        gesture = f"wheel-zoom-{scene.index}"
        if scene.tile.kind == "volume":
            edit = volume_view.zoom_by(scene.index, scene.tile.volume, factor)
        else:
            edit = moving.zoom_by(scene.surface, factor, at)
        self._apply(edit, undo=_(UNDO_NAMES["zoom"]), gesture=gesture)

    def _step_plane(self, scene: Scene, by: int) -> End:
        if scene.grid is None or scene.crosshair is None:
            return ""
        kind, turn = scene.tile.kind, scene.state.doc.turn
        number, count = slice_number(scene.grid, kind, turn, scene.crosshair)
        if (by < 0 and number == 1) or (by > 0 and number == count):
            end: End = "last" if by > 0 else "first"
            self._on_end(end)
            return end
        place = stepped(scene.grid, kind, turn, scene.crosshair, by=by)
        self._apply(set_crosshair(scene.tile.series_uid, place))
        return ""

    def _go_to(self, scene: Scene, position: int) -> None:
        shown = self._sources.shown(scene.state.doc.tiles)
        self._apply(linking.scroll_to(scene.index, position, shown))

    @staticmethod
    def _place(scene: Scene, pointer: Pointer) -> FramePoint:
        surface = scene.surface
        return surface.clamped(surface.frame_point(pointer))

    @staticmethod
    def _is_on_canvas(scene: Scene, pointer: Pointer) -> bool:
        surface = scene.surface
        point = surface.frame_point(pointer)
        return surface.clamped(point) == point


def _with_handle(drag: _Drag) -> _Drag:
    """A press with the crop tool takes hold of a face's handle; beside one it turns the volume."""
    scene = drag.scene
    if scene.state.nav.tool != "crop" or scene.grid is None:
        return drag
    box = crop_box.box_on(scene.tile.volume, scene.grid, scene.size)
    handle = crop_box.handle_at(box, drag.start.at)
    return drag if handle is None else replace(drag, action="crop", handle=handle)
