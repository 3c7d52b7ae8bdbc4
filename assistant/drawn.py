"""Which images are surely drawn by ``packaging/make_phantom.py``: all that a demo model knows."""

import re
import uuid
from functools import lru_cache
from typing import Final

from viewer.study import Instance, Series

_MAKER: Final = {("Manufacturer", "Second Read phantom"), ("ManufacturerModelName", "make_phantom")}
_PATIENT_ID: Final = re.compile(r"PHANTOM-([0-9]{1,20})")
_STUDY: Final = "Phantom "
_SPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "phantom.second-read.example")
_UIDS: Final = 4096


def is_drawn(series: Series) -> bool:
    """Whether every image of a series is a phantom's, as its maker wrote it.

    Names alone can stand in any file. A phantom's three UIDs (PS3.5 B.2) are made from its seed,
    study, modality and numbers, and are made here again: a file in which any of these facts was
    changed, or whose UIDs were replaced, counts as not drawn. Pixels are not looked at.
    """
    return bool(series.instances) and all(map(_is_as_written, series.instances))


def _is_as_written(instance: Instance) -> bool:
    patient, facts = instance.patient, instance.study
    found = _PATIENT_ID.fullmatch(patient.id)
    if found is None or not _MAKER.issubset(facts.extra) or instance.pixel_digest:
        return False
    seed, study = found[1], facts.study_description.removeprefix(_STUDY)
    names = (seed, study, facts.modality, str(facts.series_number), str(instance.instance_number))
    return (patient.name, facts.study_uid, facts.series_uid, instance.sop_instance_uid) == (
        f"Phantom^Seed {seed}",
        _uid(names[:2]),
        _uid(names[:4]),
        _uid(names),
    )


@lru_cache(maxsize=_UIDS)
def _uid(names: tuple[str, ...]) -> str:
    """The UID that a phantom's maker gives to what bears these names."""
    return f"2.25.{uuid.uuid5(_SPACE, '/'.join(names)).int}"
