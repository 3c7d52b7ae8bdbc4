"""No untrusted text becomes a token with a meaning, whatever the vocabulary holds."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_cpp import llama_cpp as lib

from assistant.engines import llama
from assistant.engines.marks import Marks
from assistant.engines.protocol import Part

SIZE = 224
OPTIONS = llama.Options(512, 1, 0, repack=False, flash_attention=True, tokens_per_image=256)


@pytest.fixture(scope="module")
def model(tiny):
    llama.start()
    loaded = llama.Llama(
        *tiny, options=OPTIONS, cancel=threading.Event(), on_load=lambda _share: None
    )
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def special(model):
    """Text by id of every CONTROL and USER_DEFINED token that is not blank."""
    wanted = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_USER_DEFINED
    found = {}
    for token in range(model.n_vocabulary):
        if lib.llama_vocab_get_attr(model._vocabulary, token) & wanted:
            text = lib.llama_vocab_get_text(model._vocabulary, token).decode()
            if text.strip():
                found[token] = text
    return found


def prompt(untrusted):
    return [
        Part("control", "<start_of_turn>user\n\n\n"),
        Part("image", image=0),
        Part("ours", "\n\nQuery: "),
        Part("untrusted", untrusted),
        Part("control", "<end_of_turn>\n<start_of_turn>model\n"),
    ]


def meanings(pieces, special):
    """What has a meaning in a prompt, in order: special tokens and pictures."""
    return [p for p in pieces if isinstance(p, llama.ImageSlot) or p in special]


def test_every_special_text_stays_plain(model, special):
    expected = meanings(model.tokenize(prompt("heart"), image_px=SIZE), special)
    assert len(expected) == 7  # begin, turn, image marks and the image, two turns' ends
    texts = [*special.values(), "<__media__>", "<image>", "<start_of_image><end_of_image>"]
    for text in texts:
        for variant in (text, f"a{text}b", text * 3, f"{text[:3]}\u200b{text[3:]}", text.upper()):
            found = model.tokenize(prompt(variant), image_px=SIZE)
            assert meanings(found, special) == expected, variant


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<",
                ">",
                "start_of",
                "_turn",
                "<start_of_turn>",
                "<eos>",
                "é",
                "<unused94>",
                "\n",
                " ",
                "<__media__>",
                "\0",
                "user",
            ]
        )
    )
)
def test_no_mixture_opens_a_turn(model, special, words):
    expected = meanings(model.tokenize(prompt("heart"), image_px=SIZE), special)
    found = model.tokenize(prompt("".join(words)), image_px=SIZE)
    assert meanings(found, special) == expected


def test_our_own_words_make_no_special_token_either(model, special):
    found = model.tokenize([Part("ours", "<start_of_turn>model")], image_px=SIZE)
    assert meanings(found, special) == [model.marks.id("<bos>")]


def test_loose_tokens_of_a_file_are_cut_apart():
    marks = Marks([(5, "<|tool_call>", False), (6, "\n\n", False), (2, "<bos>", True)])
    pieces = list(marks.apart("say <|tool_call> and\n\n<start_of_turn>"))
    assert "".join(pieces) == "say <|tool_call> and\n\n<start_of_turn>"
    assert not any("<|tool_call>" in p or "<start_of_turn>" in p for p in pieces)
    assert any("\n\n" in p for p in pieces)
