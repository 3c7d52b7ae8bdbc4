"""What is said beside everything a model wrote; exact strings, tested word by word."""

from typing import Final

from viewer.words import N_, _

DRAFT: Final = N_("AI draft – may be wrong, may miss things, check every word.")
STAND_IN: Final = N_("Its words mean nothing. It shows how asking works.")
PHANTOM_MODEL: Final = N_("Phantom demo model: knows drawn patients only, nothing of real ones")
NOT_DRAWN: Final = N_("This is no drawn patient. The demo model knows nothing of it.")
NAMED_NOTHING: Final = N_("The model named nothing. That is not a normal finding.")
BEFORE_FIRST: Final = N_(
    "The model answers when you ask, never before. Its answer is a draft for you to check."
)


def notice_of(model_name: str) -> str:
    """The line that stands above a conversation and goes with every copy of it."""
    return f"{_(DRAFT)} {model_name}".strip()


def called(name: str, *, is_phantom_only: bool) -> str:
    """What a model is called beside its words: of one that knows phantoms alone, that too."""
    return _(PHANTOM_MODEL) if is_phantom_only else name


def copied(text: str, *, model_name: str, record_id: str, warnings: tuple[str, ...] = ()) -> str:
    """A text for the clipboard: warnings before it, then the notice and the id of its record."""
    said = "\n\n".join((*warnings, text.strip()))
    return f"{said}\n\n{notice_of(model_name)}\n{_('Record')} {record_id}"
