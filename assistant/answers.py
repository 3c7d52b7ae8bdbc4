"""A stream of text, told apart by the engine, as thought, words and final answer."""

from dataclasses import dataclass, field
from typing import Final

from assistant.engines.protocol import StopReason, TokenChannel
from viewer import limits
from viewer.words import N_, _

_THOUGHT_HEAD: Final = "thought\n"

STOPPED: Final[dict[StopReason, str]] = {
    "end": "",
    "answer_limit": N_("The answer was cut off at its length limit."),
    "thought_limit": N_("The model was still thinking at its limit and gave no answer."),
    "context_full": N_("The answer was cut off: the model's memory for one question is full."),
    "stopped": N_("You stopped the answer here."),
}
"""What is said about an answer that did not end by itself."""

NO_ANSWER: Final = N_("The model ended without an answer. Ask again, perhaps in other words.")


@dataclass(slots=True)
class AnswerParser:
    """Takes tokens as they come; ``feed`` gives back what is new to show."""

    thought: str = ""
    answer: str = ""
    _head: str = field(default="", repr=False)
    _is_past_head: bool = field(default=False, repr=False)

    def feed(self, text: str, channel: TokenChannel) -> str:
        """Add a piece; returns the part of it to show, which may be empty."""
        room = limits.ANSWER_BYTES - len(self.answer) - len(self.thought)
        text = text[: max(room, 0)]
        if channel == "answer":
            self.answer += text
            return text
        shown = self._without_head(text)
        self.thought += shown
        return shown

    def finish(self, stop: StopReason) -> str:
        """What is to be said about how it ended, or ""; a thought alone is never an answer."""
        if stop in {"end", "answer_limit"} and not self.answer.strip():
            return _(NO_ANSWER)
        return _(STOPPED[stop]) if STOPPED[stop] else ""

    def _without_head(self, text: str) -> str:
        """The thought's first line is a mark of its own and not part of it."""
        if self._is_past_head:
            return text
        self._head += text
        if _THOUGHT_HEAD.startswith(self._head) and self._head != _THOUGHT_HEAD:
            return ""
        self._is_past_head = True
        return self._head.removeprefix(_THOUGHT_HEAD)


def is_cut(stop: StopReason) -> bool:
    """Whether an answer's end is missing."""
    return stop != "end"
