r"""Text in the character set that a file names (PS3.3 C.12.1.1.2, PS3.5 6.1).

Undecodable bytes are shown escaped (``\xe4``), never as a lone question mark.
"""

from functools import lru_cache
from typing import Final

_CODECS: Final = {
    "": "latin-1",  # the default repertoire is ASCII; what is beyond it is mostly Latin 1
    "ISO_IR 6": "latin-1",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 100": "latin-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 127": "iso8859-6",
    "ISO_IR 138": "iso8859-8",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 166": "iso8859-11",
    "ISO_IR 192": "utf-8",
    "ISO_IR 203": "iso8859-15",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
# Escape sequences of ISO 2022 as PS3.3 tables C.12-3 and C.12-4 list them: codec, and the prefix
# that makes the codec, which begins in ASCII, understand the bytes that follow.
_ESCAPES: Final = {
    b"(B": ("latin-1", b""),
    b"(J": ("shift_jis", b""),
    b")I": ("shift_jis", b""),
    b"-A": ("latin-1", b""),
    b"-B": ("iso8859-2", b""),
    b"-C": ("iso8859-3", b""),
    b"-D": ("iso8859-4", b""),
    b"-F": ("iso8859-7", b""),
    b"-G": ("iso8859-6", b""),
    b"-H": ("iso8859-8", b""),
    b"-L": ("iso8859-5", b""),
    b"-M": ("iso8859-9", b""),
    b"-T": ("iso8859-11", b""),
    b"-b": ("iso8859-15", b""),
    b"$B": ("iso2022_jp", b"\x1b$B"),
    b"$(D": ("iso2022_jp_2", b"\x1b$(D"),
    b"$)C": ("euc_kr", b""),
    b"$)A": ("gb2312", b""),
}
_RESET: Final = frozenset(b"\\^=\r\n\t\f")


@lru_cache(maxsize=64)
def codecs_of(specific_character_set: bytes) -> tuple[str, ...]:
    """The Python codecs that Specific Character Set (0008,0005) names, the first one in force."""
    names = specific_character_set.decode("ascii", "replace").strip(" \0").split("\\")
    known = [_CODECS.get(_plain_name(name), "utf-8") for name in names]
    return tuple(known) or ("latin-1",)


def decode_text(raw: bytes, codecs: tuple[str, ...], *, is_name: bool = False) -> str:
    """Text as a string; ``is_name`` restores the first set at ``^`` and ``=`` too."""
    if b"\x1b" not in raw:
        return _decode(raw, codecs[0])
    parts: list[str] = []
    codec, prefix = codecs[0], b""
    for index, run in enumerate(raw.split(b"\x1b")):
        if index:
            escape = next((e for e in _ESCAPES if run.startswith(e)), None)
            if escape is None:
                parts.append("\\x1b")
            else:
                codec, prefix = _ESCAPES[escape]
                run = run[len(escape) :]  # noqa: PLW2901 - the escape sequence is not text
        end = _reset_at(run, is_name=is_name, wide=bool(prefix))
        parts.append(_decode(prefix + run[:end], codec))
        if end < len(run):
            codec, prefix = codecs[0], b""
            parts.append(_decode(run[end:], codec))
    return "".join(parts)


def _plain_name(name: str) -> str:
    """``ISO 2022 IR 100``, ``ISO IR 100`` and ``ISO-IR 100`` mean ``ISO_IR 100``."""
    words = name.strip().upper().replace("_", " ").replace("-", " ").split()
    if len(words) >= 2 and words[0] == "ISO" and words[-2] == "IR":
        return f"ISO_IR {words[-1]}"
    return name.strip().upper()


def _reset_at(run: bytes, *, is_name: bool, wide: bool) -> int:
    """Where the first character set comes back (PS3.5 6.1.2.5.3): at a delimiter."""
    if wide:  # two-byte sets use the delimiters' codes inside characters
        return len(run)
    stops = _RESET if is_name else _RESET - frozenset(b"^=")
    return next((i for i, byte in enumerate(run) if byte in stops), len(run))


def _decode(raw: bytes, codec: str) -> str:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        pass
    if codec == "latin-1" or not raw.isascii():
        try:
            return raw.decode("utf-8")  # a file that forgot to name UTF-8 is common
        except UnicodeDecodeError:
            pass
    return raw.decode(codec, "backslashreplace")
