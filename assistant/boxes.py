"""From an answer's text to boxes on frames, by one strict grammar; nothing is ever repaired.

A box that does not keep every rule is not drawn and says why. Parsing never raises.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from assistant.looks import MODEL_UNITS, Placement, Side
from viewer import limits
from viewer.spaces import FrameBox
from viewer.words import N_, _

FINAL_ANSWER: Final = "Final Answer:"
PARSER_VERSION: Final = 1
"""Stored in provenance; counts up when the same text would give other boxes."""

MIN_AREA: Final = 25.0
NOTABLE_CUT: Final = 2.0
LARGE_SHARE: Final = 0.9
_FENCE: Final = "```"
_SHOWN_CHARS: Final = 60

NOT_A_LIST: Final = N_("the answer holds no list of boxes")
CUT_OFF: Final = N_("the answer was cut off before its end")
TOO_LONG: Final = N_("the answer is too long")
NO_BOX: Final = N_("it is no object with a box and a label")
NOT_FOUR: Final = N_("a box needs four numbers")
NOT_FINITE: Final = N_("a coordinate is not a finite number")
OUTSIDE: Final = N_("a coordinate is outside 0 to 1000")
REVERSED: Final = N_("its corners are in the wrong order")
TOO_SMALL: Final = N_("it is smaller than 25 square units")
NO_LABEL: Final = N_("it has no label of at most 80 characters")
TOO_MANY: Final = N_("there are more than 50 boxes")
IN_PADDING: Final = N_("it lies beside the image")


@dataclass(frozen=True, slots=True)
class ModelBox:
    """A box as the model writes it: 0 to 1000 of its picture's height and width."""

    y0: float
    x0: float
    y1: float
    x1: float
    label: str = ""

    @property
    def area(self) -> float:
        """Square units."""
        return (self.y1 - self.y0) * (self.x1 - self.x0)


@dataclass(frozen=True, slots=True)
class Rejected:
    """What was not drawn: the reason (a marked sentence) and the beginning of what stood there."""

    reason: str
    text: str = ""

    @property
    def sentence(self) -> str:
        """What a reader is told."""
        return _("Not drawn: {reason}.").format(reason=_(self.reason))


@dataclass(frozen=True, slots=True)
class Parsed:
    """The boxes of an answer in its order, and what was rejected.

    ``is_final`` is False when the answer did not mark its end with ``Final Answer:``. An empty list
    is a valid "not seen": then ``is_list`` is True and there is no box.
    """

    boxes: tuple[ModelBox, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    is_final: bool = False
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Mapped:
    """A box on the frame, and what is to be said about it."""

    box: FrameBox
    warnings: tuple[str, ...] = ()


def parse_boxes(answer: str, *, is_cut: bool = False) -> Parsed:
    """Read the boxes of an answer without its thought; ``is_cut`` when its writing was ended."""
    if len(answer.encode("utf-8", "replace")) > limits.ANSWER_BYTES:
        return Parsed(rejected=(Rejected(TOO_LONG),))
    fence, is_final, is_closed = _fence(answer)
    if fence is None:
        return Parsed(rejected=(Rejected(CUT_OFF if is_cut else NOT_A_LIST),), is_final=is_final)
    if is_cut and not is_closed:
        return Parsed(rejected=(Rejected(CUT_OFF, _shown(fence)),), is_final=is_final)
    items = _items(fence)
    if items is None:
        return Parsed(rejected=(Rejected(NOT_A_LIST, _shown(fence)),), is_final=is_final)
    boxes: list[ModelBox] = []
    rejected: list[Rejected] = []
    for item in items:
        found = _box(item)
        if isinstance(found, Rejected):
            rejected.append(found)
        elif found not in boxes:
            boxes.append(found)
    if len(boxes) > limits.BOXES:
        rejected.append(Rejected(TOO_MANY))
    return Parsed(tuple(boxes[: limits.BOXES]), tuple(rejected), is_final, is_list=True)


def to_frame(box: ModelBox, placement: Placement) -> Mapped | Rejected:
    """Map a box from the model's units to pixel edges of the frame it saw.

    Undoes padding, scale and crop, and clips to the crop. The view's turn, mirroring and zoom play
    no part: the model saw the frame as it is stored.
    """
    image = placement.image_units
    left, right = max(box.x0, image.left), min(box.x1, image.right)
    top, bottom = max(box.y0, image.top), min(box.y1, image.bottom)
    if not (left < right and top < bottom):
        return Rejected(IN_PADDING, box.label)
    upper, lower = placement.to_frame(left, top), placement.to_frame(right, bottom)
    frame_box = FrameBox(
        max(upper.column, placement.crop.left),
        max(upper.row, placement.crop.top),
        min(lower.column, placement.crop.right),
        min(lower.row, placement.crop.bottom),
    )
    return Mapped(frame_box, tuple(_warnings(box, (left, top, right, bottom))))


def is_asked(label: str, words: str) -> bool:
    """Whether a label is what the question named, after folding of case and blanks."""
    return _folded(label) == _folded(words)


def side_note(box: ModelBox, placement: Placement, patient_left: Side) -> str:
    """What is to be said where a label names a side: a contradiction, or that nobody can tell.

    Never repaired: the model may mean the picture's left, or be wrong about the thing itself.
    """
    named = {side for side in ("left", "right") if side in box.label.casefold().split()}
    if len(named) != 1:
        return ""
    if not patient_left:
        return _("Side not verified: the file does not record it.")
    image = placement.image_units
    on_left_half = (box.x0 + box.x1) / 2 < (image.left + image.right) / 2
    is_patient_left = on_left_half == (patient_left == "left")
    if is_patient_left == ("left" in named):
        return ""
    if is_patient_left:
        return _("The label says right, but the box lies on the patient's left.")
    return _("The label says left, but the box lies on the patient's right.")


def verdict(answer: str, choices: tuple[str, ...]) -> str:
    """The choice that stands after the last ``Final Answer:``, or "" when none does."""
    _before, mark, after = answer.rpartition(FINAL_ANSWER)
    said = _folded(after.strip().strip("\"'`*.!")) if mark else ""
    return said if said in choices else ""


def _fence(answer: str) -> tuple[str | None, bool, bool]:
    """What stands between the fences, whether it is the final answer, whether the fence is closed.

    Without a final answer the last fence that opens counts.
    """
    _before, mark, after = answer.rpartition(FINAL_ANSWER)
    text = after if mark else answer
    pieces = text.split(_FENCE)
    if len(pieces) < 2:
        return None, bool(mark), False
    opened = 1 if mark else _last_opened(pieces)
    body = pieces[opened].removeprefix("json").strip()
    return body, bool(mark), opened + 1 < len(pieces)


def _last_opened(pieces: list[str]) -> int:
    """Index of the piece after the last fence that opens; they open and close in turn."""
    return len(pieces) - 1 if len(pieces) % 2 == 0 else len(pieces) - 2


def _items(text: str) -> list[Any] | None:
    """The list that a text is as JSON; one object counts as a list of one."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(plain, dict):
        return [plain]
    return plain if isinstance(plain, list) else None


def _box(item: object) -> ModelBox | Rejected:
    """One entry of the list as a box, or why it is none."""
    shown = _shown(repr(item)) if _depth(item) <= limits.JSON_DEPTH else ""
    if not isinstance(item, dict) or "box_2d" not in item:
        return Rejected(NO_BOX, shown)
    numbers, label = item["box_2d"], item.get("label")
    if not isinstance(label, str) or len(label) > limits.BOX_LABEL_CHARS:
        return Rejected(NO_LABEL, shown)
    if not isinstance(numbers, list) or len(numbers) != 4:
        return Rejected(NOT_FOUR, shown)
    if reason := _wrong_number(numbers):
        return Rejected(reason, shown)
    y0, x0, y1, x1 = (float(number) for number in numbers)
    box = ModelBox(y0, x0, y1, x1, label)
    reason = _wrong_shape(box)
    return Rejected(reason, shown) if reason else box


def _wrong_shape(box: ModelBox) -> str:
    """Why a box is none, or ""."""
    if box.y0 >= box.y1 or box.x0 >= box.x1:
        return REVERSED
    return TOO_SMALL if box.area < MIN_AREA else ""


def _wrong_number(numbers: list[Any]) -> str:
    """Why these are no coordinates, or ""."""
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            return NOT_FINITE
        if isinstance(number, float) and not math.isfinite(number):
            return NOT_FINITE
        if not 0 <= number <= MODEL_UNITS:
            return OUTSIDE
    return ""


def _warnings(box: ModelBox, kept: tuple[float, float, float, float]) -> Iterator[str]:
    """What a reader should know about a box that is drawn."""
    cut = max(abs(a - b) for a, b in zip((box.x0, box.y0, box.x1, box.y1), kept, strict=True))
    if cut > NOTABLE_CUT:
        yield _("The model's box reached beside the image and was cut.")
    if box.area > LARGE_SHARE * MODEL_UNITS**2:
        yield _("The box covers nearly the whole picture.")


def _depth(item: object) -> int:
    """How deep lists and objects lie in each other, counted to just past the limit."""
    level: list[Any] = [item]
    depth = 0
    while level and depth <= limits.JSON_DEPTH:
        depth += 1
        inside = [v.values() if isinstance(v, dict) else v for v in level if _holds(v)]
        level = [value for values in inside for value in values]
    return depth


def _holds(value: object) -> bool:
    return isinstance(value, (dict, list))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
