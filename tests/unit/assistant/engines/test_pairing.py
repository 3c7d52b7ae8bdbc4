"""Which projector belongs to which model, and how much memory they need."""

from dataclasses import replace
from pathlib import Path

import gguf
import pytest

from assistant.engines import memory, pairing
from assistant.engines.gguf import Header, Tensor, read_header
from assistant.engines.protocol import Settings
from resources import path as resource
from viewer.errors import UserError

MODEL, PROJECTOR = (resource(f"tiny_model/{n}.gguf") for n in ("tiny", "tiny-mmproj"))
MIB = 1 << 20


def changed(header: Header, **values) -> Header:
    """A header with some values replaced; dots are written as __, None removes a key."""
    new = {key.replace("__", "."): value for key, value in values.items()}
    kept = {k: v for k, v in {**header.values, **new}.items() if v is not None}
    return replace(header, values=kept)


@pytest.fixture
def model():
    return read_header(MODEL)


@pytest.fixture
def projector():
    return read_header(PROJECTOR)


def test_pair_of_one_maker_fits_without_doubt(model, projector):
    facts = pairing.describe(model), pairing.describe(projector)
    assert facts[0].role == "model"
    assert (facts[1].role, facts[1].image_size, facts[1].tokens_per_image) == (
        "projector",
        224,
        256,
    )
    assert pairing.judge(*facts) == (True, "")


@pytest.mark.parametrize(
    ("value", "is_phantom_only"), [(True, True), (False, False), (None, False), ("yes", False)]
)
def test_only_the_headers_own_word_makes_a_phantom_only_model(model, value, is_phantom_only):
    facts = pairing.describe(changed(model, second_read__phantom_only=value))
    assert facts.is_phantom_only is is_phantom_only


def test_projector_of_another_width_is_refused_by_name(model, projector):
    other = changed(projector, clip__vision__projection_dim=2560)
    fits, sentence = pairing.judge(pairing.describe(model), pairing.describe(other))
    assert not fits
    assert sentence == (
        "tiny-mmproj.gguf belongs to another model. Choose the projector that came with tiny.gguf."
    )


def test_same_width_from_elsewhere_stays_in_doubt(model, projector):
    other = changed(projector, general__name="Somebody else's tower")
    fits, sentence = pairing.judge(pairing.describe(model), pairing.describe(other))
    assert fits
    assert "does not say that it was made for it" in sentence


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"general__architecture": "llama"}, "a model of another kind (llama)"),
        ({"general__architecture": None}, "a model of another kind (unnamed)"),
        ({"gemma3__block_count": 0}, "damaged"),
        ({"gemma3__embedding_length": 1 << 40}, "damaged"),
        ({"gemma3__context_length": "long"}, "damaged"),
    ],
)
def test_model_that_is_none_says_why(model, changes, words):
    facts = pairing.describe(changed(model, **changes))
    assert words in facts.sentence
    assert facts.role == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"clip__projector_type": "llava"}, "another kind of model (llava)"),
        ({"clip__has_vision_encoder": False}, "another kind of model"),
        ({"clip__vision__patch_size": 15}, "damaged"),
        ({"clip__vision__projector__scale_factor": 0}, "damaged"),
        ({"clip__vision__image_size": 1 << 20}, "damaged"),
    ],
)
def test_projector_that_is_none_says_why(projector, changes, words):
    facts = pairing.describe(changed(projector, **changes))
    assert words in facts.sentence
    assert facts.role == ""


def test_model_without_image_tokens_cannot_read_images(model):
    facts = pairing.describe(replace(model, marks=frozenset({"<start_of_turn>"})))
    assert "cannot read images" in facts.sentence


def test_foreign_names_are_cut_and_made_visible(model):
    facts = pairing.describe(changed(model, general__name="a\x1b[31m\u202e" + "x" * 1000))
    assert facts.name.startswith("a\ufffd[31m\ufffdx")
    assert len(facts.name) == 200


def test_inspection_names_every_file_and_pair(tmp_path):
    letter = tmp_path / "letter.gguf"
    letter.write_text("no model")
    paths = [str(p) for p in (letter, PROJECTOR, MODEL)]
    found = pairing.inspect(7, paths, Settings(), 123)
    assert [f.role for f in found.files] == ["", "projector", "model"]
    assert [(p.model, p.projector, p.free_bytes) for p in found.pairs] == [(2, 1, 123)]


def test_reading_a_pair_refuses_swapped_files():
    with pytest.raises(UserError, match=r"tiny-mmproj\.gguf is a projector"):
        pairing.read_pair(PROJECTOR, PROJECTOR)
    with pytest.raises(UserError, match=r"tiny\.gguf is a model"):
        pairing.read_pair(MODEL, MODEL)


def full_size(file_type: int = 12) -> tuple[Header, Header]:
    """Headers of a 4B model in Q4_K_M and its projector, as published."""
    values = {
        "gemma3.block_count": 34, "gemma3.embedding_length": 2560, "gemma3.context_length": 131072,
        "gemma3.feed_forward_length": 10240, "gemma3.attention.head_count": 8,
        "gemma3.attention.head_count_kv": 4, "gemma3.attention.key_length": 256,
        "gemma3.attention.value_length": 256, "gemma3.attention.sliding_window": 1024,
    }  # fmt: skip
    tower = {
        "clip.vision.image_size": 896, "clip.vision.patch_size": 14,
        "clip.vision.embedding_length": 1152, "clip.vision.feed_forward_length": 4304,
        "clip.vision.attention.head_count": 16, "clip.vision.block_count": 27,
    }  # fmt: skip
    weights = Tensor("blk.0.ffn_up.weight", (2560, 1), file_type, 2_489_000_000)
    items = {"tokenizer.ggml.tokens": 262_144}
    model = Header(Path("m"), 0, values, items, frozenset(), (weights,))
    towers = (Tensor("v.x", (1,), 1, 851_000_000),)
    return model, Header(Path("p"), 0, tower, {}, frozenset(), towers)


def test_context_memory_agrees_with_what_llama_cpp_allocates():
    # Measured with n_ctx 4096: 80 MiB on global layers and, for batches of 512, 174 on local ones,
    # which is 1536 cells; batches of 256 need 1280.
    need = memory.predict(*full_size(), Settings(n_ctx=4096))
    assert need.context == 80 * MIB + 174 * MIB * 1280 // 1536


def test_tower_without_flash_attention_needs_a_gigabyte_more():
    fast = memory.predict(*full_size(), Settings())
    slow = memory.predict(*full_size(), Settings(flash_attention=False))
    assert slow.buffers - fast.buffers == pytest.approx(1011 * MIB, rel=0.05)


def test_repacking_is_counted():
    packed = memory.predict(*full_size(), Settings(repack=True))
    assert packed.repacked == 2_489_000_000
    assert memory.predict(*full_size(), Settings()).repacked == 0


def test_too_little_memory_is_refused_with_both_numbers():
    need = memory.predict(*full_size(), Settings())
    with pytest.raises(UserError, match=r"MedGemma needs 4\.\d GB of memory and 3\.0 GB are free"):
        memory.check(need, 3_000_000_000, name="MedGemma")
    memory.check(need, 0, name="MedGemma")
    memory.check(need, need.total, name="MedGemma")


@pytest.mark.parametrize(
    ("gpu_free", "layers"), [(0, 0), (80_000_000_000, -1), (2_500_000_000, range(5, 30))]
)
def test_as_many_layers_as_fit_go_to_the_gpu(gpu_free, layers):
    need = memory.predict(*full_size(), Settings())
    found = memory.layers_that_fit(need, layers=34, gpu_free_bytes=gpu_free)
    assert found in layers if isinstance(layers, range) else found == layers


def test_quantization_names_agree_with_the_reference():
    for number, name in pairing._QUANTIZATIONS.items():
        theirs = gguf.LlamaFileType(number).name.removeprefix("MOSTLY_").removeprefix("ALL_")
        assert theirs.removesuffix("_MOE") == name
