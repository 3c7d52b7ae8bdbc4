"""Errors: a sentence that a person can act on, or silence; everything else is a bug.

Exception
├── UserError   shown as it is: what is wrong and what to do
└── Cancelled   somebody changed their mind; nothing is shown
"""


class UserError(Exception):
    """Something a person can act on.

    ``sentence`` is shown as it is. ``details`` is for a report and never needed to understand it.
    """

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.details = details


class Cancelled(Exception):  # noqa: N818 - not an error
    """The work was cancelled; its end is silent."""
