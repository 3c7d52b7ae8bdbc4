"""Files of other formats are called by their name; damaged and unknown ones are not."""

import gzip

import pytest

from viewer.parsing.facts import Memory
from viewer.parsing.foreign import foreign_kind
from viewer.parsing.scan import scan_file
from viewer.study import Skipped, SkipReason

NIFTI_1 = (348).to_bytes(4, "little") + bytes(340) + b"n+1\0" + bytes(200)
NIFTI_2 = (540).to_bytes(4, "big") + b"n+2\0\r\n\x1a\n" + bytes(540)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("anatomical.nii", "a NIfTI file"),
        ("example4d.nii.gz", "a NIfTI file"),
        ("liver_seg.nrrd", "an NRRD file"),
        ("pm_adc_3slices.nrrd", "an NRRD file"),
        ("pm_adc_3slices.mha", "a MetaImage file (MHA)"),
        ("chest_slice_plain.png", "a PNG picture"),
        ("chest_slice_plain.jpg", "a JPEG picture"),
        ("chest_slice_plain.tif", "a TIFF picture"),
    ],
)
def test_real_files_of_other_formats_are_named(shared_data, name, kind) -> None:
    (skipped,) = scan_file(str(shared_data / "nifti_other" / name), Memory())
    assert isinstance(skipped, Skipped)
    assert skipped.reason is SkipReason.NOT_DICOM
    assert skipped.sentence == f"It is {kind}, which this program does not read yet."


def test_the_name_of_a_file_says_nothing(tmp_path) -> None:
    path = tmp_path / "image.nii"
    path.write_bytes(b"%PDF-1.7\n" + bytes(200))
    (skipped,) = scan_file(str(path), Memory())
    assert "a PDF document" in skipped.sentence
    path.write_bytes(b"words of nobody, long enough to be a header " * 9)
    (skipped,) = scan_file(str(path), Memory())
    assert skipped.sentence == "It is not a DICOM file."


@pytest.mark.parametrize("head", [NIFTI_1, NIFTI_2, gzip.compress(NIFTI_1), gzip.compress(NIFTI_2)])
def test_both_versions_of_nifti_are_known_also_compressed(head) -> None:
    assert foreign_kind(head) == "a NIfTI file"


@pytest.mark.parametrize(
    "head",
    [b"", b"\x89PNG", NIFTI_1[:340], gzip.compress(NIFTI_1)[:12], gzip.compress(b"x" * 600),
     b"\x1f\x8b\x08" + b"\xff" * 60, b"Comment = about nothing\n"],
)  # fmt: skip
def test_what_breaks_off_or_is_something_else_has_no_name(head) -> None:
    assert foreign_kind(head) == ""


def test_a_file_that_inflates_to_very_much_is_read_a_little() -> None:
    bomb = gzip.compress(NIFTI_1 + bytes(20_000_000))
    assert foreign_kind(bomb[: 16 << 10]) == "a NIfTI file"
