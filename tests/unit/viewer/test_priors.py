"""Priors: of the same patient, older, alike; never across doubt."""

from dataclasses import replace

import pytest

from viewer.priors import is_same_patient, propose
from viewer.reading.grouping import group
from viewer.reading.workers import Found, Workers
from viewer.study import Instance, PatientFacts, PixelFormat, StudyFacts

JANE = PatientFacts("Doe^Jane", "P1", birth_date="19700101", sex="F")


def image(uid, date, *, patient=JANE, modality="DX", **facts):
    study = StudyFacts(
        study_uid=f"1.{uid}", series_uid=f"2.{uid}", study_date=date, modality=modality, **facts
    )
    return Instance(f"/f/{uid}", f"3.{uid}", "1.2", patient, study, pixels=PixelFormat(8, 8))


def proposed(current, *others):
    library = group([current, *others])
    series = library.find_series(current.study.series_uid)
    study = library.study_of(current.study.series_uid)
    proposal = propose(study, series, library)
    return None if proposal is None else proposal.series.uid


NOW = image("now", "20240301", view_position="PA", body_part="CHEST")


def test_the_latest_older_study_is_proposed():
    assert (
        proposed(NOW, image("a", "20220101"), image("b", "20230101"), image("c", "20250101"))
        == "2.b"
    )


def test_the_same_view_wins_over_a_later_date():
    lateral = image("lat", "20240201", view_position="LL", body_part="CHEST")
    frontal = image("pa", "20230201", view_position="PA", body_part="CHEST")
    assert proposed(NOW, lateral, frontal) == "2.pa"


def test_computed_and_digital_radiographs_compare_and_ct_does_not():
    assert proposed(NOW, image("cr", "20230101", modality="CR")) == "2.cr"
    assert proposed(NOW, image("ct", "20230101", modality="CT")) is None


@pytest.mark.parametrize(
    "stranger",
    [
        replace(JANE, id="P2"),
        replace(JANE, id=""),
        replace(JANE, birth_date="19710101"),
        replace(JANE, sex="M"),
        replace(JANE, name="Doe^John"),
    ],
)
def test_nobody_else_is_proposed(stranger):
    assert proposed(NOW, image("other", "20230101", patient=stranger)) is None


def test_a_study_without_a_date_is_not_proposed():
    assert proposed(NOW, image("undated", "")) is None


def test_names_may_differ_in_case_and_delimiters():
    assert is_same_patient(JANE, replace(JANE, name="DOE^JANE^^"))


def test_the_radiograph_pairs_find_each_other(shared_data):
    workers = Workers(1)
    parts = list(workers.scan([str(shared_data / "cxr_pairs_as_dicom")]))
    workers.close()
    library = group([p.instance for p in parts if isinstance(p, Found)])
    pairs = []
    for _patient, study, series in library.all_series():
        proposal = propose(study, series, library)
        if proposal is not None:
            pairs.append(
                (series.first.path.split("/")[-2:], proposal.series.first.path.split("/")[-2:])
            )
    assert sorted(pairs) == [
        ([person, "current.dcm"], [person, "prior.dcm"]) for person in ("p001", "p002", "p003")
    ]
