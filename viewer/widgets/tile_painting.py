"""Painting a tile: picture, planes, marks, letters, texts, badges, strip, frame; in this order."""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter

from viewer.annotations import POINTS, Annotation
from viewer.measure import measure
from viewer.render.planes import Plane
from viewer.study import FrameRef
from viewer.tools import crosshair
from viewer.tools.labels import finding_numbers
from viewer.widgets import marks, overlay, plane_lines
from viewer.widgets.gestures import End
from viewer.widgets.pictures import FramePicture, Grain
from viewer.widgets.plane_pictures import PlaneCut, PlanePictures
from viewer.widgets.plane_values import PlaneMeasures
from viewer.widgets.position_bar import paint_position
from viewer.widgets.reference_marks import paint_reference_lines, reference_lines
from viewer.widgets.scene import Scene
from viewer.widgets.solid import Solid
from viewer.widgets.sources import Sources


@dataclass(frozen=True, slots=True)
class Moment:
    """What lives only while something is done: a half-placed mark, hover, a flash at an end.

    ``read`` are the frames that have arrived.
    """

    draft: Annotation | None = None
    hovered: str = ""
    has_pointer: bool = False
    is_dragging: bool = False
    end: End = ""
    read: frozenset[FrameRef] = frozenset()


_STILL: Final = Moment()


class TilePainting:
    """Paints one tile; keeps its pictures."""

    def __init__(self, sources: Sources, solid: Solid) -> None:
        self._sources = sources
        self._solid = solid
        self._frames = FramePicture()
        self._planes = PlanePictures()
        self._measures = PlaneMeasures()

    def paint(self, painter: QPainter, scene: Scene, grain: Grain, *, moment: Moment) -> None:
        """Paint everything."""
        width, height = scene.size
        painter.fillRect(0, 0, round(width), round(height), Qt.GlobalColor.black)
        notes = overlay.notes_of(scene)
        if not scene.message:
            self._paint_picture(painter, scene, grain, moment)
            self._paint_marks(painter, scene, notes, moment)
        overlay.paint_notes(painter, scene, notes)
        overlay.paint_message(painter, scene)
        overlay.paint_strip(painter, scene)
        paint_position(painter, scene, moment.read)
        if moment.end:
            overlay.paint_flash(painter, scene, is_end=moment.end == "last")
        overlay.paint_frame(painter, scene, alone=len(scene.state.doc.tiles) == 1)

    def begin(self, scene: Scene, grain: Grain) -> None:
        """Begin what is made beside the window's thread: the cut of a plane."""
        cut = self._cut_of(scene, grain)
        if cut is not None:
            self._planes.begin(cut)

    def is_dear(self, scene: Scene) -> bool:
        """Whether a plane takes long to cut: a slab at an angle to the volume's grid."""
        slicer = self._sources.slicer(scene.tile)
        if slicer is None or scene.plane is None:
            return False
        plane = Plane(scene.plane.origin, scene.plane.right, scene.plane.down)
        return scene.tile.slab.thickness_mm > 0 and not slicer.is_on_grid(plane)

    def close(self) -> None:
        """End the threads."""
        self._planes.close()

    def prepare_neighbour(self, scene: Scene, grain: Grain) -> bool:
        """Resample one neighbour of a frame; False when both are ready or not read yet."""
        if scene.stack is None or scene.stored is None:
            return False
        for index in (scene.position + 1, scene.position - 1):
            if not 0 <= index < len(scene.stack.frames):
                continue
            stored = self._sources.peek(scene.stack.frames[index])
            if stored is None or stored.pixels.shape != scene.stored.pixels.shape:
                continue
            facts = self._sources.facts(stored)
            ready = self._frames.is_ready(stored.ref, scene.transform, grain)
            if not ready and not facts.is_color:
                self._frames.prepare(stored, facts, scene.transform, grain)
                return True
        return False

    def _paint_picture(self, painter: QPainter, scene: Scene, grain: Grain, moment: Moment) -> None:
        if scene.tile.kind == "volume":
            self._solid.paint(painter, scene, is_moving=moment.is_dragging)
            return
        image = self._image(scene, grain)
        if image is not None:
            _draw(painter, image, grain)
        if scene.tile.is_plane and scene.state.nav.tool == "crosshair":
            _paint_cuts(painter, scene, has_pointer=moment.has_pointer)
        if scene.tile.kind == "stack" and scene.state.nav.reference_lines:
            paint_reference_lines(painter, scene, reference_lines(scene, self._sources))

    def _image(self, scene: Scene, grain: Grain) -> QImage | None:
        if scene.choice is None or scene.facts is None:
            return None
        invert = scene.tile.invert != scene.choice.invert
        if scene.stored is not None:
            return self._frames.image(
                scene.stored,
                scene.facts,
                scene.choice.voi,
                invert=invert,
                transform=scene.transform,
                grain=grain,
                pixel_grid=scene.state.nav.pixel_grid,
            )
        cut = self._cut_of(scene, grain)
        if cut is None:
            return None
        return self._planes.image(cut, facts=scene.facts, voi=scene.choice.voi, invert=invert)

    def _cut_of(self, scene: Scene, grain: Grain) -> PlaneCut | None:
        slicer = self._sources.slicer(scene.tile)
        if slicer is None or scene.plane is None:
            return None
        return PlaneCut(slicer, scene.plane, scene.tile.slab, scene.transform, grain)

    def _paint_marks(
        self, painter: QPainter, scene: Scene, notes: overlay.Notes, moment: Moment
    ) -> None:
        shown = scene.marks if moment.draft is None else (*scene.marks, moment.draft)
        if not shown:
            return
        models = {mark.model_name for mark in shown if mark.by_model}
        look = marks.MarkLook(
            selected=scene.state.nav.selected,
            hovered=moment.hovered,
            numbers=finding_numbers(scene.state),
            texts={m.id: self._text_of(m, scene, moment) for m in shown if not m.by_model},
            several_models=len(models) > 1,
        )
        area = scene.area
        tile = (area.left, area.top, area.left + area.width, area.top + area.height)
        taken = overlay.text_rects(scene, notes)
        marks.paint_marks(painter, shown, scene.transform, look=look, tile=tile, taken=taken)

    def _text_of(self, mark: Annotation, scene: Scene, moment: Moment = _STILL) -> str:
        if scene.plane is not None:
            is_moving = moment.is_dragging or moment.draft is not None
            return "\n".join(self._measures.measured(mark, scene, is_moving=is_moving).lines)
        calibration = scene.calibration
        if scene.instance is not None and isinstance(scene.where, FrameRef):
            number = scene.where.frame_number
            calibration = self._sources.calibration(scene.instance, number, mark.points)
        if calibration is None or len(mark.points) < POINTS[mark.kind]:
            return ""
        stored = scene.stored.pixels if scene.stored is not None else None
        return "\n".join(measure(mark, calibration, stored=stored, facts=scene.facts).lines)


def _draw(painter: QPainter, image: QImage, grain: Grain) -> None:
    """Draw a picture whose pixels are the screen's, or a coarser one enlarged."""
    if grain.ratio >= 1:
        painter.drawImage(QPointF(0, 0), image)
        return
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    size = QSizeF(*grain.size_px) / grain.ratio
    painter.drawImage(QRectF(QPointF(0, 0), size), image)


def _paint_cuts(painter: QPainter, scene: Scene, *, has_pointer: bool) -> None:
    cuts = crosshair.cuts_on(scene.state, scene.surface)
    thick = [scene.state.doc.tiles[c.tile].slab.thickness_mm for c in cuts if c.half_slab_px]
    text = plane_lines.slab_text(thick[0]) if thick else ""
    plane_lines.paint_cuts(painter, cuts, slab_text=text, is_led=has_pointer)
