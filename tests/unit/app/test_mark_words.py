"""How a mark is called in the list."""

import pytest
from series import make_series

from app.mark_words import words_of
from viewer.annotations import Annotation
from viewer.calibration import Calibration
from viewer.parsing.facts import Memory
from viewer.parsing.scan import scan_file
from viewer.reading.grouping import group
from viewer.spaces import FramePoint
from viewer.study import FrameRef, Instance


@pytest.mark.parametrize(
    ("calibration", "title"),
    [
        (Calibration("none", aspect=1.2), "No length: pixels are not square"),
        (Calibration("none"), "Distance 5.0 px"),
    ],
)
def test_a_distance_without_a_number_is_a_sentence(tmp_path, calibration, title) -> None:
    folder = make_series(tmp_path, (1, 8, 8), modality="CR").folder
    (path,) = folder.iterdir()
    (instance,) = scan_file(str(path), Memory())
    assert isinstance(instance, Instance)
    where, points = FrameRef(instance.sop_instance_uid), (FramePoint(0, 0), FramePoint(3, 4))
    mark = Annotation("1", "length", instance.study.series_uid, where, points)
    assert words_of(mark, group([instance]), lambda _i, _n: calibration)[0] == title
