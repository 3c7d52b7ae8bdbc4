"""A tile of the grid: shows its part of the state and reports gestures; keeps no state itself."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from viewer.errors import UserError
from viewer.reading.frames import Prefetch
from viewer.spaces import ViewPoint
from viewer.state import State
from viewer.study import FrameRef, Stack
from viewer.widgets import cursors, overlay
from viewer.widgets.fineness import Fineness
from viewer.widgets.first_crop import FirstCrop
from viewer.widgets.gestures import Apply, End, Gestures
from viewer.widgets.pointing import BUTTONS, is_on_picture, modifier_of, view_point, whole_notches
from viewer.widgets.readout import pointer_text, tile_name
from viewer.widgets.scene import Scene, make_scene
from viewer.widgets.solid import Solid
from viewer.widgets.sources import Sources
from viewer.widgets.tile_painting import Moment, TilePainting
from viewer.widgets.window_field import WindowField

FLASH_MS: Final = 120
SETTLE_MS: Final = 120
PATIENCE_MS: Final = 150
PROGRESS_MS: Final = 250
ANNOUNCE_MS: Final = 500


class Viewport(QWidget):
    """The widget of one tile.

    ``pointed`` carries what is under the pointer; ``menu_wanted`` (tile, global place) a click of
    the right button; ``maximise_wanted`` (tile) a double click; ``pointer_entered`` (tile) that
    this tile leads; ``focused`` (tile) that the keyboard came here.
    """

    pointed = Signal(str)
    menu_wanted = Signal(int, QPoint)
    maximise_wanted = Signal(int)
    pointer_entered = Signal(int)
    focused = Signal(int)

    def __init__(
        self, index: int, sources: Sources, apply: Apply, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(80, 80)
        self._index = index
        self._sources = sources
        self._state = State()
        self._scene: Scene | None = None
        self._failed: dict[FrameRef, UserError] = {}
        self._prefetch: Prefetch | None = None
        self._wanted: FrameRef | None = None
        self._fetched: Stack | None = None
        self._solid = Solid(sources, f"volume picture {id(self)}", self.update)
        self._painting = TilePainting(sources, self._solid)
        self._fineness = Fineness(self, self.update)
        self._first_crop = FirstCrop(self, apply)
        self._gestures = Gestures(self.scene, apply, sources, on_end=self._flash)
        self._window_field = WindowField(self, apply)
        self._hovered = ""
        self._flashing: End = ""
        self._read: set[FrameRef] = set()
        self._painted: Scene | None = None
        self._waited_at = -1
        self._has_pointer = False
        self._pointer: ViewPoint | None = None
        self._flash_timer = self._timer(FLASH_MS, self._end_flash)
        self._progress_timer = self._timer(PROGRESS_MS, self.update)
        self._patience_timer = self._timer(PATIENCE_MS, self.update)
        self._settle_timer = self._timer(SETTLE_MS, self._settle)
        self._idle_timer = self._timer(0, self._prepare_next)
        self._announce_timer = self._timer(ANNOUNCE_MS, self._announce)

    @property
    def index(self) -> int:
        """Which tile of the state it shows."""
        return self._index

    @property
    def is_picture_full(self) -> bool:
        """Whether nothing finer is to come; a 3D tile refines its picture after each turn."""
        is_solid = self.scene().tile.kind == "volume"
        return self._solid.is_full if is_solid else self._fineness.is_fine

    def scene(self) -> Scene:
        """What it shows now."""
        if self._scene is None:
            self._scene = make_scene(
                self._state,
                self._index,
                self._sources,
                size=(float(self.width()), float(self.height())),
                failed=self._failed,
                device_ratio=self.devicePixelRatioF(),
            )
        return self._scene

    def apply(self, old: State | None, new: State) -> None:
        """Show another state; asks for the pixels that it needs."""
        self._state = new
        if self._index >= len(new.doc.tiles):
            return
        if old is not None and old.doc is new.doc and old.nav is new.nav:
            return
        self._changed()
        self._window_field.close_unless(self.scene())
        if not self._announce_timer.isActive():
            self._announce_timer.start()

    def cancel_gesture(self) -> bool:
        """Give up what is half done (Esc); whether there was something."""
        had = self._gestures.cancel()
        self.update()
        return had

    def step(self, by: int) -> None:
        """Go on by so many images as the screen counts."""
        self._gestures.step(by)

    def nudge(self, columns: float, rows: float) -> bool:
        """Move what is selected by image pixels; whether something is selected here."""
        return self._gestures.nudge(columns, rows)

    def advance(self, by: int) -> bool:
        """The next image of a cine, round the end; False when it is not read yet."""
        return self._gestures.advance(by)

    def refresh(self) -> None:
        """What is open has changed."""
        self._failed.clear()
        self._read.clear()
        self._wanted = self._fetched = None
        self._changed()

    def edit_window(self) -> None:
        """Let the reader type the window's width and centre."""
        self._window_field.open(self.scene())

    def close_pictures(self) -> None:
        """Let go of background work; the widget is not shown any more."""
        if self._prefetch is not None:
            self._prefetch.cancel()
            self._prefetch = None
        self._solid.close()
        self._painting.close()
        self._fineness.stop()
        self._first_crop.stop()
        for timer in (
            self._flash_timer,
            self._patience_timer,
            self._progress_timer,
            self._settle_timer,
            self._idle_timer,
            self._announce_timer,
        ):
            timer.stop()

    # Qt's events

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Picture, marks, letters and texts, badges, frame."""
        scene = self._scene_to_paint()
        moment = Moment(
            draft=self._gestures.draft,
            hovered=self._hovered,
            has_pointer=self._has_pointer,
            is_dragging=self._gestures.is_dragging or self._is_turning,
            end=self._flashing,
            read=frozenset(self._read),
        )
        # A painter that is left open by an exception ends the process.
        with QPainter(self) as painter:
            self._painting.paint(painter, scene, self._fineness.grain, moment=moment)
        if scene.stored is not None:
            self._idle_timer.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The canvas is fitted anew."""
        super().resizeEvent(event)
        self._changed()

    def changeEvent(self, event: QEvent) -> None:
        """Another screen has other device pixels."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._changed()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a gesture; a click on the window's text lets it be typed."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        button = BUTTONS.get(event.button())
        if button is None or self._gestures.action is not None:
            return
        place = event.position()
        if button == "left" and overlay.window_text_rect(self.scene()).contains(place):
            self.edit_window()
            return
        self._gestures.press(view_point(place), button, modifier_of(event.modifiers()))
        self._show_cursor(place)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with a gesture, or say what is under the pointer."""
        place = self._pointer = view_point(event.position())
        held = event.modifiers()
        if self._gestures.is_dragging:
            self._begin_moving()
        self._gestures.move(
            place,
            fine=bool(held & Qt.KeyboardModifier.ControlModifier)
            and self._gestures.action == "window",
            follow=bool(held & Qt.KeyboardModifier.ShiftModifier),
        )
        self.pointed.emit(pointer_text(self.scene(), place))
        hovered = self._gestures.hover(place)
        if hovered != self._hovered or self._gestures.draft is not None:
            self._hovered = hovered
            self.update()
        self._show_cursor(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a gesture; a right click that moved nothing opens the menu."""
        was_volume = self._gestures.is_dragging and self.scene().tile.kind == "volume"
        was_click = self._gestures.release(view_point(event.position()))
        if was_click and event.button() == Qt.MouseButton.RightButton:
            self.menu_wanted.emit(self._index, event.globalPosition().toPoint())
        self._fineness.sharpen()
        if was_volume:
            self._settle()
        self._show_cursor(event.position())
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Maximise the tile, or bring the grid back; while placing it is one more click."""
        if event.button() != Qt.MouseButton.LeftButton or self._gestures.draft is not None:
            self.mousePressEvent(event)
            return
        self.maximise_wanted.emit(self._index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Images, ten images, or zoom; a trackpad's small steps are summed."""
        modifier = modifier_of(event.modifiers())
        place = view_point(event.position())
        pixels, angle = event.pixelDelta(), event.angleDelta()
        delta = angle.y() or angle.x()
        self._begin_moving()
        if event.phase() == Qt.ScrollPhase.ScrollMomentum:
            event.accept()
            return
        if not pixels.isNull() and modifier in {"", "alt"} and self.scene().tile.kind != "volume":
            self._gestures.trackpad(-float(pixels.y()))
        elif delta:
            self._gestures.wheel(whole_notches(delta), modifier, place)
        self.pointed.emit(pointer_text(self.scene(), place))
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Pinch of a trackpad."""
        zoom = Qt.NativeGestureType.ZoomNativeGesture
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == zoom:
            self._begin_moving()
            self._gestures.pinch(1.0 + event.value(), view_point(event.position()))
            return True
        return super().event(event)

    def enterEvent(self, _event: QEvent) -> None:
        """This tile leads the linked ones now."""
        self._has_pointer = True
        self.pointer_entered.emit(self._index)
        self.update()

    def leaveEvent(self, _event: QEvent) -> None:
        """The pointer went away."""
        self._has_pointer = False
        self._pointer = None
        self._hovered = ""
        self.pointed.emit("")
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tab and clicks make a tile the active one; a window that comes back does not."""
        super().focusInEvent(event)
        if event.reason() in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}:
            self.focused.emit(self._index)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu key; the right button's menu comes on release, when nothing was dragged."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.menu_wanted.emit(self._index, self.mapToGlobal(self.rect().center()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys are commands of the window; they go up."""
        event.ignore()

    # Pixels on their way

    def _changed(self) -> None:
        """Something that the scene is made of is another now."""
        self._scene = None
        if not self.isVisible() or self._index >= len(self._state.doc.tiles):
            return
        scene = self.scene()
        self._first_crop.look(scene)
        if isinstance(scene.where, FrameRef):
            self._want_frame(scene)
        elif scene.tile.series_uid and scene.tile.kind != "stack":
            self._want_volume(scene)
            self._begin_cut(scene)
        if self._pointer is not None:
            # Keys and a cine change what lies under a pointer that rests.
            self.pointed.emit(pointer_text(scene, self._pointer))
        if not (self._is_turning and self._solid.is_behind):
            # While a volume turns each new picture paints; the old one need not be painted again.
            self.update()

    def _want_frame(self, scene: Scene) -> None:
        """Read what is shown, then its neighbours; once for a stack, again beyond what was read."""
        ref, stack = scene.where, scene.stack
        if stack is None or not isinstance(ref, FrameRef):
            return
        is_new = stack is not self._fetched and stack != self._fetched
        is_missing = scene.stored is None and ref != self._wanted and ref not in self._failed
        if not is_new and not is_missing:
            return
        if self._prefetch is not None:
            self._prefetch.cancel()
        self._read.intersection_update(stack.frames)
        self._wanted, self._fetched = ref, stack
        self._prefetch = self._sources.fetch(
            stack, scene.position, on_frame=self._arrived, on_failed=self._failed_to_read
        )

    def _arrived(self, ref: FrameRef) -> None:
        self._read.add(ref)
        if not self._progress_timer.isActive():
            self._progress_timer.start()
        if ref == self._wanted:
            self._wanted = None
        if self._scene is not None and self._scene.where == ref and self._scene.stored is None:
            self._changed()

    def _failed_to_read(self, ref: FrameRef, error: UserError) -> None:
        self._failed[ref] = error
        if self._scene is not None and self._scene.where == ref:
            self._changed()

    def _want_volume(self, scene: Scene) -> None:
        if scene.volume is None and scene.message_kind == "busy":
            self._sources.load_volume(scene.tile, self._changed)
        elif scene.tile.kind == "volume":
            self._want_solid()

    def _begin_cut(self, scene: Scene) -> None:
        """Cut a plane beside this thread, while other tiles are looked after."""
        if scene.plane is None:
            return
        if self._painted is not None and self._painted.plane != scene.plane:
            self._fineness.move(is_dear=self._painting.is_dear(scene))
        self._painting.begin(scene, self._fineness.grain)

    def _want_solid(self) -> None:
        size_px = self._fineness.grain.size_px
        self._solid.want(self.scene(), size_px, is_moving=self._is_turning)

    @property
    def _is_turning(self) -> bool:
        """Whether a volume is turned, shifted or zoomed at this moment."""
        is_held = self._gestures.is_dragging or self._settle_timer.isActive()
        return is_held and self.scene().tile.kind == "volume"

    def _settle(self) -> None:
        """A volume has come to rest."""
        self._settle_timer.stop()
        self._want_solid()
        self.update()

    def _prepare_next(self) -> None:
        """While idle, resample the neighbours: the next step then costs as much as a window."""
        is_still = not self._gestures.is_dragging
        if is_still and self._painting.prepare_neighbour(self.scene(), self._fineness.grain):
            self._idle_timer.start()

    def _scene_to_paint(self) -> Scene:
        """What is shown now; the last image, texts and all, while the next one is on its way.

        For a moment only: then the tile says that it reads, and never shows an old image as new.
        """
        scene = self.scene()
        if scene.message_kind != "busy":
            self._painted = scene
            self._waited_at = -1
            self._patience_timer.stop()
            return scene
        last = self._painted
        if last is None or (last.tile, last.size, last.index) != (
            scene.tile,
            scene.size,
            scene.index,
        ):
            return scene
        if last.position != self._waited_at:
            self._waited_at = last.position
            self._patience_timer.start()
        return last if self._patience_timer.isActive() else scene

    # Small things

    def _flash(self, end: End) -> None:
        self._flashing = end
        self._flash_timer.start()
        words = {"first": "first image", "last": "last image"}
        self.setAccessibleDescription(words.get(end, ""))
        self.update()

    def _end_flash(self) -> None:
        self._flashing = ""
        self.update()

    def _begin_moving(self) -> None:
        if self.scene().tile.kind == "volume":
            self._settle_timer.start()
        else:
            self._fineness.move()

    def _announce(self) -> None:
        name = tile_name(self.scene())
        if name != self.accessibleName():
            self.setAccessibleName(name)

    def _show_cursor(self, place: QPointF) -> None:
        scene = self.scene()
        is_inside = is_on_picture(scene, view_point(place))
        self.setCursor(cursors.cursor_of(scene, self._gestures.action, is_inside=is_inside))

    def _timer(self, interval_ms: int, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(call)
        return timer
