"""Compare a prior image with the current one: freely, or whether one finding changed.

Prior first, and each image named in words: in the model's own example it calls them left and right.
"""

from typing import Final

from assistant.prompts import Template
from assistant.tasks.base import Task
from viewer.words import N_

BEFORE_IMAGE: Final = "Image {number} ({role}, {date}):"
COMPARISON: Final = (
    "Provide a comparison of these two images and include details from\n"
    "the image which students should take note of when reading longitudinal CXR"
)
CHANGE_QUESTION: Final = (
    "Compared with image 1, is the {words} in image 2 improved, stable or worsened? Conclude with "
    '"Final Answer: improved", "Final Answer: stable" or "Final Answer: worsened".'
)

COMPARE: Final = Task(
    id="compare",
    chip=N_("Compare {date}"),
    hint=N_("Ask about both images"),
    looks="pair",
    reads="text",
    template=Template(before_image=BEFORE_IMAGE, question=COMPARISON),
    worded=Template(before_image=BEFORE_IMAGE, question="{words}"),
    max_tokens=600,
)

CHANGE: Final = Task(
    id="change",
    chip=N_("Changed …"),
    hint=N_("Which finding, for example: pleural effusion"),
    looks="pair",
    reads="verdict",
    worded=Template(before_image=BEFORE_IMAGE, question=CHANGE_QUESTION),
    choices=("improved", "stable", "worsened"),
    max_tokens=600,
)

SWAPPED: Final = {"improved": "worsened", "worsened": "improved", "stable": "stable"}


def agrees(verdict: str, swapped: str) -> bool:
    """Whether a verdict turned round with the images, as it must; "" was not asked or not said."""
    return not swapped or SWAPPED.get(swapped) == verdict
