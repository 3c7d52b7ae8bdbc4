"""What the demo model is taught with: pictures as the program makes them, boxes that follow them,
numbers whose digits are exact distributions. The network itself needs PyTorch and is tried where
it is trained."""

import numpy as np
import pytest
import series
from demo_model import asked, windows
from demo_model.numbers import SPREAD, DigitTargets, rounded, written
from demo_model.pasted import pasted
from demo_model.pasted_slices import with_nodule
from demo_model.pool import Shift, coverage, mirrored
from demo_model.vocabulary import Tokenizer
from demo_model.volumes import PART, SLICES, Volumes, spread
from gguf import GGUFReader
from gguf_files import Vocabulary
from hypothesis import given
from hypothesis import strategies as st

import resources
from assistant.displays import CT_WINDOWS, Displays
from assistant.subjects import volume_looks
from viewer.reading.frames import Frames
from viewer.reading.grouping import group
from viewer.reading.workers import Found, Workers

TARGETS = DigitTargets()


def test_slices_are_taught_as_the_program_shows_them(tmp_path) -> None:
    hu = np.random.default_rng(1).integers(-1500, 1500, (2, 20, 30)).astype(np.int16)
    made = series.make_series(tmp_path, hu.shape, values=hu)
    workers = Workers(count=1)
    frames = Frames(workers)
    try:
        found = [p.instance for p in workers.scan([str(made.folder)]) if isinstance(p, Found)]
        frames.add(found)
        library = group(found)
        ((_patient, study, ct),) = library.all_series()
        source = Displays(frames, series=library.find_series, volume=lambda _uid, _index: None)
        for look, values in zip(volume_looks(study, ct), hu, strict=True):
            taught = np.stack([spread(values, *ends) for ends in CT_WINDOWS], axis=2)
            assert np.array_equal(source.display(look).levels, taught)
    finally:
        frames.close()
        workers.close()


def test_a_volume_gives_square_pictures_and_the_size_of_its_nodule() -> None:
    hu = np.full((PART, SLICES, 16, 16), 40, np.int16)
    boxes = np.full((PART, SLICES, 6, 4), np.nan, np.float32)
    boxes[1, 5, 3] = (0.2, 0.2, 0.4, 0.5)
    volumes = Volumes((hu,), boxes, 32)
    picture = volumes.picture(1, 5)
    assert (picture.shape, picture.dtype) == ((32, 32, 3), np.uint8)
    assert {tuple(p) for p in picture.reshape(-1, 3)} == {(132, 128, 128)}
    assert volumes.areas(1).argmax() == 5
    assert volumes.areas(1)[5] == pytest.approx(0.06)
    assert not volumes.areas(0).any()


@given(st.integers(0, 2**32 - 1))
def test_a_box_follows_its_picture(seed: int) -> None:
    picture = np.zeros((100, 100), np.uint8)
    picture[40:60, 30:70] = 255
    shift = Shift.draw(np.random.default_rng(seed))
    moved = shift.moved(picture) > 127
    (box,) = shift.boxes(np.array([[0.4, 0.3, 0.6, 0.7]], np.float32))
    rows, columns = np.flatnonzero(moved.any(1)), np.flatnonzero(moved.any(0))
    seen = [rows[0], columns[0], rows[-1] + 1, columns[-1] + 1]
    assert box * 100 == pytest.approx(seen, abs=1.01)


def test_coverage_is_the_share_of_each_cell() -> None:
    boxes = np.array([[[0.0, 0.0, 0.5, 0.25], [np.nan] * 4]], np.float32)
    shares = coverage(boxes, 4)
    assert shares.shape == (1, 2, 4, 4)
    assert np.array_equal(shares[0, 0, :, 0], [1, 1, 0, 0])
    assert not shares[0, 0, :, 1:].any()
    assert not shares[0, 1].any()


@given(st.integers(0, 1000), st.integers(0, 2**32 - 1))
def test_every_number_that_is_written_has_targets_for_its_digits(value: int, seed: int) -> None:
    text = written(value, np.random.default_rng(seed))
    assert text == str(int(text))
    assert int(text) % 10 == 0
    assert abs(int(text) - min(value, 990)) <= 3 * SPREAD + 5
    for place in range(len(text)):
        row = TARGETS.table[TARGETS.row(value, text[:place])]
        assert row.sum() == pytest.approx(1)
        assert row[int(text[place])] > 0


def test_digits_are_the_conditional_distribution_of_the_rounded_draw() -> None:
    around = np.arange(298 - 12, 298 + 13)
    weights = np.exp(-0.5 * ((around - 298) / SPREAD) ** 2)
    numbers = rounded(around)
    first = TARGETS.table[TARGETS.row(298, "")]
    assert first[2] == pytest.approx(weights[numbers < 300].sum() / weights.sum(), rel=1e-5)
    assert first[3] == pytest.approx(weights[numbers >= 300].sum() / weights.sum(), rel=1e-5)
    tens = TARGETS.table[TARGETS.row(298, "2")]
    own = weights[(numbers >= 290) & (numbers < 300)].sum() / weights[numbers < 300].sum()
    assert tens[9] == pytest.approx(own, rel=1e-5)
    assert TARGETS.table[TARGETS.row(298, "30")][0] == 1


def test_a_mirrored_picture_has_its_boxes_on_the_other_side() -> None:
    picture = np.zeros((100, 100), np.uint8)
    picture[20:40, 10:30] = 255
    boxes = np.full((6, 4), np.nan, np.float32)
    boxes[0], boxes[1] = (0.1, 0.05, 0.9, 0.45), (0.1, 0.55, 0.9, 0.95)
    boxes[3] = (0.2, 0.1, 0.4, 0.3)
    turned, moved = mirrored(picture, boxes)
    top, left, bottom, right = (round(100 * edge) for edge in moved[3])
    assert turned[top:bottom, left:right].all()
    assert turned.sum() == picture.sum()
    assert moved[0].tolist() == pytest.approx([0.1, 0.05, 0.9, 0.45])
    assert moved[1].tolist() == pytest.approx([0.1, 0.55, 0.9, 0.95])


@given(st.integers(0, 2**32 - 1))
def test_pasted_nodules_lie_in_their_boxes_and_nowhere_else(seed: int) -> None:
    picture = np.full((224, 224), 60, np.uint8)
    lungs = np.array([(0.1, 0.1, 0.8, 0.45), (0.1, 0.55, 0.8, 0.9)], np.float32)
    changed, boxes = pasted(picture, lungs, 0.0, np.random.default_rng(seed))
    outside = np.ones(picture.shape, bool)
    for top, left, bottom, right in boxes[~np.isnan(boxes[:, 0])] * 224:
        rows, columns = slice(int(top), int(np.ceil(bottom))), slice(int(left), int(np.ceil(right)))
        assert changed[rows, columns].max() > 70
        outside[rows, columns] = False
    assert (changed[outside] == 60).all()


def test_the_last_part_of_the_training_has_no_pasted_nodules() -> None:
    picture = np.full((224, 224), 60, np.uint8)
    lungs = np.array([(0.1, 0.1, 0.8, 0.45), (0.1, 0.55, 0.8, 0.9)], np.float32)
    changed, boxes = pasted(picture, lungs, 0.8, np.random.default_rng(1))
    assert (changed == picture).all()
    assert np.isnan(boxes).all()


@given(st.integers(0, 2**32 - 1))
def test_a_window_holds_the_patches_that_it_names(seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 255, (1, 224, 224), np.uint8)
    boxes = np.full((1, 6, 4), np.nan, np.float32)
    boxes[0, :2] = (0.1, 0.1, 0.8, 0.45), (0.1, 0.55, 0.8, 0.9)
    boxes[0, 3] = (0.5, 0.2, 0.56, 0.26)
    cuts = windows.cut(picture, boxes, 14, 6, rng)
    side = windows.SIDE
    for grey, fine in zip(cuts.greys, cuts.fine, strict=True):
        for place, number in enumerate(fine):
            row, column = divmod(int(number), 14)
            own = grey[place // side * 16 :, place % side * 16 :][:16, :16]
            assert (own == picture[0, row * 16 :, column * 16 :][:16, :16]).all()
    holds = np.isin(7 * 14 + 3, cuts.fine[0])
    assert holds


def test_unlearnt_questions_are_none_of_the_learnt_ones() -> None:
    rng = np.random.default_rng(2)
    learnt = {
        p.format(name=n) for p in asked.WHETHER for words in asked.ASKED.values() for n in words
    }
    drawn = {asked.unknown(rng) for _ in range(2000)}
    assert not drawn & (learnt | set(asked.REPORT) | set(asked.HELD_OUT))
    assert len(drawn) > 1500
    known = {word for words in asked.ASKED.values() for phrase in words for word in phrase.split()}
    assert not known & set(asked.THINGS.split())


def _lung_slice() -> np.ndarray:
    """Body with one lung, as HU: the lung from row 60 to 180 and column 40 to 120."""
    hu = np.full((256, 256), -1000, np.int16)
    hu[30:220, 20:236] = 40
    hu[60:180, 40:120] = -850
    return hu


def test_a_nodule_laid_into_a_slice_is_where_its_box_says() -> None:
    hu = _lung_slice()
    lungs = np.array([[60, 40, 180, 120], [np.nan] * 4], np.float32) / 256
    rng = np.random.default_rng(4)
    found = [with_nodule(hu, lungs, rng) for _ in range(40)]
    made = [laid for laid in found if laid is not None]
    assert len(made) > 25
    for picture, box in made:
        changed = np.argwhere(picture - hu > 400)
        edges = np.concatenate([changed.min(0), changed.max(0) + 1]) / 256
        assert np.abs(edges - box).max() <= 2 / 256
        assert np.all(hu[changed[:, 0], changed[:, 1]] == -850)


def test_no_nodule_is_laid_where_no_lung_is() -> None:
    nowhere = np.full((2, 4), np.nan, np.float32)
    assert with_nodule(_lung_slice(), nowhere, np.random.default_rng(1)) is None
    beside = np.array([[30, 130, 200, 220], [np.nan] * 4], np.float32) / 256
    assert with_nodule(_lung_slice(), beside, np.random.default_rng(1)) is None


def test_a_slices_name_is_one_token_and_a_coordinate_is_digits() -> None:
    fields = GGUFReader(resources.path("demo_model") / "demo.gguf").fields
    texts, scores, kinds = (
        fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "scores", "token_type")
    )
    tokenizer = Tokenizer(Vocabulary([text.encode() for text in texts], scores, kinds))
    for number in range(1, SLICES + 1):
        assert len(tokenizer.ids(f"SLICE {number}")) == 1
        assert len(tokenizer.ids(f" SLICE {number}")) == 1
    for number in ("7", "17", "240", "990"):
        assert tokenizer.ids(number) == [tokenizer.digits[int(digit)] for digit in number]
    assert tokenizer.text(tokenizer.ids("Nodule on SLICE 17.")) == "Nodule on SLICE 17."
