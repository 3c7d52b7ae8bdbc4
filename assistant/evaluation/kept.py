"""Answers as they come, a line of JSON each, so that an interrupted evaluation goes on.

A line is found again by what was asked, how, and which model answered: a file may hold the answers
of several models and no answer is ever taken for another one's.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from viewer.errors import UserError
from viewer.spaces import FrameBox
from viewer.words import _

FORMAT: Final = 1
"""Counts up when the meaning of a line changes; other lines are left alone and not read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said about an item.

    ``boxes`` are those that carry the asked label, in pixel edges of the frame. ``is_parsed`` when
    the answer kept the form that its task asks for. ``slice_index`` is the said slice's place in
    its stack, None for "none" and for no answer. ``positions`` are the slices that were shown.
    ``seconds`` is the time from opening the image to the end of the answer.
    """

    key: str
    item_id: str
    text: str
    is_parsed: bool
    seconds: float
    boxes: tuple[FrameBox, ...] = ()
    rejected: int = 0
    verdict: str = ""
    slice_index: int | None = None
    positions: tuple[int, ...] = ()
    stop: str = "end"
    template_sha256: str = ""
    model: Mapping[str, str] = field(default_factory=dict)


class Kept:
    """The answers of a file, and more of them; without a path in memory alone."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._answers = {answer.key: answer for answer in _read(path)} if path else {}

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, key: str) -> Answer | None:
        """The answer with this key, None when it was not given yet."""
        return self._answers.get(key)

    def add(self, answer: Answer) -> None:
        """Append an answer and have it on the disk; UserError when it cannot be written."""
        self._answers[answer.key] = answer
        if self._path is None:
            return
        line = json.dumps({"format": FORMAT, **asdict(answer)}, ensure_ascii=False)
        try:
            with self._path.open("a+b") as file:
                file.write(_line_end(file) + line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            sentence = _("The answers cannot be written to {path}.")
            raise UserError(sentence.format(path=self._path), str(error)) from None


def _line_end(file: BinaryIO) -> bytes:
    """What ends a half line that a killed run has left; nothing where the last one is whole."""
    if file.seek(0, os.SEEK_END) == 0:
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


def _read(path: Path) -> Iterator[Answer]:
    """The answers of a file; lines that are none are passed over."""
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        sentence = _("{path} holds no answers of an evaluation. Name another file.")
        raise UserError(sentence.format(path=path), str(error)) from None
    lines = [line for line in text.split("\n") if line.strip()]
    answers = [answer for line in lines if (answer := _answer(line)) is not None]
    if lines and not answers:
        sentence = _("{path} holds no answers of an evaluation. Name another file.")
        raise UserError(sentence.format(path=path))
    yield from answers


def _answer(line: str) -> Answer | None:
    try:
        plain: dict[str, Any] = json.loads(line)
        if plain.pop("format") != FORMAT:
            return None
        plain["boxes"] = tuple(FrameBox(**box) for box in plain["boxes"])
        plain["positions"] = tuple(plain["positions"])
        return Answer(**plain)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
