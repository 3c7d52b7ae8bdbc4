"""Frames into shared memory: find the bytes, check the stream, call the one decoder for it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from viewer.arena import Arena
from viewer.channel import Channel
from viewer.parsing.decoders import deflate, jpeg, jpeg2000, jpegls, jpegxl, native, rle
from viewer.parsing.decoders.frame import DecodedFrame, Decoder
from viewer.parsing.faults import Fault
from viewer.parsing.fragments import ReadAt
from viewer.parsing.pixel_source import PixelSource, open_pixels
from viewer.parsing.scan import BROKEN
from viewer.parsing.syntaxes import Codec
from viewer.reading.messages import Decode, FrameDecoded, FrameFailed
from viewer.study import SkipReason
from viewer.words import _

# One decoder a codec, no silent fall-back from one to another.
DECODERS: Final[dict[Codec, Decoder]] = {
    "native": native.decode,
    "deflate": deflate.decode,
    "rle": rle.decode,
    "jpeg": jpeg.decode,
    "jpegls": jpegls.decode,
    "jpeg2000": jpeg2000.decode,
    "jpegxl": jpegxl.decode,
}


def decode_frames(request: Decode, channel: Channel) -> None:
    """Answer each frame of a request with ``FrameDecoded`` or ``FrameFailed``."""
    offset = 0
    arena = _arena(request.arena)
    for number, result in _results(request):
        if isinstance(result, Fault):
            channel.send(FrameFailed(number, result.reason, result.sentence))
            continue
        values = np.ascontiguousarray(result.values)
        if offset + values.nbytes > min(arena.size, request.arena_bytes):
            fault = Fault(SkipReason.TOO_LARGE, _("Its pixel data is too large."))
            channel.send(FrameFailed(number, fault.reason, fault.sentence))
            continue
        np.copyto(arena.array(values.dtype, values.shape, offset), values)
        channel.send(
            FrameDecoded(
                number,
                values.dtype.name,
                values.shape,
                offset,
                result.photometric,
                result.bits_stored,
                result.notes,
            )
        )
        offset += -(-values.nbytes // 64) * 64


def decode_frame(source: PixelSource, index: int, read_at: ReadAt) -> DecodedFrame:
    """One frame of an opened file, counted from 0; Fault when it cannot be shown."""
    if not 0 <= index < source.instance.frame_count:
        raise Fault(SkipReason.INVALID, _("There is no such frame."))
    picture = 0 if source.mosaic is not None else index
    data, skip_bits = source.frame(picture, read_at)
    if source.syntax.codec == "native":
        if not source.little and source.pixels.bits_allocated <= 8 and source.head.vr == b"OW":
            data = native.swap_pairs(data)
        decoded = native.decode_native(
            data, source.pixels, little=source.little, skip_bits=skip_bits
        )
    else:
        decoded = DECODERS[source.syntax.codec](data, source.pixels)
    if source.mosaic is None:
        return decoded
    return replace(decoded, values=_tile(decoded.values, source, index))


def _tile(values: NDArray[Any], source: PixelSource, index: int) -> NDArray[Any]:
    """One slice out of a mosaic."""
    mosaic = source.mosaic
    across = mosaic.across if mosaic is not None else 1
    down = mosaic.down if mosaic is not None else 1
    rows, columns = values.shape[0] // down, values.shape[1] // across
    top, left = index // across * rows, index % across * columns
    return values[top : top + rows, left : left + columns]


def _results(request: Decode) -> Iterator[tuple[int, DecodedFrame | Fault]]:
    waiting = iter(request.frame_numbers)
    try:
        source = _source(request.path, request.member, _state_of(request.path))
        _check_same(source, request)
        with source.reader() as read_at:
            for number in waiting:
                yield number, _result(source, number - 1, read_at)
    except Fault as fault:
        yield from ((number, fault) for number in waiting)
    except BROKEN:
        damaged = Fault(SkipReason.UNREADABLE, _("It is damaged and cannot be read."))
        yield from ((number, damaged) for number in waiting)


def _result(source: PixelSource, index: int, read_at: ReadAt) -> DecodedFrame | Fault:
    try:
        return decode_frame(source, index, read_at)
    except Fault as fault:
        return fault
    except MemoryError:
        return Fault(SkipReason.TOO_LARGE, _("It needs more memory than a file reader may use."))
    except BROKEN:
        return Fault(SkipReason.UNREADABLE, _("Its pixel data is damaged."))


def _check_same(source: PixelSource, request: Decode) -> None:
    """The file must still hold the instance that was asked for."""
    if not request.sop_instance_uid.startswith(source.instance.sop_instance_uid):
        raise Fault(SkipReason.UNREADABLE, _("The file has changed. Open it again."))


@lru_cache(maxsize=2)
def _source(path: str, member: str, _state: tuple[int, int]) -> PixelSource:
    return open_pixels(path, member)


def _state_of(path: str) -> tuple[int, int]:
    try:
        facts = os.stat(path)  # noqa: PTH116
    except OSError:
        raise Fault(SkipReason.UNREADABLE, _("The file is not there any more.")) from None
    return facts.st_mtime_ns, facts.st_size


_ARENAS: Final[dict[str, Arena]] = {}


def _arena(name: str) -> Arena:
    """The shared memory of this worker's requests; an older one is let go."""
    if name not in _ARENAS:
        for arena in _ARENAS.values():
            arena.close()
        _ARENAS.clear()
        _ARENAS[name] = Arena.attach(name)
    return _ARENAS[name]
