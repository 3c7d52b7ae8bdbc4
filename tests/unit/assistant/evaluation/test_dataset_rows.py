"""Rows of a data set: what they mean, and the sentence for each that keeps no format."""

import json
from pathlib import Path

import pytest

from assistant.evaluation.dataset import read_rows
from viewer.errors import UserError
from viewer.spaces import FrameBox

BOX = {"left": 10, "top": 20.5, "right": 30, "bottom": 40}


def rows(folder: Path, *lines, name="set.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines) + "\n")
    return path


def test_each_task_reads_its_own_truth(tmp_path: Path) -> None:
    path = rows(
        tmp_path,
        {"task": "boxes", "image": "a.dcm", "question": "heart", "truth": [BOX]},
        {"task": "boxes", "image": "a.dcm", "question": "nodule", "truth": []},
        {"task": "yesno", "image": "a.dcm", "question": "Is it?", "label": "x", "truth": "Yes"},
        {
            "task": "change", "prior": "p", "image": "c", "question": "effusion",
            "truth": "worsening",
        },
        {"task": "report", "image": "a.dcm", "truth": "Clear lungs."},
        {"task": "volume", "image": "ct", "series": "1.2", "question": "Which?", "truth": 7},
        {"task": "volume", "image": "ct", "question": "Which?", "truth": "none"},
    )  # fmt: skip
    heart, nodule = read_rows(path, "boxes").items
    assert heart.truth.boxes == (FrameBox(10, 20.5, 30, 40),)
    assert (nodule.truth.boxes, nodule.label, nodule.id) == ((), "nodule", "2")
    (verdict,) = read_rows(path, "yesno").items
    assert (verdict.truth.word, verdict.label) == ("yes", "x")
    (change,) = read_rows(path, "change").items
    assert [p.path for p in change.places] == [tmp_path / "p", tmp_path / "c"]
    assert change.truth.word == "worsened"
    assert read_rows(path, "report").items[0].truth.text == "Clear lungs."
    seven, none = read_rows(path, "volume").items
    assert (seven.truth.slice_index, seven.places[0].series_uid) == (7, "1.2")
    assert none.truth.slice_index is None


def test_a_row_without_a_question_asks_for_each_label(tmp_path: Path) -> None:
    labelled = [{**BOX, "label": "heart"}, {**BOX, "label": "rib"}, {**BOX, "label": "rib"}]
    path = rows(tmp_path, {"id": "one", "image": "a", "truth": labelled, "absent": ["nodule"]})
    items = read_rows(path, "boxes").items
    assert [(i.id, i.question, len(i.truth.boxes)) for i in items] == [
        ("one heart", "heart", 1),
        ("one rib", "rib", 2),
        ("one nodule", "nodule", 0),
    ]


def test_csv_holds_the_same_columns_with_boxes_as_json(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text(
        "\ufeffimage,instance,frame,question,truth\r\n"
        f'a.dcm,1.2.3,2,heart,"[{json.dumps(BOX).replace(chr(34), chr(34) * 2)}]"\r\n'
        "b.dcm,,,nodule,[]\r\n",
        encoding="utf-8",
    )
    heart, nodule = read_rows(path, "boxes").items
    assert heart.truth.boxes == (FrameBox(10, 20.5, 30, 40),)
    assert (heart.places[0].sop_instance_uid, heart.places[0].frame_number) == ("1.2.3", 2)
    assert nodule.truth.boxes == ()


@pytest.mark.parametrize(
    ("row", "task", "reason"),
    [
        ("[1]", "boxes", "no JSON object"),
        ("{", "boxes", "no JSON object"),
        ("[" * 100_000, "boxes", "no JSON object"),
        ({"question": "heart", "truth": []}, "boxes", "image names no file"),
        ({"image": 3.5, "question": "heart", "truth": []}, "boxes", "image is not a text"),
        ({"image": "a", "question": "heart"}, "boxes", "has no truth"),
        ({"image": "a", "question": "heart", "truth": "left"}, "boxes", "no list of boxes"),
        ({"image": "a", "question": "h", "truth": [{**BOX, "left": True}]}, "boxes", "numbers"),
        ({"image": "a", "question": "h", "truth": [{**BOX, "left": 30}]}, "boxes", "wrong order"),
        ('{"image":"a","question":"h","truth":[{"left":NaN,"top":0,"right":1,"bottom":1}]}',
         "boxes", "numbers"),
        ({"image": "a", "truth": [BOX]}, "boxes", "each box needs a label"),
        ({"image": "a", "truth": [], "absent": [3]}, "boxes", "absent is a list"),
        ({"image": "a", "question": "q", "truth": "maybe"}, "yesno", "not yes or no"),
        ({"image": "a", "truth": "yes"}, "yesno", "asks nothing"),
        ({"image": "a", "question": "q", "truth": "stable"}, "change", "prior names no file"),
        ({"image": "a", "prior": "b", "question": "q", "truth": "gone"}, "change", "improved"),
        ({"image": "a", "truth": " "}, "report", "not a text"),
        ({"image": "a", "question": "q", "truth": -1}, "volume", "no number from 0"),
        ({"image": "a", "question": "q", "truth": 1.5}, "volume", "no number from 0"),
        ({"image": "a", "frame": 0.5, "question": "q", "truth": 1}, "volume", "number from 1"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_with_its_number(tmp_path: Path, row, task, reason) -> None:
    fine = {"task": "none of these", "image": "a"}
    with pytest.raises(UserError, match=r"^Row 2 of set\.jsonl: .*" + reason):
        read_rows(rows(tmp_path, fine, row), task)


def test_unreadable_files_are_a_sentence(tmp_path: Path) -> None:
    binary = tmp_path / "set.jsonl"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read"):
        read_rows(binary, "boxes")
    broken = tmp_path / "set.csv"
    broken.write_text('image,question,truth\na,"b\n')
    with pytest.raises(UserError, match="cannot be read as CSV"):
        read_rows(broken, "boxes")


def test_the_digest_names_the_question_and_not_its_truth(tmp_path: Path) -> None:
    image = tmp_path / "a.dcm"
    image.write_bytes(b"1")

    def digest(**changes) -> str:
        row = {"image": "a.dcm", "question": "heart", "truth": [], **changes}
        return read_rows(rows(tmp_path, row), "boxes").items[0].digest

    first = digest()
    assert digest(truth=[BOX]) == first
    assert digest(question="lung") != first
    assert digest(instance="1.2") != first
    image.write_bytes(b"12")
    assert digest() != first
