"""The grid of tiles: as many viewports as the state has, one of them alone when maximised."""

from typing import Final

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from viewer.edits import maximise, set_active, show_series
from viewer.state import Edit, State
from viewer.tools.stepping import position_of_number
from viewer.widgets.cine import Cine
from viewer.widgets.gestures import Apply
from viewer.widgets.sources import Sources
from viewer.widgets.theme import SIZES, color
from viewer.widgets.viewport import Viewport
from viewer.words import _

SERIES_MIME: Final = "application/x-second-read-series"


class Grid(QWidget):
    """Shows the tiles of the state.

    ``pointed`` carries what is under the pointer, for the status line; ``menu_wanted`` (tile,
    global place) that the reader wants a tile's menu.
    """

    pointed = Signal(str)
    menu_wanted = Signal(int, QPoint)

    def __init__(self, sources: Sources, apply: Apply, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAcceptDrops(True)
        self.setMinimumSize(SIZES.grid_least, 240)
        self._sources = sources
        self._apply = apply
        self._state = State()
        self._viewports: list[Viewport] = []
        self._cine = Cine(self._advance)
        self.setAccessibleName(_("Images"))

    @property
    def viewports(self) -> tuple[Viewport, ...]:
        """The widgets of the tiles, in order."""
        return tuple(self._viewports)

    @property
    def active_viewport(self) -> Viewport | None:
        """The widget of the tile that keys and questions go to."""
        active = self._state.nav.active
        return self._viewports[active] if active < len(self._viewports) else None

    @property
    def cine(self) -> Cine:
        """What runs the images of a tile by itself."""
        return self._cine

    def apply(self, old: State | None, new: State) -> None:
        """Show another state."""
        self._state = new
        self._set_count(len(new.doc.tiles))
        if old is None or _layout_of(old) != _layout_of(new):
            self._place_all()
        for viewport in self._viewports:
            viewport.apply(old, new)
        if old is None or old.nav.active != new.nav.active:
            self._focus_active()
        self._run_cine(new)

    def step(self, by: int) -> None:
        """The active tile goes on by so many images, as the screen counts."""
        if self.active_viewport is not None:
            self.active_viewport.step(by)

    def go_to_number(self, number: int) -> None:
        """The active tile goes to an image by its number on the screen, from 1; 0 is the last."""
        viewport = self.active_viewport
        scene = viewport.scene() if viewport is not None else None
        if scene is None or scene.stack is None or scene.tile.kind != "stack":
            return
        length = len(scene.stack.frames)
        backwards = scene.is_reversed
        target = position_of_number(number or length, length=length, is_reversed=backwards)
        by = scene.position - target if backwards else target - scene.position
        if viewport is not None and by:
            viewport.step(by)

    def cancel_gesture(self) -> bool:
        """Give up what is half done in any tile (Esc); whether there was something."""
        had = [viewport.cancel_gesture() for viewport in self._viewports]
        return any(had)

    def refresh(self) -> None:
        """The library has changed: show what is open now."""
        for viewport in self._viewports:
            viewport.refresh()

    def close_pictures(self) -> None:
        """End all background work of the tiles."""
        self._cine.stop()
        for viewport in self._viewports:
            viewport.close_pictures()

    def tile_rect(self, tile: int) -> QRect:
        """Where a tile lies in the grid; the whole grid when it is maximised."""
        doc = self._state.doc
        if doc.maximised is not None:
            return self.rect()
        row, column = divmod(tile, doc.columns)
        left, right = _cell(column, doc.columns, self.width())
        top, bottom = _cell(row, doc.rows, self.height())
        return QRect(left, top, right - left, bottom - top)

    # Qt's events

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The gaps between tiles."""
        QPainter(self).fillRect(self.rect(), color("window"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tiles share the new size."""
        super().resizeEvent(event)
        self._place_all()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A series may be dropped onto a tile."""
        if event.mimeData().hasFormat(SERIES_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Put the dropped series into the tile under the pointer."""
        uid = bytes(event.mimeData().data(SERIES_MIME).data()).decode("ascii", "replace")
        tile = self._tile_at(event.position().toPoint())
        if tile is None or self._sources.entry(uid) is None:
            return
        event.acceptProposedAction()
        self.show_in_tile(tile, uid)

    def show_in_tile(self, tile: int, series_uid: str) -> None:
        """Put a series into a tile, at the image that is shown first, and make it active."""
        shown = show_series(tile, series_uid, position=self._sources.first_position(series_uid))
        self._apply(_both(shown, set_active(tile)), undo=_("series change"))

    def _take_focus(self, tile: int) -> None:
        """A tile that gets the keyboard is the active one."""
        if tile != self._state.nav.active:
            self._apply(set_active(tile))

    # Tiles

    def _set_count(self, count: int) -> None:
        while len(self._viewports) > count:
            viewport = self._viewports.pop()
            viewport.close_pictures()
            viewport.hide()
            viewport.deleteLater()
        while len(self._viewports) < count:
            viewport = Viewport(len(self._viewports), self._sources, self._apply, self)
            viewport.pointed.connect(self.pointed)
            viewport.menu_wanted.connect(self.menu_wanted)
            viewport.maximise_wanted.connect(self._toggle_maximised)
            viewport.focused.connect(self._take_focus)
            self._viewports.append(viewport)

    def _place_all(self) -> None:
        alone = self._state.doc.maximised
        shown = [i for i in range(len(self._viewports)) if alone is None or alone == i]
        for index in shown:
            self._viewports[index].setGeometry(self.tile_rect(index))
            self._viewports[index].show()
        # Before the others go: a hidden tile would lose the keyboard to another part.
        self._focus_active()
        for index, viewport in enumerate(self._viewports):
            if index not in shown:
                viewport.hide()

    def _focus_active(self) -> None:
        """The keyboard follows the active tile, when it is in the grid at all."""
        active = self.active_viewport
        if active is None or active.hasFocus():
            return
        if any(viewport.hasFocus() for viewport in self._viewports):
            active.setFocus(Qt.FocusReason.OtherFocusReason)

    def _toggle_maximised(self, tile: int) -> None:
        doc = self._state.doc
        if len(doc.tiles) > 1:
            self._apply(maximise(None if doc.maximised is not None else tile))

    def _tile_at(self, place: QPoint) -> int | None:
        for index in range(len(self._viewports)):
            if self._viewports[index].isVisible() and self.tile_rect(index).contains(place):
                return index
        return None

    # Cine

    def _run_cine(self, state: State) -> None:
        tile = state.nav.cine_tile
        if tile is None or tile >= len(self._viewports):
            self._cine.stop()
        else:
            self._cine.run(tile, state.nav.cine_fps)

    def _advance(self, tile: int, by: int) -> bool:
        """Show the image ``by`` further in a cine, round the end; False when it is not read yet."""
        return tile < len(self._viewports) and self._viewports[tile].advance(by)


def _layout_of(state: State) -> tuple[int, int, int | None]:
    return state.doc.rows, state.doc.columns, state.doc.maximised


def _cell(index: int, count: int, extent: int) -> tuple[int, int]:
    """First and last px of a cell; gaps between cells, none at the edges."""
    room = extent - SIZES.gap * (count - 1)
    first = round(room * index / count) + SIZES.gap * index
    return first, round(room * (index + 1) / count) + SIZES.gap * index


def _both(first: Edit, second: Edit) -> Edit:
    return lambda state: second(first(state))
