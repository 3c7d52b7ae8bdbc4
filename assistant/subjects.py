"""What a question can be about: the look of a frame or of slices, in words for reader and model."""

from dataclasses import dataclass
from typing import Final

from assistant.drawn import is_drawn
from assistant.looks import Look
from assistant.tasks.volume import REGIONS, USUAL_SLICES, sampled
from viewer.errors import UserError
from viewer.state import Role, TileWindow
from viewer.study import FrameRef, Series, Study
from viewer.tools.stepping import instances_of, is_reversed, shown_number
from viewer.words import N_, _


@dataclass(frozen=True, slots=True)
class Kind:
    """A modality: our words for the model, our words for the reader, whether the model knows it."""

    prompt: str
    name: str
    is_in_card: bool = False


KINDS: Final[dict[str, Kind]] = {
    "CR": Kind("X-ray", N_("X-ray"), is_in_card=True),
    "DX": Kind("X-ray", N_("X-ray"), is_in_card=True),
    "RG": Kind("X-ray", N_("X-ray"), is_in_card=True),
    "CT": Kind("CT slice", N_("CT"), is_in_card=True),
    "MR": Kind("MRI slice", N_("MR"), is_in_card=True),
    "OP": Kind("fundus image", N_("fundus image"), is_in_card=True),
    "SM": Kind("histology image", N_("slide"), is_in_card=True),
    "ES": Kind("endoscopy image", N_("endoscopy")),
    "IO": Kind("dental X-ray", N_("dental X-ray")),
    "MG": Kind("mammogram", N_("mammogram")),
    "NM": Kind("nuclear medicine image", N_("nuclear medicine image")),
    "PT": Kind("PET slice", N_("PET")),
    "PX": Kind("dental X-ray", N_("dental X-ray")),
    "RF": Kind("fluoroscopy image", N_("fluoroscopy")),
    "US": Kind("ultrasound image", N_("ultrasound")),
    "XA": Kind("angiogram", N_("angiogram")),
    "XC": Kind("photograph", N_("photograph")),
}
OTHER_KIND: Final = Kind("image", N_("image"))
BURNED_IN: Final = frozenset({"US", "SC", "XC", "OT", "ES"})
OFF_CARD: Final = N_("Not among the kinds this model was made for. Boxes are off for it.")
WORDS_IN_IMAGE: Final = N_("Words written in the image are shown to the model too.")
BETWEEN_SLICES: Final = N_(
    "Small things between the {count} slices cannot be seen. "
    "Rather ask about the slice in front of you."
)


def kind_of(series: Series) -> Kind:
    """What kind of image a series holds."""
    return KINDS.get(series.modality, OTHER_KIND)


def region_of(series: Series) -> str:
    """The part of the body in words of our own; "body" for what no table of ours knows."""
    tag = series.first.study.body_part.upper().replace(" ", "").replace("-", "")
    return REGIONS.get(tag, "body")


def warnings_of(series: Series) -> tuple[str, ...]:
    """What is to be said before the first question about a series."""
    said = [] if kind_of(series).is_in_card else [_(OFF_CARD)]
    is_burned_in = series.first.study.burned_in.upper() == "YES"
    if is_burned_in or series.modality in BURNED_IN:
        said.append(_(WORDS_IN_IMAGE))
    return tuple(said)


def frame_look(
    study: Study,
    series: Series,
    position: int,
    *,
    stack_index: int = 0,
    window: TileWindow | None = None,
    invert: bool = False,
    role: Role = "",
) -> Look:
    """A frame of a stack as a tile shows it; UserError when there is no such image."""
    if not 0 <= stack_index < len(series.stacks):
        raise UserError(_("This series holds no image."))
    frames = series.stacks[stack_index].frames
    if not 0 <= position < len(frames):
        sentence = _("There is no image {index}: this series has images 0 to {last}.")
        raise UserError(sentence.format(index=position, last=len(frames) - 1))
    return Look(
        series_uid=series.uid,
        study_uid=study.uid,
        where=frames[position],
        stack_index=stack_index,
        position=position,
        window=window or TileWindow(),
        invert=invert,
        role=role,
        date=study.date,
        title=title_of(series, position, stack_index),
        is_drawn=is_drawn(series),
    )


def volume_looks(
    study: Study, series: Series, *, stack_index: int = 0, wanted: int = USUAL_SLICES
) -> tuple[Look, ...]:
    """Slices spread over a CT or MR stack, in the windows that the model was trained on.

    UserError for a stack that is no volume of one of these.
    """
    if series.modality not in {"CT", "MR"}:
        raise UserError(_("Only CT and MR volumes can be shown slice by slice."))
    stack = series.stacks[stack_index] if stack_index < len(series.stacks) else None
    if stack is None or len(stack.frames) < 2:
        raise UserError(_("This series holds no volume. Ask about the image instead."))
    return tuple(
        Look(
            series_uid=series.uid,
            study_uid=study.uid,
            where=stack.frames[position],
            stack_index=stack_index,
            position=position,
            levels="contract",
            date=study.date,
            title=title_of(series, position, stack_index),
            is_drawn=is_drawn(series),
        )
        for position in sampled(len(stack.frames), wanted)
    )


def name_of(series: Series) -> str:
    """What a reader calls a series."""
    return series.description.strip() or _(kind_of(series).name)


def title_of(series: Series, position: int, stack_index: int = 0) -> str:
    """What a reader calls an image: its series, and its number where there are several.

    Numbers count as they do in the window.
    """
    name = name_of(series)
    stack = series.stacks[stack_index] if stack_index < len(series.stacks) else None
    if stack is None or len(stack.frames) < 2:
        return name
    is_turned = is_reversed(stack, instances_of(series))
    number = shown_number(position, length=len(stack.frames), is_reversed=is_turned)
    return _("{name}, image {number}").format(name=name, number=number)


def frame_title(series: Series, ref: FrameRef) -> str:
    """The title of a frame, wherever it lies in its series."""
    for index, stack in enumerate(series.stacks):
        if ref in stack.frames:
            return title_of(series, stack.frames.index(ref), index)
    return name_of(series)
