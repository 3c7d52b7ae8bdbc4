"""Describe an image, or ask anything about it; both share the prefix up to the image."""

from typing import Final

from assistant.prompts import Template
from assistant.tasks.base import RADIOLOGIST, Task
from viewer.words import N_

DESCRIBE: Final = Task(
    id="describe",
    chip=N_("Describe"),
    hint=N_("Ask about this image"),
    looks="active",
    reads="text",
    template=Template(system=RADIOLOGIST, question="Describe this {kind}"),
    worded=Template(system=RADIOLOGIST, question="{words}"),
    max_tokens=500,
)
