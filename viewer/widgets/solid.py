"""The 3D part of a tile: asks for pictures of the volume and draws the newest one."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter

from viewer.tools.crop_box import box_on, is_cropped
from viewer.widgets import ink
from viewer.widgets.beside_lines import MARGIN
from viewer.widgets.crop_lines import paint_box
from viewer.widgets.cube import SIZE_PX, paint_cube
from viewer.widgets.scene import Scene
from viewer.widgets.sources import Sources
from viewer.widgets.volume_picture import Cast, VolumePicture, Wanted
from viewer.words import _


class Solid:
    """Keeps the caster of a tile's volume and its newest picture."""

    def __init__(self, sources: Sources, slot: str, on_change: Callable[[], None]) -> None:
        self._sources = sources
        self._slot = slot
        self._on_change = on_change
        self._picture: VolumePicture | None = None
        self._cast: Cast | None = None
        self._image = QImage()
        self._last: Wanted | None = None

    def want(self, scene: Scene, size_px: tuple[int, int], *, is_moving: bool) -> None:
        """Ask for the picture of a scene, unless it is there or on its way."""
        if scene.volume is None or scene.entry is None or min(size_px) < 2:
            return
        wanted = Wanted(scene.tile.volume, size_px, is_moving)
        if self._picture is None or self._picture.volume is not scene.volume:
            self.close()
            self._picture = VolumePicture(
                scene.volume,
                scene.entry.series.modality,
                scene.sample_range,
                jobs=self._sources.jobs,
                slot=self._slot,
                on_cast=self._arrived,
            )
        if wanted != self._last:
            self._last = wanted
            self._picture.want(wanted)

    def paint(self, painter: QPainter, scene: Scene, *, is_moving: bool) -> None:
        """Draw the newest picture, enlarged when it was cast small, the cube and its words."""
        cast = self._cast
        width, height = scene.size
        if cast is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(0, 0, width, height), self._image)
        if scene.state.nav.tool == "crop" and scene.grid is not None:
            paint_box(painter, box_on(scene.tile.volume, scene.grid, scene.size))
        middle = QPointF(MARGIN + SIZE_PX * 0.85, height - MARGIN - SIZE_PX * 0.85)
        paint_cube(painter, scene.tile.volume, middle)
        words = self._words(scene, is_moving=is_moving)
        at = QPointF(width - MARGIN - ink.width_of(words, ink.CORNER_BOLD), height - MARGIN - 4)
        ink.halo_text(painter, at, words, face=ink.CORNER_BOLD)

    @property
    def is_full(self) -> bool:
        """Whether the newest picture wanted is there in full quality."""
        return self._cast is not None and self._cast.is_full and self._cast.wanted == self._last

    @property
    def is_behind(self) -> bool:
        """Whether a newer picture than the one on the screen is on its way."""
        return self._cast is not None and self._cast.wanted != self._last

    def close(self) -> None:
        """End the casting."""
        if self._picture is not None:
            self._picture.close()
        self._picture = self._cast = self._last = None

    def _arrived(self, cast: Cast) -> None:
        self._cast = cast
        self._image = cast.image()
        self._on_change()

    def _words(self, scene: Scene, *, is_moving: bool) -> str:
        cast = self._cast
        if cast is None:
            return _("Preparing the 3D picture.")
        is_current = cast.wanted.view == scene.tile.volume
        is_full = cast.is_full and is_current and not is_moving
        quality = _("Full quality") if is_full else _("REDUCED")
        return f"{_('CROPPED')} · {quality}" if is_cropped(scene.tile.volume) else quality
