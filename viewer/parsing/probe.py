"""A look at the first code stream while scanning, so that lies are listed and not opened.

Only bytes that were read anyway are looked at; what they do not show is left to the decoder.
"""

from collections.abc import Callable
from struct import Struct
from typing import Final

from viewer.parsing.codestream import (
    StreamHead,
    check_head,
    check_size,
    read_jpeg,
    read_jpeg2000,
    read_jpegls,
    read_jpegxl_size,
)
from viewer.parsing.faults import Fault
from viewer.parsing.part10 import DataSet
from viewer.parsing.syntaxes import SYNTAXES, Codec
from viewer.study import PixelFormat, SkipReason
from viewer.words import _

_LOOK_BYTES: Final = 4096
_ENOUGH_BYTES: Final = 1024
_MIN_STREAM: Final = 4
_ITEM_TAG: Final = 0xFFFEE000
_HEAD: Final = Struct("<HHI")
_READERS: Final[dict[Codec, Callable[[bytes], StreamHead]]] = {
    "jpeg": read_jpeg,
    "jpegls": read_jpegls,
    "jpeg2000": read_jpeg2000,
}


def probe_stream(dataset: DataSet, pixels: PixelFormat) -> None:
    """Fault when the first fragment is empty, noise, or claims more than the header says."""
    first = _first_fragment(dataset)
    if first is None:
        return
    length, body = first
    if length < _MIN_STREAM:
        raise Fault(SkipReason.INVALID, _("Its pixel data is empty."))
    codec = SYNTAXES[dataset.syntax].codec
    try:
        if codec == "jpegxl":
            check_size(*read_jpegxl_size(body), pixels)
        elif codec in _READERS:
            check_head(_READERS[codec](body), pixels)
    except Fault:
        if len(body) >= min(length, _ENOUGH_BYTES):
            raise


def _first_fragment(dataset: DataSet) -> tuple[int, bytes] | None:
    """The first fragment's length and as much of it as is at hand; None when out of reach."""
    head, source = dataset.pixels, dataset.source
    if head is None:
        return None
    source.reach(min(head.start + _LOOK_BYTES, source.size))
    data = source.data
    position = head.start
    length = 0
    for _item in range(2):  # the offset table, then the first fragment
        position += length
        if position + 8 > len(data):
            return None
        group, element, length = _HEAD.unpack_from(data, position)
        if (group << 16 | element) != _ITEM_TAG:
            raise Fault(SkipReason.INVALID, _("Its pixel data is empty."))
        position += 8
    return length, data[position : position + min(length, _LOOK_BYTES)]
