"""The tools without a window: pointer in, edit out."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.annotations import Annotation, finding_points
from viewer.edits import add_annotations, select
from viewer.spaces import FrameBox, FramePoint, ViewPoint
from viewer.state import State, Tile, View
from viewer.study import FrameRef, Geometry, Stack, Window
from viewer.tools import marks, moving, placing, stepping, window
from viewer.tools.bindings import BINDINGS, WHEEL, action_of, wheel_action
from viewer.tools.labels import finding_numbers, labelled, meets_any, place_label
from viewer.tools.surface import Pointer, Surface
from viewer.tools.transform import Area, Canvas

WHERE = FrameRef("1.2.3", 1)
SURFACE = Surface(
    tile=0,
    kind="stack",
    series_uid="9",
    canvas=Canvas(100, 100),
    area=Area(0, 0, 400, 400),
    view=View(),
    where=WHERE,
    window=Window(40, 400),
    value_range=(-1000, 1000),
)
STATE = State()


def _at(x: float, y: float, *, fine: bool = False) -> Pointer:
    return Pointer(ViewPoint(x, y), fine)


def _window_after(surface: Surface, start: Pointer, now: Pointer) -> Window:
    edit = window.drag(surface, start, now)
    assert edit is not None
    changed = edit(STATE).doc.tiles[0].window
    assert changed.source == "user"
    assert changed.window is not None
    return changed.window


def test_right_is_wider_left_narrower_down_darker_up_brighter() -> None:
    start = _at(100, 100)
    assert _window_after(SURFACE, start, _at(132, 100)) == Window(40, 450)
    assert _window_after(SURFACE, start, _at(68, 100)) == Window(40, 350)
    assert _window_after(SURFACE, start, _at(100, 132)).center == 90
    assert _window_after(SURFACE, start, _at(100, 68)).center == -10


def test_the_step_follows_the_width_but_never_stands_still() -> None:
    assert window.step_of(Window(40, 80), (0, 100)) == 80 / 256
    assert window.step_of(Window(40, 1), (-1000, 3096)) == 0.5
    fine = _window_after(SURFACE, _at(0, 0, fine=True), _at(128, 0, fine=True))
    assert fine.width == 450


@given(st.floats(-5000, 5000), st.booleans())
def test_a_window_never_vanishes(across: float, is_whole: bool) -> None:
    surface = replace(SURFACE, is_whole=is_whole, value_range=(0.0, 5.0))
    width = _window_after(surface, _at(0, 0), _at(across, 0)).width
    assert width >= (1.0 if is_whole else 0.005)


def test_no_window_no_edit() -> None:
    assert window.drag(replace(SURFACE, window=None), _at(0, 0), _at(9, 9)) is None


def test_a_drag_up_enlarges_about_the_press() -> None:
    edit = moving.zoom(SURFACE, _at(100, 200), _at(100, 80))
    assert edit is not None
    assert edit(STATE).doc.tiles[0].view.zoom == pytest.approx(2.0)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_numbers_count_as_the_reader_does(is_reversed: bool) -> None:
    for position in range(5):
        number = stepping.shown_number(position, length=5, is_reversed=is_reversed)
        back = stepping.position_of_number(number, length=5, is_reversed=is_reversed)
        assert back == position
    assert stepping.stepped(2, 9, length=5, is_reversed=is_reversed) == (0 if is_reversed else 4)


def _stack(orientation: tuple[float, ...]) -> Stack:
    refs = tuple(FrameRef(str(i)) for i in range(3))
    o = orientation
    six = (o[0], o[1], o[2], o[3], o[4], o[5])
    geometry = Geometry((3, 8, 8), (1, 1, 1), six, (0, 0, 0), uniform=True, tilt_deg=0)
    return Stack(refs, geometry)


@pytest.mark.parametrize(
    ("orientation", "wanted"),
    [
        ((1, 0, 0, 0, 1, 0), True),  # ascends to the head, which comes first
        ((1, 0, 0, 0, -1, 0), False),  # ascends to the feet
        ((0, 1, 0, 0, 0, -1), True),  # ascends to the right
        ((1, 0, 0, 0, 0, -1), False),  # ascends to the back
    ],
)
def test_head_right_and_front_come_first(orientation: tuple[float, ...], wanted: bool) -> None:
    assert stepping.is_reversed(_stack(orientation), {}) is wanted


def test_a_trackpad_is_summed_and_turns_at_once() -> None:
    total = stepping.ScrollSum()
    assert [total.add(10) for _ in range(5)] == [0, 0, 1, 0, 1]
    assert total.add(-20) == 0
    assert total.add(-5) == -1


def test_left_is_the_tool_and_the_other_buttons_never_change() -> None:
    for tool in ("window", "length", "crosshair"):
        assert action_of("left", "", tool, in_volume=False) == tool
        assert action_of("middle", "", tool, in_volume=False) == "pan"
        assert action_of("right", "", tool, in_volume=False) == "zoom"
        assert action_of("left", "shift", tool, in_volume=False) == "pan"
        assert action_of("left", "ctrl", tool, in_volume=False) == "zoom"
        assert action_of("left", "alt", tool, in_volume=False) == "scroll"
        assert action_of("middle", "ctrl", tool, in_volume=False) == "pan"
    assert action_of("left", "", "length", in_volume=True) == "rotate"
    assert wheel_action("", in_volume=True) == "zoom"
    assert WHEEL["shift"] == "next_many"
    assert len({(b.button, b.modifier) for b in BINDINGS}) == len(BINDINGS)


def test_press_drag_release_and_click_move_click_place_the_same() -> None:
    a, b = FramePoint(1, 2), FramePoint(30, 40)
    dragged = placing.released(
        placing.moved(placing.begin("length", WHERE, a), b), b, was_dragged=True
    )
    clicked = placing.released(placing.begin("length", WHERE, a), a, was_dragged=False)
    clicked = placing.pressed(placing.moved(clicked, b), b)
    assert dragged.is_complete
    assert dragged == clicked
    assert dragged.points == (a, b)


def test_an_angle_takes_three_points() -> None:
    a, b, c = FramePoint(1, 1), FramePoint(9, 1), FramePoint(9, 9)
    placed = placing.released(placing.begin("angle", WHERE, a), b, was_dragged=True)
    assert not placed.is_complete
    placed = placing.pressed(placing.moved(placed, c), c)
    assert placed.is_complete
    assert placed.points == (a, b, c)


def test_a_slip_is_not_kept() -> None:
    slip = Annotation("a", "length", "9", WHERE, (FramePoint(5, 5), FramePoint(5.4, 5)))
    assert not placing.is_worth_keeping(slip)
    flat = Annotation("a", "box", "9", WHERE, (FramePoint(5, 5), FramePoint(50, 5.5)))
    assert not placing.is_worth_keeping(flat)


BOX = Annotation("f", "finding", "9", WHERE, finding_points(FrameBox(20, 20, 60, 50)), "x")


@pytest.mark.parametrize(
    ("place", "sides"),
    [
        ((20, 20), ("left", "top")),
        ((60, 50), ("right", "bottom")),
        ((40, 20), ("top",)),
        ((20, 35), ("left",)),
    ],
)
def test_corners_and_middles_of_a_box_are_held(
    place: tuple[float, float], sides: tuple[str, ...]
) -> None:
    transform = SURFACE.transform
    hold = marks.hold_at([BOX], transform, transform.to_view(FramePoint(*place)))
    assert hold is not None
    assert hold.sides == sides


def test_a_held_side_moves_alone_and_a_changed_finding_says_so() -> None:
    hold = marks.Hold("f", sides=("right",))
    changed = marks.dragged(BOX, hold, FramePoint(60, 35), FramePoint(70, 90))
    assert changed.box == FrameBox(20, 20, 70, 50)
    assert changed.changed
    whole = marks.nudged(BOX, marks.Hold("f"), 1, -10)
    assert whole.box == FrameBox(21, 10, 61, 40)


def test_a_sphere_is_moved_by_its_middle_and_resized_by_its_rim() -> None:
    transform = SURFACE.transform
    sphere = Annotation("s", "sphere", "9", WHERE, (FramePoint(40, 40), FramePoint(52, 40)))
    assert sphere.box == FrameBox(28, 28, 52, 52)
    middle = marks.hold_at([sphere], transform, transform.to_view(FramePoint(40, 40)))
    assert middle is not None
    moved = marks.dragged(sphere, middle, FramePoint(40, 40), FramePoint(45, 50))
    assert moved.points == (FramePoint(45, 50), FramePoint(57, 50))
    rim = marks.hold_at([sphere], transform, transform.to_view(FramePoint(52, 40)))
    assert rim is not None
    larger = marks.dragged(sphere, rim, FramePoint(52, 40), FramePoint(40, 60))
    assert larger.box == FrameBox(20, 20, 60, 60)
    assert all(
        math.dist(place, sphere.points[0]) == pytest.approx(12) for place in marks.outline(sphere)
    )


def test_the_line_holds_the_whole_and_empty_image_nothing() -> None:
    transform = SURFACE.transform
    on_line = marks.hold_at([BOX], transform, transform.to_view(FramePoint(30, 20)))
    assert on_line == marks.Hold("f")
    assert marks.hold_at([BOX], transform, transform.to_view(FramePoint(40, 35))) is None


TILE = (0.0, 0.0, 400.0, 400.0)


def test_a_label_stands_above_left_below_or_right_aligned() -> None:
    size = (80.0, 20.0)
    assert place_label((100, 100, 200, 200), size, TILE, []).rect == (100, 76, 180, 96)
    assert place_label((100, 5, 200, 90), size, TILE, []).rect == (100, 94, 180, 114)
    assert place_label((350, 100, 390, 200), size, TILE, []).rect == (310, 76, 390, 96)


rects = st.tuples(st.floats(0, 350), st.floats(0, 350), st.floats(5, 200), st.floats(5, 200)).map(
    lambda r: (r[0], r[1], min(r[0] + r[2], 400), min(r[1] + r[3], 400))
)


@given(rects, st.lists(rects, max_size=4))
def test_a_label_stays_in_the_tile(box: tuple[float, ...], taken: list[tuple[float, ...]]) -> None:
    label = place_label(box, (90, 20), TILE, taken)  # type: ignore[arg-type]
    left, top, right, bottom = label.rect
    assert left >= 0
    assert top >= 0
    assert right <= 400
    assert bottom <= 400


def test_labels_do_not_meet() -> None:
    taken = [place_label((100, 100, 200, 200), (80, 20), TILE, []).rect]
    for _ in range(4):
        label = place_label((100, 100, 200, 200), (80, 20), TILE, taken)
        assert not meets_any(label.rect, [*taken, (100, 100, 200, 200)])
        taken.append(label.rect)


def test_twelve_findings_are_labelled_the_selected_one_first_the_rest_counted() -> None:
    many = [replace(BOX, id=str(i)) for i in range(15)]
    shown, more = labelled([*many, replace(BOX, id="own", kind="box")], "14")
    assert [m.id for m in shown] == ["14", *map(str, range(11))]
    assert more == 3


def test_a_finding_has_the_number_of_its_row_on_every_image() -> None:
    prior = FrameRef("7")
    state = State().with_doc(tiles=(Tile("9"), Tile("8")))
    found = [
        BOX,
        replace(BOX, id="g", label="y"),
        replace(BOX, id="h", where=prior, series_uid="8"),
        replace(BOX, id="i"),
        replace(BOX, id="j", series_uid="not shown"),
    ]
    state = select("f")(add_annotations(*found)(state))
    assert finding_numbers(state) == {"f": 1, "g": 2, "h": 1, "i": 3}
