"""Right patient, right prior."""

from dataclasses import replace

import pytest

from app.asking.comparing import compare_with_prior, make_pair
from app.asking.identity import check_identity
from app.store import Store
from viewer.errors import UserError
from viewer.study import Instance, PatientFacts, Series, Study, StudyFacts

SAME = PatientFacts(name="Doe^Jane", id="1", birth_date="19700101", sex="F")


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({}, "same", "Same patient: ID, name, birth date and sex agree."),
        ({"name": "DOE^JANE "}, "same", "agree"),
        ({"name": "Jane Doe"}, "same", "agree"),
        ({"birth_date": ""}, "same", "ID, name and sex agree"),
        ({"id": "2"}, "doubtful", "the IDs differ"),
        ({"id": ""}, "doubtful", "an ID is missing"),
        ({"issuer": "other"}, "doubtful", "the IDs differ"),
        ({"birth_date": "19700102"}, "different", "birth date disagree"),
        ({"sex": "M"}, "different", "sex disagree"),
        ({"name": "Roe^Jane"}, "different", "name disagree"),
        ({"name": "Roe^Jane", "id": "2"}, "different", "ID and name disagree"),
    ],
)
def test_identity(changes, verdict, said) -> None:
    found = check_identity(replace(SAME, **changes), SAME)
    assert found.verdict == verdict
    assert said in found.sentence


def test_nothing_recorded_is_doubtful() -> None:
    found = check_identity(PatientFacts(), PatientFacts())
    assert found.verdict == "doubtful"
    assert "too little is recorded" in found.sentence


def test_what_is_missing_in_both_is_said() -> None:
    facts = replace(SAME, birth_date="")
    assert check_identity(facts, facts).sentence == (
        "Same patient: ID, name and sex agree. Birth date missing in both."
    )


def test_both_sides_of_a_difference_are_shown() -> None:
    found = check_identity(replace(SAME, id="2"), SAME)
    assert found.lines == ("ID: 2 (prior), 1 (current)",)


def study(date: str, patient=SAME, uid="1", **facts) -> tuple[Series, Study]:
    made = StudyFacts(modality="CR", **facts)
    series = Series(f"s{uid}", "CR", "", 1, (Instance("p", f"i{uid}", "2", patient, made),))
    return series, Study(f"st{uid}", date, "", "", patient, (series,))


@pytest.mark.parametrize(
    ("prior", "current", "said"),
    [
        (study("2020", uid="1"), study("2021", uid="2"), None),
        (study("2022", uid="1"), study("2021", uid="2"), "not older"),
        (study("", uid="1"), study("2021", uid="2"), "A date is missing"),
        (study("2020", uid="1"), study("2021", uid="1"), "the same image"),
        (study("2020", view_position="LL"), study("2021", uid="2", view_position="AP"),
         "The views differ: LL (prior), AP (current)."),
        (study("2020", body_part="HAND"), study("2021", uid="2", body_part="CHEST"), "body parts"),
    ],
)  # fmt: skip
def test_what_is_doubtful_about_a_pair_is_said(prior, current, said) -> None:
    pair = make_pair(*prior, *current)
    assert (said is None) == (pair.notes == ())
    assert said is None or any(said in note for note in pair.notes)


def test_a_doubt_needs_a_persons_word_and_a_contradiction_blocks() -> None:
    store = Store()
    asked = []
    doubtful = make_pair(*study("2020", replace(SAME, id="2")), *study("2021", uid="2"))
    assert not compare_with_prior(doubtful, store, confirm=lambda i: bool(asked.append(i)))
    assert len(asked) == 1
    assert store.state.doc.columns == 1
    assert compare_with_prior(doubtful, store, confirm=lambda _i: True)
    assert [t.role for t in store.state.doc.tiles] == ["current", "prior"]

    other = make_pair(*study("2020", replace(SAME, sex="M")), *study("2021", uid="2"))
    with pytest.raises(UserError, match="different patients"):
        compare_with_prior(other, store, confirm=lambda _i: True)
    with pytest.raises(UserError, match="No earlier study"):
        compare_with_prior(None, store, confirm=lambda _i: True)
