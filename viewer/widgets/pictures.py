"""The picture of a tile: values at device pixels, kept; a table that makes them grey; a QImage.

A window drag changes only the table. A step to a frame that was prepared costs as much.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from viewer.pixels.display import (
    RGB_IDENTITY,
    DisplayTable,
    display_table,
    to_display,
    windowed_colors,
)
from viewer.pixels.modality import PixelFacts, mask_bits
from viewer.pixels.voi import Voi
from viewer.reading.frames import Stored
from viewer.render.slice import resample_frame
from viewer.study import FrameRef
from viewer.tools.transform import Transform

_KEPT_TILES: Final = 3
_NEAREST_FROM: Final = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Stored values (height, width[, 3]) at device pixels, which of them show the image, and facts.

    ``facts`` are None where the values are colours already.
    """

    values: NDArray[Any]
    inside: NDArray[np.bool_]
    facts: PixelFacts | None = None


@dataclass(frozen=True, slots=True)
class Grain:
    """The device pixels of a picture: (width, height), and how many make a logical one."""

    size_px: tuple[int, int]
    ratio: float


class FramePicture:
    """The picture of a stored frame; keeps a few resampled frames, its table and its image."""

    def __init__(self) -> None:
        self._tiles: OrderedDict[tuple[object, ...], Values] = OrderedDict()
        self._levels = Levels()
        self._colours: tuple[FrameRef, NDArray[np.uint8]] | None = None

    def image(
        self,
        stored: Stored,
        facts: PixelFacts,
        voi: Voi,
        *,
        invert: bool,
        transform: Transform,
        grain: Grain,
        pixel_grid: bool = False,
    ) -> QImage:
        """Draw a frame; everything beside it is black."""
        key: tuple[object, ...]
        if facts.is_color:
            key = (stored.ref, transform, grain, pixel_grid)
            rgb = self._rgb(stored, facts)
            tile = self._kept(key, rgb, None, transform, grain, pixel_grid=pixel_grid)
            return self._levels.colour_image(tile, voi, invert=invert, grain=grain)
        key = (stored.ref, transform, grain, pixel_grid)
        tile = self._kept(key, stored.pixels, facts, transform, grain, pixel_grid=pixel_grid)
        return self._levels.grey_image(tile, tile.facts or facts, voi, invert=invert, grain=grain)

    def prepare(
        self, stored: Stored, facts: PixelFacts, transform: Transform, grain: Grain
    ) -> None:
        """Resample a grey frame that may be wanted next."""
        if not facts.is_color:
            key = (stored.ref, transform, grain, False)
            self._kept(key, stored.pixels, facts, transform, grain)

    def is_ready(self, ref: FrameRef, transform: Transform, grain: Grain) -> bool:
        """Whether a frame is resampled already."""
        return (ref, transform, grain, False) in self._tiles

    def _kept(
        self,
        key: tuple[object, ...],
        pixels: NDArray[Any],
        facts: PixelFacts | None,
        transform: Transform,
        grain: Grain,
        *,
        pixel_grid: bool = False,
    ) -> Values:
        found = self._tiles.get(key)
        if found is None:
            matrix = frame_to_device(transform, grain.ratio)
            is_large = transform.view_px_per_column * grain.ratio >= _NEAREST_FROM
            is_nearest = pixel_grid and is_large
            if facts is not None:
                # Other things in the upper bits must not be interpolated.
                pixels, facts = mask_bits(pixels, facts)
                is_nearest = is_nearest or facts.format.bits_stored == 1
            tile = resample_frame(
                pixels,
                matrix,
                grain.size_px,
                interpolation="nearest" if is_nearest else "linear",
            )
            found = self._tiles[key] = Values(tile.values, tile.inside, facts)
            while len(self._tiles) > _KEPT_TILES:
                self._tiles.popitem(last=False)
        else:
            self._tiles.move_to_end(key)
        return found

    def _rgb(self, stored: Stored, facts: PixelFacts) -> NDArray[np.uint8]:
        """The frame's colours before any window."""
        if self._colours is None or self._colours[0] != stored.ref:
            self._colours = stored.ref, to_display(stored.pixels, facts, RGB_IDENTITY)
        return self._colours[1]


class Levels:
    """Makes a QImage of values; keeps the table until the window changes, and the last image."""

    def __init__(self) -> None:
        self._table_key: tuple[object, ...] | None = None
        self._table: DisplayTable | None = None
        self._image_key: tuple[object, ...] | None = None
        self._image = QImage()
        self._pixels: NDArray[np.uint8] | None = None
        self._tile: Values | None = None

    def grey_image(
        self, tile: Values, facts: PixelFacts, voi: Voi, *, invert: bool, grain: Grain
    ) -> QImage:
        """Grey levels of values; black where they show nothing."""
        table_key = (facts, voi, invert)
        if self._table is None or self._table_key != table_key:
            self._table = display_table(facts, voi, invert=invert)
            self._table_key = table_key
        image_key = (id(tile), id(self._table), grain.ratio)
        if self._image_key != image_key:
            levels = self._table.apply(tile.values)
            np.multiply(levels, tile.inside.view(np.uint8), out=levels)
            self._keep(levels, tile, QImage.Format.Format_Grayscale8, grain)
            self._image_key = image_key
        return self._image

    def colour_image(self, tile: Values, voi: Voi, *, invert: bool, grain: Grain) -> QImage:
        """Colours, windowed; black where they show nothing."""
        image_key = (id(tile), voi, invert, grain.ratio)
        if self._image_key != image_key:
            colours = windowed_colors(tile.values, voi, invert=invert)
            if colours is not tile.values:
                colours[~tile.inside] = 0
            self._keep(np.ascontiguousarray(colours), tile, QImage.Format.Format_RGB888, grain)
            self._image_key = image_key
        return self._image

    def _keep(
        self, pixels: NDArray[np.uint8], tile: Values, kind: QImage.Format, grain: Grain
    ) -> None:
        height, width = pixels.shape[:2]
        # QImage copies nothing: the array must live as long as it does.
        self._pixels, self._tile = pixels, tile
        self._image = QImage(pixels.data, width, height, pixels.strides[0], kind)
        self._image.setDevicePixelRatio(grain.ratio)


def frame_to_device(transform: Transform, ratio: float) -> NDArray[np.float64]:
    """Canvas px to device px, (2, 3)."""
    return (
        np.array(
            [[transform.xx, transform.xy, transform.x0], [transform.yx, transform.yy, transform.y0]]
        )
        * ratio
    )
