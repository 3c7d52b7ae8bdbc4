"""The exact strings that a reader is promised."""

from assistant import notices
from assistant.models.installed import DEMO_FOLDER, Installed, default_pair
from assistant.notices import called, copied, notice_of
from assistant.subjects import warnings_of
from resources import path as resource
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
    assert notices.PHANTOM_MODEL == (
        "Phantom demo model: knows drawn patients only, nothing of real ones"
    )
    assert notices.NOT_DRAWN == "This is no drawn patient. The demo model knows nothing of it."
    assert notices.NAMED_NOTHING == "The model named nothing. That is not a normal finding."
    assert notices.BEFORE_FIRST == (
        "The model answers when you ask, never before. Its answer is a draft for you to check."
    )


def test_a_copy_carries_the_notice_and_the_records_id() -> None:
    text = copied("All clear. ", model_name="M", record_id="abc")
    assert text == f"All clear.\n\n{notice_of('M')}\nRecord abc"


def test_a_copy_begins_with_what_stood_before_the_answer() -> None:
    text = copied("All clear. ", model_name="M", record_id="abc", warnings=(notices.NOT_DRAWN,))
    assert text == f"{notices.NOT_DRAWN}\n\nAll clear.\n\n{notice_of('M')}\nRecord abc"


def test_a_model_of_drawn_patients_is_called_by_what_it_knows() -> None:
    assert called("Anything", is_phantom_only=True) == notices.PHANTOM_MODEL
    assert called("MedGemma 1.5 4B", is_phantom_only=False) == "MedGemma 1.5 4B"


def test_the_shipped_demo_model_is_known_before_it_is_loaded() -> None:
    folder = resource(DEMO_FOLDER)
    demo = Installed(folder / "demo.gguf", folder / "demo-mmproj.gguf")
    assert (demo.is_phantom_only, demo.is_stand_in) == (True, False)
    tiny = resource("tiny_model")
    stand_in = Installed(tiny / "tiny.gguf", tiny / "tiny-mmproj.gguf")
    assert (stand_in.is_phantom_only, stand_in.is_stand_in) == (False, True)
    shipped = default_pair()
    assert shipped.is_phantom_only != shipped.is_stand_in


def test_kinds_that_the_model_was_not_made_for_are_said() -> None:
    for modality in ("US", "MG", "PT", "NM", "XA", "RF", "IO", "PX", "ECG", "OT"):
        assert "Not among the kinds this model was made for" in warnings_of(series(modality))[0]
    for modality in ("CR", "DX", "CT", "MR"):
        assert warnings_of(series(modality)) == ()


def test_words_in_the_image_are_said() -> None:
    said = "Words written in the image are shown to the model too."
    assert warnings_of(series("CT", burned_in="YES")) == (said,)
    assert said in warnings_of(series("US"))
