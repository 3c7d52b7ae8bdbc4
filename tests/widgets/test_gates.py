"""What the reader measures against what is true, through pointer events on the real viewport.

The picture on the screen is searched for what was written; the pointer goes where it is seen; what
the program says must be the truth. Truth comes from the files' own writer, never from the program.
"""

import itertools
import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from beads import SIGMA_MM, Acquisition, Vector, beads, middles, turned
from PySide6.QtCore import QPoint
from tiles import Tiles, tiles_on

import resources
from viewer import edits
from viewer.annotations import Annotation
from viewer.spaces import PatientPoint
from viewer.state import Slab, TileWindow, View
from viewer.study import Window
from viewer.widgets import overlay

pytestmark = pytest.mark.gui

# Screen px: a click is a whole px, so each end of a line may be half a px off.
LENGTH_PX = 1.5
PLACE_PX = 1.0
# A thin cut joins voxels linearly: a spot's middle may move by a part of the coarsest voxel.
PLANE_PLACE_VOXELS = 0.12
ANGLE_DEG = 0.6
# Directions are known from the beads' middles alone; the letters' rule begins at 0.17.
DIRECTION = 0.03
LETTER_FROM = 0.17
AREA_SHARE = 0.02
MEAN_HU = 0.6
DEVIATION_HU = 0.5
# A side may take in or leave out one line of pixels.
COUNT_LINES = 1.0
# One of 255 grey levels, and the half that rounding takes.
SLAB_GREYS = 2.0
ROUNDED_MM = 0.051
ROUNDED_DEG = 0.051
# The demo CT has voxels of 1.6 x 1.6 x 3.2 mm.
PHANTOM_PLACE_MM = 1.1
PHANTOM_LENGTH_MM = 0.8
PHANTOM_ANGLE_DEG = 0.8
PHANTOM_MEAN_HU = 2.0
PHANTOM_DEVIATION_HU = 2.5
# Joined linearly, slices 4 mm apart cut the corners of a ball of 9 mm.
VOLUME_SHARE = 0.045
# The half-way surface of a ball of radius R, blurred by sigma, lies sigma^2 / R inside of it: with
# slices 3.2 mm apart and the kernel's blur 0.2 mm of 14. A nodule has lobes and vessels besides.
PHANTOM_VOLUME_SHARE = 0.06
NODULE_SHARE = 0.1

ACQUISITIONS = [
    Acquisition("axial", (1, 0, 0, 0, 1, 0), (3.0, 0.8, 0.8)),
    Acquisition("anisotropic", (1, 0, 0, 0, 1, 0), (4.0, 1.2, 0.7)),
    Acquisition("sagittal", (0, 1, 0, 0, 0, -1), (2.5, 0.8, 0.8)),
    Acquisition("coronal, feet up", (1, 0, 0, 0, 0, 1), (2.5, 0.9, 0.7)),
    Acquisition("flipped", (-1, 0, 0, 0, 1, 0), (3.0, 0.7, 0.9), is_reversed=True),
    Acquisition("oblique", turned(25.0, -18.0, 40.0), (2.5, 0.8, 0.7)),
    Acquisition("tilted", (1, 0, 0, 0, 1, 0), (3.0, 0.8, 0.8), shift_mm=0.75),
]
VIEWS = [
    View(),
    View(rotation_deg=90),
    View(mirrored=True, rotation_deg=270),
    View(zoom=1.1, rotation_deg=180),
]
WHITE_1000 = TileWindow(Window(500, 1000), "user")
SPOTS = ((23.0, 25.0), (26.0, 48.0), (44.0, 36.0))
SIZE = (720, 720)
PLANES = ("axial", "coronal", "sagittal")


@pytest.fixture(params=ACQUISITIONS, ids=lambda a: a.name)
def taken(request) -> Acquisition:
    return request.param


class Measured:
    """A stack with three beads on one slice, and what is known of them."""

    def __init__(self, tiles: Tiles, taken: Acquisition, places: list[Vector]) -> None:
        self.tiles = tiles
        self.taken = taken
        self.places = places

    def see(self, view: View) -> "Seen":
        self.tiles.apply(
            edits.set_view(0, view), edits.set_overlays("none"), edits.set_tool("window")
        )
        return Seen(self.places, spots_in(self.tiles, self.places))


class Seen:
    """Places of the patient and where they are on the screen; maps by these three alone."""

    def __init__(self, places: list[Vector], spots: list[Vector]) -> None:
        self.places, self.spots = places, spots
        one, two = spots[1] - spots[0], spots[2] - spots[0]
        sides = np.column_stack([places[1] - places[0], places[2] - places[0]])
        self._steps = sides @ np.linalg.inv(np.column_stack([one, two]))

    @property
    def mm_per_px(self) -> float:
        return float(np.linalg.norm(self._steps, axis=0).max())

    def clicks(self) -> list[QPoint]:
        return [QPoint(round(x), round(y)) for x, y in self.spots]

    def lps(self, at: QPoint) -> Vector:
        return self.places[0] + self._steps @ (np.array([at.x(), at.y()]) - self.spots[0])

    @property
    def right(self) -> Vector:
        return self._steps[:, 0] / np.linalg.norm(self._steps[:, 0])

    @property
    def down(self) -> Vector:
        return self._steps[:, 1] / np.linalg.norm(self._steps[:, 1])


def spots_in(tiles: Tiles, places: list[Vector], tile: int = 0) -> list[Vector]:
    """The beads on the screen; how far their light reaches is all that is asked of the program."""
    tiles.apply(lambda s: s.with_nav(marks_hidden=True))
    image = tiles.image(tile)
    middle = image.width() // 2
    one, two = (place_in(pointed(tiles, QPoint(middle + x, middle), tile)) for x in (0, 40))
    px_per_mm = 40 / max(float(np.linalg.norm(two - one)), 0.4)
    found = middles(image, len(places), radius_px=round(2.3 * SIGMA_MM * px_per_mm))
    tiles.apply(lambda s: s.with_nav(marks_hidden=False))
    return found


@contextmanager
def beads_on_a_slice(taken: Acquisition, folder: Path) -> Iterator[Measured]:
    places = [taken.lps(8, row, column) for row, column in SPOTS]
    taken.write(folder, beads(places))
    with tiles_on(folder, size=SIZE) as tiles:
        tiles.show()
        tiles.apply(edits.set_window(0, WHITE_1000))
        _step_to_brightest(tiles, taken)
        yield Measured(tiles, taken, places)


def _step_to_brightest(tiles: Tiles, taken: Acquisition) -> None:
    """Scroll until the beads are seen best, as a reader would."""

    def light(position: int) -> int:
        tiles.apply(edits.set_position(0, position))
        image = tiles.image().convertToFormat(tiles.image().Format.Format_Grayscale8)
        return int(np.frombuffer(image.constBits(), np.uint8).astype(np.int64).sum())

    best = max(range(6, 10), key=light)
    tiles.apply(edits.set_position(0, best))


def said_beside(tiles: Tiles, tile: int = 0) -> str:
    """The text beside the newest mark, as the viewport writes it."""
    (mark,) = tiles.state.doc.annotations
    text = written(tiles, mark, tile)
    tiles.apply(edits.delete_annotation(mark.id))
    return text


def written(tiles: Tiles, mark: Annotation, tile: int = 0) -> str:
    seen = tiles.scene(tile).marks
    (same,) = [m for m in seen if m.id == mark.id]
    return tiles.viewport(tile)._painting._text_of(same, tiles.scene(tile))


def numbers_in(text: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", text.replace("−", "-"))]


def pointed(tiles: Tiles, at: QPoint, tile: int = 0) -> str:
    said: list[str] = []
    tiles.grid.pointed.connect(said.append)
    tiles.move(at, tile)
    tiles.grid.pointed.disconnect(said.append)
    return said[-1]


def place_in(text: str) -> Vector:
    """The place in a status line: "R 12.3  A 40.1  H 5.0 mm"."""
    signs = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "H": (2, 1), "F": (2, -1)}
    place = np.full(3, np.nan)
    for letter, number in re.findall(r"\b([LRPAHF]) (\d+(?:\.\d)?)", text):
        axis, sign = signs[letter]
        place[axis] = sign * float(number)
    return place


def assert_named(letters: str, direction: Vector) -> None:
    """A direction in letters: the largest component first, every one from 0.17 on, no other."""
    pairs = (("L", "R"), ("P", "A"), ("H", "F"))
    sizes = [abs(float(part)) for part in direction]
    expected = {
        p[int(part < 0)]: size for p, part, size in zip(pairs, direction, sizes, strict=True)
    }
    named = [expected.get(letter, -1.0) for letter in letters]
    assert letters, direction
    assert min(named) >= min(LETTER_FROM - DIRECTION, max(sizes)), (letters, direction)
    assert all(a >= b - DIRECTION for a, b in itertools.pairwise(named)), (letters, direction)
    missing = [size for letter, size in expected.items() if letter not in letters]
    assert all(size < LETTER_FROM + DIRECTION for size in missing), (letters, direction)


def assert_letters(tiles: Tiles, seen: "Seen") -> None:
    letters = overlay.letters_of(tiles.scene())
    assert_named(letters.right, seen.right)
    assert_named(letters.left, -seen.right)
    assert_named(letters.bottom, seen.down)
    assert_named(letters.top, -seen.down)


def angle_deg(vertex: Vector, one: Vector, two: Vector) -> float:
    a, b = one - vertex, two - vertex
    return math.degrees(math.acos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))


def test_length_angle_place_value_and_letters_on_a_slice(
    qtbot: object, tmp_path: Path, taken: Acquisition
) -> None:
    with beads_on_a_slice(taken, tmp_path) as measured:
        tiles = measured.tiles
        for view in VIEWS:
            seen = measured.see(view)
            _gate_lengths(tiles, seen)
            _gate_angle(tiles, seen)
            _gate_pointer(tiles, seen, taken)
            assert_letters(tiles, seen)


def _gate_lengths(tiles: Tiles, seen: Seen) -> None:
    tiles.apply(edits.set_tool("length"))
    clicks = seen.clicks()
    for one, two in itertools.combinations(range(3), 2):
        tiles.drag(clicks[one], clicks[two])
        text = said_beside(tiles)
        truth = float(np.linalg.norm(seen.places[one] - seen.places[two]))
        assert text.endswith(" mm")
        allowed = LENGTH_PX * seen.mm_per_px + ROUNDED_MM
        assert numbers_in(text)[0] == pytest.approx(truth, abs=allowed)


def _gate_angle(tiles: Tiles, seen: Seen) -> None:
    tiles.apply(edits.set_tool("angle"))
    for place in seen.clicks():
        tiles.move(place)
        tiles.click(place)
    truth = angle_deg(seen.places[1], seen.places[0], seen.places[2])
    found = numbers_in(said_beside(tiles))[0]
    assert found == pytest.approx(truth, abs=ANGLE_DEG + ROUNDED_DEG)


def _gate_pointer(tiles: Tiles, seen: Seen, taken: Acquisition) -> None:
    tiles.apply(edits.set_tool("window"))
    rng = np.random.default_rng(8)
    field = beads(seen.places)
    compared = 0
    corner = np.min(seen.spots, axis=0), np.max(seen.spots, axis=0)
    for x, y in rng.uniform(*corner, size=(40, 2)):
        at = QPoint(round(x), round(y))
        text = pointed(tiles, at)
        lps = seen.lps(at)
        allowed = PLACE_PX * seen.mm_per_px + ROUNDED_MM
        assert place_in(text) == pytest.approx(lps, abs=allowed)
        voxel = taken.voxel(lps)
        off = np.abs(voxel - np.round(voxel))[1:]
        if off.max() > 0.3:
            continue
        # Far enough from the next pixel's edge to know which pixel is under the pointer.
        centre = taken.lps(*np.round(voxel))
        assert text.endswith(" HU")
        assert numbers_in(text)[-1] == round(float(field(centre[None])[0]))
        compared += 1
    assert compared >= 8


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: f"{v.rotation_deg:.0f}-{v.mirrored}")
@pytest.mark.parametrize("kind", ["ellipse", "box"])
@pytest.mark.parametrize(
    "taken", [a for a in ACQUISITIONS if a.name in {"anisotropic", "oblique"}], ids=lambda a: a.name
)
def test_area_mean_and_deviation(
    qtbot: object, tmp_path: Path, taken: Acquisition, view: View, kind: str
) -> None:
    middle = taken.lps(8, 31.5, 35.5)
    radius_mm = 14.0

    def field(lps):
        index = np.arange(len(lps))
        parity = (index + index // taken.shape[2]) % 2
        inside = np.sum((lps - middle) ** 2, axis=1) < radius_mm**2
        return np.where(inside, np.where(parity == 1, 70.0, 50.0), -60.0)

    taken.write(tmp_path, field)
    with tiles_on(tmp_path, size=SIZE) as tiles:
        tiles.show()
        tiles.apply(
            edits.set_window(0, TileWindow(Window(0, 240), "user")),
            edits.set_position(0, 7 if taken.is_reversed else 8), edits.set_view(0, view),
            edits.set_overlays("none"), edits.set_tool(kind),
        )  # fmt: skip
        (spot,) = middles(tiles.image(), 1, radius_px=400)
        lit = _lit_px(tiles)
        mm_per_px = math.sqrt(math.pi * radius_mm**2 / lit)
        half = 0.6 * radius_mm / mm_per_px
        first = QPoint(round(spot[0] - half), round(spot[1] - half))
        last = QPoint(round(spot[0] + half), round(spot[1] + half))
        tiles.drag(first, last)
        lines = said_beside(tiles).split("\n")
        sides = (last.x() - first.x()) * (last.y() - first.y()) * mm_per_px**2
        truth = sides * (math.pi / 4 if kind == "ellipse" else 1.0)
        unit = 100.0 if lines[0].endswith("cm²") else 1.0
        rounding = 0.05 * unit / truth if truth / unit < 100 else 0.5 * unit / truth
        allowed = AREA_SHARE + rounding
        assert numbers_in(lines[0])[0] * unit == pytest.approx(truth, rel=allowed)
        mean, deviation = numbers_in(lines[1])
        assert lines[1].endswith(" HU")
        assert mean == pytest.approx(60.0, abs=MEAN_HU)
        assert deviation == pytest.approx(10.0, abs=DEVIATION_HU)
        low, high, count = numbers_in(lines[2])
        assert (low, high) == (50, 70)
        rows, columns = (2 * half * mm_per_px / side for side in taken.spacing_mm[1:])
        pixel = taken.spacing_mm[1] * taken.spacing_mm[2]
        assert count == pytest.approx(truth / pixel, abs=COUNT_LINES * (rows + columns))


def _lit_px(tiles: Tiles) -> int:
    tiles.apply(lambda s: s.with_nav(marks_hidden=True))
    grey = tiles.image().convertToFormat(tiles.image().Format.Format_Grayscale8)
    rows = np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), -1)
    tiles.apply(lambda s: s.with_nav(marks_hidden=False))
    return int(np.count_nonzero(rows[60:-60, 60 : grey.width() - 60] > 127))


@contextmanager
def planes_on(folder: Path, places: list[Vector]) -> Iterator[Tiles]:
    with tiles_on(folder, size=(1204, 1204)) as tiles:
        uid = tiles.series[0].uid
        tiles.apply(edits.set_planes(uid, PLANES, WHITE_1000), edits.set_overlays("none"))
        tiles.until(lambda: all(tiles.scene(t).volume is not None for t in range(3)))
        tiles.settle()
        yield tiles


def test_planes_meet_where_the_pointer_pressed(
    qtbot: object, tmp_path: Path, taken: Acquisition
) -> None:
    middle = np.array([7.0, -11.0, 40.0])
    away = ((9.0, 7.0, 0.0), (-10.0, -3.0, 0.0), (2.0, -13.0, 0.0))
    places = [middle + np.array(by) for by in away]
    taken.write(tmp_path, beads(places))
    voxel = PLANE_PLACE_VOXELS * max(taken.spacing_mm)
    with planes_on(tmp_path, places) as tiles:
        tiles.apply(edits.set_tool("window"))
        seen = Seen(places, spots_in(tiles, places))
        allowed = PLACE_PX * seen.mm_per_px + ROUNDED_MM + voxel
        for place, at in zip(places, seen.clicks(), strict=True):
            assert place_in(pointed(tiles, at)) == pytest.approx(place, abs=allowed)
        tiles.apply(edits.set_tool("length"))
        tiles.drag(*seen.clicks()[:2])
        truth = float(np.linalg.norm(places[0] - places[1]))
        assert numbers_in(said_beside(tiles))[0] == pytest.approx(truth, abs=2 * allowed)
        tiles.apply(edits.set_tool("crosshair"))
        tiles.click(seen.clicks()[1])
        tiles.apply(edits.set_tool("window"))
        for tile in (1, 2):
            (spot,) = spots_in(tiles, places[:1], tile)
            at = QPoint(round(spot[0]), round(spot[1]))
            assert place_in(pointed(tiles, at, tile)) == pytest.approx(places[1], abs=allowed)


TURNS = [(0.0, 0.0, 0.0), (20.0, -35.0, 15.0), (-50.0, 10.0, 60.0)]


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_letters_and_places_on_turned_planes(
    qtbot: object, tmp_path: Path, taken: Acquisition, turn: tuple[float, ...]
) -> None:
    cosines = np.array(turned(*turn))
    x, y = cosines[:3], cosines[3:]
    axes = (x, y, np.cross(x, y))
    middle = np.array([7.0, -11.0, 40.0])
    places = [middle + 9 * x + 7 * y, middle - 10 * x - 3 * y, middle + 2 * x - 13 * y]
    taken.write(tmp_path, beads(places))
    voxel = PLANE_PLACE_VOXELS * max(taken.spacing_mm)
    with planes_on(tmp_path, places) as tiles:
        tiles.apply(edits.set_turn(tuple(tuple(map(float, axis)) for axis in axes)))
        tiles.apply(edits.set_tool("window"))
        seen = Seen(places, spots_in(tiles, places))
        allowed = PLACE_PX * seen.mm_per_px + ROUNDED_MM + voxel
        for place, at in zip(places, seen.clicks(), strict=True):
            assert place_in(pointed(tiles, at)) == pytest.approx(place, abs=allowed)
        assert_letters(tiles, seen)


@pytest.mark.parametrize("projection", ["mean", "max", "min"])
@pytest.mark.parametrize("turn", TURNS[:2], ids=str)
def test_slab_values_on_the_screen(
    qtbot: object, tmp_path: Path, taken: Acquisition, turn: tuple[float, ...], projection: str
) -> None:
    """A ramp of 10 HU a mm along the view: a slab's mean is its middle, its ends are known."""
    cosines = np.array(turned(*turn))
    x, y = cosines[:3], cosines[3:]
    normal = np.cross(x, y)
    middle = np.array([7.0, -11.0, 40.0])

    def field(lps):
        return 500 + 10 * ((lps - middle) @ normal) + 4 * ((lps - middle) @ x)

    taken.write(tmp_path, field)
    thickness = 12.0
    with planes_on(tmp_path, [middle]) as tiles:
        axes = tuple(tuple(map(float, axis)) for axis in (x, y, normal))
        tiles.apply(
            edits.set_turn(axes), edits.set_slab(0, Slab(thickness, projection)),
            edits.set_crosshair(tiles.series[0].uid, PatientPoint(*map(float, middle))),
            edits.set_tool("window"),
        )  # fmt: skip
        # Samples lie at the middles of layers as thick as the finest voxel.
        layer = thickness / round(thickness / min(taken.spacing_mm))
        reach = 10 * (thickness - layer) / 2
        shift = {"mean": 0.0, "max": reach, "min": -reach}[projection]
        size = tiles.image().width() // 2
        for dx, dy in ((0, 0), (60, 0), (-60, 40), (20, -60)):
            at = QPoint(size + dx, size + dy)
            place = place_in(pointed(tiles, at))
            truth = field(place[None])[0] + shift
            greys = tiles.color_at(at).red()
            assert greys == pytest.approx(truth * 255 / 1000, abs=SLAB_GREYS)


@pytest.mark.parametrize("turn", TURNS[:2], ids=str)
def test_the_volume_of_a_ball(
    qtbot: object, tmp_path: Path, taken: Acquisition, turn: tuple[float, ...]
) -> None:
    """Dragged from its middle to beyond its edge, on a plane that lies anyhow."""
    cosines = np.array(turned(*turn))
    axes = (cosines[:3], cosines[3:], np.cross(cosines[:3], cosines[3:]))
    middle, radius_mm = np.array([7.0, -11.0, 40.0]), 9.0

    def field(lps):
        away = np.linalg.norm(lps - middle, axis=1)
        return 900 * np.clip((radius_mm - away) / 2 + 0.5, 0, 1)

    taken.write(tmp_path, field)
    with planes_on(tmp_path, [middle]) as tiles:
        tiles.apply(
            edits.set_turn(tuple(tuple(map(float, axis)) for axis in axes)),
            edits.set_crosshair(tiles.series[0].uid, PatientPoint(*map(float, middle))),
            edits.set_tool("sphere"),
        )  # fmt: skip
        for tile in range(3):
            (spot,) = middles(tiles.image(tile), 1, radius_px=200)
            start = QPoint(round(spot[0]), round(spot[1]))
            reach = 1.5 * radius_mm * _px_per_mm(tiles, start, tile)
            tiles.drag(start, start + QPoint(round(reach), 0), tile=tile)
            volume, mean = said_beside(tiles, tile).split("\n")
            assert numbers_in(volume)[1] == pytest.approx(450, abs=10)
            found = numbers_in(volume)[0] * (1000 if " cm³" in volume else 1)
            truth = 4 / 3 * math.pi * radius_mm**3
            assert found == pytest.approx(truth, rel=VOLUME_SHARE)
            assert numbers_in(mean)[0] == pytest.approx(900, abs=2)


def test_every_plane_through_a_sphere_says_the_same(
    qtbot: object, tmp_path: Path, taken: Acquisition
) -> None:
    """Also from beside its middle, and larger on the screen; a frame does not show it."""
    middle = np.array([7.0, -11.0, 40.0])
    taken.write(tmp_path, lambda lps: 900.0 * (np.linalg.norm(lps - middle, axis=1) < 9.0))
    with planes_on(tmp_path, [middle]) as tiles:
        uid = tiles.series[0].uid
        by = 0.3 * min(taken.spacing_mm)
        tiles.apply(
            edits.set_crosshair(uid, PatientPoint(*map(float, middle))), edits.set_tool("sphere")
        )
        (spot,) = middles(tiles.image(), 1, radius_px=200)
        start = QPoint(round(spot[0]), round(spot[1]))
        tiles.drag(start, start + QPoint(round(13.0 * _px_per_mm(tiles, start, 0)), 0))
        (mark,) = tiles.state.doc.annotations
        said = written(tiles, mark)
        assert numbers_in(said)[0] == pytest.approx(3.05, rel=0.1)
        tiles.apply(edits.set_crosshair(uid, PatientPoint(*map(float, middle + by))))
        shown = [t for t in range(3) if any(m.id == mark.id for m in tiles.scene(t).marks)]
        assert shown
        for tile in shown:
            assert written(tiles, mark, tile) == said
        tiles.apply(edits.show_series(0, uid, position=8))
        tiles.settle()
        assert tiles.scene().marks == ()


def test_a_single_image_has_no_volume(qtbot: object, tmp_path: Path, taken: Acquisition) -> None:
    taken.write(tmp_path, beads([taken.lps(8, 30, 30)]))
    with tiles_on(tmp_path, size=SIZE) as tiles:
        tiles.show()
        tiles.apply(edits.set_tool("sphere"))
        tiles.drag(QPoint(300, 300), QPoint(360, 300))
        assert "no volume" in said_beside(tiles)


@pytest.fixture(scope="module")
def phantom() -> tuple[Path, dict]:
    folder = resources.path("demo_study")
    return folder / "ct", json.loads((folder / "truth.json").read_text())


def test_the_phantom_measures_as_it_was_drawn(qtbot: object, phantom) -> None:
    folder, truth = phantom
    a, b, c = (np.array(truth["centres_lps_mm"][f"marker {name}"]) for name in "abc")
    across = (a - c) / np.linalg.norm(a - c)
    normal = np.cross(across, b - c)
    normal /= np.linalg.norm(normal)
    # The sagittal plane is turned until it goes through all three markers.
    axes = (normal, np.cross(across, normal), across)
    with tiles_on(folder, size=(1204, 1204)) as tiles:
        uid = tiles.series[0].uid
        metal = TileWindow(Window(900, 1400), "user")
        tiles.apply(
            edits.set_planes(uid, PLANES, metal), edits.set_overlays("none"),
            edits.set_turn(tuple(tuple(map(float, axis)) for axis in axes)),
            edits.set_crosshair(uid, PatientPoint(*map(float, b))),
            edits.set_tool("window"),
        )  # fmt: skip
        tiles.until(lambda: all(tiles.scene(t).volume is not None for t in range(3)))
        tiles.settle()
        spots = middles(tiles.image(2), 3, radius_px=12)
        by_height = sorted(spots, key=lambda spot: spot[1])
        at = [QPoint(round(x), round(y)) for x, y in by_height]
        for place, pixel in zip((a, b, c), at, strict=True):
            found = place_in(pointed(tiles, pixel, 2))
            assert found == pytest.approx(place, abs=PHANTOM_PLACE_MM)
        tiles.apply(edits.set_tool("length"))
        for (one, two), name in (((0, 1), "a to b"), ((1, 2), "b to c"), ((0, 2), "a to c")):
            tiles.drag(at[one], at[two], tile=2)
            found = numbers_in(said_beside(tiles, 2))[0]
            expected = truth["distances_mm"][f"marker {name}"]
            assert found == pytest.approx(expected, abs=PHANTOM_LENGTH_MM)
        tiles.apply(edits.set_tool("angle"))
        for place in at:
            tiles.move(place, 2)
            tiles.click(place, 2)
        found = numbers_in(said_beside(tiles, 2))[0]
        expected = truth["angles_deg"]["markers a b c"]
        assert found == pytest.approx(expected, abs=PHANTOM_ANGLE_DEG)


def test_the_phantoms_sphere_has_its_density(qtbot: object, phantom) -> None:
    folder, truth = phantom
    centre, sphere = np.array(truth["centres_lps_mm"]["sphere"]), truth["hu"]["sphere"]
    with tiles_on(folder, size=SIZE) as tiles:
        tiles.show()
        tiles.apply(edits.set_overlays("none"))
        places = [
            (abs(place_in(pointed(tiles, QPoint(360, 360)))[2] - centre[2]), position)
            for position in range(96)
            if tiles.apply(edits.set_position(0, position)) is None
        ]
        tiles.apply(edits.set_position(0, min(places)[1]), edits.set_tool("ellipse"))
        scene = tiles.scene()
        corner = _screen_of(tiles, centre)
        reach = sphere["core_radius_mm"] / _mm_per_px(tiles)
        first = QPoint(round(corner[0] - reach), round(corner[1] - reach))
        last = QPoint(round(corner[0] + reach), round(corner[1] + reach))
        tiles.drag(first, last)
        lines = said_beside(tiles).split("\n")
        mean, deviation = numbers_in(lines[1])
        assert mean == pytest.approx(sphere["core_mean"], abs=PHANTOM_MEAN_HU)
        assert deviation == pytest.approx(sphere["core_sd"], abs=PHANTOM_DEVIATION_HU)
        area = math.pi * sphere["core_radius_mm"] ** 2
        unit = 100.0 if lines[0].endswith("cm²") else 1.0
        assert numbers_in(lines[0])[0] * unit == pytest.approx(area, rel=2 * AREA_SHARE)
        assert scene.instance is not None


@pytest.mark.parametrize(
    ("name", "share"), [("sphere", PHANTOM_VOLUME_SHARE), ("nodule", NODULE_SHARE)]
)
@pytest.mark.parametrize("tile", [0, 1, 2])
def test_the_phantoms_volumes(qtbot: object, phantom, name: str, share: float, tile: int) -> None:
    folder, truth = phantom
    centre, volume = np.array(truth["centres_lps_mm"][name]), truth["volumes_mm3"][name]
    with tiles_on(folder, size=(1204, 1204)) as tiles:
        uid = tiles.series[0].uid
        tiles.apply(
            edits.set_planes(uid, PLANES, WHITE_1000), edits.set_overlays("none"),
            edits.set_crosshair(uid, PatientPoint(*map(float, centre))), edits.set_tool("window"),
        )  # fmt: skip
        tiles.until(lambda: all(tiles.scene(t).volume is not None for t in range(3)))
        tiles.settle()
        at = _pixel_of(tiles, centre, tile)
        px_per_mm = _px_per_mm(tiles, at, tile)
        tiles.apply(edits.set_tool("sphere"))
        reach = 1.6 * (volume * 3 / 4 / math.pi) ** (1 / 3)
        tiles.drag(at, at + QPoint(round(reach * px_per_mm), 0), tile=tile)
        first = said_beside(tiles, tile).split("\n")[0]
        found = numbers_in(first)[0] * (1000 if " cm³" in first else 1)
        assert found == pytest.approx(volume, rel=share)


def _px_per_mm(tiles: Tiles, at: QPoint, tile: int) -> float:
    one, two = (place_in(pointed(tiles, at + QPoint(x, 0), tile)) for x in (0, 100))
    return 100 / float(np.linalg.norm(two - one))


def _pixel_of(tiles: Tiles, place: Vector, tile: int) -> QPoint:
    """The pixel of a tile at which the status line says this place, by three others."""
    at = [QPoint(300, 300), QPoint(400, 300), QPoint(300, 400)]
    places = [place_in(pointed(tiles, pixel, tile)) for pixel in at]
    seen = Seen(places, [np.array([p.x(), p.y()], float) for p in at])
    steps = np.column_stack([seen.right, seen.down]) * seen.mm_per_px
    found = np.linalg.lstsq(steps, place - places[0], rcond=None)[0]
    return QPoint(round(300 + found[0]), round(300 + found[1]))


def _mm_per_px(tiles: Tiles) -> float:
    one, two = (place_in(pointed(tiles, QPoint(x, 360))) for x in (260, 460))
    return float(np.linalg.norm(two - one)) / 200


def _screen_of(tiles: Tiles, place: Vector) -> Vector:
    """Where the pointer must go so that the status line says this place (axial, unturned)."""
    per_px = _mm_per_px(tiles)
    here = place_in(pointed(tiles, QPoint(360, 360)))
    return np.array([360.0, 360.0]) + (place - here)[:2] / per_px
