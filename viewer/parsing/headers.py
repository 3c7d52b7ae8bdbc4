"""One file's header as an ``Instance``, or a ``Fault`` whose sentence says why there is none."""

from dataclasses import replace
from functools import partial
from typing import Final

from viewer import limits
from viewer.parsing.elements import Source
from viewer.parsing.facts import Memory, patient_facts, study_facts
from viewer.parsing.faults import Fault
from viewer.parsing.grey import GREY_TAGS, grey_notes, read_grey
from viewer.parsing.multiframe import (
    Mosaic,
    dose_frames,
    find_mosaic,
    functional_groups,
    mosaic_frames,
    shared_measures,
)
from viewer.parsing.objects import DIRECTORY, kind_without_picture
from viewer.parsing.part10 import DataSet, read_dataset
from viewer.parsing.pixel_format import (
    PIXEL_TAGS,
    check_memory,
    locate,
    read_pixel_format,
    supported_syntax,
)
from viewer.parsing.planes import (
    SPACING_TAGS,
    is_bad_pair,
    read_pair,
    read_plane,
    read_regions,
    read_spacing,
)
from viewer.parsing.probe import probe_stream
from viewer.parsing.splits import SPLIT_TAGS, read_split
from viewer.parsing.syntaxes import SYNTAXES
from viewer.parsing.tables import read_palette
from viewer.parsing.tags import SEQUENCES, WANTED
from viewer.parsing.values import Header
from viewer.study import (
    FrameFacts,
    Grey,
    Instance,
    Palette,
    PixelFormat,
    PixelLocation,
    SkipReason,
    Spacing,
)
from viewer.words import _

_SOP_CLASS: Final = 0x00080016
_SOP_INSTANCE: Final = 0x00080018
_FRAMES: Final = 0x00280008
_MAX_UID: Final = 128


class IsDirectory(Exception):  # noqa: N818 - it is a kind of file, not a fault
    """The file is a DICOMDIR."""


def read_header(source: Source, path: str, member: str, memory: Memory) -> Instance:
    """The instance of a file; ``IsDirectory`` for a DICOMDIR, ``Fault`` for all other files."""
    dataset = read_dataset(source, WANTED, SEQUENCES)
    return make_instance(dataset, path, member, memory)


def make_instance(dataset: DataSet, path: str, member: str, memory: Memory) -> Instance:
    """The instance of a data set that is already read."""
    header = dataset.header
    sop_class = header.uid(_SOP_CLASS) or dataset.media_class
    if sop_class == DIRECTORY:
        raise IsDirectory
    pixels = _pixels(dataset, sop_class, memory)
    frames, notes = _frame_count(header)
    check_memory(pixels, frames)
    location, frames, more = locate(dataset, pixels, frames)
    if SYNTAXES[dataset.syntax].encapsulated:
        probe_stream(dataset, pixels)
    grey = memory.recall(read_grey, header, GREY_TAGS)
    mosaic = find_mosaic(header)
    facts: tuple[FrameFacts, ...] = ()
    if mosaic is not None:
        pixels, location, frames, facts = _unfold(header, mosaic, pixels)
    elif frames > 1 or header.has(0x52009230):
        facts = functional_groups(header, frames, grey) or dose_frames(header, frames)
    return Instance(
        path=path,
        member=member,
        sop_instance_uid=_uid(header, _SOP_INSTANCE, path, member),
        sop_class_uid=sop_class,
        patient=patient_facts(header, memory),
        study=study_facts(header, memory),
        instance_number=header.integer(0x00200013),
        acquisition_number=header.integer(0x00200012),
        pixels=pixels,
        location=location,
        frame_count=frames,
        plane=read_plane(header),
        spacing=_spacing(header, facts, memory),
        grey=_instance_grey(grey, facts),
        palette=_palette(header, pixels),
        regions=read_regions(header),
        frames=facts,
        split=memory.recall(read_split, header, SPLIT_TAGS),
        slice_thickness_mm=header.number(0x00180050),
        frame_time_ms=header.number(0x00181063),
        notes=(*dataset.notes, *notes, *more, *memory.recall(grey_notes, header, GREY_TAGS)),
    )


def _pixels(dataset: DataSet, sop_class: str, memory: Memory) -> PixelFormat:
    header = dataset.header
    if dataset.pixels is None:
        kind = kind_without_picture(sop_class)
        if kind:
            raise Fault(SkipReason.NO_IMAGE, _("It is {kind}, not an image.").format(kind=_(kind)))
        if not header.has(0x00280010) and not sop_class:
            raise Fault(SkipReason.NOT_DICOM, _("It holds no image."))
        if not sop_class.startswith("1.2.840.10008."):
            raise Fault(SkipReason.NO_IMAGE, _("It is a private object, not an image."))
        raise Fault(SkipReason.INVALID, _("It is an image without pixels."))
    supported_syntax(dataset.syntax)
    return memory.recall_with(
        (dataset.pixels.tag, dataset.syntax),
        partial(read_pixel_format, head=dataset.pixels, syntax=dataset.syntax),
        header,
        PIXEL_TAGS,
    )


def _frame_count(header: Header) -> tuple[int, tuple[str, ...]]:
    if not header.raw(_FRAMES):
        return 1, ()
    count = header.integer(_FRAMES)
    if count is None or count < 0:
        raise Fault(
            SkipReason.INVALID,
            _("Its Number of Frames is {text}.").format(text=repr(header.text(_FRAMES)[:32])),
        )
    if count == 0:
        return 1, (_("It claims 0 frames and was read as one."),)
    if count > limits.INSTANCE_BYTES:
        raise Fault(SkipReason.TOO_LARGE, _("It claims {count} frames.").format(count=count))
    return count, ()


def _unfold(
    header: Header, mosaic: Mosaic, whole: PixelFormat
) -> tuple[PixelFormat, PixelLocation, int, tuple[FrameFacts, ...]]:
    facts = mosaic_frames(header, mosaic, whole)
    tile = replace(whole, rows=whole.rows // mosaic.down, columns=whole.columns // mosaic.across)
    facts = facts if len(facts) == mosaic.count else ()
    return tile, PixelLocation(None, None), mosaic.count, facts


def _uid(header: Header, tag: int, path: str, member: str) -> str:
    """A UID, or where it is missing something as unique: where the file is."""
    return header.uid(tag)[:_MAX_UID] or f"{path}\n{member}"


def _spacing(header: Header, facts: tuple[FrameFacts, ...], memory: Memory) -> Spacing:
    spacing = memory.recall(read_spacing, header, SPACING_TAGS)
    if spacing.pixel is None and facts:
        measures = shared_measures(header)
        if measures is not None:
            is_invalid = spacing.is_invalid or is_bad_pair(measures, 0x00280030)
            return replace(spacing, pixel=read_pair(measures, 0x00280030), is_invalid=is_invalid)
    return spacing


def _instance_grey(grey: Grey, facts: tuple[FrameFacts, ...]) -> Grey:
    """The first frame speaks for an instance whose own header says nothing."""
    if facts and facts[0].grey is not None and grey == Grey(unit=grey.unit, padding=grey.padding):
        return facts[0].grey
    return grey


def _palette(header: Header, pixels: PixelFormat) -> Palette | None:
    if not pixels.photometric.startswith("PALETTE"):
        return None
    return read_palette(header, signed=pixels.signed)
