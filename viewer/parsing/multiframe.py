"""What differs from frame to frame: functional groups, dose grids, mosaics (PS3.3 C.7.6.16)."""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final

from viewer.parsing.csa import slice_normal
from viewer.parsing.grey import frame_grey
from viewer.parsing.planes import read_orientation, read_pair, read_position
from viewer.parsing.splits import frame_split
from viewer.parsing.values import Header
from viewer.study import FrameFacts, FramePlane, Grey, PixelFormat

_SHARED: Final = 0x52009229
_PER_FRAME: Final = 0x52009230
_POSITION: Final = 0x00209113
_ORIENTATION: Final = 0x00209116
_MEASURES: Final = 0x00289110
_TRANSFORMATION: Final = 0x00289145
_VOI: Final = 0x00289132
_CONTENT: Final = 0x00209111
_SPLITTING: Final = {
    "trigger": 0x00189118,
    "echo": 0x00189114,
    "diffusion": 0x00189117,
    "type": 0x00189226,
}
_SIEMENS: Final = b"SIEMENS MR HEADER"
_UIH: Final = 0x00651051


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Slices laid out as tiles of one picture: how many there are, and tiles down and across."""

    count: int
    down: int
    across: int


def functional_groups(header: Header, frames: int, grey: Grey) -> tuple[FrameFacts, ...]:
    """The facts of each frame of an enhanced object; () when it has no functional groups."""
    per_frame = header.items(_PER_FRAME)
    if not per_frame:
        return ()
    shared = header.first(_SHARED) or Header({}, header.encoding)
    empty = Header({}, header.encoding)
    padded = [*per_frame[:frames], *([empty] * (frames - len(per_frame)))]
    return tuple(_frame(item, shared, grey) for item in padded)


def shared_measures(header: Header) -> Header | None:
    """The Pixel Measures item that holds for all frames, or for the first."""
    shared, per_frame = header.first(_SHARED), header.first(_PER_FRAME)
    found = shared.first(_MEASURES) if shared is not None else None
    if found is None and per_frame is not None:
        found = per_frame.first(_MEASURES)
    return found


def dose_frames(header: Header, frames: int) -> tuple[FrameFacts, ...]:
    """Frames of an RT Dose from its Grid Frame Offset Vector (PS3.3 C.8.8.3.2)."""
    offsets = header.numbers(0x3004000C)
    position, orientation = read_position(header), read_orientation(header)
    if len(offsets) != frames or position is None or orientation is None:
        return ()
    rx, ry, rz, cx, cy, cz = orientation
    normal = (ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx)
    first = offsets[0]  # 0 when relative, else a coordinate along z
    return tuple(
        FrameFacts(
            FramePlane(
                (
                    position[0] + (offset - first) * normal[0],
                    position[1] + (offset - first) * normal[1],
                    position[2] + (offset - first) * normal[2],
                ),
                orientation,
            )
        )
        for offset in offsets
    )


def find_mosaic(header: Header) -> Mosaic | None:
    """How a Siemens or United Imaging mosaic is laid out; None when this is none."""
    kinds = header.texts(0x00080008)
    count: int | None = None
    if "MOSAIC" in kinds and header.raw(0x00190010).startswith(_SIEMENS):
        count = header.integer(0x0019100A)
    elif "VFRAME" in kinds and header.elements.get(_UIH) is not None:
        count = len(header.items(_UIH))
    if count is None or not 1 < count <= 4096:
        return None
    across = ceil(sqrt(count))
    down = across if "MOSAIC" in kinds else ceil(count / across)
    return Mosaic(count, down, across)


def mosaic_frames(header: Header, mosaic: Mosaic, whole: PixelFormat) -> tuple[FrameFacts, ...]:
    """Where each tile lies; () when the header does not say enough.

    Siemens writes the position that the whole mosaic would have as one plane: the corner of the
    first tile lies half of what is too much further in.
    """
    tiles = header.items(_UIH)
    if tiles:
        planes = [FramePlane(read_position(t), read_orientation(header)) for t in tiles]
        return tuple(FrameFacts(plane) for plane in planes[: mosaic.count])
    position, orientation = read_position(header), read_orientation(header)
    spacing, step = read_pair(header, 0x00280030), header.number(0x00180088)
    if position is None or orientation is None or spacing is None or not step:
        return ()
    rows, columns = whole.rows // mosaic.down, whole.columns // mosaic.across
    right = (whole.columns - columns) / 2 * spacing[1]
    below = (whole.rows - rows) / 2 * spacing[0]
    rx, ry, rz, cx, cy, cz = orientation
    normal = slice_normal(header.raw(0x00291010)) or (
        ry * cz - rz * cy,
        rz * cx - rx * cz,
        rx * cy - ry * cx,
    )
    corner = [p + right * r + below * c for p, r, c in zip(
        position, orientation[:3], orientation[3:], strict=True
    )]  # fmt: skip
    return tuple(
        FrameFacts(
            FramePlane(
                (
                    corner[0] + index * step * normal[0],
                    corner[1] + index * step * normal[1],
                    corner[2] + index * step * normal[2],
                ),
                orientation,
            )
        )
        for index in range(mosaic.count)
    )


def _frame(item: Header, shared: Header, grey: Grey) -> FrameFacts:
    def macro(tag: int) -> Header | None:
        return item.first(tag) or shared.first(tag)

    position, orientation, measures = macro(_POSITION), macro(_ORIENTATION), macro(_MEASURES)
    content = item.first(_CONTENT)
    macros = {name: macro(tag) for name, tag in _SPLITTING.items()}
    return FrameFacts(
        plane=FramePlane(
            read_position(position) if position is not None else None,
            read_orientation(orientation) if orientation is not None else None,
        ),
        pixel_spacing=read_pair(measures, 0x00280030) if measures is not None else None,
        grey=frame_grey(grey, macro(_TRANSFORMATION), macro(_VOI)),
        stack_id=content.text(0x00209056)[:64] if content is not None else "",
        split=frame_split(content, macros),
    )
