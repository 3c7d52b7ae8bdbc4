"""The images of a data set, opened as they are asked about, and what is shown of them."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from assistant.displays import Displays
from assistant.evaluation.dataset import Item, Place
from assistant.looks import Look
from assistant.provenance import Identity
from assistant.subjects import frame_look, kind_of, region_of, volume_looks
from viewer.errors import UserError
from viewer.reading.frames import Frames
from viewer.reading.volumes import Volume, load_volume
from viewer.state import Role
from viewer.study import Library, PatientFacts, Series, Study
from viewer.words import _

Scan = Callable[[Path], Library]
"""Reads what lies under a path."""

Compare = Callable[[PatientFacts, PatientFacts], str]
"""Whether prior and current are of one patient: "same", "doubtful" or "different"."""

DECLARED_BY: Final = "data set"
"""Who is recorded for a pair whose patients the files alone do not show to be the same."""
_KEPT_LIBRARIES: Final = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """What the model is shown for an item, and the words that describe it.

    ``positions`` are the places of the looks in their stack of ``total`` images.
    """

    looks: tuple[Look, ...]
    identity: Identity
    kind: str
    region: str
    total: int

    @property
    def positions(self) -> tuple[int, ...]:
        """Index of each look in its stack, from 0."""
        return tuple(look.position for look in self.looks)


@dataclass(frozen=True, slots=True)
class _Found:
    """An image of a library: its series, and its place there."""

    patient_key: str
    study: Study
    series: Series
    stack_index: int
    position: int


class Reading:
    """Opens paths when they are first named; the last few stay open."""

    def __init__(self, scan: Scan, frames: Frames, compare: Compare) -> None:
        self._scan = scan
        self._frames = frames
        self._compare = compare
        self._libraries: OrderedDict[Path, Library] = OrderedDict()
        self.source = Displays(frames, series=self._series, volume=self._volume)

    def shown(self, item: Item, slices: int) -> Shown:
        """The looks of an item; UserError when an image is not there or cannot be asked about."""
        if item.task == "volume":
            return self._volume_shown(item, slices)
        found = [self._find(place) for place in item.places]
        roles: tuple[Role, ...] = ("prior", "current") if len(found) > 1 else ("",)
        looks = tuple(
            frame_look(f.study, f.series, f.position, stack_index=f.stack_index, role=role)
            for f, role in zip(found, roles, strict=True)
        )
        return _shown(looks, self._identity(found), found[-1].series, found[-1].stack_index)

    def look_at(self, item: Item, position: int) -> Look:
        """One slice of a volume's item, in the windows of its task."""
        study, series = self._series_at(item.places[0])[1:]
        look = volume_looks(study, series)[0]
        frames = series.stacks[look.stack_index].frames
        return replace(look, where=frames[position], position=position)

    def _volume_shown(self, item: Item, slices: int) -> Shown:
        key, study, series = self._series_at(item.places[0])
        looks = volume_looks(study, series, wanted=slices)
        return _shown(looks, Identity(key, (study.uid,)), series)

    def _identity(self, found: list[_Found]) -> Identity:
        """Whose images these are; UserError for a pair of two patients."""
        uids = tuple(f.study.uid for f in found)
        if len(found) == 1:
            return Identity(found[0].patient_key, uids)
        verdict = self._compare(found[0].study.patient, found[1].study.patient)
        if verdict == "different":
            raise UserError(_("Prior and current are of different patients."))
        by = "" if verdict == "same" else DECLARED_BY
        return Identity(found[1].patient_key, uids, verdict, by)

    def _find(self, place: Place) -> _Found:
        """The image of a place; UserError when there is none, or more than one."""
        if place.sop_instance_uid:
            return _instance(self._wanted(place), place)
        key, study, series = self._series_at(place)
        frames = series.stacks[0].frames
        if len(series.stacks) > 1 or len({ref.sop_instance_uid for ref in frames}) > 1:
            sentence = _("{name} holds {count} images. Name the instance.")
            raise UserError(sentence.format(name=place.name, count=series.frame_count))
        if place.frame_number > len(frames):
            raise UserError(_no_frame(place))
        return _Found(key, study, series, 0, place.frame_number - 1)

    def _series_at(self, place: Place) -> tuple[str, Study, Series]:
        """Patient's key, study and series of a place; UserError when it is not just one."""
        wanted = self._wanted(place)
        if len(wanted) != 1:
            sentence = _("{name} holds {count} series with pictures. Name the series.")
            raise UserError(sentence.format(name=place.name, count=len(wanted)))
        return wanted[0]

    def _wanted(self, place: Place) -> list[tuple[str, Study, Series]]:
        return [
            (patient.key, study, series)
            for patient, study, series in self._library(place).all_series()
            if series.stacks and place.series_uid in {"", series.uid}
        ]

    def _library(self, place: Place) -> Library:
        library = self._libraries.get(place.path)
        if library is None:
            library = self._scan(place.path)
            if not any(series.stacks for _p, _st, series in library.all_series()):
                raise UserError(_nothing(library, place))
            for _patient, _study, series in library.all_series():
                self._frames.add(series.instances)
            self._libraries[place.path] = library
        self._libraries.move_to_end(place.path)
        while len(self._libraries) > _KEPT_LIBRARIES:
            self._libraries.popitem(last=False)
        return library

    def _series(self, uid: str) -> Series | None:
        found = (library.find_series(uid) for library in reversed(self._libraries.values()))
        return next((series for series in found if series is not None), None)

    def _volume(self, uid: str, stack_index: int) -> Volume:
        series = self._series(uid)
        if series is None:
            raise UserError(_("This image is not open any more. Open its folder again."))
        return load_volume(series.stacks[stack_index], self._frames)


def _shown(
    looks: tuple[Look, ...], identity: Identity, series: Series, stack_index: int = 0
) -> Shown:
    total = len(series.stacks[stack_index].frames)
    return Shown(looks, identity, kind_of(series).prompt, region_of(series), total)


def _instance(wanted: list[tuple[str, Study, Series]], place: Place) -> _Found:
    for key, study, series in wanted:
        for stack_index, stack in enumerate(series.stacks):
            for position, ref in enumerate(stack.frames):
                said = (ref.sop_instance_uid, ref.frame_number)
                if said == (place.sop_instance_uid, place.frame_number):
                    return _Found(key, study, series, stack_index, position)
    raise UserError(_no_frame(place))


def _no_frame(place: Place) -> str:
    sentence = _("{name} holds no frame {number} of instance {uid}.")
    uid = place.sop_instance_uid or "?"
    return sentence.format(name=place.name, number=place.frame_number, uid=uid)


def _nothing(library: Library, place: Place) -> str:
    if library.skipped:
        sentence = _("{name} cannot be shown: {reason}")
        return sentence.format(name=place.name, reason=library.skipped[0].sentence)
    return _("There is no image at {name}.").format(name=place.name)
