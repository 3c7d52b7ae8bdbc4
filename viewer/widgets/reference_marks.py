"""Reference lines on the image of a stack tile: where the other tiles' images cut through it."""

from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from viewer.geometry import plane_name
from viewer.state import Tile
from viewer.tools.anchors import frame_sheet
from viewer.tools.reference_lines import Placed, ReferenceLine, lines_on
from viewer.widgets import ink
from viewer.widgets.scene import Scene
from viewer.widgets.sources import Sources


def reference_lines(scene: Scene, sources: Sources) -> tuple[ReferenceLine, ...]:
    """The lines of the other images on the screen; none where a place is not known."""
    doc, positions = scene.state.doc, scene.state.nav.positions
    if scene.sheet is None or scene.instance is None or doc.maximised is not None:
        return ()
    own = Placed(
        scene.sheet,
        scene.canvas.columns,
        scene.canvas.rows,
        scene.instance.study.frame_of_reference_uid,
    )
    others = [
        _placed(tile, position, sources)
        for index, (tile, position) in enumerate(zip(doc.tiles, positions, strict=False))
        if index != scene.index and tile.kind == "stack" and tile.series_uid
    ]
    return lines_on(own, [other for other in others if other is not None])


def paint_reference_lines(
    painter: QPainter, scene: Scene, lines: tuple[ReferenceLine, ...]
) -> None:
    """Draw the lines, each in the colour of the plane that it stands for."""
    area, transform = scene.area, scene.transform
    painter.save()
    painter.setClipRect(QRectF(area.left, area.top, area.width, area.height))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for line in lines:
        first, last = (QPointF(*transform.to_view(end)) for end in line.ends)
        color = ink.PLANES.get(plane_name(line.normal).name, ink.SECOND)
        for pen in (QPen(ink.LINE_HALO, 3.0), QPen(color, 1.0)):
            painter.setPen(pen)
            painter.drawLine(QLineF(first, last))
    painter.restore()


def _placed(tile: Tile, position: int, sources: Sources) -> Placed | None:
    """The image that a stack tile shows now."""
    entry, stack = sources.entry(tile.series_uid), sources.stack(tile)
    if entry is None or stack is None or not 0 <= position < len(stack.frames):
        return None
    ref = stack.frames[position]
    instance = entry.instance_of(ref)
    sheet = frame_sheet(instance, ref) if instance is not None else None
    if instance is None or instance.pixels is None or sheet is None:
        return None
    pixels = instance.pixels
    return Placed(sheet, pixels.columns, pixels.rows, instance.study.frame_of_reference_uid)
