"""JSON for standard output, in which foreign text cannot act on a terminal."""

import json
from typing import Any


class _Escapes(dict[int, str]):
    """Characters as they are, or as JSON's escape where a terminal would act on them."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        is_shown = character.isprintable() or character == "\n"
        self[code] = character if is_shown else json.dumps(character)[1:-1]
        return self[code]


_ESCAPES = _Escapes()


def to_json(plain: Any, *, indent: int = 2) -> str:
    """A value as JSON; what is not printable (controls, reversals, lone bytes) is escaped."""
    return json.dumps(plain, ensure_ascii=False, indent=indent).translate(_ESCAPES)
