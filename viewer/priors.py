"""Which older study a current one is compared with, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from viewer.study import Library, PatientFacts, Series, Study, StudyFacts
from viewer.words import _

_FAMILIES: Final = {"CR": "radiograph", "DX": "radiograph", "RG": "radiograph"}
_LOCALIZER: Final = "LOCALIZER"


@dataclass(frozen=True, slots=True)
class Proposal:
    """An older study, its series that compares best, and why, in a sentence."""

    study: Study
    series: Series
    reason: str


def propose(study: Study, series: Series, library: Library) -> Proposal | None:
    """The prior for ``series`` of ``study``; None where nothing compares without doubt.

    It is of the same patient, older, of the same kind of image; then the same body part, side and
    view win, then the latest date. Patients whose records disagree or lack an ID are not proposed.
    """
    candidates = list(_candidates(study, series, library))
    if not candidates:
        return None
    current = series.first.study

    def rank(candidate: tuple[Study, Series]) -> tuple[int, str, str, int, str]:
        older, other = candidate
        likeness = _likeness(current, other.first.study)
        return likeness, older.date, older.time, other.frame_count, other.uid

    older, best = max(candidates, key=rank)
    return Proposal(older, best, _reason(current, older, best.first.study))


def is_same_patient(one: PatientFacts, other: PatientFacts) -> bool:
    """Whether ID and issuer are the same and nothing else that both state disagrees."""
    if not one.id or one.id != other.id or one.issuer != other.issuer:
        return False
    pairs = (
        (_normal(one.name), _normal(other.name)),
        (one.birth_date, other.birth_date),
        (one.sex, other.sex),
    )
    return all(a == b for a, b in pairs if a and b)


def modality_family(modality: str) -> str:
    """Modalities that compare with each other: computed and digital radiographs are one."""
    return _FAMILIES.get(modality, modality)


def _candidates(study: Study, series: Series, library: Library) -> Iterator[tuple[Study, Series]]:
    family = modality_family(series.modality)
    for patient in library.patients:
        if not is_same_patient(patient.facts, study.patient):
            continue
        for older in patient.studies:
            if older.uid == study.uid or not _is_before(older, study):
                continue
            for other in older.series:
                is_alike = modality_family(other.modality) == family and other.stacks
                if is_alike and _LOCALIZER not in other.first.study.image_type:
                    yield older, other


def _is_before(older: Study, study: Study) -> bool:
    """Whether both have a date and the first is earlier; on one day the times decide."""
    if not older.date or not study.date:
        return False
    return (older.date, older.time) < (study.date, study.time)


def _likeness(current: StudyFacts, other: StudyFacts) -> int:
    """How many of body part, side, view and description agree; stated otherwise counts against."""
    pairs = (
        (current.body_part, other.body_part, 4),
        (current.laterality, other.laterality, 4),
        (current.view_position, other.view_position, 2),
        (current.series_description, other.series_description, 1),
    )
    return sum(
        weight if a.casefold() == b.casefold() else -weight for a, b, weight in pairs if a and b
    )


def _reason(current: StudyFacts, older: Study, other: StudyFacts) -> str:
    if _likeness(current, other) < 0:
        return _("The nearest prior is of another part or view, from {date}.").format(
            date=older.date
        )
    if current.view_position and current.view_position == other.view_position:
        return _("Latest prior with the same view, from {date}.").format(date=older.date)
    if current.body_part and current.body_part == other.body_part:
        return _("Latest prior of the same body part, from {date}.").format(date=older.date)
    return _("Latest prior of the same kind, from {date}.").format(date=older.date)


def _normal(name: str) -> str:
    """A name without case, groups and spare delimiters."""
    return " ".join(name.split("=", maxsplit=1)[0].replace("^", " ").casefold().split())
