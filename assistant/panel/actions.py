"""What the panel asks of the program; it changes nothing by itself."""

from collections.abc import Callable
from dataclasses import dataclass

from viewer.annotations import Annotation
from viewer.errors import UserError

Say = Callable[[UserError], None]


def _nothing(*_arguments: object) -> None:
    """Nothing happens."""


def _plain_words(mark: Annotation) -> tuple[str, str]:
    """A mark by what it says of itself."""
    return mark.label or mark.kind.capitalize(), mark.note


@dataclass(frozen=True, slots=True)
class Actions:
    """One callable for each thing a reader can do here.

    ``ask`` gets a task's id and words; ``select``, ``confirm`` and ``reject`` a mark's id. Each may
    raise UserError, which goes to ``notify``. ``words_of`` gives title and second line of a mark
    that a person drew.
    """

    ask: Callable[[str, str], None]
    stop: Callable[[], None] = _nothing
    clear: Callable[[], None] = _nothing
    select: Callable[[str], None] = _nothing
    confirm: Callable[[str], None] = _nothing
    reject: Callable[[str], None] = _nothing
    restart: Callable[[], None] = _nothing
    choose_model: Callable[[], None] = _nothing
    compare: Callable[[], None] = _nothing
    hide: Callable[[], None] = _nothing
    toggle_marks: Callable[[], None] = _nothing
    allow_boxes: Callable[[], None] = _nothing
    notify: Say = _nothing
    words_of: Callable[[Annotation], tuple[str, str]] = _plain_words

    def run(self, action: Callable[..., None], *arguments: str) -> bool:
        """Call one; a UserError is said. Whether it went well."""
        try:
            action(*arguments)
        except UserError as error:
            self.notify(error)
            return False
        return True
