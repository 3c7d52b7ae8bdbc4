"""What a tile shows at one moment: everything that its painters and tools need, gathered once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from viewer.annotations import Annotation, PlaneRef
from viewer.calibration import Calibration, calibration_of_plane
from viewer.errors import UserError
from viewer.pixels.modality import PixelFacts
from viewer.pixels.voi import Voi, ends_of, window_of_table
from viewer.pixels.windows import VoiChoice
from viewer.reading.frames import Stored
from viewer.reading.volumes import Volume
from viewer.render.planes import Slicer
from viewer.spaces import PatientPoint
from viewer.state import State, Tile
from viewer.study import FrameRef, Instance, Stack, StudyFacts, Window
from viewer.tools.anchors import frame_sheet, on_image
from viewer.tools.planes import Grid, Sheet, canvas_of, plane_through, sheet_of
from viewer.tools.surface import Surface
from viewer.tools.transform import Area, Canvas, Transform, frame_to_view, shared_fit
from viewer.widgets.sources import Entry, Sources
from viewer.words import _

STRIP_PX: Final = 36.0
STRIP_BAR_PX: Final = 3.0
_HALF_STEP_MM: Final = 0.5
_NO_CANVAS: Final = Canvas(1.0, 1.0)
MessageKind = Literal["", "empty", "busy", "error"]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A tile with what it shows.

    ``where`` is the image that marks are bound to; ``plane`` the cut of a plane
    tile, ``sheet`` the image's place in the patient, if known.
    ``message`` is the one sentence of a tile that shows no picture. ``other_date`` is the date of
    the current study in a comparison (for the interval of a prior); ``is_same_scale`` whether both
    of its images show the same millimetres in a pixel of the screen.
    """

    state: State
    index: int
    size: tuple[float, float]
    area: Area
    entry: Entry | None = None
    stack: Stack | None = None
    position: int = 0
    is_reversed: bool = False
    where: FrameRef | PlaneRef | None = None
    plane: PlaneRef | None = None
    sheet: Sheet | None = None
    instance: Instance | None = None
    stored: Stored | None = None
    volume: Volume | None = None
    slicer: Slicer | None = None
    grid: Grid | None = None
    crosshair: PatientPoint | None = None
    facts: PixelFacts | None = None
    choice: VoiChoice | None = None
    calibration: Calibration | None = None
    canvas: Canvas = _NO_CANVAS
    sample_range: tuple[float, float] = (0.0, 1.0)
    marks: tuple[Annotation, ...] = ()
    is_same_scale: bool = True
    message: str = ""
    message_kind: MessageKind = ""
    device_ratio: float = 1.0
    other_date: str | None = None

    @property
    def tile(self) -> Tile:
        """The tile's part of the state."""
        return self.state.doc.tiles[self.index]

    @property
    def transform(self) -> Transform:
        """The canvas on the screen."""
        return frame_to_view(self.tile.view, self.canvas, self.area)

    @property
    def is_active(self) -> bool:
        """Whether keys and questions go to this tile."""
        return self.state.nav.active == self.index

    @property
    def window(self) -> Window | None:
        """The window in use, a LUT's range where there is a LUT."""
        return None if self.choice is None else _as_window(self.choice.voi)

    @property
    def surface(self) -> Surface:
        """The tile as tools see it."""
        return Surface(
            tile=self.index,
            kind=self.tile.kind,
            series_uid=self.tile.series_uid,
            canvas=self.canvas,
            area=self.area,
            view=self.tile.view,
            where=self.where,
            window=self.window,
            value_range=self.sample_range,
            is_whole=self.facts.is_whole if self.facts else True,
            position=self.position,
            length=len(self.stack.frames) if self.stack else 1,
            is_reversed=self.is_reversed,
            crosshair=self.crosshair,
        )


def make_scene(
    state: State,
    index: int,
    sources: Sources,
    *,
    size: tuple[float, float],
    failed: Mapping[FrameRef, UserError],
    device_ratio: float = 1.0,
) -> Scene:
    """Gather what a tile of (width, height) logical px shows; reads nothing that takes time."""
    scene = _bare_scene(state, index, sources, size, failed)
    day = _current_date(state, sources) if scene.tile.role == "prior" else None
    other = other_of_comparison(state, index, sources) if scene.calibration else None
    same = other is None or (
        scene.calibration is not None and has_same_basis(scene.calibration, other[1])
    )
    return replace(scene, device_ratio=device_ratio, other_date=day, is_same_scale=same)


def _bare_scene(
    state: State,
    index: int,
    sources: Sources,
    size: tuple[float, float],
    failed: Mapping[FrameRef, UserError],
) -> Scene:
    tile = state.doc.tiles[index]
    area = image_area(tile, size)
    if not tile.series_uid:
        return Scene(
            state, index, size, area, message=_("Drop a series here."), message_kind="empty"
        )
    entry = sources.entry(tile.series_uid)
    stack = entry.stack(tile.stack_index) if entry else None
    if entry is None or stack is None or not stack.frames:
        sentence = _("Nothing to draw in this series.") if entry else _("This series is not open.")
        return Scene(state, index, size, area, entry, message=sentence, message_kind="empty")
    bare = _Bare(state, index, size, area, entry, stack)
    return (
        _stack_scene(bare, sources, failed)
        if tile.kind == "stack"
        else _volume_scene(bare, sources)
    )


def taken_at(facts: StudyFacts) -> tuple[str, str]:
    """Date and time of an image: acquisition, content, series, study; the first one present."""
    pairs = (
        (facts.acquisition_date, facts.acquisition_time),
        (facts.content_date, facts.content_time),
        (facts.series_date, facts.series_time),
        (facts.study_date, facts.study_time),
    )
    return next(((d, t) for d, t in pairs if d), (facts.study_date, facts.study_time))


def image_area(tile: Tile, size: tuple[float, float]) -> Area:
    """The part of a tile below its role strip."""
    top = STRIP_PX + STRIP_BAR_PX if tile.role else 0.0
    return Area(0.0, top, max(size[0], 1.0), max(size[1] - top, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class _Bare:
    state: State
    index: int
    size: tuple[float, float]
    area: Area
    entry: Entry
    stack: Stack

    @property
    def tile(self) -> Tile:
        return self.state.doc.tiles[self.index]


def _current_date(state: State, sources: Sources) -> str | None:
    """The date of the current study on the screen."""
    for tile in state.doc.tiles:
        entry = sources.entry(tile.series_uid) if tile.role == "current" else None
        if entry is not None:
            return taken_at(entry.series.first.study)[0]
    return None


def _stack_scene(bare: _Bare, sources: Sources, failed: Mapping[FrameRef, UserError]) -> Scene:
    last = len(bare.stack.frames) - 1
    positions = bare.state.nav.positions
    position = min(max(positions[bare.index] if bare.index < len(positions) else 0, 0), last)
    ref = bare.stack.frames[position]
    instance = bare.entry.instance_of(ref)
    if instance is None or instance.pixels is None:
        return _without(bare, _("Nothing to draw in this image."), "empty")
    stored = sources.peek(ref)
    error = failed.get(ref) if stored is None else None
    choice = sources.choice(bare.tile, stored) if stored else None
    facts = sources.facts(stored) if stored else None
    calibration = sources.calibration(instance, ref.frame_number)
    canvas = Canvas(instance.pixels.columns, instance.pixels.rows, calibration.aspect)
    sheet = frame_sheet(instance, ref)
    geometry = bare.stack.geometry
    half = geometry.spacing_mm[0] / 2 if geometry else _HALF_STEP_MM
    return Scene(
        bare.state,
        bare.index,
        bare.size,
        bare.area,
        bare.entry,
        bare.stack,
        position=position,
        is_reversed=sources.is_reversed(bare.tile),
        where=ref,
        sheet=sheet,
        instance=instance,
        stored=stored,
        crosshair=bare.state.nav.crosshair_of(bare.tile.series_uid),
        facts=facts,
        choice=choice,
        calibration=calibration,
        canvas=_compared(bare, sources, canvas, calibration),
        sample_range=_range(sources.span(bare.tile), choice),
        marks=_marks(bare, ref, sheet, half),
        message=error.sentence if error else ("" if stored else _("Reading the image.")),
        message_kind="error" if error else ("" if stored else "busy"),
    )


def _compared(bare: _Bare, sources: Sources, canvas: Canvas, calibration: Calibration) -> Canvas:
    """The canvas at the scale of the other study's, where both know theirs on the same basis."""
    other = other_of_comparison(bare.state, bare.index, sources)
    if other is None or not has_same_basis(calibration, other[1]):
        return canvas
    own_mm, other_mm = calibration.spacing_mm, other[1].spacing_mm
    if own_mm is None or other_mm is None:
        return canvas
    fit = shared_fit(canvas, other[0], bare.area, own_mm=own_mm[1], other_mm=other_mm[1])
    return replace(canvas, fit=fit)


def other_of_comparison(
    state: State, index: int, sources: Sources
) -> tuple[Canvas, Calibration] | None:
    """The first image of the other role's tile, as a canvas, and its calibration."""
    own = state.doc.tiles[index]
    for tile in state.doc.tiles:
        entry = sources.entry(tile.series_uid) if tile.kind == "stack" else None
        if not own.role or not tile.role or tile.role == own.role or entry is None:
            continue
        first = entry.series.first
        if first.pixels is not None:
            found = sources.calibration(first)
            return Canvas(first.pixels.columns, first.pixels.rows, found.aspect), found
    return None


def has_same_basis(first: Calibration, second: Calibration) -> bool:
    """Whether the millimetres of two images mean the same."""
    has_both = first.spacing_mm is not None and second.spacing_mm is not None
    return has_both and (first.source, first.basis) == (second.source, second.basis)


def _volume_scene(bare: _Bare, sources: Sources) -> Scene:
    tile = bare.tile
    volume = sources.volume(tile)
    if isinstance(volume, UserError):
        return _without(bare, volume.sentence, "error")
    if volume is None:
        return _without(bare, _reading(*sources.volume_progress(tile)), "busy")
    facts = sources.volume_facts(tile, volume)
    if facts is None:
        return _without(bare, _("Nothing to draw in this series."), "empty")
    choice = sources.volume_choice(tile, volume, facts)
    shape = volume.voxels.shape
    grid = Grid(volume.voxel_to_patient, (shape[0], shape[1], shape[2]))
    crosshair = bare.state.nav.crosshair_of(tile.series_uid) or grid.centre
    plane = _plane(bare, grid, crosshair) if tile.is_plane else None
    sheet = sheet_of(plane) if plane else None
    is_projection = tile.slab.thickness_mm > 0
    return Scene(
        bare.state,
        bare.index,
        bare.size,
        bare.area,
        bare.entry,
        bare.stack,
        where=plane,
        plane=plane,
        sheet=sheet,
        instance=bare.entry.series.first,
        volume=volume,
        slicer=sources.slicer(tile) if tile.is_plane else None,
        grid=grid,
        crosshair=crosshair,
        facts=facts,
        choice=choice,
        calibration=calibration_of_plane(plane, is_projection=is_projection) if plane else None,
        canvas=canvas_of(plane) if plane else _NO_CANVAS,
        sample_range=_range(sources.span(tile), choice),
        marks=_marks(bare, plane, sheet, max(grid.spacing_mm) / 2) if plane else (),
    )


def _reading(done: int, total: int) -> str:
    if not total:
        return _("Reading the volume.")
    return _("Reading the volume: {done} of {total} slices.").format(done=done, total=total)


def _plane(bare: _Bare, grid: Grid, crosshair: PatientPoint) -> PlaneRef:
    plane = plane_through(grid, bare.tile.kind, bare.state.doc.turn, crosshair)
    return PlaneRef(
        bare.tile.series_uid,
        plane.origin,
        plane.right,
        plane.down,
        plane.mm_per_px,
        plane.columns,
        plane.rows,
    )


def _without(bare: _Bare, sentence: str, kind: MessageKind) -> Scene:
    return Scene(
        bare.state,
        bare.index,
        bare.size,
        bare.area,
        bare.entry,
        bare.stack,
        instance=bare.entry.series.first,
        message=sentence,
        message_kind=kind,
    )


def _marks(
    bare: _Bare, where: FrameRef | PlaneRef, sheet: Sheet | None, half_step_mm: float
) -> tuple[Annotation, ...]:
    """The marks that lie on the image on the screen, in its coordinates."""

    def sheet_of_frame(ref: FrameRef) -> Sheet | None:
        instance = bare.entry.instance_of(ref)
        return frame_sheet(instance, ref) if instance else None

    nav = bare.state.nav
    if nav.marks_hidden:
        return ()
    found: list[Annotation] = []
    for mark in bare.state.doc.annotations:
        if mark.series_uid != bare.tile.series_uid or not _is_wanted(mark, bare.state):
            continue
        seen = on_image(
            mark, where, sheet=sheet, half_step_mm=half_step_mm, sheet_of_frame=sheet_of_frame
        )
        if seen is not None:
            found.append(seen)
    return tuple(found)


def _is_wanted(mark: Annotation, state: State) -> bool:
    if not mark.by_model:
        return True
    if mark.status == "rejected":
        return state.nav.show_ai and state.nav.show_rejected
    return state.nav.show_ai


def _range(span: tuple[float, float] | None, choice: VoiChoice | None) -> tuple[float, float]:
    """The span that most values of a series lie in; the window's own before values are known."""
    if span is not None or choice is None:
        return span or (0.0, 1.0)
    low, high = ends_of(_as_window(choice.voi))
    return float(low), float(high)


def _as_window(voi: Voi) -> Window:
    return voi if isinstance(voi, Window) else window_of_table(voi)
