"""The slice normal out of a Siemens CSA header (format SV10): which way a mosaic runs."""

from struct import Struct
from struct import error as StructError  # noqa: N812 - it is an exception
from typing import Final

_MARK: Final = b"SV10"
_COUNTS: Final = Struct("<II")
_TAG: Final = Struct("<64si4siii")
_ITEM: Final = Struct("<4i")
_MAX_TAGS: Final = 512
_MAX_ITEMS: Final = 4096
_NAME: Final = b"SliceNormalVector"


def slice_normal(raw: bytes) -> tuple[float, float, float] | None:
    """The SliceNormalVector of a CSA image header; None when it is not there or not readable."""
    if not raw.startswith(_MARK):
        return None
    try:
        texts = _values(raw)
        numbers = [float(text) for text in texts[:3]]
    except (StructError, ValueError):
        return None
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def _values(raw: bytes) -> list[str]:
    count, _unused = _COUNTS.unpack_from(raw, 8)
    position = 16
    for _tag in range(min(count, _MAX_TAGS)):
        name, _vm, _vr, _syngo, items, _unused = _TAG.unpack_from(raw, position)
        position += _TAG.size
        values = []
        for _item in range(min(items, _MAX_ITEMS)):
            length = _ITEM.unpack_from(raw, position)[1]
            if not 0 <= length <= len(raw):
                raise ValueError(length)
            position += _ITEM.size
            values.append(raw[position : position + length].split(b"\0")[0].decode("ascii").strip())
            position += -(-length // 4) * 4
        if name.split(b"\0")[0] == _NAME:
            return [value for value in values if value]
    return []
