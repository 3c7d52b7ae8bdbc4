"""A small Markdown subset; everything else is the text that it is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.panel.markdown import Block, Span, parse, visible


def test_paragraphs_bold_and_code() -> None:
    assert parse("One **two** `three`\nfour\n\nfive") == (
        Block(
            "paragraph",
            (
                Span("One "),
                Span("two", is_bold=True),
                Span(" "),
                Span("three", is_code=True),
                Span("\nfour"),
            ),
        ),
        Block("paragraph", (Span("five"),)),
    )


def test_lists() -> None:
    kinds = [(b.kind, b.number) for b in parse("- a\n* b\n1. c\n2) d\n# e")]
    assert kinds == [
        ("bullet", 0), ("bullet", 0), ("numbered", 1), ("numbered", 2), ("heading", 0),
    ]  # fmt: skip


def test_a_table() -> None:
    (table,) = parse("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 |")
    assert table.rows == (("a", "b"), ("1", "2"), ("3", ""))


def test_fences() -> None:
    assert parse("```json\n[1]\n```\nafter")[0] == Block("code", text="[1]")
    assert parse("```json[1]``` after") == (Block("code", text="[1] after"),)
    (line,) = parse("So: ```json[1]``` it is")
    assert line.spans[1] == Span("[1]", is_code=True)
    assert parse("```\nopen")[0] == Block("code", text="open")


@pytest.mark.parametrize(
    "text",
    [
        "<img src='file:///etc/passwd'>",
        "<b>bold</b> <script>alert(1)</script>",
        "[link](javascript:alert(1))",
        "![picture](https://example.org/x.png)",
        "https://example.org <mailto:a@b.c>",
        "&lt;b&gt;",
    ],
)
def test_html_links_and_pictures_are_plain_text(text) -> None:
    (block,) = parse(text)
    assert block == Block("paragraph", (Span(text),))


def test_characters_that_hide_or_turn_text_are_shown() -> None:
    assert visible("a\u202eb\x00c\x1b[31m\u200b") == "a\\u202eb\\u0000c\\u001b[31m\\u200b"


@pytest.mark.parametrize(
    "text",
    [">" * 10_000, "`" * 65_536, "*" * 65_536, "|" * 65_536, "|-" * 30_000, "a\n|" * 20_000,
     "[" * 65_536, "- " * 30_000, "**a" * 20_000, "|--" * 20_000 + "\n" + "|--" * 9_000],
)  # fmt: skip
def test_nothing_takes_long(text) -> None:
    parse("warm")
    begin = time.perf_counter()
    parse(text)
    assert time.perf_counter() - begin < 0.5  # promised 50 ms; ten times for a busy machine


@given(st.text(max_size=400))
def test_any_text_keeps_its_letters(text) -> None:
    blocks = parse(text)
    shown = "".join(
        "".join(s.text for s in b.spans) + b.text + "".join(map("".join, b.rows)) for b in blocks
    )
    letters = [c for c in visible(text) if c.isalpha()]
    kept = [c for c in shown if c.isalpha()]
    assert len(kept) >= len(letters) - 4 * text.count("json")


@given(st.lists(st.sampled_from(["a", "\n", "\n\n", "**b**", "- c\n", "```", "|", "1. "])))
def test_a_growing_text_changes_only_its_end(pieces) -> None:
    """Blocks before the last but one stay as they are while text is appended by the line."""
    text = "".join(pieces)
    whole = parse(text + "\n\nend")
    begin = parse(text)
    assert whole[: max(len(begin) - 1, 0)] == begin[: max(len(begin) - 1, 0)]
