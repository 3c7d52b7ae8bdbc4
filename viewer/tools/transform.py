"""How a canvas (a stored frame, or a plane cut through a volume) lies in its tile.

Everything that draws on an image, or asks what is under the pointer, goes through this map: the
picture, the marks, the letters and the tools cannot disagree. Canvas coordinates are edges in
pixels (``FramePoint``), view coordinates the widget's logical pixels, y down (``ViewPoint``).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from viewer.edits import MAX_ZOOM, MIN_ZOOM
from viewer.spaces import FramePoint, ViewPoint
from viewer.state import View


@dataclass(frozen=True, slots=True)
class Canvas:
    """A canvas of so many pixels; ``aspect`` is the height of a pixel over its width.

    ``fit`` below 1 makes it smaller at zoom 1 than would fit: images of one comparison then have
    the same millimetres in a pixel of the screen.
    """

    columns: float
    rows: float
    aspect: float = 1.0
    fit: float = 1.0


@dataclass(frozen=True, slots=True)
class Area:
    """The part of a tile that the picture may fill, logical px."""

    left: float
    top: float
    width: float
    height: float

    @property
    def centre(self) -> ViewPoint:
        """Its middle."""
        return ViewPoint(self.left + self.width / 2, self.top + self.height / 2)


@dataclass(frozen=True, slots=True)
class Transform:
    """x = xx * column + xy * row + x0, y = yx * column + yy * row + y0: canvas px to view px."""

    xx: float
    xy: float
    x0: float
    yx: float
    yy: float
    y0: float

    def to_view(self, point: FramePoint) -> ViewPoint:
        """Where a place of the canvas is seen."""
        column, row = point
        return ViewPoint(
            self.xx * column + self.xy * row + self.x0, self.yx * column + self.yy * row + self.y0
        )

    def to_frame(self, point: ViewPoint) -> FramePoint:
        """Which place of the canvas is seen there."""
        x, y = point.x - self.x0, point.y - self.y0
        determinant = self.xx * self.yy - self.xy * self.yx
        return FramePoint(
            (self.yy * x - self.xy * y) / determinant, (self.xx * y - self.yx * x) / determinant
        )

    @property
    def right(self) -> tuple[float, float]:
        """Direction of the screen's right on the canvas, in px of it per view px."""
        return self._direction(1.0, 0.0)

    @property
    def down(self) -> tuple[float, float]:
        """Direction of the screen's down on the canvas, in px of it per view px."""
        return self._direction(0.0, 1.0)

    @property
    def view_px_per_column(self) -> float:
        """Length of a canvas pixel's width on the screen, logical px."""
        return math.hypot(self.xx, self.yx)

    def view_to_frame(self, device_ratio: float = 1.0) -> NDArray[np.float64]:
        """The way back as a matrix (2, 3): edges of device (or logical) px to canvas px."""
        right, down = self.right, self.down
        origin = self.to_frame(ViewPoint(0.0, 0.0))
        return np.array(
            [
                [right[0] / device_ratio, down[0] / device_ratio, origin.column],
                [right[1] / device_ratio, down[1] / device_ratio, origin.row],
            ]
        )

    def _direction(self, x: float, y: float) -> tuple[float, float]:
        origin = self.to_frame(ViewPoint(0.0, 0.0))
        moved = self.to_frame(ViewPoint(x, y))
        return moved.column - origin.column, moved.row - origin.row


def fit_scale(view: View, canvas: Canvas, area: Area) -> float:
    """View px per canvas column at which the whole (turned) canvas just fits."""
    turn = math.radians(view.rotation_deg)
    cosine, sine = abs(math.cos(turn)), abs(math.sin(turn))
    width, height = canvas.columns, canvas.rows * canvas.aspect
    across = width * cosine + height * sine
    along = width * sine + height * cosine
    return max(min(area.width / across, area.height / along) * canvas.fit, 1e-6)


def shared_fit(own: Canvas, other: Canvas, area: Area, *, own_mm: float, other_mm: float) -> float:
    """The ``fit`` with which a canvas is seen at the other one's scale, never larger than fits.

    ``own_mm`` and ``other_mm`` are the widths of a pixel; both tiles have the same area.
    """
    mine = fit_scale(View(), own, area) / own_mm
    theirs = fit_scale(View(), other, area) / other_mm
    return min(mine, theirs) / mine


def frame_to_view(view: View, canvas: Canvas, area: Area) -> Transform:
    """The map of a tile: mirrored left to right first, then turned clockwise, then scaled."""
    scale = fit_scale(view, canvas, area) * view.zoom
    cosine, sine = _turn(view.rotation_deg)
    side = -1.0 if view.mirrored else 1.0
    xx, xy = scale * side * cosine, -scale * canvas.aspect * sine
    yx, yy = scale * side * sine, scale * canvas.aspect * cosine
    column, row = view.centre[0] * canvas.columns, view.centre[1] * canvas.rows
    middle = area.centre
    return Transform(
        xx,
        xy,
        middle.x - xx * column - xy * row,
        yx,
        yy,
        middle.y - yx * column - yy * row,
    )


def zoomed(view: View, canvas: Canvas, area: Area, *, factor: float, about: ViewPoint) -> View:
    """Zoom by a factor; what is seen at ``about`` stays there."""
    zoom = min(max(view.zoom * factor, MIN_ZOOM), MAX_ZOOM)
    held = frame_to_view(view, canvas, area).to_frame(about)
    changed = replace(view, zoom=zoom)
    now = frame_to_view(changed, canvas, area).to_view(held)
    return panned(changed, canvas, area, by=ViewPoint(about.x - now.x, about.y - now.y))


def panned(view: View, canvas: Canvas, area: Area, *, by: ViewPoint) -> View:
    """Shift the canvas by so many view px; some of it always stays in the tile's middle."""
    transform = frame_to_view(view, canvas, area)
    middle = area.centre
    centre = transform.to_frame(ViewPoint(middle.x - by.x, middle.y - by.y))
    return replace(
        view,
        centre=(_part(centre.column / canvas.columns), _part(centre.row / canvas.rows)),
    )


def fitted(view: View) -> View:
    """The whole canvas in the tile; turn and mirror stay."""
    return replace(view, zoom=1.0, centre=(0.5, 0.5))


def at_scale(view: View, canvas: Canvas, area: Area, *, px_per_column: float) -> View:
    """Zoom so that a canvas pixel is so many view px wide; the middle stays.

    1:1 is ``1 / device_ratio``; true size is the spacing in mm by the screen's px per mm.
    """
    zoom = px_per_column / fit_scale(view, canvas, area)
    return replace(view, zoom=min(max(zoom, MIN_ZOOM), MAX_ZOOM))


def _turn(degrees: float) -> tuple[float, float]:
    """Cosine and sine, exact for quarter turns, so that the picture needs no interpolation."""
    quarter = {0.0: (1.0, 0.0), 90.0: (0.0, 1.0), 180.0: (-1.0, 0.0), 270.0: (0.0, -1.0)}
    turn = degrees % 360
    return quarter.get(turn) or (math.cos(math.radians(turn)), math.sin(math.radians(turn)))


def _part(value: float) -> float:
    return min(max(value, 0.0), 1.0)
