"""From the screen to a question: which looks the active tile means, of whom, for which task."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.asking.identity import check_identity
from assistant.ask import Inquiry
from assistant.drawn import is_drawn
from assistant.looks import Look
from assistant.provenance import Identity
from assistant.subjects import frame_look, kind_of, name_of, region_of, volume_looks
from assistant.tasks import Task
from assistant.tasks.volume import USUAL_SLICES
from viewer.errors import UserError
from viewer.reading.volumes import Volume
from viewer.state import State, Tile
from viewer.study import Library, Patient, Series, Study
from viewer.tools.planes import Grid, plane_through
from viewer.words import N_, _

VolumeOf = Callable[[Tile], Volume | UserError | None]

PLANES = {
    "axial": N_("axial plane"),
    "coronal": N_("coronal plane"),
    "sagittal": N_("sagittal plane"),
}
NO_IMAGE = N_("Show an image first.")
NO_3D = N_("A 3D picture cannot be asked about. Choose a tile with an image or a plane.")
NO_PAIR = N_("Show a prior beside the current image first (P).")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a tile shows, with whom it belongs to."""

    patient: Patient
    study: Study
    series: Series
    tile: Tile
    index: int
    position: int


def shown_in(state: State, library: Library, index: int) -> Shown | None:
    """What the tile with this index shows, or None when that is nothing that is open."""
    tile = state.doc.tiles[index]
    if not tile.series_uid:
        return None
    for patient, study, series in library.all_series():
        if series.uid == tile.series_uid:
            position = state.nav.positions[index] if index < len(state.nav.positions) else 0
            return Shown(patient, study, series, tile, index, position)
    return None


def pair_in(state: State, library: Library) -> tuple[Shown, Shown] | None:
    """The prior and the current image that stand side by side, or None."""
    found: dict[str, Shown] = {}
    for index, tile in enumerate(state.doc.tiles):
        if tile.role and (shown := shown_in(state, library, index)):
            found.setdefault(tile.role, shown)
    return (found["prior"], found["current"]) if len(found) == 2 else None


def make_inquiry(
    task: Task,
    words: str,
    *,
    state: State,
    library: Library,
    volume_of: VolumeOf,
    slices: int = USUAL_SLICES,
) -> Inquiry:
    """The question that a task is about the active tile; UserError where it cannot be asked.

    ``slices`` of a volume go with it at most.
    """
    if task.template_for(words) is None:
        raise UserError(_("Say in a few words what you want to know."))
    active = shown_in(state, library, state.nav.active)
    if active is None:
        raise UserError(_(NO_IMAGE))
    if task.looks == "volume":
        looks, identity, left_out = _slices(active, slices)
    else:
        looks, identity, left_out = _looks(task, active, state, library, volume_of)
    return Inquiry(
        task=task,
        looks=looks,
        identity=identity,
        words=words,
        kind=kind_of(active.series).prompt,
        region=region_of(active.series),
        left_out=left_out,
    )


def active_look(shown: Shown, state: State, volume_of: VolumeOf) -> Look:
    """The look of one tile; UserError for a 3D tile or a plane that is not loaded yet."""
    tile = shown.tile
    if tile.kind == "volume":
        raise UserError(_(NO_3D))
    if tile.is_plane:
        return _plane_look(shown, state, volume_of)
    return frame_look(
        shown.study,
        shown.series,
        shown.position,
        stack_index=tile.stack_index,
        window=tile.window,
        invert=tile.invert,
        role=tile.role,
    )


def _slices(active: Shown, wanted: int) -> tuple[tuple[Look, ...], Identity, str]:
    """The looks of a volume's slices; whose they are; what of them is left out."""
    stack_index = active.tile.stack_index
    looks = volume_looks(active.study, active.series, stack_index=stack_index, wanted=wanted)
    total = len(active.series.stacks[stack_index].frames)
    left_out = _("{count} of {total} slices").format(count=len(looks), total=total)
    identity = Identity(active.patient.key, (active.study.uid,))
    return looks, identity, left_out if total > len(looks) else ""


def _looks(
    task: Task, active: Shown, state: State, library: Library, volume_of: VolumeOf
) -> tuple[tuple[Look, ...], Identity, str]:
    """The looks of a task, prior first; whose they are; what of them is left out."""
    identity = Identity(active.patient.key, (active.study.uid,))
    if task.looks == "pair":
        return (*_pair(state, library, volume_of), "")
    return (active_look(active, state, volume_of),), identity, ""


def _pair(state: State, library: Library, volume_of: VolumeOf) -> tuple[tuple[Look, ...], Identity]:
    pair = pair_in(state, library)
    if pair is None:
        raise UserError(_(NO_PAIR))
    prior, current = pair
    check = check_identity(prior.study.patient, current.study.patient)
    if check.verdict == "different":
        raise UserError(check.sentence, "\n".join(check.lines))
    by = _("the reader") if check.verdict == "doubtful" else ""
    uids = (prior.study.uid, current.study.uid)
    identity = Identity(current.patient.key, uids, check.sentence, by)
    return tuple(active_look(one, state, volume_of) for one in pair), identity


def _plane_look(shown: Shown, state: State, volume_of: VolumeOf) -> Look:
    """The plane that a tile cuts, through the crosshair."""
    tile = shown.tile
    volume = volume_of(tile)
    if isinstance(volume, UserError):
        raise volume
    if volume is None:
        raise UserError(_("The volume is still loading. Ask again when the plane is there."))
    slices, rows, columns = volume.voxels.shape
    grid = Grid(volume.voxel_to_patient, (slices, rows, columns))
    point = state.nav.crosshair_of(tile.series_uid) or grid.centre
    plane = plane_through(grid, tile.kind, state.doc.turn, point)
    return Look(
        series_uid=tile.series_uid,
        study_uid=shown.study.uid,
        where=replace(plane, series_uid=tile.series_uid),
        stack_index=tile.stack_index,
        window=tile.window,
        invert=tile.invert,
        slab=tile.slab,
        role=tile.role,
        date=shown.study.date,
        title=_("{name}, {plane}").format(name=name_of(shown.series), plane=_(PLANES[tile.kind])),
        is_drawn=is_drawn(shown.series),
    )
