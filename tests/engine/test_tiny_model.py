"""The stand-in model is what its maker writes, small, and says so itself."""

import importlib.util
from pathlib import Path

import pytest

from resources import path as resource

MAKER = Path(__file__).resolve().parents[2] / "packaging" / "make_tiny_model.py"
NAMES = ("tiny.gguf", "tiny-mmproj.gguf")


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_tiny_model", MAKER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_same_seed_writes_the_files_that_ship(maker, tmp_path):
    maker.write_tiny(tmp_path, seed=0)
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == resource(f"tiny_model/{name}").read_bytes()


def test_both_files_stay_small():
    assert sum(resource(f"tiny_model/{name}").stat().st_size for name in NAMES) < 15_000_000


def test_vocabulary_has_gemmas_marks_in_their_places_and_single_digits(maker):
    texts = maker.gemma_vocabulary().texts
    places = {2: b"<bos>", 100: b"<unused94>", 105: b"<start_of_turn>", 106: b"<end_of_turn>"}
    assert {place: texts[place] for place in places} == places
    assert texts[108] == b"\n\n"
    learnt = texts[texts.index(b"<end_of_image>") + 1 :]
    assert not [t for t in learnt if sum(chr(c).isdigit() for c in t) > 1]
    padded = maker.padded_vocabulary(maker.gemma_vocabulary(), 262_144).texts
    assert (padded[255_999], padded[256_000]) == (b"<start_of_image>", b"<end_of_image>")
