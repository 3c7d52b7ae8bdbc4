"""A model's text as blocks of a small Markdown subset; no Qt, nothing that could act.

Paragraphs, bold, lists, tables and code are understood. Everything else, HTML, links and pictures
among them, stays the text that it is. A prefix of a text gives the same first blocks, so that a
growing answer needs only its end drawn again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from viewer import limits

BlockKind = Literal["paragraph", "heading", "bullet", "numbered", "code", "table"]

_BULLET: Final = re.compile(r"^\s{0,6}[-*+•]\s+(.*)$")
_NUMBERED: Final = re.compile(r"^\s{0,6}(\d{1,3})[.)]\s+(.*)$")
_HEADING: Final = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_RULE_ROW: Final = re.compile(r"^\s*\|?(\s*:?-{2,}:?\s*\|)+\s*(:?-{2,}:?\s*)?$")
_SPAN: Final = re.compile(
    r"\*\*([^*\n]{1,2000}?)\*\*|__([^_\n]{1,2000}?)__|```(?:json)?([^`]{1,8000})```"
    r"|`([^`\n]{1,2000})`"
)
_HIDDEN: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_MOST_BLOCKS: Final = 2_000
_MOST_CELLS: Final = 12


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one look."""

    text: str
    is_bold: bool = False
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph or what stands in its place.

    ``spans`` for all but tables and code; ``number`` of a numbered item; ``text`` of code;
    ``rows`` of cells of a table, the first being its head.
    """

    kind: BlockKind
    spans: tuple[Span, ...] = ()
    number: int = 0
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


def parse(text: str) -> tuple[Block, ...]:
    """The blocks of a text; never raises, and takes time in proportion to its length."""
    lines = visible(text[: limits.ANSWER_BYTES]).split("\n")
    return tuple(_blocks(lines))[:_MOST_BLOCKS]


def visible(text: str) -> str:
    """Foreign text with control and direction-changing characters made visible."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", plain)


def _blocks(lines: list[str]) -> Iterator[Block]:
    index = 0
    while index < len(lines):
        line = lines[index]
        if line.lstrip().startswith("```"):
            index, block = _code(lines, index)
            yield block
        elif _is_table(lines, index):
            index, block = _table(lines, index)
            yield block
        elif not line.strip():
            index += 1
        elif (item := _item(line)) is not None:
            yield item
            index += 1
        else:
            index, block = _paragraph(lines, index)
            yield block


def _item(line: str) -> Block | None:
    """A line that is a block of its own."""
    if match := _HEADING.match(line):
        return Block("heading", _spans(match[1]))
    if match := _BULLET.match(line):
        return Block("bullet", _spans(match[1]))
    if match := _NUMBERED.match(line):
        return Block("numbered", _spans(match[2]), number=int(match[1]))
    return None


def _paragraph(lines: list[str], begin: int) -> tuple[int, Block]:
    """Lines up to a blank one or one that begins something else, as one paragraph."""
    end = begin + 1
    while end < len(lines) and not _begins_block(lines, end):
        end += 1
    return end, Block("paragraph", _spans("\n".join(line.strip() for line in lines[begin:end])))


def _begins_block(lines: list[str], index: int) -> bool:
    line = lines[index]
    is_plain = line.strip() and not line.lstrip().startswith("```") and _item(line) is None
    return not is_plain or _is_table(lines, index)


def _code(lines: list[str], begin: int) -> tuple[int, Block]:
    """Lines between fences; an open fence runs to the end."""
    first = lines[begin].lstrip()[3:]
    if "```" in first:  # all on one line, as boxes are written
        inside, _fence, after = first.partition("```")
        rest = after.strip()
        shown = inside.removeprefix("json") + (f" {rest}" if rest else "")
        return begin + 1, Block("code", text=shown)
    end = begin + 1
    while end < len(lines) and not lines[end].lstrip().startswith("```"):
        end += 1
    body = lines[begin + 1 : end]
    head = first.removeprefix("json").strip()
    return end + 1, Block("code", text="\n".join([head, *body] if head else body))


def _is_table(lines: list[str], index: int) -> bool:
    is_head = "|" in lines[index] and index + 1 < len(lines)
    return is_head and _RULE_ROW.match(lines[index + 1][:500]) is not None


def _table(lines: list[str], begin: int) -> tuple[int, Block]:
    rows = [_cells(lines[begin])]
    end = begin + 2
    while end < len(lines) and "|" in lines[end]:
        rows.append(_cells(lines[end]))
        end += 1
    width = len(rows[0])
    even = tuple((row + ("",) * width)[:width] for row in rows)
    return end, Block("table", rows=even)


def _cells(line: str) -> tuple[str, ...]:
    inside = line.strip().removeprefix("|").removesuffix("|")
    return tuple(cell.strip() for cell in inside.split("|"))[:_MOST_CELLS]


def _spans(text: str) -> tuple[Span, ...]:
    spans: list[Span] = []
    begin = 0
    for match in _SPAN.finditer(text):
        if match.start() > begin:
            spans.append(Span(text[begin : match.start()]))
        bold = match[1] or match[2]
        code = match[3] or match[4]
        spans.append(Span(bold, is_bold=True) if bold else Span(code, is_code=True))
        begin = match.end()
    if begin < len(text):
        spans.append(Span(text[begin:]))
    return tuple(spans)
