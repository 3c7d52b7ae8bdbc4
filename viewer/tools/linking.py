"""Linked scrolling: which image the other tiles go to when one is scrolled.

Within one frame of reference the nearest position along the normal; else the distance that the
reader set by "align here". Only stacks that are parallel within 5° follow each other.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from viewer.edits import followers, set_crosshair, set_positions
from viewer.spaces import PatientPoint
from viewer.state import Edit, State
from viewer.study import Geometry, Stack
from viewer.tools.planes import cross, dot

PARALLEL_DEG: Final = 5.0


@dataclass(frozen=True, slots=True)
class Shown:
    """The stack that a tile shows, and the frame of reference it lies in ("" if unknown)."""

    stack: Stack
    frame_of_reference: str = ""
    is_reversed: bool = False


def scroll_to(tile: int, position: int, shown: Mapping[int, Shown]) -> Edit:
    """Go to an index in a tile; tiles linked with it follow. One edit, so none leads back."""

    def edit(state: State) -> State:
        targets = {tile: position}
        leader = shown.get(tile)
        for other in followers(state, tile, "scroll") - {tile}:
            follower = shown.get(other)
            if leader is not None and follower is not None:
                found = _follow(state, (tile, leader, position), (other, follower))
                if found is not None:
                    targets[other] = found
        return set_positions(targets)(state)

    return edit


def go_to_place(
    series_uid: str, place: PatientPoint, leader: int, shown: Mapping[int, Shown]
) -> Edit:
    """Move the crosshair; stacks in the same frame of reference go to their nearest slice."""

    def edit(state: State) -> State:
        first = shown.get(leader)
        targets: dict[int, int] = {}
        for other, follower in shown.items():
            geometry = follower.stack.geometry
            is_same = first is not None and (
                state.doc.tiles[other].series_uid == series_uid
                or (
                    bool(first.frame_of_reference)
                    and first.frame_of_reference == follower.frame_of_reference
                )
            )
            if other != leader and is_same and geometry is not None:
                along = dot(place, _normal(geometry))
                targets[other] = nearest_position(geometry, along)
        return set_positions(targets)(set_crosshair(series_uid, place)(state))

    return edit


def align(tiles: frozenset[int], shown: Mapping[int, Shown]) -> Edit:
    """Take what the tiles show now as the same anatomy: their offsets along the normal, mm."""

    def edit(state: State) -> State:
        offsets = [0.0] * len(state.doc.tiles)
        for tile in tiles:
            one = shown.get(tile)
            if one is not None and one.stack.geometry is not None:
                offsets[tile] = along_mm(one.stack.geometry, _position(state, tile))
        least = min((offsets[t] for t in tiles), default=0.0)
        moved = tuple(
            value - least if index in tiles else 0.0 for index, value in enumerate(offsets)
        )
        return state if moved == state.nav.offsets else state.with_nav(offsets=moved)

    return edit


def are_parallel(first: Geometry, second: Geometry) -> bool:
    """Whether two stacks are cut in the same direction, within 5°."""
    cosine = dot(_normal(first), _normal(second))
    return abs(cosine) >= math.cos(math.radians(PARALLEL_DEG))


def along_mm(geometry: Geometry, position: float) -> float:
    """Where a slice lies along its stack's normal, mm from the patient's origin."""
    origin = dot(geometry.origin_lps_mm, _normal(geometry))
    return origin + position * geometry.spacing_mm[0]


def nearest_position(geometry: Geometry, place_mm: float) -> int:
    """The slice nearest to a place along the normal; the end beyond it."""
    count = geometry.shape[0]
    origin = along_mm(geometry, 0)
    index = round((place_mm - origin) / geometry.spacing_mm[0]) if geometry.spacing_mm[0] else 0
    return min(max(index, 0), count - 1)


def _follow(
    state: State, leading: tuple[int, Shown, int], following: tuple[int, Shown]
) -> int | None:
    tile, leader, position = leading
    other, follower = following
    first, second = leader.stack.geometry, follower.stack.geometry
    if first is None or second is None:
        return _by_number(state, leading, following)
    if not are_parallel(first, second):
        return None
    sign = 1.0 if dot(_normal(first), _normal(second)) > 0 else -1.0
    if leader.frame_of_reference and leader.frame_of_reference == follower.frame_of_reference:
        return nearest_position(second, sign * along_mm(first, position))
    offsets = state.nav.offsets
    if len(offsets) == len(state.doc.tiles) and any(offsets):
        place = along_mm(first, position) - offsets[tile]
        return nearest_position(second, sign * place + offsets[other])
    moved = along_mm(first, position) - along_mm(first, _position(state, tile))
    return nearest_position(second, along_mm(second, _position(state, other)) + sign * moved)


def _by_number(state: State, leading: tuple[int, Shown, int], following: tuple[int, Shown]) -> int:
    """Without geometry: as many images on as the leader went."""
    tile, leader, position = leading
    other, follower = following
    moved = position - _position(state, tile)
    if leader.is_reversed != follower.is_reversed:
        moved = -moved
    last = len(follower.stack.frames) - 1
    return min(max(_position(state, other) + moved, 0), last)


def _normal(geometry: Geometry) -> tuple[float, float, float]:
    return cross(geometry.orientation[:3], geometry.orientation[3:])


def _position(state: State, tile: int) -> int:
    positions = state.nav.positions
    return positions[tile] if tile < len(positions) else 0
