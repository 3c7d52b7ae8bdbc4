"""Whether two studies are of one patient, by what both files say.

Identity is patient ID with its issuer, name, birth date and sex. Nothing is compared across a
doubt without a person's word, and nothing across a contradiction.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from viewer.study import PatientFacts
from viewer.words import N_, _

Verdict = Literal["same", "doubtful", "different"]

_NAMES: Final = {
    "id": N_("ID"),
    "name": N_("name"),
    "birth_date": N_("birth date"),
    "sex": N_("sex"),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """What the check of two patients found; ``lines`` show both sides where they differ."""

    verdict: Verdict
    sentence: str
    lines: tuple[str, ...] = ()


def check_identity(prior: PatientFacts, current: PatientFacts) -> Identity:
    """Whether two studies are of one patient, by what both files say.

    Different: birth date or sex disagree, or the name under one ID. Doubtful: the ID differs or is
    missing while the name agrees, or too little is recorded to tell.
    """
    agreeing = [key for key in _NAMES if _value(prior, key) and _agree(prior, current, key)]
    differing = [key for key in _NAMES if _differ(prior, current, key)]
    lines = tuple(_lines(prior, current, differing))
    if _is_different(agreeing, differing):
        sentence = _("These are different patients: {what} disagree. They are not compared.")
        return Identity("different", sentence.format(what=_joined(differing)), lines)
    if "id" in agreeing and not differing:
        return Identity("same", _same_sentence(prior, current, agreeing), lines)
    if "id" in differing:
        sentence = _("It is doubtful that this is the same patient: the IDs differ.")
    elif "name" in agreeing:
        sentence = _("It is doubtful that this is the same patient: an ID is missing.")
    else:
        sentence = _("It is doubtful that this is the same patient: too little is recorded.")
    return Identity("doubtful", sentence, lines)


def _is_different(agreeing: list[str], differing: list[str]) -> bool:
    if "birth_date" in differing or "sex" in differing:
        return True
    return "name" in differing and ("id" in agreeing or "id" in differing)


def _value(facts: PatientFacts, key: str) -> str:
    """A fact brought to one form: case, blanks and the separators of names do not count."""
    text: str = getattr(facts, key)
    if key == "name":
        text = text.partition("=")[0].replace("^", " ").replace(",", " ")
        return " ".join(sorted(text.split())).casefold()
    if key == "id" and text.strip():
        return f"{text.strip()}\x1f{facts.issuer.strip()}"
    return text.strip().casefold()


def _agree(prior: PatientFacts, current: PatientFacts, key: str) -> bool:
    return _value(prior, key) == _value(current, key)


def _differ(prior: PatientFacts, current: PatientFacts, key: str) -> bool:
    one, other = _value(prior, key), _value(current, key)
    return bool(one) and bool(other) and one != other


def _same_sentence(prior: PatientFacts, current: PatientFacts, agreeing: list[str]) -> str:
    sentence = _("Same patient: {what} agree.").format(what=_joined(agreeing))
    missing = [k for k in _NAMES if not _value(prior, k) and not _value(current, k)]
    if missing:
        sentence += " " + _("{what} missing in both.").format(what=_capital(_joined(missing)))
    return sentence


def _joined(keys: list[str]) -> str:
    """The names of facts as one enumeration."""
    words = [_(_NAMES[key]) for key in keys]
    if len(words) < 2:
        return "".join(words)
    return _("{first} and {last}").format(first=", ".join(words[:-1]), last=words[-1])


def _lines(prior: PatientFacts, current: PatientFacts, keys: list[str]) -> Iterator[str]:
    for key in keys:
        yield _("{what}: {prior} (prior), {current} (current)").format(
            what=_capital(_(_NAMES[key])),
            prior=getattr(prior, key),
            current=getattr(current, key),
        )


def _capital(words: str) -> str:
    """Words at the beginning of a sentence."""
    return words[:1].upper() + words[1:]
