"""Who, when, what: patient, study and series facts out of one header, kept once per value.

The slices of a series say the same things again and again, so records are remembered by the bytes
they were made from: that makes a scan four times as fast (tests/benchmarks/bench_headers.py).
"""

from collections.abc import Callable
from typing import Final, TypeVar

from viewer import limits
from viewer.parsing.tags import EXTRA
from viewer.parsing.values import Header
from viewer.study import PatientFacts, StudyFacts

_Record = TypeVar("_Record")
_REMEMBERED: Final = 4096
_CHARS: Final = limits.LIST_TEXT_CHARS
_PATIENT_TAGS: Final = (
    0x00080005, 0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040, 0x00101010,
)  # fmt: skip
_STUDY_TAGS: Final = (
    0x00080005, 0x00080008, 0x00080020, 0x00080021, 0x00080022, 0x00080023, 0x0008002A, 0x00080030,
    0x00080031, 0x00080032, 0x00080033, 0x00080050, 0x00080060, 0x00080068, 0x00080080, 0x00081030,
    0x0008103E, 0x00180015, 0x00185101, 0x0020000D, 0x0020000E, 0x00200011, 0x00200020, 0x00200052,
    0x00200060, 0x00200062, 0x00280301, 0x00282110, 0x00282112, 0x00540016, 0x00541001, *EXTRA,
)  # fmt: skip
_RADIONUCLIDE: Final = {
    0x00180031: "Radiopharmaceutical",
    0x00181072: "RadiopharmaceuticalStartTime",
    0x00181074: "RadionuclideTotalDose",
    0x00181075: "RadionuclideHalfLife",
    0x00181078: "RadiopharmaceuticalStartDateTime",
}


class Memory:
    """Records by the bytes that they were made from; forgets all when it is full."""

    def __init__(self) -> None:
        self._records: dict[tuple[object, ...], object] = {}

    def recall(
        self, make: Callable[[Header], _Record], header: Header, tags: tuple[int, ...]
    ) -> _Record:
        """``make(header)``, or what it made of the same bytes before."""
        return self.recall_with(make, make, header, tags)

    def recall_with(
        self,
        name: object,
        make: Callable[[Header], _Record],
        header: Header,
        tags: tuple[int, ...],
    ) -> _Record:
        """As ``recall``, for what depends on ``name`` too."""
        find = header.elements.get
        key = (name, header.little, *map(find, tags))
        found = self._records.get(key)
        if found is None:
            if len(self._records) >= _REMEMBERED:
                self._records.clear()
            found = self._records[key] = make(header)
        return found  # type: ignore[return-value]  # only ``make`` stores under its own key


def patient_facts(header: Header, memory: Memory) -> PatientFacts:
    """Who, as the file says it."""
    return memory.recall(_patient, header, _PATIENT_TAGS)


def study_facts(header: Header, memory: Memory) -> StudyFacts:
    """The study and series that an instance says it belongs to, with what corner texts quote."""
    return memory.recall(_study, header, _STUDY_TAGS)


def _patient(header: Header) -> PatientFacts:
    return PatientFacts(
        name=header.name(0x00100010).rstrip("=")[:_CHARS],
        id=header.text(0x00100020)[:_CHARS],
        issuer=header.text(0x00100021)[:_CHARS],
        birth_date=header.text(0x00100030)[:_CHARS],
        sex=header.text(0x00100040)[:16],
        age=header.text(0x00101010)[:16],
    )


def _study(header: Header) -> StudyFacts:
    text = header.text
    moment = text(0x0008002A)
    number = header.integer(0x00200011)
    return StudyFacts(
        study_uid=header.uid(0x0020000D),
        study_date=text(0x00080020)[:_CHARS],
        study_time=text(0x00080030)[:_CHARS],
        study_description=text(0x00081030)[:_CHARS],
        accession=text(0x00080050)[:_CHARS],
        institution=text(0x00080080)[:_CHARS],
        series_uid=header.uid(0x0020000E),
        series_number=number,
        series_description=text(0x0008103E)[:_CHARS],
        series_date=text(0x00080021)[:_CHARS],
        series_time=text(0x00080031)[:_CHARS],
        acquisition_date=(text(0x00080022) or moment[:8])[:_CHARS],
        acquisition_time=(text(0x00080032) or moment[8:])[:_CHARS],
        content_date=text(0x00080023)[:_CHARS],
        content_time=text(0x00080033)[:_CHARS],
        modality=text(0x00080060)[:16],
        body_part=text(0x00180015)[:_CHARS],
        laterality=(text(0x00200062) or text(0x00200060))[:16],
        view_position=text(0x00185101)[:_CHARS],
        patient_orientation=header.texts(0x00200020)[:2],
        frame_of_reference_uid=header.uid(0x00200052),
        image_type=header.texts(0x00080008)[:16],
        burned_in=text(0x00280301)[:16],
        lossy=text(0x00282110) == "01",
        lossy_ratio=text(0x00282112)[:_CHARS],
        presentation_intent=text(0x00080068)[:_CHARS],
        extra=_extra(header),
    )


def _extra(header: Header) -> tuple[tuple[str, str], ...]:
    found = [
        (keyword, header.text(tag)[:_CHARS])
        for tag, keyword in EXTRA.items()
        if tag in header.elements
    ]
    tracer = header.first(0x00540016)
    if tracer is not None:
        found += [(keyword, tracer.text(tag)[:_CHARS]) for tag, keyword in _RADIONUCLIDE.items()]
    return tuple((keyword, text) for keyword, text in found if text)
