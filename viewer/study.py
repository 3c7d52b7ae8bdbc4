"""Patient, study, series, instance, frame: what a file says, as frozen records without pixels.

A record holds what DICOM's header says (PS3.3), made into plain values by ``viewer.parsing``.
An absent text is "", an absent number is None; nothing is invented.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from viewer.words import _

VoiFunction = Literal["linear", "linear_exact", "sigmoid"]


@dataclass(frozen=True, slots=True)
class Window:
    """A VOI window on modality values (PS3.3 C.11.2)."""

    center: float
    width: float
    function: VoiFunction = "linear"


@dataclass(frozen=True, slots=True)
class StoredWindow:
    """A window that a file offers, with the file's own explanation."""

    window: Window
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A modality, VOI or palette lookup table (PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5).

    ``values[i]`` belongs to stored (or modality) value ``first + i``; ``bits`` is the entry width.
    """

    first: int
    bits: int
    values: tuple[int, ...]
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How pixels are stored (PS3.3 C.7.6.3); ``kind`` "float" covers Float and Double Float."""

    rows: int
    columns: int
    samples: int = 1
    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    signed: bool = False
    kind: Literal["integer", "float"] = "integer"
    photometric: str = "MONOCHROME2"
    planar: int = 0
    transfer_syntax: str = ""


@dataclass(frozen=True, slots=True)
class PixelLocation:
    """Where a frame's bytes are.

    ``offset`` and ``length`` in bytes within the file for native pixels (first frame; frames follow
    each other); None for encapsulated or otherwise wrapped pixels, which a worker must parse.
    """

    offset: int | None
    length: int | None


@dataclass(frozen=True, slots=True)
class FramePlane:
    """Where a frame lies in the patient (PS3.3 C.7.6.2, C.7.6.16.2.3-4).

    ``position`` is the centre of the first pixel, LPS mm; ``orientation`` the six direction
    cosines: along a row, then down a column.
    """

    position: tuple[float, float, float] | None = None
    orientation: tuple[float, float, float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Spacing:
    """Spacings as the file gives them, each (between rows, between columns) in mm, or None.

    ``pixel`` is Pixel Spacing, ``imager`` Imager Pixel Spacing, ``nominal`` Nominal Scanned Pixel
    Spacing (PS3.3 10.7.1). ``aspect`` is Pixel Aspect Ratio (vertical, horizontal). ``is_invalid``:
    the file writes one of the first three as something that is no distance, such as 0.
    """

    pixel: tuple[float, float] | None = None
    imager: tuple[float, float] | None = None
    nominal: tuple[float, float] | None = None
    aspect: tuple[float, float] | None = None
    calibration_type: str = ""
    magnification: float | None = None
    distance_source_detector_mm: float | None = None
    distance_source_patient_mm: float | None = None
    is_invalid: bool = False


@dataclass(frozen=True, slots=True)
class UltrasoundRegion:
    """A calibrated region of an ultrasound image (PS3.3 C.8.5.5); px edges, deltas per pixel."""

    left: int
    top: int
    right: int
    bottom: int
    unit_x: int
    unit_y: int
    delta_x: float
    delta_y: float


@dataclass(frozen=True, slots=True)
class Grey:
    """From stored to modality values and the windows on them (PS3.3 C.11.1, C.11.2)."""

    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
    modality_lut: LookupTable | None = None
    windows: tuple[StoredWindow, ...] = ()
    voi_luts: tuple[LookupTable, ...] = ()
    padding: int | None = None
    padding_limit: int | None = None
    presentation_inverse: bool = False


@dataclass(frozen=True, slots=True)
class Palette:
    """Palette Color Lookup Tables (PS3.3 C.7.6.3.1.5)."""

    red: LookupTable
    green: LookupTable
    blue: LookupTable


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """What differs from frame to frame of one instance; None means: as the instance says."""

    plane: FramePlane = FramePlane()
    pixel_spacing: tuple[float, float] | None = None
    grey: Grey | None = None
    stack_id: str = ""
    split: tuple[str, ...] = ()
    """Values that separate frames at one position: temporal index, echo time, b-value and so on."""


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """Who, as the file says it (PS3.3 C.7.1.1, C.7.2.2). ``name`` is the raw PN, decoded."""

    name: str = ""
    id: str = ""
    issuer: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """The study and series that an instance says it belongs to."""

    study_uid: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    accession: str = ""
    institution: str = ""
    series_uid: str = ""
    series_number: int | None = None
    series_description: str = ""
    series_date: str = ""
    series_time: str = ""
    acquisition_date: str = ""
    acquisition_time: str = ""
    content_date: str = ""
    content_time: str = ""
    modality: str = ""
    body_part: str = ""
    laterality: str = ""
    view_position: str = ""
    patient_orientation: tuple[str, ...] = ()
    frame_of_reference_uid: str = ""
    image_type: tuple[str, ...] = ()
    burned_in: str = ""
    lossy: bool = False
    lossy_ratio: str = ""
    presentation_intent: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    """Further values for the corner texts by DICOM keyword, for example ("KVP", "120")."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One SOP instance, as its header says.

    ``path`` is the file; ``member`` the name inside it when it is a ZIP archive, else "".
    ``frames`` holds one entry per frame when frames differ, or is empty when none do.
    ``pixel_digest`` stands only where another file bears the same UID and holds other pixels.
    """

    path: str
    sop_instance_uid: str
    sop_class_uid: str
    patient: PatientFacts
    study: StudyFacts
    instance_number: int | None = None
    acquisition_number: int | None = None
    pixels: PixelFormat | None = None
    location: PixelLocation = PixelLocation(None, None)
    frame_count: int = 1
    plane: FramePlane = FramePlane()
    spacing: Spacing = Spacing()
    grey: Grey = Grey()
    palette: Palette | None = None
    regions: tuple[UltrasoundRegion, ...] = ()
    frames: tuple[FrameFacts, ...] = ()
    split: tuple[str, ...] = ()
    slice_thickness_mm: float | None = None
    frame_time_ms: float | None = None
    member: str = ""
    notes: tuple[str, ...] = ()
    """Sentences about what is doubtful in this file."""
    pixel_digest: str = ""

    @property
    def has_pixels(self) -> bool:
        """Whether there is a picture in it."""
        return self.pixels is not None


@dataclass(frozen=True, slots=True, order=True)
class FrameRef:
    """One frame of one instance; ``frame_number`` counts from 1 (PS3.3 C.7.6.6)."""

    sop_instance_uid: str
    frame_number: int = 1

    @property
    def frame_index(self) -> int:
        """The frame number counted from 0."""
        return self.frame_number - 1


class SkipReason(Enum):
    """Why a file is not shown; the sentence stands in ``viewer.parsing`` where it is found."""

    NOT_DICOM = "not_dicom"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    NO_IMAGE = "no_image"
    DUPLICATE = "duplicate"
    ENCRYPTED = "encrypted"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not shown, and why, in one sentence."""

    path: str
    reason: SkipReason
    sentence: str


@dataclass(frozen=True, slots=True)
class Geometry:
    """The grid of a stack (PS3.3 C.7.6.2): slices ascend along the normal (row x column).

    ``shape`` is (slices, rows, columns); ``spacing_mm`` (slice step, between rows, between
    columns), the slice step being the median distance along the normal; ``origin_lps_mm`` the
    centre of the first voxel; ``tilt_deg`` the angle between the step from slice to slice and the
    normal.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    orientation: tuple[float, float, float, float, float, float]
    origin_lps_mm: tuple[float, float, float]
    uniform: bool
    tilt_deg: float
    step_lps_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """From one slice to the next, LPS mm; not along the normal when tilted."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Frames that one scrolls through, in display order, and their grid if they have one.

    ``frames`` ascend along the normal when ``geometry`` is there, else run by instance number.
    ``volume`` is False where planes and 3D would lie or there are none; ``notes`` are doubts about
    what is seen, ``why_flat`` says what is no doubt: too few slices, frames in time.
    """

    frames: tuple[FrameRef, ...]
    geometry: Geometry | None = None
    volume: bool = False
    notes: tuple[str, ...] = ()
    label: str = ""
    """What tells this stack from others of its series, for example "Phase 3 of 10"."""
    why_flat: str = ""

    @property
    def no_volume_because(self) -> str:
        """Why there are no planes and no 3D, as a sentence; "" where there are."""
        if self.volume:
            return ""
        return self.why_flat or next(iter(self.notes), _("These images are no regular volume."))


@dataclass(frozen=True, slots=True)
class Series:
    """A DICOM series: its stacks, the first of which is its largest."""

    uid: str
    modality: str
    description: str
    number: int | None
    instances: tuple[Instance, ...]
    stacks: tuple[Stack, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> Instance:
        """The instance whose header speaks for the series."""
        return self.instances[0]

    @property
    def frame_count(self) -> int:
        """Frames of all instances."""
        return sum(i.frame_count for i in self.instances if i.has_pixels)


@dataclass(frozen=True, slots=True)
class Study:
    """A study: one visit's series, ordered by number."""

    uid: str
    date: str
    time: str
    description: str
    patient: PatientFacts
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as the files say: those that agree in ID, issuer, name, birth date and sex."""

    facts: PatientFacts
    studies: tuple[Study, ...]

    @property
    def key(self) -> str:
        """Identity for conversations, caches and marks; nothing of A is reachable from B."""
        f = self.facts
        return f"{f.id}\x1f{f.issuer}\x1f{f.name}\x1f{f.birth_date}\x1f{f.sex}"


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that is open, for reading by UID."""

    patients: tuple[Patient, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def all_series(self) -> Iterator[tuple[Patient, Study, Series]]:
        """Every series with its study and patient, in browser order."""
        for patient in self.patients:
            for study in patient.studies:
                for series in study.series:
                    yield patient, study, series

    def find_series(self, uid: str) -> Series | None:
        """The series with this UID, or None."""
        return next((s for _, _, s in self.all_series() if s.uid == uid), None)

    def study_of(self, series_uid: str) -> Study | None:
        """The study that holds this series, or None."""
        return next((st for _, st, s in self.all_series() if s.uid == series_uid), None)

    def patient_of(self, series_uid: str) -> Patient | None:
        """The patient whom this series belongs to, or None."""
        return next((p for p, _, s in self.all_series() if s.uid == series_uid), None)

    def find_instance(self, sop_instance_uid: str) -> Instance | None:
        """The instance with this UID, or None."""
        for _patient, _study, series in self.all_series():
            for instance in series.instances:
                if instance.sop_instance_uid == sop_instance_uid:
                    return instance
        return None
