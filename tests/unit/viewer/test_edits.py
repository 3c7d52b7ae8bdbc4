"""Edits: total functions from state to state; links are followed inside, undo brings all back."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store import Store
from viewer import edits
from viewer.annotations import Annotation, finding_points
from viewer.spaces import FrameBox, FramePoint, PatientPoint
from viewer.state import Edit, Link, Slab, State, TileWindow, View
from viewer.study import FrameRef, Window

WINDOW = TileWindow(Window(-600, 1500), "user")


def _mark(mark_id: str = "m", kind: str = "finding") -> Annotation:
    box = finding_points(FrameBox(1, 2, 3, 4))
    return Annotation(mark_id, kind, "s", FrameRef("1"), box)  # type: ignore[arg-type]


def _grid(*edit: Edit) -> State:
    state = edits.set_layout(2, 2)(State())
    for number in range(4):
        state = edits.show_series(number, f"s{number}")(state)
    for one in edit:
        state = one(state)
    return state


def _windows(state: State) -> list[bool]:
    return [tile.window == WINDOW for tile in state.doc.tiles]


def test_a_window_goes_to_linked_tiles_only() -> None:
    linked = _grid(edits.set_link(frozenset({0, 2})), edits.set_window(2, WINDOW))
    assert _windows(linked) == [True, False, True, False]
    apart = _grid(
        edits.set_link(frozenset({0, 2}), Link(window=False)), edits.set_window(2, WINDOW)
    )
    assert _windows(apart) == [False, False, True, False]


def test_planes_of_one_volume_share_their_window() -> None:
    kinds = ("axial", "coronal", "sagittal", "volume")
    state = edits.set_planes("s", kinds, TileWindow())(State())
    assert _windows(edits.set_window(1, WINDOW)(state)) == [True, True, True, False]


def test_linked_views_share_zoom_and_pan_but_not_the_turn() -> None:
    state = _grid(edits.set_link(frozenset({0, 1})), edits.set_view(0, View(3.0, (0.2, 0.3), 90.0)))
    assert state.doc.tiles[1].view == View(3.0, (0.2, 0.3))
    assert state.doc.tiles[2].view == View()


def test_zoom_has_ends() -> None:
    far = edits.set_view(0, View(zoom=1e9))(State()).doc.tiles[0].view.zoom
    near = edits.set_view(0, View(zoom=0))(State()).doc.tiles[0].view.zoom
    assert (near, far) == (edits.MIN_ZOOM, edits.MAX_ZOOM)


def test_a_smaller_grid_keeps_the_first_tiles_and_a_valid_active_one() -> None:
    state = _grid(edits.set_active(3), edits.set_link(frozenset({0, 3})), edits.set_layout(1, 2))
    assert [tile.series_uid for tile in state.doc.tiles] == ["s0", "s1"]
    assert state.nav.active == 1
    assert state.doc.linked <= {0, 1}
    assert len(state.nav.positions) == 2


def test_another_series_starts_with_its_own_window_and_view() -> None:
    state = _grid(edits.set_window(0, WINDOW), edits.set_view(0, View(zoom=4)))
    fresh = edits.show_series(0, "new", position=7)(state)
    assert fresh.doc.tiles[0].window == TileWindow()
    assert fresh.doc.tiles[0].view == View()
    assert fresh.nav.positions[0] == 7


def test_reset_keeps_the_image_and_the_marks() -> None:
    state = _grid(
        edits.add_annotations(_mark()),
        edits.set_position(0, 5),
        edits.set_window(0, WINDOW),
        edits.mirror(0, left_right=True),
        edits.invert(0),
        edits.reset_view(0),
    )
    assert state.doc.tiles[0] == _grid().doc.tiles[0]
    assert state.nav.positions[0] == 5
    assert state.doc.annotations == (_mark(),)


def test_sides_are_swapped_with_their_roles_and_places() -> None:
    state = edits.show_side_by_side("current", "prior")(State())
    assert [tile.role for tile in state.doc.tiles] == ["current", "prior"]
    swapped = edits.swap_tiles(0, 1)(edits.set_position(0, 3)(state))
    assert [tile.series_uid for tile in swapped.doc.tiles] == ["prior", "current"]
    assert swapped.nav.positions == (0, 3)
    assert swapped.nav.active == 1


def test_a_smaller_grid_leaves_no_lone_role_and_no_lone_link() -> None:
    state = edits.show_side_by_side("current", "prior")(State())
    alone = edits.set_layout(1, 1)(state)
    assert [tile.role for tile in alone.doc.tiles] == [""]
    assert alone.doc.linked == frozenset()
    larger = edits.set_layout(2, 2)(state)
    assert [tile.role for tile in larger.doc.tiles] == ["current", "prior", "", ""]
    assert larger.doc.linked == frozenset({0, 1})


def test_marks_are_added_changed_confirmed_and_taken_away() -> None:
    state = edits.add_annotations(_mark("a"), _mark("b"))(State())
    state = edits.move_point("a", 1, FramePoint(9, 9))(state)
    first = edits.annotation_of(state, "a")
    assert first is not None
    assert first.changed
    assert first.box == FrameBox(1, 2, 9, 9)
    state = edits.set_status("b", "confirmed", "AB")(state)
    second = edits.annotation_of(state, "b")
    assert second is not None
    assert (second.status, second.confirmed_by) == ("confirmed", "AB")
    state = edits.delete_annotation("a")(edits.select("a")(state))
    assert state.nav.selected == ""
    assert [m.id for m in state.doc.annotations] == ["b"]


UNTOUCHED: list[Edit] = [
    edits.set_position(0, 0),
    edits.set_positions({}),
    edits.set_active(0),
    edits.move_point("no such mark", 0, FramePoint(0, 0)),
    edits.set_status("no such mark", "rejected"),
]


@pytest.mark.parametrize("edit", UNTOUCHED)
def test_what_changes_nothing_gives_the_same_state(edit: Edit) -> None:
    state = State()
    assert edit(state) is state


tiles = st.integers(0, 3)
any_edit: st.SearchStrategy[Edit] = st.one_of(
    st.builds(edits.set_window, tiles, st.just(WINDOW)),
    st.builds(edits.set_view, tiles, st.builds(View, st.floats(0.01, 99))),
    st.builds(edits.rotate, tiles, st.sampled_from([90.0, -90.0])),
    st.builds(edits.mirror, tiles, left_right=st.booleans()),
    st.builds(edits.invert, tiles),
    st.builds(edits.set_slab, tiles, st.builds(Slab, st.floats(0, 50))),
    st.builds(edits.swap_tiles, tiles, tiles),
    st.builds(edits.show_series, tiles, st.just("other")),
    st.builds(edits.add_annotations, st.builds(_mark, st.sampled_from("abc"))),
    st.builds(edits.delete_annotation, st.sampled_from("abc")),
    st.builds(edits.set_status, st.sampled_from("abc"), st.just("rejected")),
    st.builds(edits.reset_view, tiles),
    st.builds(edits.set_crosshair, st.just("s"), st.builds(PatientPoint, *[st.floats(-9, 9)] * 3)),
)


@given(st.lists(any_edit, max_size=8))
def test_undo_after_any_edits_gives_back_the_document(made: list[Callable[[State], State]]) -> None:
    store = Store(_grid())
    docs = [store.state.doc]
    for edit in made:
        if store.apply(edit, undo="edit").doc != docs[-1]:
            docs.append(store.state.doc)
    for doc in reversed(docs[:-1]):
        store.undo()
        assert store.state.doc == doc
    for doc in docs[1:]:
        store.redo()
        assert store.state.doc == doc
