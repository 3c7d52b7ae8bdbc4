"""The stand-in model is what its maker writes, small, and says so itself."""

import make_tiny_model

from assistant.engines.process import Engine
from assistant.engines.protocol import Settings
from resources import path as resource

NAMES = ("tiny.gguf", "tiny-mmproj.gguf")


def test_same_seed_writes_the_files_that_ship(tmp_path):
    make_tiny_model.write_tiny(tmp_path, seed=0)
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == resource(f"tiny_model/{name}").read_bytes()


def test_both_files_stay_small():
    assert sum(resource(f"tiny_model/{name}").stat().st_size for name in NAMES) < 15_000_000


def test_vocabulary_has_gemmas_marks_in_their_places_and_single_digits():
    texts = make_tiny_model.stand_in_vocabulary().texts
    places = {2: b"<bos>", 100: b"<unused94>", 105: b"<start_of_turn>", 106: b"<end_of_turn>"}
    assert {place: texts[place] for place in places} == places
    assert texts[108] == b"\n\n"
    learnt = texts[texts.index(b"<end_of_image>") + 1 :]
    assert not [t for t in learnt if sum(chr(c).isdigit() for c in t) > 1]
    padded = make_tiny_model.padded_vocabulary(make_tiny_model.stand_in_vocabulary(), 262_144).texts
    assert (padded[255_999], padded[256_000]) == (b"<start_of_image>", b"<end_of_image>")


def test_it_says_that_its_words_mean_nothing(question, picture, finish):
    engine = Engine()
    try:
        engine.choose(*(resource(f"tiny_model/{name}") for name in NAMES), Settings(threads=1))
        text, done = finish(engine, question("Is there a nodule?", picture(1), max_tokens=100))
    finally:
        engine.close()
    assert text == "A stand-in model of random numbers: its words mean nothing."
    assert done.stop == "end"
