"""Phantoms mirrored and exchanged: the pixels by pydicom, the truths as the program reads them, and
the figures that compare the answers before and after the turn."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from demo_model.turned import turn_all, write_mirrored, write_swapped
from demo_model.turned_figures import moved, turned_round

from assistant.evaluation.kept import Answer, Kept
from assistant.evaluation.phantoms import read_phantoms
from assistant.evaluation.run import How, key_of
from resources import path as resource
from viewer.spaces import FrameBox

MODEL = {"model": "1", "projector": "2"}


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory):
    """A folder of one phantom: the shipped study, without its CT."""
    folder = tmp_path_factory.mktemp("phantoms")
    skip = shutil.ignore_patterns("ct", "README.md")
    shutil.copytree(resource("demo_study"), folder / "1180", ignore=skip)
    return folder


@pytest.fixture(scope="module")
def mirrored(phantoms, tmp_path_factory):
    out = tmp_path_factory.mktemp("mirrored")
    turn_all(phantoms, out, write_mirrored)
    return out


@pytest.fixture(scope="module")
def swapped(phantoms, tmp_path_factory):
    out = tmp_path_factory.mktemp("swapped")
    turn_all(phantoms, out, write_swapped)
    return out


def x_ray(folder, role="current"):
    return pydicom.dcmread(folder / "1180" / f"xray_{role}" / "pa.dcm")


def boxes(folder) -> dict:
    """True boxes of the current X-ray by label, as the evaluation reads them."""
    items = read_phantoms(folder, "boxes").items
    return {i.label: i.truth.boxes[0] for i in items if " current " in i.id and i.truth.boxes}


def inside(pixels, box):
    return pixels[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]


def test_mirroring_reverses_the_columns_and_leaves_every_tag_alone(phantoms, mirrored) -> None:
    before, after = x_ray(phantoms), x_ray(mirrored)
    assert np.array_equal(after.pixel_array, np.fliplr(before.pixel_array))
    assert not np.array_equal(after.pixel_array, before.pixel_array)
    del before.PixelData, after.PixelData
    assert after == before
    assert after.file_meta == before.file_meta


def test_a_mirrored_box_holds_the_same_pixels_and_the_lungs_exchange_names(
    phantoms, mirrored
) -> None:
    names = {"right lung": "left lung", "left lung": "right lung"}
    before, after = boxes(phantoms), boxes(mirrored)
    assert set(after) == set(before) == {"right lung", "left lung", "heart", "nodule", "effusion"}
    one, other = x_ray(phantoms).pixel_array, x_ray(mirrored).pixel_array
    for label, box in before.items():
        turned = after[names.get(label, label)]
        assert np.array_equal(np.fliplr(inside(other, turned)), inside(one, box))
    assert after["right lung"].centre.column < 512 < after["left lung"].centre.column
    assert before["nodule"].centre.column > 512 > after["nodule"].centre.column


def test_a_mirrored_phantom_is_its_current_x_ray_alone(mirrored) -> None:
    assert {i.id.split()[1] for i in read_phantoms(mirrored, "boxes").items} == {"current"}
    assert not read_phantoms(mirrored, "change").items
    assert not read_phantoms(mirrored, "volume").items


def test_swapping_exchanges_the_images_and_what_is_said_of_them(phantoms, swapped) -> None:
    before = {i.id: i for i in read_phantoms(phantoms, "change").items}
    after = {i.id: i for i in read_phantoms(swapped, "change").items}
    assert {i.label: i.truth.word for i in before.values()} == {
        "effusion": "improved", "nodule": "worsened",
    }  # fmt: skip
    assert {i.label: i.truth.word for i in after.values()} == {
        "effusion": "worsened", "nodule": "improved",
    }  # fmt: skip
    for name, item in before.items():
        places = [(p.name, p.sop_instance_uid) for p in item.places]
        assert [(p.name, p.sop_instance_uid) for p in after[name].places] == places[::-1]
    for role in ("prior", "current"):
        part = f"1180/xray_{role}/pa.dcm"
        assert (swapped / part).read_bytes() == (phantoms / part).read_bytes()


def test_boxes_stay_with_their_image_when_the_roles_are_exchanged(phantoms, swapped) -> None:
    said = [json.loads((f / "1180" / "truth.json").read_text()) for f in (phantoms, swapped)]
    for uid, found in said[1]["boxes"].items():
        assert found == said[0]["boxes"][uid]
    assert len(said[1]["boxes"]) == 2


def test_what_is_there_is_not_made_again_and_what_is_half_made_is(phantoms, tmp_path) -> None:
    for turn, role in ((write_mirrored, "current"), (write_swapped, "prior")):
        out = tmp_path / role
        turn_all(phantoms, out, turn)
        truth = out / "1180" / "truth.json"
        truth.write_text("kept")
        turn_all(phantoms, out, turn)
        assert truth.read_text() == "kept"
        truth.unlink()
        turn_all(phantoms, out, turn)
        assert json.loads(truth.read_text())["seed"] == 1180
        assert x_ray(out, role).Columns == 1024


def keep(folder, path, task, change=lambda _item, answer: answer):
    """Answers that are the truth, changed item by item, as an evaluation keeps them."""
    kept = Kept(path)
    for item in read_phantoms(folder, task).items:
        key = key_of(item, How(), MODEL)
        answer = Answer(key, item.id, "", True, 1.0, item.truth.boxes, verdict=item.truth.word)
        kept.add(change(item, answer))
    return folder, path


def shift(label: str, columns: float):
    """A change that moves the boxes of a label to the right."""

    def change(item, answer):
        if item.label != label:
            return answer
        moved = (FrameBox(b.left + columns, b.top, b.right + columns, b.bottom)
                 for b in answer.boxes)  # fmt: skip
        return replace(answer, boxes=tuple(moved))

    return change


def test_boxes_that_follow_the_mirror_have_moved(phantoms, mirrored, tmp_path) -> None:
    plain = keep(phantoms, tmp_path / "plain", "boxes")
    found = moved(plain, keep(mirrored, tmp_path / "mirrored", "boxes"), MODEL)
    assert found["heart"]["moved"] == {"value": 1.0, "count": 1}
    assert found["nodule"]["other_side"] == {"value": 1.0, "count": 1}
    assert found["pneumothorax"]["moved"] == {"value": None, "count": 0}


@pytest.mark.parametrize(("columns", "share"), [(30, 1.0), (-30, 1.0), (32, 0.0), (-32, 0.0)])
def test_three_hundredths_of_the_width_are_near(
    phantoms, mirrored, tmp_path, columns, share
) -> None:
    plain = keep(phantoms, tmp_path / "plain", "boxes")
    other = keep(mirrored, tmp_path / "mirrored", "boxes", shift("nodule", columns))
    found = moved(plain, other, MODEL)
    assert found["nodule"]["moved"] == {"value": share, "count": 1}
    assert found["nodule"]["other_side"] == {"value": 1.0, "count": 1}
    assert found["heart"]["moved"]["value"] == 1.0


def test_boxes_that_stay_have_not_moved(phantoms, mirrored, tmp_path) -> None:
    plain = keep(phantoms, tmp_path / "plain", "boxes")
    first = boxes(phantoms)
    stay = lambda i, a: replace(a, boxes=(first[i.label],)) if a.boxes else a  # noqa: E731
    found = moved(plain, keep(mirrored, tmp_path / "mirrored", "boxes", stay), MODEL)
    for label in ("nodule", "effusion"):
        assert found[label]["moved"]["value"] == found[label]["other_side"]["value"] == 0.0


def test_a_finding_without_a_box_and_another_models_answers_are_not_counted(
    phantoms, mirrored, tmp_path
) -> None:
    plain = keep(phantoms, tmp_path / "plain", "boxes", lambda _i, a: replace(a, boxes=()))
    other = keep(mirrored, tmp_path / "mirrored", "boxes")
    assert moved(plain, other, MODEL)["heart"]["moved"]["count"] == 0
    assert moved(other, other, MODEL)["heart"]["moved"]["count"] == 1
    assert moved(other, other, {**MODEL, "model": "3"})["heart"]["moved"]["count"] == 0


def test_changes_that_turn_round_and_changes_that_do_not(phantoms, swapped, tmp_path) -> None:
    plain = keep(phantoms, tmp_path / "plain", "change")
    right = keep(swapped, tmp_path / "right", "change")
    assert turned_round(plain, right, MODEL) == {"turned": {"value": 1.0, "count": 2}}
    same = lambda _i, a: replace(a, verdict="worsened")  # noqa: E731
    stuck = keep(swapped, tmp_path / "stuck", "change", same)
    assert turned_round(plain, stuck, MODEL) == {"turned": {"value": 0.5, "count": 2}}
    stable = keep(
        phantoms, tmp_path / "stable", "change", lambda _i, a: replace(a, verdict="stable")
    )
    assert turned_round(stable, right, MODEL) == {"turned": {"value": None, "count": 0}}
