r"""Text in the character set that a file names (PS3.3 C.12.1.1.2, PS3.5 6.1).

ASCII, Latin 1 and UTF-8 are read at once; pydicom, whose import costs 0.3 s, knows all others and
the escape sequences. Undecodable bytes are shown escaped (``\xe4``), never as a question mark.
"""

import warnings
from functools import lru_cache
from typing import Final

from viewer.parsing.importing import announce_import

_PLAIN: Final = {
    "": "latin-1",  # the default repertoire is ASCII; what is beyond it is mostly Latin 1
    "ISO_IR 6": "latin-1",
    "ISO_IR 100": "latin-1",
    "ISO_IR 192": "utf-8",
}
_ESCAPE: Final = b"\x1b"
_DELIMITERS: Final = frozenset(b"\\\r\n\t\f")
_NAME_DELIMITERS: Final = _DELIMITERS | frozenset(b"^=")


@lru_cache(maxsize=64)
def codecs_of(specific_character_set: bytes) -> tuple[str, ...]:
    """The Python codecs that Specific Character Set (0008,0005) names, the first one in force."""
    names = specific_character_set.decode("ascii", "replace").strip(" \0").split("\\")
    names = [name.strip() for name in names]
    if len(names) == 1 and names[0] in _PLAIN:
        return (_PLAIN[names[0]],)
    announce_import()
    from pydicom.charset import convert_encodings

    with warnings.catch_warnings(action="ignore"):  # of what it corrects
        return tuple(convert_encodings(names))


def decode_text(raw: bytes, codecs: tuple[str, ...], *, is_name: bool = False) -> str:
    """Text as a string; ``is_name`` restores the first set at ``^`` and ``=`` too."""
    if _ESCAPE not in raw:
        return _decode(raw, codecs[0])
    announce_import()
    from pydicom.charset import decode_bytes
    from pydicom.config import RAISE, settings

    mode = settings.reading_validation_mode
    settings.reading_validation_mode = RAISE  # else it puts question marks
    try:
        return str(decode_bytes(raw, codecs, set(_NAME_DELIMITERS if is_name else _DELIMITERS)))
    except (LookupError, ValueError):
        return _decode(raw, codecs[0])
    finally:
        settings.reading_validation_mode = mode


def _decode(raw: bytes, codec: str) -> str:
    for guess in (codec, "utf-8"):  # a file that forgot to name UTF-8 is common
        try:
            return raw.decode(guess)
        except (LookupError, ValueError):
            continue
    return raw.decode(codec, "backslashreplace")
