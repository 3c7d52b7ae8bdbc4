"""One picture of one series, as the window would show it, without a window.

A frame, a plane of voxels or the volume; fitted, black around, nothing drawn over it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import permutations
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from viewer.calibration import calibration_of
from viewer.errors import UserError
from viewer.pixels.display import display_table, to_display
from viewer.pixels.modality import PixelFacts, Values, facts_of, facts_of_values, mask_bits
from viewer.pixels.narrowing import to_int16
from viewer.pixels.voi import automatic_window, ends_of, frames_to_sample, sample_values
from viewer.pixels.windows import Sample, VoiChoice, default_window, window_index
from viewer.reading.frames import Frames, Stored
from viewer.reading.volumes import Volume, load_volume
from viewer.spaces import PatientPoint
from viewer.state import View
from viewer.study import FrameRef, Instance, Library, Series, Stack, Window
from viewer.tools.transform import Area, Canvas, frame_to_view
from viewer.words import _

PlaneKind = Literal["stack", "axial", "coronal", "sagittal", "volume"]
Vector = tuple[float, float, float]

# Of each plane: the patient's axis that its index runs along, and those of right and down.
_AXES: Final[dict[str, tuple[int, int, int]]] = {
    "axial": (2, 0, 1),
    "coronal": (1, 0, 2),
    "sagittal": (0, 1, 2),
}
_HEAD_UP: Final = frozenset({"coronal", "sagittal"})


class NoSuchImage(UserError):  # noqa: N818 - a sentence for the reader, no fault
    """An index that the series does not have."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to draw: ``series_uid`` "" is the first series, ``index`` None the middle image.

    ``window`` None is the series' default; ``size_px`` is (width, height).
    """

    series_uid: str = ""
    plane: PlaneKind = "stack"
    index: int | None = None
    window: Window | None = None
    size_px: tuple[int, int] = (1024, 1024)


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A picture, (height, width) grey or (height, width, 3) RGB, and what it shows.

    ``index`` counts from 0 among ``count`` images, both None for a volume. ``window`` is None where
    a lookup table or a 3D preset was used. ``refused`` says what was asked for and not done.
    """

    pixels: NDArray[np.uint8]
    series_uid: str
    index: int | None = None
    count: int | None = None
    frame: FrameRef | None = None
    window: Window | None = None
    window_name: str = ""
    notes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def find_series(library: Library, series_uid: str) -> Series:
    """The series with a UID, or the first that has pictures; UserError when there is none."""
    shown = [series for _patient, _study, series in library.all_series() if series.stacks]
    found = [s for s in shown if s.uid == series_uid] if series_uid else shown
    if not found:
        if series_uid:
            raise UserError(
                _("There is no series {uid} with pictures here.").format(uid=series_uid)
            )
        raise UserError(_("There are no pictures here."))
    return found[0]


def render(series: Series, frames: Frames, wanted: Wanted) -> Rendered:
    """Draw one picture of a series that has stacks.

    Raises NoSuchImage where there is no such index, and UserError where the series cannot be shown
    that way.
    """
    stack = series.stacks[0]
    if wanted.plane == "stack":
        return _render_frame(series, stack, frames, wanted)
    volume = load_volume(stack, frames)
    facts = _facts_of_volume(series, volume)
    if wanted.plane == "volume":
        return _render_volume(series, volume, facts, wanted)
    return _render_plane(series, volume, facts, wanted)


def frame_picture(stored: Stored, choice: VoiChoice, size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """A frame fitted into (width, height) px in its true shape, black around it."""
    from viewer.render.slice import resample_frame

    instance, facts = stored.instance, facts_of_frame(stored)
    values, facts = mask_bits(stored.pixels, facts)
    if facts.is_color:
        values = to_display(values, facts, choice.voi, invert=choice.invert)
    calibration = calibration_of(instance, stored.frame_number)
    canvas = Canvas(values.shape[1], values.shape[0], calibration.aspect)
    fitted = frame_to_view(View(), canvas, Area(0.0, 0.0, size_px[0], size_px[1]))
    matrix = np.array([[fitted.xx, fitted.xy, fitted.x0], [fitted.yx, fitted.yy, fitted.y0]])
    is_binary = facts.format.bits_stored == 1
    tile = resample_frame(
        values, matrix, size_px, interpolation="nearest" if is_binary else "linear"
    )
    if facts.is_color:
        colours: NDArray[np.uint8] = tile.values
        return colours
    return _shown(tile.values, tile.inside, facts, choice)


def default_of_frame(series: Series, stack: Stack, frames: Frames, index: int) -> VoiChoice:
    """The window that a stack starts with at an index; UserError when that frame cannot be read."""
    spokes = frames.get(stack.frames[window_index(series.modality, index)])
    facts = facts_of_frame(spokes)
    if facts.is_color:
        return default_window(spokes.instance, facts, np.empty(0))
    pairs: list[tuple[Values, PixelFacts]] = []
    for place in frames_to_sample(len(stack.frames)):
        try:
            other = frames.get(stack.frames[place])
        except UserError:
            continue  # another frame of the series is damaged, which is no reason to fail here
        pairs.append((other.pixels, facts_of_frame(other)))
    return default_window(spokes.instance, facts, sample_values(pairs))


def facts_of_frame(stored: Stored) -> PixelFacts:
    """What turns a decoded frame into a picture."""
    return facts_of(
        stored.instance,
        stored.frame_number,
        stored.photometric,
        stored.bits_stored,
    )


def voxel_plane(
    volume: Volume, kind: PlaneKind, index: int | None
) -> tuple[int, int, PatientPoint, Vector, Vector, tuple[float, float]]:
    """The voxel plane nearest to a standard one: index, count, middle, right, down, size in mm.

    ``index`` counts from 0 towards the head, the back and the left; None is the middle one. Right
    and down run along the voxels, the patient's right on the left or the head up.
    """
    steps = volume.voxel_to_patient[:3, :3]
    directions = steps / np.linalg.norm(steps, axis=0)
    order = max(
        permutations(range(3)),
        key=lambda axes: sum(abs(directions[patient, axes[patient]]) for patient in range(3)),
    )
    normal, across, along = (order[patient] for patient in _AXES[kind])
    count = volume.voxels.shape[normal]
    chosen = checked_index(index, count)
    voxel = [(size - 1) / 2 for size in volume.voxels.shape]
    runs_up = directions[_AXES[kind][0], normal] > 0
    voxel[normal] = chosen if runs_up else count - 1 - chosen
    x, y, z = (volume.voxel_to_patient @ [*voxel, 1.0])[:3]
    right = _towards(directions[:, across], _AXES[kind][1], is_up=False)
    down = _towards(directions[:, along], _AXES[kind][2], is_up=kind in _HEAD_UP)
    lengths = np.linalg.norm(steps, axis=0) * volume.voxels.shape
    size_mm = (float(lengths[across]), float(lengths[along]))
    return chosen, count, PatientPoint(float(x), float(y), float(z)), right, down, size_mm


def _render_frame(series: Series, stack: Stack, frames: Frames, wanted: Wanted) -> Rendered:
    """A stored frame, with its series' window."""
    count = len(stack.frames)
    index = checked_index(wanted.index, count)
    stored = frames.get(stack.frames[index])
    choice = _given(wanted) or default_of_frame(series, stack, frames, index)
    return Rendered(
        frame_picture(stored, choice, wanted.size_px),
        series.uid,
        index,
        count,
        frame=stored.ref,
        window=choice.voi if isinstance(choice.voi, Window) else None,
        window_name=choice.name,
        notes=_sentences((*stack.notes, *stored.instance.notes, *stored.notes, choice.note)),
    )


def _render_plane(series: Series, volume: Volume, facts: PixelFacts, wanted: Wanted) -> Rendered:
    """A plane of voxels through the volume."""
    from viewer.render.planes import Slicer, centred_plane

    index, count, middle, right, down, size_mm = voxel_plane(volume, wanted.plane, wanted.index)
    width, height = wanted.size_px
    mm_per_px = max(size_mm[0] / width, size_mm[1] / height)
    plane = centred_plane(right, down, middle, wanted.size_px, mm_per_px)
    slicer = Slicer(volume.voxels, volume.voxel_to_patient)
    cut = slicer.slice_plane(plane, wanted.size_px, mm_per_px)
    choice = _given(wanted) or default_window(series.first, facts, _sample_of(volume, facts))
    return Rendered(
        _shown(cut.values, cut.inside, facts, choice),
        series.uid,
        index,
        count,
        window=choice.voi if isinstance(choice.voi, Window) else None,
        window_name=choice.name,
        notes=_sentences((*volume.notes, choice.note)),
    )


def _render_volume(series: Series, volume: Volume, facts: PixelFacts, wanted: Wanted) -> Rendered:
    """The volume from the front, in its modality's first preset."""
    from viewer.render.camera import standard_camera
    from viewer.render.transfer import volume_presets
    from viewer.render.volume import VolumeCaster

    width, height = wanted.size_px
    preset = volume_presets(series.modality)[0]
    window = automatic_window(_sample_of(volume, facts), whole=False) or Window(0.5, 1.0)
    narrow, slope, intercept = to_int16(volume.voxels, volume.slope, volume.intercept)
    matrix = volume.voxel_to_patient
    with VolumeCaster(narrow, matrix, slope=slope, intercept=intercept) as caster:
        caster.set_transfer(preset.for_range(*ends_of(window, whole=False)))
        camera = standard_camera("A", caster.corners_lps_mm, aspect=width / height)
        picture = caster.render(camera, wanted.size_px)
    refused = []
    if wanted.window is not None:
        refused.append(_("A window does nothing to a volume, which has presets."))
    if wanted.index is not None:
        refused.append(_("An index does nothing to a volume, which is shown whole."))
    return Rendered(
        np.ascontiguousarray(picture[:, :, :3]),
        series.uid,
        window_name=_(preset.name),
        notes=_sentences(volume.notes),
        refused=tuple(refused),
    )


def _shown(
    values: Values, inside: NDArray[np.bool_], facts: PixelFacts, choice: VoiChoice
) -> NDArray[np.uint8]:
    """Resampled values as grey levels, black where there are none."""
    picture = display_table(facts, choice.voi, invert=choice.invert).apply(values)
    picture[~inside] = 0
    return picture


def _facts_of_volume(series: Series, volume: Volume) -> PixelFacts:
    """What turns a volume's values into a picture."""
    return facts_of_values(
        facts_of(_first_with_pixels(series)),
        volume.voxels.dtype,
        slope=volume.slope,
        intercept=volume.intercept,
        padding=volume.padding,
    )


def _first_with_pixels(series: Series) -> Instance:
    """The instance whose header speaks for the series' pictures."""
    return next((i for i in series.instances if i.has_pixels), series.first)


def _sample_of(volume: Volume, facts: PixelFacts) -> Sample:
    """Values that speak for a volume."""
    return sample_values([(volume.voxels, facts)])


def _given(wanted: Wanted) -> VoiChoice | None:
    """The window that was asked for."""
    return VoiChoice(wanted.window, "user") if wanted.window is not None else None


def checked_index(index: int | None, count: int) -> int:
    """An index that is there; NoSuchImage for one that is not."""
    if index is None:
        return count // 2
    if not 0 <= index < count:
        sentence = _("There is no image {index}: this series has images 0 to {last}.")
        raise NoSuchImage(sentence.format(index=index, last=count - 1))
    return index


def _towards(direction: NDArray[np.float64], axis: int, *, is_up: bool) -> Vector:
    """A direction turned so that it runs along a patient axis, or against it."""
    runs_along = direction[axis] > 0
    x, y, z = direction if runs_along != is_up else -direction
    return float(x), float(y), float(z)


def _sentences(notes: Iterable[str]) -> tuple[str, ...]:
    """Notes without empty ones and repetitions, in order."""
    return tuple(dict.fromkeys(note for note in notes if note))
