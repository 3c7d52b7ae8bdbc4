"""Slices of a CT or MR volume, evenly sampled, in the windows that the model was trained on."""

from typing import Final

from assistant.prompts import Template
from assistant.tasks.base import Task
from viewer.words import N_

MOST_SLICES: Final = 85
USUAL_SLICES: Final = 8
"""On a CPU each slice takes most of a minute; more are taken only when asked for."""

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
    most_images=MOST_SLICES,
)


def sampled(count: int, wanted: int = USUAL_SLICES) -> tuple[int, ...]:
    """Indices of the slices to show: all when there are no more than ``wanted``, else spread.

    As the model was trained: the i-th of k is round(i / k * (count - 1)), i from 1.
    """
    taken = min(wanted, MOST_SLICES)
    if count <= taken:
        return tuple(range(count))
    return tuple(round(i / taken * (count - 1)) for i in range(1, taken + 1))
