"""Reference lines against images whose planes are known by construction."""

from dataclasses import replace

import pytest

from viewer.spaces import FramePoint, PatientPoint
from viewer.tools.planes import Sheet, to_patient
from viewer.tools.reference_lines import Placed, lines_on

AXIAL = Placed(
    Sheet(PatientPoint(-100, -100, 40), (2.0, 0.0, 0.0), (0.0, 2.0, 0.0)), 100, 100, "1.2.3"
)
SAGITTAL = Placed(
    Sheet(PatientPoint(30, -80, 90), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)), 120, 100, "1.2.3"
)


def test_a_sagittal_image_is_a_line_from_front_to_back() -> None:
    (line,) = lines_on(AXIAL, [SAGITTAL])
    # x = 30 mm lies at column (30 + 100) / 2; y from -80 to 40 mm at rows 10 to 70.
    assert {line.ends[0], line.ends[1]} == {FramePoint(65, 10), FramePoint(65, 70)}
    assert abs(line.normal[0]) == pytest.approx(1)


def test_both_images_name_the_same_places() -> None:
    tilted = replace(
        SAGITTAL, sheet=Sheet(PatientPoint(10, -80, 90), (0.6, 0.8, 0.0), (0.0, 0.0, -0.9))
    )
    (line,) = lines_on(AXIAL, [tilted])
    for end in line.ends:
        place = to_patient(AXIAL.sheet, end)
        assert place.z == pytest.approx(40)
        assert (place.x - 10) * 0.8 == pytest.approx((place.y + 80) * 0.6)


def test_no_line_without_a_common_frame_or_without_a_crossing() -> None:
    assert lines_on(AXIAL, [replace(SAGITTAL, frame_of_reference="9")]) == ()
    unknown = replace(AXIAL, frame_of_reference="")
    assert lines_on(unknown, [replace(SAGITTAL, frame_of_reference="")]) == ()
    above = Sheet(PatientPoint(-100, -100, 60), (2.0, 0.0, 0.0), (0.0, 2.0, 0.0))
    assert lines_on(AXIAL, [replace(AXIAL, sheet=above)]) == ()
    beside = Sheet(PatientPoint(30, -80, 30), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
    assert lines_on(AXIAL, [replace(SAGITTAL, sheet=beside)]) == ()
