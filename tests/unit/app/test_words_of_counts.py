"""Sentences that count say one thing as one, and none as none."""

import pytest

from app.cli.scan import _stack_sentences
from app.looking import _offered
from viewer.parsing.faults import Fault
from viewer.parsing.pixel_format import check_memory
from viewer.study import FrameRef, PixelFormat, Stack


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (0, "The file offers no window."),
        (1, "The file offers one window."),
        (3, "The file offers 3 windows."),
    ],
)
def test_windows_that_a_file_offers(count, sentence) -> None:
    assert _offered(count) == sentence


@pytest.mark.parametrize(("count", "words"), [(1, "of 1 image:"), (2, "of 2 images:")])
def test_other_stacks(count, words) -> None:
    stacks = (Stack((FrameRef("1"),)), Stack(tuple(FrameRef(str(i)) for i in range(count))))
    (sentence,) = _stack_sentences(stacks)
    assert words in sentence


@pytest.mark.parametrize(("frames", "words"), [(1, "65,535 pixels,"), (2, "and 2 frames,")])
def test_frames_that_are_too_large(frames, words) -> None:
    with pytest.raises(Fault, match=words):
        check_memory(PixelFormat(65_535, 65_535, bits_allocated=16, samples=3), frames)
