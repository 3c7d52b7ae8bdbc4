"""Slices of a CT or MR volume, evenly sampled, in the windows that the model was trained on."""

import re
from typing import Final

from assistant.boxes import FINAL_ANSWER
from assistant.prompts import Template
from assistant.tasks.base import Task
from viewer.words import N_

MOST_SLICES: Final = 85
USUAL_SLICES: Final = 8
"""On a CPU each slice takes most of a minute; more are taken only when asked for."""
MORE_SLICES: Final = 24
_USUAL_TOKENS: Final = USUAL_SLICES * 256

REGIONS: Final = {
    "ABDOMEN": "abdomen",
    "ABDOMENPELVIS": "abdomen and pelvis",
    "BRAIN": "brain",
    "BREAST": "breast",
    "CHEST": "chest",
    "CSPINE": "cervical spine",
    "HEAD": "head",
    "HEART": "heart",
    "KNEE": "knee",
    "LIVER": "liver",
    "LSPINE": "lumbar spine",
    "NECK": "neck",
    "PELVIS": "pelvis",
    "PROSTATE": "prostate",
    "SPINE": "spine",
    "THORAX": "chest",
    "TSPINE": "thoracic spine",
}
"""Body Part Examined in words of our own; anything else is "body", so no tag enters the prompt."""

INSTRUCTION: Final = (
    "You are an instructor teaching medical students. You are analyzing a contiguous block of "
    "{kind}s from the center of the {region}. Please review the slices provided below carefully."
)

WHICH_SLICE: Final = (
    "Is there a {finding} in these slices, and on which one is it largest? Conclude with "
    '"Final Answer: SLICE n" or "Final Answer: none".'
)
NO_SLICE: Final = 0
"""What ``said_slice`` gives for an answer that names no slice on purpose."""

_SLICE: Final = re.compile(r"slice\s+(\d{1,3})", re.IGNORECASE)

VOLUME: Final = Task(
    id="volume",
    chip=N_("Describe the volume"),
    hint=N_("Ask about these slices"),
    looks="volume",
    reads="text",
    template=Template(
        instruction=INSTRUCTION,
        after_image="SLICE {number}",
        question="Based on the visual evidence in the slices provided above, describe the "
        "findings. Please provide your reasoning.",
    ),
    worded=Template(instruction=INSTRUCTION, after_image="SLICE {number}", question="{words}"),
    max_tokens=1000,
)


def sampled(count: int, wanted: int = USUAL_SLICES) -> tuple[int, ...]:
    """Indices of the slices to show: all when there are no more than ``wanted``, else spread.

    As the model was trained: the i-th of k is round(i / k * (count - 1)), i from 1.
    """
    taken = min(wanted, MOST_SLICES)
    if count <= taken:
        return tuple(range(count))
    return tuple(round(i / taken * (count - 1)) for i in range(1, taken + 1))


def usual_slices(tokens_per_image: int | None) -> int:
    """How many slices go with a question: more where they take no more tokens than the usual ones.

    None is a model that is not loaded yet.
    """
    if tokens_per_image is None or MORE_SLICES * tokens_per_image > _USUAL_TOKENS:
        return USUAL_SLICES
    return MORE_SLICES


def which_slice(finding: str) -> str:
    """The question for the slice that shows most of a finding, in words of ours."""
    return WHICH_SLICE.format(finding=finding)


def said_slice(answer: str, count: int) -> int | None:
    """The slice after the last ``Final Answer:``, counted from 1 among ``count`` shown ones.

    ``NO_SLICE`` for "none"; None when the answer holds neither, or a slice that was not shown.
    """
    _before, mark, after = answer.rpartition(FINAL_ANSWER)
    said = after.strip().strip("\"'`*.!").strip() if mark else ""
    if said.casefold() == "none":
        return NO_SLICE
    match = _SLICE.fullmatch(said)
    number = int(match[1]) if match else 0
    return number if 1 <= number <= count else None
