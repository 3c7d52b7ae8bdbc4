"""The picture of a cut through a volume, made beside the window's thread.

A tile's cut begins as soon as its scene is known and is waited for where it is painted, so that
the planes of one change are cut at the same time.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QImage

from viewer.annotations import PlaneRef
from viewer.pixels.modality import PixelFacts
from viewer.pixels.voi import Voi
from viewer.render.planes import Plane, Slicer
from viewer.state import Slab
from viewer.tools.planes import vector
from viewer.tools.transform import Transform
from viewer.widgets.pictures import Grain, Levels, Values


@dataclass(frozen=True, slots=True)
class PlaneCut:
    """What is cut: a plane of a volume as it lies on the screen, in pixels of a grain."""

    slicer: Slicer
    plane: PlaneRef
    slab: Slab
    transform: Transform
    grain: Grain

    def values(self) -> Values:
        """Cut so that every device pixel is one sample; for any thread."""
        plane, grain = self.plane, self.grain
        to_canvas = self.transform.view_to_frame(grain.ratio)
        axes = np.array([plane.right, plane.down])
        right, down = to_canvas[:, 0] @ axes, to_canvas[:, 1] @ axes
        corner = to_canvas @ np.array([0.5, 0.5, 1.0]) @ axes * plane.mm_per_px
        px_mm = float(np.linalg.norm(right)) * plane.mm_per_px
        cut = self.slicer.slice_plane(
            Plane(
                vector(np.asarray(plane.origin) + corner),
                vector(right / np.linalg.norm(right)),
                vector(down / np.linalg.norm(down)),
            ),
            grain.size_px,
            px_mm,
            slab_mm=self.slab.thickness_mm,
            projection=self.slab.projection,
        )
        return Values(cut.values, cut.inside)


class PlanePictures:
    """Keeps a tile's last cut and its image, and a thread that cuts."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="plane")
        self._cut: tuple[PlaneCut, Future[Values]] | None = None
        self._levels = Levels()
        self._is_closed = False

    def begin(self, cut: PlaneCut) -> None:
        """Begin a cut that will be painted; one that was not begun yet is dropped."""
        if self._cut is not None:
            if self._cut[0] == cut:
                return
            self._cut[1].cancel()
        if self._is_closed:
            self._cut = None
            return
        self._cut = cut, self._thread.submit(cut.values)

    def image(self, cut: PlaneCut, *, facts: PixelFacts, voi: Voi, invert: bool) -> QImage:
        """Wait for a cut and draw it."""
        self.begin(cut)
        if self._cut is None:
            return QImage()
        values = self._cut[1].result()
        return self._levels.grey_image(values, facts, voi, invert=invert, grain=cut.grain)

    def close(self) -> None:
        """End the thread; nothing more is drawn."""
        self._is_closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)
