"""Words for the reader: ``_()`` translates when shown, ``N_()`` marks a table's entry for it."""

import gettext as _gettext
from typing import Final

_translations: Final = _gettext.NullTranslations()


def _(sentence: str) -> str:
    """Return the sentence in the reader's language."""
    return _translations.gettext(sentence)


def N_(sentence: str) -> str:
    """Mark a sentence that stands in a table and is translated when it is shown."""
    return sentence
