"""A prompt as segments: our words, untrusted words, images, in the order a model was trained on.

Our texts are templates with named places; what stands in such a place comes from a person or a file
and is untrusted, so that no token with a meaning can come of it. Newline runs are single tokens:
each stands whole in one segment, and a blank before an untrusted text belongs to that text, because
a word and the blank before it are one token.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from assistant.engines.protocol import Part
from viewer import limits
from viewer.errors import UserError
from viewer.words import _

BEGIN: Final = "<start_of_turn>user\n"
END: Final = "<end_of_turn>\n<start_of_turn>model\n"
THINK: Final = "SYSTEM INSTRUCTION: think silently if needed."
AROUND_IMAGE: Final = "\n\n"

_OURS: Final = frozenset({"kind", "number", "region", "role"})
"""Places that are filled from tables of our own, never from a person or a file."""
_PLACE: Final = re.compile(r"\{(words|date|kind|number|region|role)\}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Trusted:
    """Words of our own."""

    text: str


@dataclass(frozen=True, slots=True)
class Untrusted:
    """Words of a person or a file; never parsed for tokens with a meaning."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """The picture with this index."""

    index: int


Segment = Trusted | Untrusted | Image


@dataclass(frozen=True, slots=True)
class Template:
    """The texts of a task, with places in braces; an empty one is left out.

    The order is always: system, instruction, for each image what stands before and after it, and
    the question last, so that another question about the same images reuses all before it.
    """

    question: str
    system: str = ""
    instruction: str = ""
    before_image: str = ""
    after_image: str = ""


Places = Mapping[str, str]
"""What stands in the places of a template, by name."""


def build(
    template: Template, values: Places, images: Sequence[Places], *, think: bool = False
) -> tuple[Segment, ...]:
    """The segments of a question; ``images`` gives the places of each picture, in order.

    UserError when a text of the person is too long.
    """
    segments: list[Segment] = []
    system = f"{THINK} {template.system}".strip() if think else template.system
    for text in (system, template.instruction):
        if text:
            segments += [*_filled(text, values), Trusted(AROUND_IMAGE)]
    for index, places in enumerate(images):
        segments += _filled(template.before_image, places)
        segments += [Trusted(AROUND_IMAGE), Image(index), Trusted(AROUND_IMAGE)]
        if len(images) > 1:  # a single slice has no number
            segments += _filled(template.after_image, places)
    segments += _filled(template.question, values)
    _check_length(segments)
    return _merged(segments)


def to_parts(segments: Sequence[Segment]) -> tuple[Part, ...]:
    """The segments as the engine's parts, between the marks of a turn.

    Newlines at the beginning belong to the run that the turn's mark begins.
    """
    head, rest = BEGIN, list(segments)
    if rest and isinstance(rest[0], Trusted):
        text = rest[0].text.lstrip("\n")
        head += rest[0].text[: len(rest[0].text) - len(text)]
        rest = [Trusted(text), *rest[1:]] if text else rest[1:]
    return (Part("control", head), *map(_part, rest), Part("control", END))


def sha256_of(template: Template, *, think: bool = False) -> str:
    """What identifies a template, with the marks of a turn: SHA-256 in hex."""
    fixed = {"begin": BEGIN, "end": END, "around": AROUND_IMAGE, "think": THINK if think else ""}
    text = json.dumps({**asdict(template), **fixed}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def check_words(words: str) -> None:
    """UserError when a person's words are longer than a prompt takes."""
    _check_length((Untrusted(words.strip()),))


def one_line(text: str) -> str:
    """A person's words without control characters, on one line."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _filled(text: str, places: Places) -> Iterator[Segment]:
    """A template's text with its places filled."""
    begin = 0
    for match in _PLACE.finditer(text):
        name, value = match[1], places.get(match[1], "")
        before = text[begin : match.start()]
        if name in _OURS:
            yield Trusted(before + value)
        else:
            blank = " " if before.endswith(" ") else ""
            yield Trusted(before.removesuffix(blank))
            yield Untrusted(blank + _CONTROL.sub(" ", value).strip())
        begin = match.end()
    yield Trusted(text[begin:])


def _merged(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Neighbouring words of our own as one segment, empty ones left out."""
    merged: list[Segment] = []
    for segment in segments:
        last = merged[-1] if merged else None
        if not isinstance(segment, Image) and not segment.text:
            continue
        if isinstance(segment, Trusted) and isinstance(last, Trusted):
            merged[-1] = Trusted(last.text + segment.text)
        else:
            merged.append(segment)
    return tuple(merged)


def _check_length(segments: Iterable[Segment]) -> None:
    lengths = [len(s.text) for s in segments if isinstance(s, Untrusted)]
    longest, total = max(lengths, default=0), sum(lengths)
    if longest > limits.PROMPT_VALUE_CHARS or total > limits.PROMPT_TEXT_CHARS:
        sentence = _("The question is {count:,} characters long; {most:,} are allowed. Shorten it.")
        raise UserError(sentence.format(count=longest, most=limits.PROMPT_VALUE_CHARS))


def _part(segment: Segment) -> Part:
    if isinstance(segment, Image):
        return Part("image", image=segment.index)
    return Part("ours" if isinstance(segment, Trusted) else "untrusted", segment.text)
