"""What a tool is told: where the pointer is, and what lies under it."""

from dataclasses import dataclass

from viewer.annotations import PlaneRef
from viewer.spaces import FramePoint, PatientPoint, ViewPoint
from viewer.state import TileKind, View
from viewer.study import FrameRef, Window
from viewer.tools.transform import Area, Canvas, Transform, frame_to_view


@dataclass(frozen=True, slots=True)
class Pointer:
    """A place of the pointer: in the tile (logical px), and the keys held with it."""

    at: ViewPoint
    fine: bool = False


@dataclass(frozen=True, slots=True)
class Surface:
    """A tile as a tool sees it, taken when the button went down.

    ``where`` is what marks are bound to. ``window`` is the window in use and ``value_range`` the
    span of most modality values of the series (0.5 to 99.5 %). ``position`` counts in the stack
    of ``length`` images; ``is_reversed`` when the next image shown has the lower index.
    ``crosshair`` is where the volume's planes meet.
    """

    tile: int
    kind: TileKind
    series_uid: str
    canvas: Canvas
    area: Area
    view: View
    where: FrameRef | PlaneRef | None = None
    window: Window | None = None
    value_range: tuple[float, float] = (0.0, 1.0)
    is_whole: bool = True
    position: int = 0
    length: int = 1
    is_reversed: bool = False
    crosshair: PatientPoint | None = None

    @property
    def transform(self) -> Transform:
        """The canvas on the screen."""
        return frame_to_view(self.view, self.canvas, self.area)

    def frame_point(self, pointer: Pointer) -> FramePoint:
        """The place of the canvas under the pointer."""
        return self.transform.to_frame(pointer.at)

    def clamped(self, point: FramePoint) -> FramePoint:
        """The nearest place that lies on the canvas."""
        return FramePoint(
            min(max(point.column, 0.0), self.canvas.columns),
            min(max(point.row, 0.0), self.canvas.rows),
        )
