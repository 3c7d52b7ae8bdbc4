"""A task as data: what it shows to the model, in which words it asks, how its answer is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from assistant.prompts import Template, one_line

TaskId = Literal["describe", "find", "compare", "change", "yesno", "volume"]
Looks = Literal["active", "pair", "volume"]
Reads = Literal["text", "boxes", "verdict"]

RADIOLOGIST = "You are an expert radiologist."


@dataclass(frozen=True, slots=True)
class Task:
    """A row of ``TASKS``.

    ``chip`` and ``hint`` are marked for translation. ``template`` asks without words of the person,
    ``worded`` with them; a task without a ``template`` needs words. ``looks``: the active tile, a
    prior and a current image, or slices of the active volume. ``choices`` are the verdicts after
    ``Final Answer:``. ``words`` prepares what the person wrote for its place in the template.
    """

    id: TaskId
    chip: str
    hint: str
    looks: Looks
    reads: Reads
    worded: Template
    template: Template | None = None
    choices: tuple[str, ...] = ()
    max_tokens: int = 1000
    thought_tokens: int = 500
    grammar: str = ""
    words: Callable[[str], str] = one_line

    def template_for(self, words: str) -> Template | None:
        """The template that asks with these words; None when the task needs words."""
        return self.worded if words.strip() else self.template
