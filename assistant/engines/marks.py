"""Special tokens by their text, and text that must not become one."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

MEANINGFUL: Final = (
    "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>",
    "<unused94>", "<unused95>",
)  # fmt: skip
"""Texts that our template or our reading of answers gives a meaning to."""

THOUGHT_BEGINS: Final = "<unused94>"
THOUGHT_ENDS: Final = "<unused95>"
_BLANK: Final = "▁ \n\t\r"


class Marks:
    """Made from a vocabulary's CONTROL (True) and USER_DEFINED (False) tokens: id, text, which.

    With ``parse_special`` off llama.cpp makes no CONTROL token from text, but it still matches
    tokens that a file calls USER_DEFINED, so those are cut apart in untrusted text; blanks and
    newline runs are harmless.
    """

    def __init__(self, tokens: Iterable[tuple[int, str, bool]]) -> None:
        control: dict[str, int] = {}
        loose: set[str] = set()
        for token, text, is_control in tokens:
            if is_control:
                control[text] = token
            elif text.strip(_BLANK):
                loose.add(text.replace("▁", " "))
        loose |= {text for text in MEANINGFUL if text not in control}
        self._ids: Mapping[str, int] = control
        choices = "|".join(re.escape(text) for text in sorted(loose))
        self._loose = re.compile(f"(?={choices})") if loose else None

    def id(self, text: str) -> int | None:
        """The CONTROL token of this text, or None."""
        return self._ids.get(text)

    def apart(self, text: str) -> Iterator[str]:
        """The text in pieces, none of which holds a token with a meaning as a whole."""
        begin = 0
        for match in self._loose.finditer(text) if self._loose else ():
            yield text[begin : match.start() + 1]
            begin = match.start() + 1
        if begin < len(text):
            yield text[begin:]
