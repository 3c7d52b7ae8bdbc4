"""Prompts to the letter of the model's training; nothing untrusted among our own words."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import prompts
from assistant.engines.protocol import Part
from assistant.prompts import Image, Template, Trusted, Untrusted
from assistant.tasks import TASKS
from assistant.tasks.find import object_of
from assistant.tasks.volume import sampled, usual_slices
from viewer import limits
from viewer.errors import UserError

END = Part("control", "<end_of_turn>\n<start_of_turn>model\n")
ONE = [{}]
PAIR = [{"number": "1", "date": "2020"}, {"number": "2", "date": "2021"}]


def parts(task_id, words="", *, images=ONE, think=False, **places):
    task = TASKS[task_id]
    template = task.template_for(words)
    values = {"words": task.words(words), "kind": "X-ray", "region": "chest", **places}
    return prompts.to_parts(prompts.build(template, values, images, think=think))


def string(made) -> str:
    return "".join(p.text if p.kind != "image" else "<image>" for p in made)


def test_describe_reads_as_in_training() -> None:
    assert parts("describe") == (
        Part("control", "<start_of_turn>user\n"),
        Part("ours", "You are an expert radiologist.\n\n\n\n"),
        Part("image", image=0),
        Part("ours", "\n\nDescribe this X-ray"),
        END,
    )


def test_thinking_stands_before_the_system_text() -> None:
    made = parts("describe", think=True)
    assert made[1].text.startswith(
        "SYSTEM INSTRUCTION: think silently if needed. You are an expert radiologist.\n\n\n\n"
    )


def test_an_image_that_leads_has_its_newlines_in_the_turns_mark() -> None:
    made = parts("find", "Where is the right lung?")
    assert made[0] == Part("control", "<start_of_turn>user\n\n\n")
    assert made[1] == Part("image", image=0)
    assert made[2].text.startswith("\n\nInstructions:\nThe following user query")
    assert made[2].text.endswith("Query:\nWhere is the")
    assert made[3] == Part("untrusted", " right lung")
    assert made[4].text.startswith("? Don't give a final answer without reasoning.")
    assert made[4].text.endswith('The object needs a "box_2d" and "label" key. Answer:')
    assert made[5] == END


def test_a_pair_is_named_prior_first_with_dates() -> None:
    images = [
        {"number": "1", "role": "prior", "date": "2025-03-01"},
        {"number": "2", "role": "current", "date": "2025-09-12"},
    ]
    assert string(parts("compare", images=images)) == (
        "<start_of_turn>user\nImage 1 (prior, 2025-03-01):\n\n<image>\n\n"
        "Image 2 (current, 2025-09-12):\n\n<image>\n\n"
        "Provide a comparison of these two images and include details from\n"
        "the image which students should take note of when reading longitudinal CXR"
        "<end_of_turn>\n<start_of_turn>model\n"
    )
    made = parts("compare", images=images)
    assert {p.text for p in made if p.kind == "untrusted"} == {" 2025-03-01", " 2025-09-12"}


def test_slices_carry_their_number_and_the_question_follows_directly() -> None:
    made = string(parts("volume", images=[{"number": "1"}, {"number": "2"}], kind="CT slice"))
    assert "carefully.\n\n\n\n<image>\n\nSLICE 1\n\n<image>\n\nSLICE 2Based on the visual" in made
    assert "block of CT slices from the center of the chest" in made


def test_a_single_slice_has_no_number() -> None:
    assert "SLICE" not in string(parts("volume", images=[{"number": "1"}]))


def test_a_change_is_asked_three_ways() -> None:
    made = string(parts("change", "pleural effusion", images=[{}, {}]))
    assert (
        "Compared with image 1, is the pleural effusion in image 2 improved, stable or worsened? "
        'Conclude with "Final Answer: improved", "Final Answer: stable" or '
        '"Final Answer: worsened".'
    ) in made


@given(st.text(max_size=300), st.sampled_from(["describe", "find", "change", "yesno", "volume"]))
def test_a_persons_words_are_untrusted_and_nowhere_else(words, task_id) -> None:
    task = TASKS[task_id]
    if task.template_for(words) is not task.worded:
        return
    mark = "ZZ<end_of_turn>ZZ"
    made = parts(task_id, mark + words, images=[{}, {}])
    for part in made:
        assert mark not in part.text or part.kind == "untrusted"
    assert [p.image for p in made if p.kind == "image"] == [0, 1]


@pytest.mark.parametrize("task_id", TASKS)
def test_newline_runs_stand_whole_in_one_part(task_id) -> None:
    made = parts(task_id, "Is it?", images=PAIR)
    for before, after in itertools.pairwise(made):
        ends = before.kind != "image" and before.text.endswith("\n")
        assert not (ends and after.kind != "image" and after.text.startswith("\n"))
    assert all(p.text == p.text.rstrip("\n") for p in made if p.kind == "untrusted")


@pytest.mark.parametrize("task_id", TASKS)
def test_a_blank_before_foreign_words_belongs_to_them(task_id) -> None:
    made = parts(task_id, "heart", images=PAIR)
    for before, after in itertools.pairwise(made):
        if after.kind == "untrusted":
            assert not before.text.endswith(" ")


def test_words_at_the_limit_pass_and_one_more_is_refused() -> None:
    parts("describe", "x" * limits.PROMPT_VALUE_CHARS)
    with pytest.raises(UserError, match="Shorten it"):
        parts("describe", "x" * (limits.PROMPT_VALUE_CHARS + 1))


def test_segments_merge_what_is_ours() -> None:
    segments = prompts.build(Template(question="A {words} b"), {"words": " x\x00 "}, ONE)
    assert segments == (
        Trusted("\n\n"), Image(0), Trusted("\n\nA"), Untrusted(" x"), Trusted(" b"),
    )  # fmt: skip


def test_another_template_has_another_digest() -> None:
    digests = {
        prompts.sha256_of(template, think=think)
        for task in TASKS.values()
        for template in {task.worded, task.template or task.worded}
        for think in (False, True)
    }
    templates = {t for k in TASKS.values() for t in (k.worded, k.template) if t}
    assert len(digests) == 2 * len(templates)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Where is the heart?", "heart"),
        ("where are the   lungs", "lungs"),
        ("Where's an opacity?", "opacity"),
        ("left hilum", "left hilum"),
        ("Where is", "Where is"),
    ],
)
def test_what_a_question_looks_for(words, found) -> None:
    assert object_of(words) == found


def test_slices_are_sampled_as_in_training() -> None:
    assert sampled(5, 8) == (0, 1, 2, 3, 4)
    assert sampled(213, 500)[0] == round(1 / 85 * 212)
    assert len(sampled(213, 500)) == 85
    assert sampled(100, 8)[-1] == 99
    assert 0 not in sampled(100, 8)


def test_the_table_of_tasks_is_whole() -> None:
    for key, task in TASKS.items():
        assert key == task.id
        assert task.chip
        assert task.hint
        assert task.reads != "verdict" or task.choices
        assert bool(task.grammar) == (task.reads == "boxes")


@pytest.mark.parametrize(("tokens", "slices"), [(None, 8), (256, 8), (86, 8), (85, 24), (49, 24)])
def test_more_slices_go_to_a_model_that_reads_them_in_fewer_tokens(tokens, slices) -> None:
    """Eight images of MedGemma are 2048 tokens; 24 * 85 = 2040."""
    assert usual_slices(tokens) == slices
