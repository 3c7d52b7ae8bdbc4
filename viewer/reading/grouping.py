"""Instances to patients, studies, series and stacks; the same whatever order they came in."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Final

from viewer.reading.stacks import make_stacks
from viewer.study import Instance, Library, Patient, Series, Skipped, SkipReason, Study
from viewer.words import _

_LAST: Final = 1 << 31
_NO_UID: Final = "no series UID in {folder}"  # an empty one would name an empty tile

_SeriesKey = tuple[tuple[str, ...], str, str]


def group(
    instances: Iterable[Instance], skipped: Iterable[Skipped] = (), warnings: Iterable[str] = ()
) -> Library:
    """A library of everything found; call it again whenever more was found.

    A file whose SOP Instance UID was seen in the same series is skipped as a copy, unless its
    pixels were found to differ (``Instance.pixel_digest``). Patients that differ in ID, issuer,
    name, birth date or sex are kept apart.
    """
    buckets, copies = _by_series(instances)
    used: set[str] = set()
    patients: dict[tuple[str, ...], dict[str, list[Series]]] = {}
    for (patient, study_uid, series_uid), members in sorted(buckets.items()):
        series = _series(_unique(series_uid, used), members)
        patients.setdefault(patient, {}).setdefault(study_uid, []).append(series)
    made = (_patient(studies) for studies in patients.values())
    return Library(
        patients=tuple(sorted(made, key=lambda p: (p.facts.name.casefold(), p.facts.id))),
        skipped=tuple(sorted((*skipped, *copies), key=lambda s: s.path)),
        warnings=tuple(warnings),
    )


def _by_series(
    instances: Iterable[Instance],
) -> tuple[dict[_SeriesKey, list[Instance]], list[Skipped]]:
    """The images of each series, and the files that are copies of one of them."""
    buckets: dict[_SeriesKey, list[Instance]] = {}
    places: dict[str, tuple[_SeriesKey, int]] = {}  # of each UID: its series and index there
    seen: set[tuple[str, _SeriesKey, str]] = set()
    copies: list[Skipped] = []
    for instance in sorted(instances, key=lambda i: (i.path, i.member)):
        key, uid = _key(instance), instance.sop_instance_uid
        if (uid, key, instance.pixel_digest) in seen:
            copies.append(_copy(instance))
            continue
        seen.add((uid, key, instance.pixel_digest))
        bucket = buckets.setdefault(key, [])
        if uid in places:  # two images under one UID: both are kept
            owner, index = places[uid]
            if owner == key:
                bucket[index] = _doubtful(bucket[index])
                instance = _doubtful(instance)  # noqa: PLW2901
            instance = replace(instance, sop_instance_uid=_unique(uid, places))  # noqa: PLW2901
        places[instance.sop_instance_uid] = (key, len(bucket))
        bucket.append(instance)
    return buckets, copies


def _doubtful(instance: Instance) -> Instance:
    """The instance with a note that another one bears its name."""
    note = _("Another file bears the same UID and holds another image; both are listed.")
    return replace(instance, notes=tuple(dict.fromkeys((*instance.notes, note))))


def _key(instance: Instance) -> _SeriesKey:
    f = instance.patient
    return (
        (f.id, f.issuer, f.name, f.birth_date, f.sex),
        instance.study.study_uid,
        instance.study.series_uid or _NO_UID.format(folder=PurePath(instance.path).parent.name),
    )


def _copy(instance: Instance) -> Skipped:
    label = f"{instance.path}/{instance.member}" if instance.member else instance.path
    return Skipped(label, SkipReason.DUPLICATE, _("It is a copy of an image that is open already."))


def _unique(uid: str, used: set[str] | dict[str, tuple[_SeriesKey, int]]) -> str:
    """``uid``, or with a number behind it when something else bears it already."""
    name, count = uid, 2
    while name in used:
        name, count = f"{uid} ({count})", count + 1
    if isinstance(used, set):
        used.add(name)
    return name


def _series(uid: str, members: Sequence[Instance]) -> Series:
    ordered = tuple(sorted(members, key=_instance_order))
    first = ordered[0]
    notes = dict.fromkeys(note for instance in ordered for note in instance.notes)
    return Series(
        uid=uid,
        modality=first.study.modality,
        description=first.study.series_description,
        number=first.study.series_number,
        instances=ordered,
        stacks=make_stacks(ordered),
        notes=tuple(notes),
    )


def _instance_order(instance: Instance) -> tuple[int, int, str]:
    number, acquisition = instance.instance_number, instance.acquisition_number
    return (
        number if number is not None else _LAST,
        acquisition if acquisition is not None else _LAST,
        instance.sop_instance_uid,
    )


def _patient(studies: dict[str, list[Series]]) -> Patient:
    made = [_study(uid, series) for uid, series in studies.items()]
    newest_first = sorted(made, key=lambda s: (s.date, s.time, s.uid), reverse=True)
    return Patient(newest_first[0].patient, tuple(newest_first))


def _study(uid: str, series: list[Series]) -> Study:
    by_number = sorted(series, key=lambda s: (s.number if s.number is not None else _LAST, s.uid))
    facts = by_number[0].first.study
    return Study(
        uid=uid,
        date=facts.study_date,
        time=facts.study_time,
        description=facts.study_description,
        patient=by_number[0].first.patient,
        series=tuple(by_number),
    )
