"""One state, one signal; undo brings back the document and leaves the reader where they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store import Store
from viewer import edits
from viewer.spaces import PatientPoint
from viewer.state import Slab, TileWindow, View
from viewer.study import Window


def lung() -> TileWindow:
    return TileWindow(Window(-600, 1500), "preset:lung")


def test_listeners_hear_once_per_change_and_not_for_nothing():
    store, heard = Store(), []
    store.subscribe(lambda old, new: heard.append((old, new)))

    store.apply(edits.set_window(0, lung()))
    store.apply(edits.set_window(0, lung()))

    assert len(heard) == 1
    assert heard[0][1] is store.state


def test_apply_from_inside_a_listener_is_a_bug():
    store = Store()
    store.subscribe(lambda old, new: store.apply(edits.set_active(0)))

    with pytest.raises(RuntimeError):
        store.apply(edits.set_window(0, lung()))


def test_one_gesture_is_one_step():
    store = Store()
    for center in range(10):
        window = TileWindow(Window(center, 400), "user")
        store.apply(edits.set_window(0, window), undo="Window", gesture="drag 1")

    store.undo()

    assert store.state.doc.tiles[0].window == TileWindow()
    assert store.redo_name == "Window"


def test_undo_leaves_the_reader_where_they_are():
    store = Store()
    store.apply(edits.set_window(0, lung()), undo="Window")
    store.apply(edits.set_position(0, 41))

    store.undo()

    assert store.state.nav.positions == (41,)


EDITS = st.one_of(
    st.builds(
        lambda c, w: edits.set_window(0, TileWindow(Window(c, w), "user")),
        st.integers(-1000, 1000),
        st.integers(1, 4000),
    ),
    st.builds(lambda z: edits.set_view(0, View(zoom=z)), st.floats(0.1, 50)),
    st.builds(lambda d: edits.rotate(0, d), st.sampled_from([90, 180, -90])),
    st.builds(lambda lr: edits.mirror(0, left_right=lr), st.booleans()),
    st.just(edits.invert(0)),
    st.builds(edits.set_layout, st.integers(1, 3), st.integers(1, 3)),
    st.builds(lambda t: edits.set_slab(0, Slab(t)), st.floats(0, 50)),
    st.builds(lambda x: edits.set_crosshair("1.2", PatientPoint(x, 0, 0)), st.floats(-9, 9)),
    st.builds(lambda p: edits.set_position(0, p), st.integers(0, 99)),
)


@given(st.lists(EDITS, max_size=12))
def test_undo_after_any_edits_gives_the_first_document(changes):
    store = Store()
    first = store.state.doc
    for change in changes:
        store.apply(change, undo="Change")
    last = store.state.doc

    while store.undo_name:
        store.undo()
    assert store.state.doc == first

    while store.redo_name:
        store.redo()
    assert store.state.doc == last


@given(st.floats(0, 360), st.booleans())
def test_mirroring_twice_changes_nothing(degrees, left_right):
    store = Store()
    store.apply(edits.rotate(0, degrees))
    before = store.state.doc.tiles[0].view

    store.apply(edits.mirror(0, left_right=left_right))
    store.apply(edits.mirror(0, left_right=left_right))

    after = store.state.doc.tiles[0].view
    assert after.mirrored == before.mirrored
    assert after.rotation_deg % 360 == pytest.approx(before.rotation_deg % 360, abs=1e-9)
