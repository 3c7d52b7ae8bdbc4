"""Prior and current in the real window: prior first to the model, a box on the image it was for."""

import pytest
from asker import Asker, Engineer
from room import answer_with

from viewer.edits import set_active


@pytest.fixture
def engineer(tmp_path, monkeypatch):
    return Engineer(tmp_path / "script.json", monkeypatch)


@pytest.fixture
def pair(shared_data):
    return shared_data / "cxr_pairs_as_dicom" / "p003"


def test_both_images_go_to_the_model_prior_first(engineer, ready_reader, pair, qtbot):
    engineer.says(answer="The opacity covers more of the zone.")
    ready_reader.open(pair).wait_for_image()
    assert [t.role for t in ready_reader.state.doc.tiles] == ["current", "prior"]
    asker = Asker(ready_reader, qtbot)
    asker.press_chip("Compare")
    asker.wait()
    (asked,) = engineer.was_asked()
    pieces = [f"<{image}>" if kind == "image" else text for kind, text, image in asked["parts"]]
    assert "".join(pieces).startswith(
        "<start_of_turn>user\nImage 1 (prior, 2020-02-20):\n\n<0>\n\n"
        "Image 2 (current, 2020-03-03):\n\n<1>\n\n"
    )
    seen = asker.turns[0].seen
    assert [(s.number, s.role, s.date) for s in seen] == [
        (1, "prior", "20200220"),
        (2, "current", "20200303"),
    ]
    assert [p[2] for p in asked["pictures"]] == [s.digest for s in seen]


def test_a_box_lands_on_the_image_that_was_asked_about(engineer, ready_reader, pair, qtbot):
    engineer.says(answer=answer_with((200, 200, 600, 600), label="opacity"))
    ready_reader.open(pair).wait_for_image()
    asker = Asker(ready_reader, qtbot)
    current, prior = (t.series_uid for t in ready_reader.state.doc.tiles)
    asker.asking.ask_active("find", "opacity")
    asker.wait()
    assert [m.series_uid for m in ready_reader.state.doc.annotations] == [current]

    ready_reader.program.store.apply(set_active(1))
    asker.asking.ask_active("find", "opacity")
    asker.until(lambda: len(ready_reader.state.doc.annotations) == 2)
    assert [m.series_uid for m in ready_reader.state.doc.annotations] == [current, prior]
