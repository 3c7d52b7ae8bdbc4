"""A cached picture and a kept prefix give the same logits as everything computed anew."""

import ctypes
import threading

import numpy as np
import pytest
from llama_cpp import llama_cpp as lib
from llama_cpp import mtmd_cpp as mtmd

from assistant.engines import llama
from assistant.engines.answering import Answering, Encoding, _Writer
from assistant.engines.embeddings import Embeddings
from assistant.engines.prefix import Prefixes
from assistant.engines.protocol import Ask, Part
from viewer.errors import Cancelled

TOKENS, SIZE = 256, 224
OPTIONS = llama.Options(2048, 1, 0, repack=False, flash_attention=True, tokens_per_image=TOKENS)


@pytest.fixture(scope="module")
def cancel():
    return threading.Event()


@pytest.fixture(scope="module")
def model(tiny, cancel):
    llama.start()
    loaded = llama.Llama(*tiny, options=OPTIONS, cancel=cancel, on_load=lambda _share: None)
    yield loaded
    loaded.close()


class Bench:
    """Asks with a cache of its own, and shows the logits after the prompt."""

    def __init__(self, model):
        self.model = model
        self.kept = {}
        self.prefixes = Prefixes(1 << 30)

    def ask(self, question, *, max_tokens=1):
        def embed(index):
            rgb = question.pictures[index]
            key = rgb.tobytes()
            found = key in self.kept
            if not found:
                self.kept[key] = self.model.encode(rgb, lambda _layer: None)
            return self.kept[key], found

        digests = tuple(str(rgb.sum()) for rgb in question.pictures)
        ask = Ask(1, question.patient, question.parts, (), max_tokens)
        encoding = Encoding(embed, digests, TOKENS, SIZE)
        ended = Answering(ask, self.model, self.prefixes, encoding, lambda _m: None).run()
        return self.model.logits().copy(), ended

    def forget_prefixes(self):
        self.prefixes = Prefixes(1 << 30)


@pytest.fixture
def bench(model):
    return Bench(model)


def test_kept_picture_and_kept_prefix_change_no_bit(bench, question, picture):
    asked = question("Is the heart enlarged?", picture(1))
    cold, first = bench.ask(asked)
    bench.forget_prefixes()
    with_picture, second = bench.ask(asked)
    with_prefix, third = bench.ask(asked)
    assert first.counts.images_encoded == 1
    assert (second.counts.images_encoded, second.counts.images_reused) == (0, 1)
    assert third.counts.tokens_reused > TOKENS
    assert np.array_equal(cold, with_picture)
    assert np.array_equal(cold, with_prefix)


def test_prefix_is_exact_after_long_answer_and_other_pictures(bench, question, picture):
    asked = question("Where is the trachea?", picture(1))
    cold, _ended = bench.ask(asked)
    # The sliding window of 64 has long been overwritten by then.
    bench.ask(question("And here?", picture(2)), max_tokens=200)
    again, ended = bench.ask(asked)
    assert ended.counts.tokens_reused > TOKENS
    assert np.array_equal(cold, again)


def test_constant_words_before_the_question_belong_to_the_prefix(bench, question, picture):
    words = "\n\nReview the picture and name the finding, its side and its size in millimetres. "
    cold, _ended = bench.ask(question("heart", picture(1), ours=words * 3))
    _logits, ended = bench.ask(question("lung", picture(1), ours=words * 3))
    again, _ended = bench.ask(question("heart", picture(1), ours=words * 3))
    assert ended.counts.tokens_evaluated < 20
    assert np.array_equal(cold, again)


def test_two_pictures_are_read_in_their_order(bench, question, picture):
    forth, _ended = bench.ask(question("Compare.", picture(1), picture(2)))
    back, _ended = bench.ask(question("Compare.", picture(2), picture(1)))
    assert not np.array_equal(forth, back)


def test_logits_are_those_of_llama_cpps_own_helper(bench, model, question, picture):
    asked = question("Is the heart enlarged?", picture(3))
    ours, _ended = bench.ask(asked)
    assert np.array_equal(ours, logits_of_helper(model, asked))


def logits_of_helper(model, asked):
    """The same prompt by ``mtmd_helper_eval_chunks``, which encodes and decodes by itself."""
    alive, parts = [], []
    for part in asked.parts:
        entry = mtmd.mtmd_input_part()
        if part.kind == "image":
            rgb = asked.pictures[part.image]
            pointer = rgb.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
            entry.bitmap = mtmd.mtmd_bitmap_init(SIZE, SIZE, pointer)
        else:
            data = part.text.encode()
            text = mtmd.mtmd_input_text(data, len(data), False, part.kind == "control")
            alive.append((data, text))
            entry.text = ctypes.pointer(text)
        parts.append(entry)
    kind = ctypes.POINTER(mtmd.mtmd_input_part)
    pointers = (kind * len(parts))(*(ctypes.pointer(p) for p in parts))
    chunks = mtmd.mtmd_input_chunks_init()
    assert mtmd.mtmd_tokenize_from_parts(model._tower, chunks, pointers, len(parts), True) == 0
    model.clear(erase=True)
    end = lib.llama_pos()
    code = mtmd.mtmd_helper_eval_chunks(
        model._tower, model._context, chunks, 0, 0, 256, True, ctypes.byref(end)
    )
    assert code == 0
    mtmd.mtmd_input_chunks_free(chunks)
    return model.logits().copy()


def test_embedding_survives_the_disk_to_the_bit(model, picture, tmp_path):
    made = model.encode(picture(4), lambda _layer: None)
    room = {"memory_bytes": 1 << 20, "disk_bytes": 1 << 30}
    Embeddings(folder=tmp_path, **room).keep("A", "key", made)
    assert np.array_equal(Embeddings(folder=tmp_path, **room).find("A", "key"), made)


def test_stopped_encode_leaves_the_next_one_undisturbed(model, picture, cancel):
    whole = model.encode(picture(5), lambda _layer: None)
    seen = []

    def stop_after_first(layer):
        seen.append(layer)
        cancel.set()

    with pytest.raises(Cancelled):
        model.encode(picture(5), stop_after_first)
    cancel.clear()
    assert seen == [1]
    assert np.array_equal(model.encode(picture(5), lambda _layer: None), whole)


def test_grammar_forces_the_form_and_the_end(model, bench, question, picture):
    texts = []
    asked = question("Is it normal?", picture(1))
    ask = Ask(1, "A", asked.parts, (), 40, grammar='root ::= "Final Answer: " ("yes" | "no")')
    encoding = Encoding(
        lambda i: (bench.model.encode(asked.pictures[i], print), False), ("x",), TOKENS, SIZE
    )
    ended = Answering(ask, model, Prefixes(0), encoding, texts.append).run()
    answer = "".join(m.text for m in texts if hasattr(m, "channel"))
    assert answer in {"Final Answer: yes", "Final Answer: no"}
    assert ended.stop == "end"


def test_thought_is_split_from_the_answer_by_token_id(model, bench, question, picture):
    told = []
    asked = question("Think.", picture(1))
    rule = "root ::= [a-z]"
    ask = Ask(1, "A", asked.parts, (), 40, grammar=rule)
    writer = _Writer(ask, model, told.append)
    ids = [model.marks.id("<unused94>"), *letters(model, "thought"), model.marks.id("<unused95>")]
    for token in [*ids, *letters(model, "yes"), model.marks.id("<end_of_turn>")]:
        stop = writer.take(token)
    said = {c: "".join(m.text for m in told if m.channel == c) for c in ("thought", "answer")}
    assert said == {"thought": "thought", "answer": "yes"}
    assert stop == "end"


def test_characters_of_several_tokens_arrive_whole(model, question):
    told = []
    writer = _Writer(Ask(1, "A", question("x").parts, ()), model, told.append)
    for token in letters(model, "é→"):
        writer.take(token)
    assert [m.text for m in told] == ["é", "→"]


def letters(model, text):
    """The tokens of a plain text, without the begin mark."""
    return model.tokenize([Part("ours", text)], image_px=SIZE)[1:]
