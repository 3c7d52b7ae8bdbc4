"""A question that ends in yes or no."""

from typing import Final

from assistant.prompts import Template
from assistant.tasks.base import RADIOLOGIST, Task
from viewer.words import N_

YES_NO: Final = Task(
    id="yesno",
    chip=N_("Yes or no …"),
    hint=N_("A question with yes or no as its answer"),
    looks="active",
    reads="verdict",
    worded=Template(
        system=RADIOLOGIST,
        question="{words} Please provide your reasoning and conclude with a 'Final Answer: yes' or "
        "'Final Answer: no'.",
    ),
    choices=("yes", "no"),
    max_tokens=500,
)
