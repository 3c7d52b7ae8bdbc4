"""What tells apart images at one position: a tuple of texts in a fixed order.

The order is that of ``SPLITS``: temporal position, trigger, acquisition, its time, echo, diffusion,
kind of image, content time. "" stands for what a file does not say.
"""

from typing import Final

from viewer.parsing.values import Header

SPLIT_TAGS: Final = (
    0x00080008, 0x0008002A, 0x00080032, 0x00080033, 0x00180081, 0x00181060, 0x00189087, 0x00189089,
    0x00190010, 0x0019100C, 0x0019100E, 0x00200012, 0x00200100, 0x00431039, 0x00541330, 0x20011003,
    0x200510B0, 0x200510B1, 0x200510B2,
)  # fmt: skip
_GE_B_VALUE_OFFSET: Final = 1_000_000_000
_SIEMENS: Final = b"SIEMENS MR HEADER"


def read_split(header: Header) -> tuple[str, ...]:
    """The values of a single-frame instance."""
    kind = "\\".join(header.texts(0x00080008))
    split = (
        header.text(0x00200100) or header.text(0x00541330),
        header.text(0x00181060),
        header.text(0x00200012),
        header.text(0x00080032) or header.text(0x0008002A),
        header.text(0x00180081),
        _diffusion(header),
        kind,
        header.text(0x00080033),
    )
    return split if any(split) else ()


def frame_split(content: Header | None, macros: dict[str, Header | None]) -> tuple[str, ...]:
    """The values of one frame of an enhanced multi-frame instance (PS3.3 C.7.6.16)."""
    position = _join(content.numbers(0x00209128)) if content is not None else ""
    trigger = _number(macros.get("trigger"), 0x00209153)
    echo = _number(macros.get("echo"), 0x00189082)
    kind = macros.get("type")
    words = "" if kind is None else "\\".join((*kind.texts(0x00089007), kind.text(0x00089208)))
    diffusion = _enhanced_diffusion(macros.get("diffusion"))
    split = (position, trigger, "", "", echo, diffusion, words, "")
    return split if any(split) else ()


def _diffusion(header: Header) -> str:
    b_value = header.number(0x00189087)
    direction = header.numbers(0x00189089)
    if b_value is None and header.raw(0x00190010).startswith(_SIEMENS):
        b_value, direction = header.number(0x0019100C), header.numbers(0x0019100E)
    if b_value is None:
        b_value = header.number(0x20011003)
    if not direction:
        parts = [header.number(tag) for tag in (0x200510B0, 0x200510B1, 0x200510B2)]
        direction = tuple(part for part in parts if part is not None)
    if b_value is None:
        ge = header.numbers(0x00431039)
        b_value = ge[0] % _GE_B_VALUE_OFFSET if ge else None
    return _diffusion_text(b_value, direction)


def _enhanced_diffusion(item: Header | None) -> str:
    if item is None:
        return ""
    gradient = item.first(0x00189076)
    direction = gradient.numbers(0x00189089) if gradient is not None else ()
    return _diffusion_text(item.number(0x00189087), direction)


def _diffusion_text(b_value: float | None, direction: tuple[float, ...]) -> str:
    if b_value is None:
        return ""
    return f"b {b_value:g}" + (f" ({_join(direction)})" if any(direction) else "")


def _number(item: Header | None, tag: int) -> str:
    return _join(item.numbers(tag)) if item is not None else ""


def _join(numbers: tuple[float, ...]) -> str:
    return " ".join(f"{number:.4g}" for number in numbers)
