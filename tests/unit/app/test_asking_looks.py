"""What a question is about: pairs, planes, volumes, kinds the model was not made for."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from room import Room, answer_with
from series import make_series

from assistant.displays import CT_WINDOWS
from viewer import edits
from viewer.annotations import PlaneRef
from viewer.errors import UserError
from viewer.spaces import PatientPoint
from viewer.state import TileWindow
from viewer.study import FrameRef, Window
from viewer.tools.planes import to_patient


@pytest.fixture
def room(tmp_path: Path):
    made = Room(tmp_path)
    yield made
    made.close()


def pair(room, folder: Path, **prior) -> tuple[str, str]:
    """A prior of 2020 and a current film of 2024, side by side; their series, current first."""

    def earlier(dataset, _index) -> None:
        dataset.StudyDate = "20200220"

    old = make_series(folder / "a", (1, 40, 40), modality="CR", change=earlier, **prior)
    new = make_series(folder / "b", (1, 60, 60), modality="CR")
    room.open(old.folder, new.folder)
    room.store.apply(edits.show_side_by_side(new.series_uid, old.series_uid))
    return new.series_uid, old.series_uid


def test_a_change_is_asked_twice_and_must_turn_round_with_the_images(room, tmp_path) -> None:
    pair(room, tmp_path)
    room.script(answer=["Final Answer: worsened", "Final Answer: improved"])
    room.ask("change", "opacity")
    first, second = room.asked()
    assert first["pictures"] == second["pictures"][::-1]
    assert (room.turn.verdict, room.turn.swapped) == ("worsened", "improved")

    room.script(answer=["Final Answer: stable", "Final Answer: worsened"])
    room.ask("change", "effusion")
    assert (room.turn.verdict, room.turn.swapped) == ("stable", "worsened")


def test_the_prior_goes_first_wherever_it_stands(room, tmp_path) -> None:
    pair(room, tmp_path)
    room.store.apply(edits.swap_tiles(0, 1))
    room.ask("compare")
    assert [s.role for s in room.turn.seen] == ["prior", "current"]
    assert room.turn.identity.startswith("Same patient")


def test_a_comparison_is_one_conversation_whichever_tile_is_active(room, tmp_path) -> None:
    pair(room, tmp_path)
    room.ask("compare")
    room.store.apply(edits.set_active(1))
    room.ask("describe", "And this one?")
    room.ask("compare")
    assert [t.task for t in room.asking.conversation.turns] == ["compare", "describe", "compare"]
    assert [s.role for s in room.asking.conversation.turns[1].seen] == ["prior"]


def test_two_patients_are_never_compared(room, tmp_path) -> None:
    pair(room, tmp_path, name="Roe^Richard")
    with pytest.raises(UserError, match="different patients"):
        room.asking.ask_active("compare", "")
    assert room.asked() == []


def test_a_comparison_needs_two_images(room, tmp_path) -> None:
    room.open(make_series(tmp_path / "a", (1, 20, 20), modality="CR").folder)
    with pytest.raises(UserError, match="Show a prior"):
        room.asking.ask_active("compare", "")


def test_the_tiles_window_is_what_the_model_sees(room, tmp_path) -> None:
    values = np.full((1, 224, 224), 100, np.int16)
    size = {"spacing_mm": (1, 1, 1), "values": values}
    room.open(make_series(tmp_path / "a", (1, 224, 224), **size).folder)
    room.script(image_size=224)
    window = Window(100, 200, "linear_exact")
    room.store.apply(edits.set_window(0, TileWindow(window, "user")))
    room.ask("describe")
    assert set(np.unique(room.turn.seen[0].pixels)) == {128}


def test_a_box_on_a_plane_lies_where_the_plane_lies(room, tmp_path) -> None:
    """A coronal plane of 20 slices at 2 mm and 40 columns at 1 mm: 40 x 40 mm, a square."""
    truth = make_series(tmp_path / "a", (20, 40, 40), spacing_mm=(2, 1, 1))
    room.open(truth.folder)
    room.store.apply(edits.set_planes(truth.series_uid, ("coronal",), TileWindow()))
    room.script(answer=answer_with((0, 0, 500, 250), label="thing"))
    room.ask("find", "thing")
    (mark,) = room.marks
    assert isinstance(mark.where, PlaneRef)
    middle = to_patient(mark.where, mark.box.centre)
    x0, _y0, z0 = truth.positions[0]
    assert middle.x == pytest.approx(x0 - 0.5 + 5, abs=0.51)
    assert middle.z == pytest.approx(z0 - 1 + 40 - 10, abs=0.51)
    assert isinstance(middle, PatientPoint)


def test_of_a_plane_the_part_within_the_volume_is_shown(room, tmp_path) -> None:
    """A sagittal plane of 10 slices at 1 mm and 40 rows lies in a canvas of 40 x 40 px."""
    truth = make_series(tmp_path / "a", (10, 40, 40), spacing_mm=(1, 1, 1))
    room.open(truth.folder)
    room.store.apply(edits.set_planes(truth.series_uid, ("sagittal",), TileWindow()))
    room.script(answer=answer_with((375, 0, 625, 1000), label="all"))
    room.ask("find", "all")
    (mark,) = room.marks
    assert (mark.where.columns, mark.where.rows) == (40, 40)
    assert (mark.box.left, mark.box.right) == pytest.approx((0, 40), abs=0.1)
    assert (mark.box.top, mark.box.bottom) == pytest.approx((15, 25), abs=0.6)


def test_a_3d_picture_cannot_be_asked_about(room, tmp_path) -> None:
    truth = make_series(tmp_path / "a", (5, 8, 8))
    room.open(truth.folder)
    room.store.apply(edits.show_series(0, truth.series_uid, kind="volume"))
    with pytest.raises(UserError, match="3D picture"):
        room.asking.ask_active("describe", "")
    assert "3D picture" in room.asking.subject.blocked


def test_a_ct_volume_is_shown_in_the_three_windows_of_the_training(room, tmp_path) -> None:
    def in_hu(dataset, _index) -> None:
        dataset.RescaleType = "HU"
        dataset.RescaleIntercept, dataset.RescaleSlope = -1024, 1

    room.script(image_size=32)
    values = np.full((20, 32, 32), 1024 + 40, np.int16)
    more = {"spacing_mm": (1, 1, 1), "values": values, "change": in_hu}
    room.open(make_series(tmp_path / "a", (20, 32, 32), **more).folder)
    room.ask("volume")
    assert len(room.turn.seen) == 8
    expected = [round((40 - low) / (high - low) * 255) for low, high in CT_WINDOWS]
    assert room.turn.seen[0].pixels[0, 0].tolist() == pytest.approx(expected, abs=1)
    assert room.turn.notes[0] == "The model saw 8 of 20 slices."
    assert "cannot be seen" in room.turn.notes[1]
    texts = [text for kind, text, _image in room.asked()[0]["parts"] if kind == "ours"]
    assert "SLICE 8" in texts[-1]


def test_boxes_are_off_for_kinds_the_model_was_not_made_for(room, tmp_path) -> None:
    room.open(make_series(tmp_path / "a", (1, 20, 20), modality="MG").folder)
    find = next(o for o in room.asking.subject.offers if o.task_id == "find")
    assert find.reason
    assert room.asking.subject.may_allow_boxes
    with pytest.raises(UserError, match="not made for boxes"):
        room.asking.ask_active("find", "nodule")
    room.asking.allow_boxes()
    find = next(o for o in room.asking.subject.offers if o.task_id == "find")
    assert not find.reason


def test_a_prior_is_offered_with_its_date(room, tmp_path) -> None:
    current, _prior = pair(room, tmp_path)
    room.store.apply(edits.set_layout(1, 1))
    room.store.apply(edits.show_series(0, current))
    offer = room.asking.subject.offers[-1]
    assert (offer.title, offer.is_proposal) == ("Compare 2020-02-20", True)
    assert room.asking.proposed().prior_study.date == "20200220"


def test_a_mark_of_ones_own_is_said_in_words(room, tmp_path) -> None:
    from app.mark_words import words_of
    from viewer.annotations import Annotation
    from viewer.calibration import calibration_of
    from viewer.spaces import FramePoint

    truth = make_series(tmp_path / "a", (1, 40, 40), spacing_mm=(1, 2, 2))
    room.open(truth.folder)
    where = room.library.find_series(truth.series_uid).stacks[0].frames[0]
    points = (FramePoint(0, 0), FramePoint(10, 0))
    mark = Annotation("m", "length", truth.series_uid, where, points)
    title, place = words_of(mark, room.library, calibration_of)
    assert title == "Distance 20.0 mm"
    assert place


def test_a_mark_on_a_slab_names_its_basis_and_its_plane(room) -> None:
    from app.mark_words import words_of
    from viewer.annotations import Annotation, PlaneRef
    from viewer.calibration import calibration_of
    from viewer.spaces import FramePoint, PatientPoint
    from viewer.state import Slab, TileWindow

    plane = PlaneRef("1.2", PatientPoint(0, 0, -101.84), (1, 0, 0), (0, 1, 0), 2.0, 90, 90)
    points = (FramePoint(0, 0), FramePoint(20, 20))
    mark = Annotation("m", "box", "1.2", plane, points)
    room.store.apply(edits.set_planes("1.2", ("axial", "coronal", "sagittal"), TileWindow()))

    def words() -> tuple[str, str]:
        return words_of(mark, room.library, calibration_of, state=room.store.state)

    assert words() == ("Box 16.0 cm²", "Axial, F 101.8 mm")
    room.store.apply(edits.set_slab(1, Slab(20.0)))
    assert words() == ("Box 16.0 cm²", "Axial, F 101.8 mm")
    room.store.apply(edits.set_slab(0, Slab(20.0)))
    assert words() == ("Box 16.0 cm²", "in projection · Axial, F 101.8 mm")


@pytest.mark.parametrize("task_id", ["describe", "find", "compare", "change", "yesno"])
def test_every_answer_has_a_whole_record(room, tmp_path, task_id) -> None:
    pair(room, tmp_path)
    room.ask(task_id, "heart")
    record = json.loads(room.history.provenance(room.turn.provenance_id))
    assert record["id"] == room.turn.provenance_id
    assert record["model"]["sha256"]
    assert record["model"]["projector_sha256"]
    assert record["prompt"]["task"] == task_id
    assert record["prompt"]["words"] == "heart"
    assert len(record["prompt"]["template_sha256"]) == 64
    assert record["settings"]["temperature"] == 0
    assert record["settings"]["stop"] == "end"
    assert record["identity"]["patient_key"] == room.asking.conversation.patient_key
    assert record["outcome"]["answer_sha256"]
    is_pair = task_id in {"compare", "change"}
    roles = [seen["role"] for seen in record["seen"]]
    assert roles == (["prior", "current"] if is_pair else ["current"])
    for seen, picture in zip(record["seen"], room.turn.seen, strict=True):
        digest = hashlib.sha256(picture.pixels.tobytes()).hexdigest()
        assert seen["rgb_sha256"] == picture.digest == digest
        assert seen["window_name"] or seen["window"]
        stored = room.frames.get(FrameRef(seen["sop_instance_uid"], seen["frame_number"]))
        assert seen["source_sha256"] == hashlib.sha256(stored.pixels.tobytes()).hexdigest()
