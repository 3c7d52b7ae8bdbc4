"""The frames of a series as stacks one scrolls through: alike in form, one at a place.

Frames at one position are split by the first thing that separates them.
Nothing here depends on the order in which files were found.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from viewer.geometry import Arrangement, arrange, is_valid_orientation, positions_along
from viewer.reading.stored import frame_plane
from viewer.study import FrameRef, Instance, Stack
from viewer.words import _

_COSINE: Final = 0.01
_SAME_PLACE_MM: Final = 0.01
_MIN_VOLUME: Final = 3
_LOCALIZER_WORDS: Final = ("localizer", "scout", "survey", "locator")
_SLICES: Final = frozenset({"CT", "MR", "NM", "PT"})
_NO_PLANES: Final = frozenset({"SEG", "SM"})
_PHASE, _TRIGGER, _ECHO, _DIFFUSION, _KIND = 0, 1, 4, 5, 6

Cosines = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame with what decides where it belongs."""

    ref: FrameRef
    number: tuple[int, str, int]
    position: tuple[float, float, float] | None
    orientation: Cosines | None
    split: tuple[str, ...]
    form: tuple[object, ...]


def make_stacks(instances: Sequence[Instance]) -> tuple[Stack, ...]:
    """The stacks of one series, the largest first."""
    stacks: list[Stack] = []
    for group in _alike([f for instance in instances for f in _frames(instance)]):
        first = _instance_of(group[0], instances)
        stacks += _stacks_of(group, first)
    largest_first = sorted(stacks, key=lambda stack: -len(stack.frames))
    return tuple(_with_sizes(largest_first))


def _frames(instance: Instance) -> Iterator[_Frame]:
    pixels = instance.pixels
    if pixels is None:
        return
    order = instance.instance_number if instance.instance_number is not None else 1 << 31
    spacing = instance.spacing.pixel
    common = (
        pixels.rows,
        pixels.columns,
        pixels.samples,
        instance.study.frame_of_reference_uid,
        "LOCALIZER" in instance.study.image_type,
    )
    uid = instance.sop_instance_uid
    for number in range(1, instance.frame_count + 1):
        plane = frame_plane(instance, number)
        facts = instance.frames[number - 1] if instance.frames else None
        own = facts.pixel_spacing if facts is not None else None
        stack_id = facts.stack_id if facts is not None else ""
        yield _Frame(
            FrameRef(uid, number),
            (order, uid, number),
            plane.position,
            plane.orientation,
            _joined(facts.split if facts is not None else (), instance.split),
            (*common, own or spacing, stack_id),
        )


def _joined(own: tuple[str, ...], whole: tuple[str, ...]) -> tuple[str, ...]:
    if not own:
        return whole
    return tuple(a or b for a, b in zip(own, whole, strict=False)) if whole else own


def _alike(frames: list[_Frame]) -> list[list[_Frame]]:
    """Frames of one form and one direction; directions within 0.01 in each cosine are one."""
    frames.sort(key=lambda frame: frame.number)
    groups: dict[tuple[object, ...], list[_Frame]] = {}
    known: dict[tuple[object, ...], tuple[object, ...]] = {}
    for frame in frames:
        exact = (frame.form, frame.orientation)
        if exact not in known:
            near = next((key for key in groups if _is_near(key, exact)), exact)
            known[exact] = near
        groups.setdefault(known[exact], []).append(frame)
    return list(groups.values())


def _is_near(a: tuple[object, ...], b: tuple[object, ...]) -> bool:
    if a[0] != b[0]:
        return False
    if not isinstance(a[1], tuple) or not isinstance(b[1], tuple):
        return a[1] == b[1]
    return all(abs(x - y) <= _COSINE for x, y in zip(a[1], b[1], strict=True))


def _stacks_of(group: list[_Frame], first: Instance) -> list[Stack]:
    """The stacks of frames that are alike."""
    orientation, spacing = group[0].orientation, _spacing_of(group[0])
    positions = [f.position for f in group if f.position is not None]
    if len(positions) < len(group) or orientation is None or spacing is None:
        return [_unplaced(group, first, _("No positions recorded: order by number."))]
    if not is_valid_orientation(orientation):
        note = (_("The recorded orientation is invalid: planes and 3D are off."),)
        return [Stack(tuple(f.ref for f in group), notes=note)]
    if len(group) == 1:
        return [Stack((group[0].ref,), why_flat=_("This is a single image."))]
    along = positions_along(np.array(positions), orientation)
    if float(np.ptp(along)) <= _SAME_PLACE_MM:
        return [_unplaced(group, first, _("All frames are at one place: planes and 3D are off."))]
    return [
        _grid(frames, orientation, spacing, first, label)
        for label, frames in _one_at_a_place(group, along.tolist())
    ]


def _unplaced(group: list[_Frame], first: Instance, reason: str) -> Stack:
    """Frames by number; a doubt where they are files of slices, which should have places."""
    refs = tuple(frame.ref for frame in group)
    if len(group) == 1:
        return Stack(refs, why_flat=_("This is a single image."))
    is_one_file = len({ref.sop_instance_uid for ref in refs}) == 1
    if is_one_file or first.study.modality not in _SLICES:
        return Stack(refs, why_flat=reason)
    return Stack(refs, notes=(reason,))


def _one_at_a_place(group: list[_Frame], along: list[float]) -> Iterator[tuple[str, list[_Frame]]]:
    """Sets of frames of which no two lie at one place, each with its label."""
    places = _places(along)
    repeats = max(Counter(places).values())
    if repeats == 1:
        yield "", group
        return
    partition, slot = _separated(group, places, repeats)
    if partition is None:
        yield from _by_rank(group, places)
        return
    for index, frames in enumerate(partition):
        yield _label(slot, frames[0], index, len(partition)), frames


def _places(along: list[float]) -> list[int]:
    """Which place each frame lies at: positions closer than 0.01 mm are one."""
    order = sorted(range(len(along)), key=along.__getitem__)
    places = [0] * len(along)
    place = 0
    for before, index in pairwise(order):
        place += along[index] - along[before] > _SAME_PLACE_MM
        places[index] = place
    return places


def _separated(
    group: list[_Frame], places: list[int], repeats: int
) -> tuple[list[list[_Frame]] | None, int]:
    """The frames split by the first thing that separates all of them, and which thing that is."""
    width = min(len(frame.split) for frame in group)
    distinct = [len({frame.split[slot] for frame in group}) for slot in range(width)]
    several = [slot for slot in range(width) if 1 < distinct[slot] <= repeats]
    for slots in [(slot,) for slot in several] + [tuple(several)]:
        parts: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for index, frame in enumerate(group):
            parts[tuple(frame.split[slot] for slot in slots)].append(index)
        if len(parts) == repeats and all(_apart(indices, places) for indices in parts.values()):
            chosen = sorted(parts.items(), key=lambda item: _natural(item[0]))
            return [[group[i] for i in indices] for _key, indices in chosen], slots[0]
    return None, -1


def _apart(indices: list[int], places: list[int]) -> bool:
    return len({places[i] for i in indices}) == len(indices)


def _by_rank(group: list[_Frame], places: list[int]) -> Iterator[tuple[str, list[_Frame]]]:
    """The first frame of each place by number, then the second of each, and so on."""
    seen: Counter[int] = Counter()
    ranks: dict[int, list[_Frame]] = defaultdict(list)
    for frame, place in zip(group, places, strict=True):
        ranks[seen[place]].append(frame)
        seen[place] += 1
    full = len(ranks[0])
    for rank, frames in sorted(ranks.items()):
        if len(frames) == full:
            yield _("Part {index} of {count}").format(index=rank + 1, count=len(ranks)), frames
        else:
            yield _("Repeated slices"), frames


def _natural(key: tuple[str, ...]) -> list[tuple[float, str]]:
    return [(_leading_number(text), text) for text in key]


def _leading_number(text: str) -> float:
    try:
        return float(text.removeprefix("b ").split(" ")[0])
    except ValueError:
        return float("inf")


def _label(slot: int, frame: _Frame, index: int, count: int) -> str:
    text = frame.split[slot]
    if slot in {_PHASE, _TRIGGER}:
        return _("Phase {index} of {count}").format(index=index + 1, count=count)
    if slot == _ECHO:
        return _("Echo {index} of {count}").format(index=index + 1, count=count)
    if slot == _DIFFUSION and text:
        return text
    if slot == _KIND and text:
        return text.split("\\")[-1] or text
    return _("Part {index} of {count}").format(index=index + 1, count=count)


def _grid(
    frames: list[_Frame],
    orientation: Cosines,
    spacing: tuple[float, float],
    first: Instance,
    label: str,
) -> Stack:
    """A stack in order along its normal, with what its geometry allows."""
    if len(frames) == 1:
        return Stack((frames[0].ref,), label=label, why_flat=_("This is a single image."))
    rows, columns = frames[0].form[0], frames[0].form[1]
    found = arrange(
        np.array([frame.position for frame in frames]),
        orientation,
        rows=rows if isinstance(rows, int) else 0,
        columns=columns if isinstance(columns, int) else 0,
        pixel_spacing=spacing,
    )
    why_flat = _why_flat(frames, first)
    notes = () if why_flat else tuple(_geometry_notes(found))
    allowed = found.regularity in {"uniform", "uneven"} and not why_flat
    refs = tuple(frames[index].ref for index in found.order)
    return Stack(refs, found.geometry, allowed, notes, label, why_flat)


def _why_flat(frames: list[_Frame], first: Instance) -> str:
    """Why slices make no volume although nothing is wrong with them; "" where they may."""
    description = first.study.series_description.lower()
    if frames[0].form[4] or any(word in description for word in _LOCALIZER_WORDS):
        return _("This is a localizer: planes and 3D are off.")
    if len(frames) < _MIN_VOLUME:
        return _("Too few slices for planes and 3D.")
    if first.study.modality in _NO_PLANES or (first.pixels and first.pixels.samples > 1):
        return _("Planes and 3D are not made of images of this kind.")
    return ""


def _geometry_notes(found: Arrangement) -> list[str]:
    low, high = min(found.gaps_mm), max(found.gaps_mm)
    notes = []
    if found.regularity == "missing":
        notes.append(
            _("{count} slices are missing: planes and 3D are off.").format(count=found.missing)
            if found.missing > 1
            else _("1 slice is missing: planes and 3D are off.")
        )
    if found.regularity == "irregular":
        notes.append(
            _("Slices are not evenly spaced ({low:.1f} to {high:.1f} mm): planes and 3D are off.")
            .format(low=low, high=high)
        )  # fmt: skip
    if found.regularity == "uneven":
        notes.append(
            _("Slice gaps of {low:.2f} to {high:.2f} mm are evened out in planes and 3D.").format(
                low=low, high=high
            )
        )
    if found.is_tilted:
        angle = f"{found.geometry.tilt_deg:.1f}"
        is_even = found.regularity in {"uniform", "uneven"}
        notes.append(
            _("A tilt of {angle}° is corrected in planes and 3D.").format(angle=angle)
            if is_even
            else _("The slices are tilted by {angle}°.").format(angle=angle)
        )
    return notes


def _with_sizes(stacks: list[Stack]) -> Iterator[Stack]:
    """Say on the main stack what was set apart from it."""
    repeated = sum(len(s.frames) for s in stacks if s.label == _("Repeated slices"))
    for index, stack in enumerate(stacks):
        if index == 0 and repeated:
            note = (
                _("1 slice is there twice; one of them is set apart.")
                if repeated == 1
                else _("{count} slices are there twice; one of each is set apart.").format(
                    count=repeated
                )
            )
            label = "" if len(stacks) == 2 else stack.label
            yield replace(stack, notes=(*stack.notes, note), label=label)
        else:
            yield stack


def _spacing_of(frame: _Frame) -> tuple[float, float] | None:
    spacing = frame.form[5]
    return spacing if isinstance(spacing, tuple) else None


def _instance_of(frame: _Frame, instances: Sequence[Instance]) -> Instance:
    uid = frame.ref.sop_instance_uid
    return next(i for i in instances if i.sop_instance_uid == uid)
