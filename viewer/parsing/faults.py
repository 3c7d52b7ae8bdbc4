"""What is wrong with a file, as an exception inside a worker; it leaves it as a ``Skipped``."""

from viewer.study import SkipReason


class Fault(Exception):  # noqa: N818 - it is what a file has, not what a program did
    """A file or frame that cannot be shown: the reason and the sentence that a reader is told."""

    def __init__(self, reason: SkipReason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence
