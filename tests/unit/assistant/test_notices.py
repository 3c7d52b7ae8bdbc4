"""The exact strings that a reader is promised."""

from assistant import notices
from assistant.notices import copied, notice_of
from assistant.subjects import warnings_of
from viewer.study import Instance, PatientFacts, Series, StudyFacts


def series(modality: str, burned_in: str = "") -> Series:
    facts = StudyFacts(modality=modality, burned_in=burned_in)
    instance = Instance("p", "1", "2", PatientFacts(), facts)
    return Series("s", modality, "", 1, (instance,))


def test_the_draft_line_names_the_model() -> None:
    assert notice_of("MedGemma 1.5 4B") == (
        "AI draft – may be wrong, may miss things, check every word. MedGemma 1.5 4B"
    )


def test_other_lines() -> None:
    assert notices.STAND_IN == "Its words mean nothing. It shows how asking works."
    assert notices.NAMED_NOTHING == "The model named nothing. That is not a normal finding."
    assert notices.BEFORE_FIRST == (
        "The model answers when you ask, never before. Its answer is a draft for you to check."
    )


def test_a_copy_carries_the_notice_and_the_records_id() -> None:
    text = copied("All clear. ", model_name="M", record_id="abc")
    assert text == f"All clear.\n\n{notice_of('M')}\nRecord abc"


def test_kinds_that_the_model_was_not_made_for_are_said() -> None:
    for modality in ("US", "MG", "PT", "NM", "XA", "RF", "IO", "PX", "ECG", "OT"):
        assert "Not among the kinds this model was made for" in warnings_of(series(modality))[0]
    for modality in ("CR", "DX", "CT", "MR"):
        assert warnings_of(series(modality)) == ()


def test_words_in_the_image_are_said() -> None:
    said = "Words written in the image are shown to the model too."
    assert warnings_of(series("CT", burned_in="YES")) == (said,)
    assert said in warnings_of(series("US"))
