"""What a model is shown, and the way back from it.

``make_picture`` makes both at once, the square picture and its ``Placement``, so that they cannot
drift apart. The model sees a frame as it is stored, whatever the view's turn, mirroring and zoom;
of a plane it sees the plane as it is cut.
"""

import hashlib
import math
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewer.annotations import PlaneRef
from viewer.spaces import FrameBox, FramePoint
from viewer.state import Role, Slab, TileWindow
from viewer.study import FrameRef, Window

Levels = Literal["window", "contract"]
"""The tile's window, or what the model was trained on: three windows of CT, the span of MR."""

Side = Literal["left", "right", ""]

MODEL_UNITS: Final = 1000.0
"""A model gives places from 0 to this along each side of its picture."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is to be shown to a model: a frame or a plane, its grey levels and a part of it.

    ``crop`` is in pixels of the frame or plane, None for all of it. ``date`` is the study's, as the
    file writes it; ``title`` what the reader calls it; ``position`` its index in the stack.
    ``is_drawn`` only where ``assistant.drawn`` says that no real patient is shown.
    """

    series_uid: str
    study_uid: str
    where: FrameRef | PlaneRef
    stack_index: int = 0
    position: int = 0
    window: TileWindow = field(default_factory=TileWindow)
    invert: bool = False
    slab: Slab = field(default_factory=Slab)
    levels: Levels = "window"
    crop: FrameBox | None = None
    role: Role = ""
    date: str = ""
    title: str = ""
    is_drawn: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Displayed:
    """A look's frame or plane in 8 bits: (rows, columns), or (rows, columns, 3) RGB.

    ``aspect`` is the height of a pixel over its width. ``window`` is None where a lookup table or
    several windows were used; ``source_digest`` the SHA-256 of the values it was made from.
    ``patient_left`` is the side of the frame where the patient's left lies, "" where that is not
    recorded: never from habit. ``extent`` is the part that shows anything, None for all of it: a
    plane may reach far beyond its volume.
    """

    levels: NDArray[np.uint8]
    aspect: float = 1.0
    window: Window | None = None
    window_name: str = ""
    photometric: str = ""
    source_digest: str = ""
    patient_left: Side = ""
    extent: FrameBox | None = None
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """Whoever gives the 8 bits of a look."""

    def display(self, look: Look) -> Displayed:
        """The frame or plane of a look; UserError when it cannot be shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What the model sees: (size, size, 3) RGB, and the SHA-256 of these bytes in hex."""

    pixels: NDArray[np.uint8]
    digest: str = field(default="")

    @property
    def size_px(self) -> int:
        """Length of a side."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame lies in the model's picture.

    ``crop`` was cut out of the frame, brought to ``width`` x ``height`` square pixels, and lies at
    (``pad_x``, ``pad_y``) of a square with ``side`` of these pixels, which is the picture.
    """

    crop: FrameBox
    width: int
    height: int

    @property
    def side(self) -> int:
        """Side of the padded square, in square pixels."""
        return max(self.width, self.height)

    @property
    def pad_x(self) -> int:
        """Black columns before the frame."""
        return (self.side - self.width) // 2

    @property
    def pad_y(self) -> int:
        """Black rows above the frame."""
        return (self.side - self.height) // 2

    @property
    def image_units(self) -> FrameBox:
        """The part of the picture that is image and not padding, in the model's units."""
        return FrameBox(
            self.pad_x / self.side * MODEL_UNITS,
            self.pad_y / self.side * MODEL_UNITS,
            (self.pad_x + self.width) / self.side * MODEL_UNITS,
            (self.pad_y + self.height) / self.side * MODEL_UNITS,
        )

    def to_frame(self, x: float, y: float) -> FramePoint:
        """A place in the model's units as a place on the frame; beside it where that is padding."""
        across = x / MODEL_UNITS * self.side - self.pad_x
        down = y / MODEL_UNITS * self.side - self.pad_y
        return FramePoint(
            self.crop.left + across * self.crop.width / self.width,
            self.crop.top + down * self.crop.height / self.height,
        )

    def to_picture(self, point: FramePoint) -> tuple[float, float]:
        """A place on the frame as (x, y) in the model's units."""
        across = (point.column - self.crop.left) * self.width / self.crop.width
        down = (point.row - self.crop.top) * self.height / self.crop.height
        return (
            (across + self.pad_x) / self.side * MODEL_UNITS,
            (down + self.pad_y) / self.side * MODEL_UNITS,
        )


def make_picture(look: Look, source: Source, size_px: int) -> tuple[Picture, Placement, Displayed]:
    """Make the ``size_px`` square picture of a look, the way back, and what it was made from.

    Cropped, brought to square pixels, padded with black in the middle of a square, reduced with
    Pillow's antialiased bilinear filter. UserError when the look cannot be shown.
    """
    displayed = source.display(look)
    crop = look.crop or displayed.extent
    placement = place(displayed.levels.shape[:2], crop, displayed.aspect)
    part = _cropped(displayed.levels, placement.crop)
    pixels = _padded(_resized(part, placement.width, placement.height), placement)
    pixels = _resized(pixels, size_px, size_px)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    pixels = np.ascontiguousarray(pixels)
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()
    return Picture(pixels, digest), placement, displayed


def place(shape: tuple[int, ...], crop: FrameBox | None, aspect: float) -> Placement:
    """How a frame of (rows, columns) lies in its square; a crop grows to whole pixels.

    Pixels that are not square become so by enlarging along their longer side.
    """
    rows, columns = shape
    whole = FrameBox(0.0, 0.0, float(columns), float(rows))
    taken = _whole_pixels(crop, whole) if crop is not None else whole
    width = round(taken.width / min(aspect, 1.0))
    height = round(taken.height * max(aspect, 1.0))
    return Placement(taken, max(width, 1), max(height, 1))


def _whole_pixels(crop: FrameBox, whole: FrameBox) -> FrameBox:
    """The smallest box of whole pixels round a crop, within the frame and never empty."""
    left = min(max(math.floor(crop.left), 0), int(whole.right) - 1)
    top = min(max(math.floor(crop.top), 0), int(whole.bottom) - 1)
    right = min(max(math.ceil(crop.right), left + 1), int(whole.right))
    bottom = min(max(math.ceil(crop.bottom), top + 1), int(whole.bottom))
    return FrameBox(float(left), float(top), float(right), float(bottom))


def _cropped(levels: NDArray[np.uint8], crop: FrameBox) -> NDArray[np.uint8]:
    return levels[int(crop.top) : int(crop.bottom), int(crop.left) : int(crop.right)]


def _resized(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    if pixels.shape[:2] == (height, width):
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def _padded(pixels: NDArray[np.uint8], placement: Placement) -> NDArray[np.uint8]:
    """The pixels in the middle of a black square; an odd pixel of padding comes after them."""
    square = np.zeros((placement.side, placement.side, *pixels.shape[2:]), np.uint8)
    rows = slice(placement.pad_y, placement.pad_y + placement.height)
    columns = slice(placement.pad_x, placement.pad_x + placement.width)
    square[rows, columns] = pixels
    return square
