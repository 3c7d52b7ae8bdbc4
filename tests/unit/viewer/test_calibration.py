"""The table of calibration words, row by row (PS3.3 10.7.1, C.8.5.5)."""

from dataclasses import replace

import pytest

from viewer.annotations import PlaneRef
from viewer.calibration import calibration_of, calibration_of_plane
from viewer.spaces import FramePoint, PatientPoint
from viewer.study import (
    FrameFacts,
    FramePlane,
    Instance,
    PatientFacts,
    PixelFormat,
    Spacing,
    StudyFacts,
    UltrasoundRegion,
)

CAPTURE_CLASS = "1.2.840.10008.5.1.4.1.1.7"
A, B = (0.2, 0.2), (0.15, 0.15)


def made(modality: str, sop_class: str = "1.2", **spacing: object) -> Instance:
    return Instance(
        "x",
        "1",
        sop_class,
        PatientFacts(),
        StudyFacts(modality=modality),
        pixels=PixelFormat(100, 100),
        spacing=Spacing(**spacing),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("instance", "expected_spacing", "basis", "source"),
    [
        (made("CT", pixel=A), A, "", "pixel_spacing"),
        (made("MR", pixel=A, imager=B), A, "", "pixel_spacing"),
        (made("PT", pixel=A), A, "", "pixel_spacing"),
        (made("XA", "1.2.840.10008.5.1.4.1.1.13.1.1", pixel=A), A, "", "pixel_spacing"),
        (
            made("DX", pixel=A, imager=B, calibration_type="FIDUCIAL"),
            A,
            "(calibrated on an object)",
            "pixel_spacing",
        ),
        (
            made("CR", pixel=A, calibration_type="GEOMETRY"),
            A,
            "(magnification corrected)",
            "pixel_spacing",
        ),
        (
            made("DX", pixel=B, imager=A),
            B,
            "(calibrated, method not recorded)",
            "pixel_spacing",
        ),
        (
            made("CR", pixel=B, nominal=A),
            B,
            "(calibrated, method not recorded)",
            "pixel_spacing",
        ),
        (made("DX", pixel=A, imager=(0.20001, 0.2)), A, "at detector", "imager"),
        (
            made("MG", imager=(0.106, 0.106), magnification=1.06),
            (0.1, 0.1),
            "(estimated, magnification 1.06)",
            "imager",
        ),
        (made("MG", imager=A, magnification=1.0), A, "at detector", "imager"),
        (
            made("DX", imager=A, distance_source_detector_mm=1800, distance_source_patient_mm=1500),
            A,
            "at detector",
            "imager",
        ),
        (made("XA", imager=A), A, "at detector", "imager"),
        (made("CR", pixel=A), A, "(calibration not recorded)", "pixel_spacing"),
        (made("CR", nominal=A), A, "on film", "imager"),
        (made("OT", CAPTURE_CLASS, nominal=A), A, "on film", "imager"),
        (made("CT", CAPTURE_CLASS, pixel=A), A, "(secondary capture)", "pixel_spacing"),
        (made("OT", f"{CAPTURE_CLASS}.4", pixel=A), A, "(secondary capture)", "pixel_spacing"),
        (made("OP", pixel=A), A, "(calibration not recorded)", "pixel_spacing"),
        (made("US", pixel=A), None, "", "none"),
        (made("US", "1.2.840.10008.5.1.4.1.1.6.2", pixel=A), A, "", "pixel_spacing"),
        (made("DX"), None, "", "none"),
        (made("XC"), None, "", "none"),
    ],
)
def test_table(
    instance: Instance, expected_spacing: tuple[float, float] | None, basis: str, source: str
) -> None:
    found = calibration_of(instance)
    assert found.spacing_mm == (
        None if expected_spacing is None else pytest.approx(expected_spacing)
    )
    assert (found.basis, found.source, found.is_doubtful) == (basis, source, False)


def test_the_readers_own_calibration_wins() -> None:
    found = calibration_of(made("CT", pixel=A), by_user=(0.4, 0.2))
    assert (found.spacing_mm, found.basis) == ((0.4, 0.2), "(calibrated by you)")
    assert (found.source, found.aspect) == ("user", 2.0)


def test_a_place_in_the_patient_needs_no_words() -> None:
    plane = FramePlane((0, 0, 0), (1, 0, 0, 0, 1, 0))
    placed = replace(made("NM", pixel=A), plane=plane)
    assert calibration_of(placed).basis == ""
    assert calibration_of(made("NM", pixel=A)).basis == "(calibration not recorded)"


def test_a_place_may_stand_with_the_frame() -> None:
    plane = FramePlane((0, 0, 0), (1, 0, 0, 0, 1, 0))
    frames = (FrameFacts(plane=plane, pixel_spacing=A), FrameFacts(pixel_spacing=A))
    tomosynthesis = replace(made("OT"), frames=frames, frame_count=2)
    assert calibration_of(tomosynthesis, 1).basis == ""
    assert calibration_of(tomosynthesis, 2).basis == "(calibration not recorded)"


def test_slides_are_measured_in_micrometres() -> None:
    for modality, sop_class in (("SM", "1.2"), ("SC", "1.2.840.10008.5.1.4.1.1.77.1.6")):
        assert calibration_of(made(modality, sop_class, pixel=(0.0005, 0.0005))).is_microscopic


def test_aspect_alone_gives_a_shape_and_no_millimetres() -> None:
    found = calibration_of(made("DX", aspect=(2.0, 1.0)))
    assert (found.spacing_mm, found.aspect) == (None, 2.0)


@pytest.mark.parametrize(
    "spacing",
    [
        {"pixel": (0.0, 0.0)},
        {"pixel": (-0.2, 0.2)},
        {"imager": (float("nan"), 0.2)},
        {"pixel": (0.2, 0.1), "aspect": (1.0, 1.0)},
    ],
)
def test_values_that_contradict_are_doubtful(spacing: dict[str, tuple[float, float]]) -> None:
    found = calibration_of(made("CR", **spacing))
    assert (found.source, found.spacing_mm, found.is_doubtful) == ("none", None, True)


def test_spacing_that_changes_between_frames_of_a_film_is_doubtful() -> None:
    frames = (FrameFacts(pixel_spacing=A), FrameFacts(pixel_spacing=B))
    assert calibration_of(replace(made("XA", imager=A), frames=frames)).is_doubtful


def test_each_frame_of_an_enhanced_object_has_its_own_measures() -> None:
    frames = (FrameFacts(pixel_spacing=A), FrameFacts(pixel_spacing=B), FrameFacts())
    enhanced = replace(made("MR", pixel=(1.0, 1.0)), frames=frames, frame_count=3)
    found = [calibration_of(enhanced, n).spacing_mm for n in (1, 2, 3)]
    assert found == [A, B, (1.0, 1.0)]


TISSUE = UltrasoundRegion(0, 0, 100, 50, 3, 3, 0.02, 0.01)
SPECTRUM = UltrasoundRegion(0, 60, 100, 100, 4, 7, 0.01, -0.5)


def ultrasound(*regions: UltrasoundRegion) -> Instance:
    return replace(made("US"), regions=regions)


def test_both_ends_in_one_tissue_region_are_millimetres() -> None:
    found = calibration_of(
        ultrasound(TISSUE, SPECTRUM), points=(FramePoint(1, 1), FramePoint(99, 49))
    )
    assert found.spacing_mm == pytest.approx((0.1, 0.2))
    assert (found.source, found.basis) == ("region", "")


@pytest.mark.parametrize("end", [FramePoint(10, 70), FramePoint(10, 55), FramePoint(101, 10)])
def test_ends_in_different_regions_or_none_are_pixels(end: FramePoint) -> None:
    found = calibration_of(ultrasound(TISSUE, SPECTRUM), points=(FramePoint(1, 1), end))
    assert (found.source, found.spacing_mm, found.region) == ("none", None, None)


def test_a_spectrum_keeps_its_axes_apart() -> None:
    found = calibration_of(
        ultrasound(TISSUE, SPECTRUM), points=(FramePoint(5, 70), FramePoint(50, 80))
    )
    assert (found.spacing_mm, found.region) == (None, SPECTRUM)


def test_the_inner_of_two_regions_counts() -> None:
    inner = UltrasoundRegion(10, 10, 20, 20, 3, 3, 0.05, 0.05)
    found = calibration_of(ultrasound(TISSUE, inner), points=(FramePoint(11, 11),))
    assert found.spacing_mm == pytest.approx((0.5, 0.5))


def test_without_a_place_the_scale_is_that_which_all_tissue_regions_share() -> None:
    twin = replace(TISSUE, left=200, right=300)
    other = replace(TISSUE, delta_x=0.03)
    assert calibration_of(ultrasound(TISSUE, twin, SPECTRUM)).spacing_mm is not None
    assert calibration_of(ultrasound(TISSUE, other)).spacing_mm is None
    assert calibration_of(ultrasound(SPECTRUM)).spacing_mm is None


def test_a_plane_has_the_volumes_millimetres() -> None:
    plane = PlaneRef("1", PatientPoint(0, 0, 0), (1, 0, 0), (0, 1, 0), 0.7, 10, 10)
    assert calibration_of_plane(plane).spacing_mm == (0.7, 0.7)
    assert calibration_of_plane(plane, is_projection=True).basis == "in projection"
