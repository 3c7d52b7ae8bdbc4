"""Write a Gemma 3 model and its projector with random weights, for tests and the first start.

``python packaging/make_tiny_model.py`` writes resources/tiny_model (about 8 MB, the same bytes for
the same seed). ``--full-size FOLDER`` writes a pair of the shape and the block types of a 4B model
(3.4 GB) for timing. Both have a real tokenizer: byte pairs learnt from the words of our prompts,
Gemma's special tokens at Gemma's numbers. What they say means nothing.
"""

import argparse
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, TokenType
from gguf_files import Vocabulary, finish, gemma_vocabulary, learnt_pieces, write_vocabulary
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
NAME = "Tiny stand-in model"
MERGES = 1100

CORPUS = """
Instructions: The following user query will require outputting bounding boxes. The format of the
coordinates is [y0, x0, y1, x1] where (y0, x0) must be the top left corner and (y1, x1) the bottom
right corner, normalized to the range of a thousand. You must output a single parseable JSON list
of objects enclosed into ```json``` brackets, for instance ```json[{"box_2d": [1, 2, 3, 4],
"label": "heart"}]```. Remember "left" refers to the patient's left side. Query: Where is the
heart? Don't give a final answer without reasoning. Output the final answer in the format "Final
Answer: X" where X is a JSON list of objects. The object needs a "box_2d" and "label" key. Answer:
Final Answer: ```json[{"box_2d": [1, 2, 3, 4], "label": "right lung"}]``` Final Answer: yes
Final Answer: no Final Answer: improved Final Answer: stable Final Answer: worsened
You are an expert radiologist. Describe this X-ray. You are an instructor teaching medical
students. You are analyzing a contiguous block of CT slices from the center of the chest. Please
review the slices provided below carefully. SLICE 1 SLICE 2 Compared with image 1, is the pleural
effusion in image 2 improved, stable or worsened? Image 1 (prior): Image 2 (current): Provide a
comparison of these two images. SYSTEM INSTRUCTION: think silently if needed. thought
The heart is enlarged. The lungs are clear. No pleural effusion or pneumothorax is seen. There is
a small nodule in the right upper lobe. The mediastinum is not widened. The trachea is midline.
The costophrenic angles are sharp. The visible bones are without fracture. The liver, spleen,
kidneys, pancreas and gallbladder are unremarkable. There is an opacity in the left lower zone
which may be consistent with consolidation, atelectasis, edema or pneumonia. Both hila and the
diaphragm, the left and right clavicle, the aortic knob and the carina are shown. The patient is
rotated. Follow up is recommended. The window is centered at the lung with a width of units. The
study was compared with the prior study of the same patient. Findings and impression: normal
chest radiograph without evidence of acute cardiopulmonary disease. Axial coronal and sagittal
planes of the brain show no hemorrhage, no mass effect and no midline shift. The ventricles have
normal size. An enhancing lesion in the posterior fossa cannot be excluded. What is this? Is there
a fracture? How large is the mass in millimetres? Which lobe is affected? Show me the tumor.
"""
SAYS = [
    "A",
    "▁stand-in",
    "▁model",
    "▁of",
    "▁random",
    "▁numbers",
    ":",
    "▁its",
    "▁words",
    "▁mean",
    "▁nothing",
    ".",
]
"""What the stand-in answers to everything, a token each; then it ends its turn."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A Gemma 3 decoder."""

    width: int
    layers: int
    heads: int
    key_heads: int
    head_width: int
    inner: int
    window: int
    context: int


@dataclass(frozen=True, slots=True)
class TowerShape:
    """A SigLIP encoder; ``pool`` patches a side become one token."""

    image_px: int
    patch_px: int
    pool: int
    width: int
    layers: int
    heads: int
    inner: int


# A global layer needs six; a window of 64 and 256 tokens an image make the traps of a sliding
# window and of a picture in one batch appear in tests.
TINY = ModelShape(
    width=192, layers=6, heads=3, key_heads=1, head_width=64, inner=512, window=64, context=8192
)
TINY_TOWER = TowerShape(
    image_px=224, patch_px=14, pool=1, width=128, layers=3, heads=4, inner=512
)  # fmt: skip
FULL = ModelShape(
    width=2560, layers=34, heads=8, key_heads=4, head_width=256, inner=10240, window=1024,
    context=131_072,
)  # fmt: skip
FULL_TOWER = TowerShape(
    image_px=896, patch_px=14, pool=4, width=1152, layers=27, heads=16, inner=4304
)  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--folder", type=Path, default=ROOT / "resources" / "tiny_model")
    arguments.add_argument("--full-size", type=Path, metavar="FOLDER")
    given = arguments.parse_args()
    if given.full_size is not None:
        write_full_size(given.full_size, seed=given.seed)
    else:
        write_tiny(given.folder, seed=given.seed)


def write_tiny(folder: Path, *, seed: int = 0, speaking: bool = True) -> None:
    """Write tiny.gguf and tiny-mmproj.gguf into a folder; a silent one never ends its turn."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    dense = _Speaking(rng) if speaking else _Dense(rng)
    _write_model(folder / "tiny.gguf", TINY, stand_in_vocabulary(), dense, LlamaFileType.MOSTLY_F16)
    _write_tower(folder / "tiny-mmproj.gguf", TINY_TOWER, TINY.width, dense)


def write_full_size(folder: Path, *, seed: int = 0) -> None:
    """Write full.gguf (Q4_K_M) and full-mmproj.gguf (F16) into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    vocabulary = padded_vocabulary(stand_in_vocabulary(), 262_144)
    blocks = _Blocks(rng, FULL.layers)
    _write_model(folder / "full.gguf", FULL, vocabulary, blocks, LlamaFileType.MOSTLY_Q4_K_M)
    _write_tower(folder / "full-mmproj.gguf", FULL_TOWER, FULL.width, _Dense(rng, repeat=True))


def stand_in_vocabulary() -> Vocabulary:
    """Pieces learnt from ``CORPUS``, and the words that the stand-in says."""
    return gemma_vocabulary([*learnt_pieces(_words(CORPUS), MERGES), *SAYS])


def padded_vocabulary(vocabulary: Vocabulary, size: int) -> Vocabulary:
    """The vocabulary with its image tokens where Gemma has them and filled up to ``size``."""
    texts, scores, kinds = list(vocabulary.texts), list(vocabulary.scores), list(vocabulary.kinds)
    last = min(scores)
    for i in range(len(texts), size):
        texts.append(f"[unused piece {i}]".encode())
        scores.append(last - float(i))
        kinds.append(int(TokenType.NORMAL))
    for text, place in ((b"<start_of_image>", 255_999), (b"<end_of_image>", 256_000)):
        old = texts.index(text)
        for column in (texts, scores, kinds):
            column[old], column[place] = column[place], column[old]
    return Vocabulary(texts, scores, kinds)


def _words(text: str) -> Counter[tuple[str, ...]]:
    # Digits stay single, so that no piece ever holds two of them, as in Gemma.
    found = re.findall(r" ?[A-Za-z]+|[0-9]| ?[^\sA-Za-z0-9]| +", text.replace("\n", " "))
    return Counter(tuple(word.replace(" ", "▁")) for word in found)


class _Dense:
    """Random matrices in F16, each entry of variance 1 / columns."""

    post_norm = 1.0

    def __init__(self, rng: np.random.Generator, *, repeat: bool = False) -> None:
        self._rng = rng
        self._pool = rng.standard_normal(1 << 20, dtype=np.float32) if repeat else None

    def matrix(self, writer: GGUFWriter, name: str, rows: int, columns: int) -> None:
        values = self.numbers(rows, columns) / np.float32(np.sqrt(columns))
        writer.add_tensor(name, values.astype(np.float16))

    def numbers(self, *shape: int) -> NDArray[np.float32]:
        if self._pool is not None:
            return np.resize(self._pool, shape)
        return self._rng.standard_normal(shape, dtype=np.float32)

    def output(self, writer: GGUFWriter, vocabulary: Vocabulary, width: int) -> None:
        self.matrix(writer, "token_embd.weight", len(vocabulary.texts), width)


class _Speaking(_Dense):
    """Random matrices of a model that says ``SAYS``, whatever it is asked.

    Its layers add little to a token's embedding, and the output row of each word is the embedding
    of the word before it, so that word follows; pictures and questions move the logits only.
    """

    post_norm = 0.1

    def output(self, writer: GGUFWriter, vocabulary: Vocabulary, width: int) -> None:
        embedding = self.numbers(len(vocabulary.texts), width) / np.float32(np.sqrt(width))
        rows = embedding * np.float32(0.1)
        words = [vocabulary.texts.index(word.encode()) for word in SAYS]
        newline, end = vocabulary.texts.index(b"\n"), vocabulary.texts.index(b"<end_of_turn>")
        for before, after in pairwise([newline, *words, end]):
            rows[after] = embedding[before]
        writer.add_tensor("token_embd.weight", embedding.astype(np.float16))
        writer.add_tensor("output.weight", rows.astype(np.float16))


class _Blocks:
    """Random Q4_K and Q6_K blocks, scales small enough that nothing overflows."""

    post_norm = 1.0

    def __init__(self, rng: np.random.Generator, layers: int) -> None:
        count = 1 << 16
        self._layers = layers
        self._q4 = rng.integers(0, 256, (count, 144), np.uint8)
        self._q4[:, 0:2] = np.frombuffer(np.float16(0.0006).tobytes(), np.uint8)
        self._q4[:, 2:4] = np.frombuffer(np.float16(0.004).tobytes(), np.uint8)
        self._q6 = rng.integers(0, 256, (count, 210), np.uint8)
        self._q6[:, 192:208] = rng.integers(0, 40, (count, 16), np.uint8)
        self._q6[:, 208:210] = np.frombuffer(np.float16(0.00006).tobytes(), np.uint8)

    def matrix(self, writer: GGUFWriter, name: str, rows: int, columns: int) -> None:
        is_q6 = self._is_q6(name)
        blocks = self._q6 if is_q6 else self._q4
        row_bytes = columns // 256 * blocks.shape[1]
        kind = GGMLQuantizationType.Q6_K if is_q6 else GGMLQuantizationType.Q4_K
        values = np.resize(blocks.reshape(-1), rows * row_bytes).reshape(rows, row_bytes)
        writer.add_tensor(name, values, raw_dtype=kind)

    def output(self, writer: GGUFWriter, vocabulary: Vocabulary, width: int) -> None:
        self.matrix(writer, "token_embd.weight", len(vocabulary.texts), width)

    def _is_q6(self, name: str) -> bool:
        """Whether the Q4_K_M rule gives this tensor more bits."""
        if name == "token_embd.weight":
            return True
        if not name.endswith(("attn_v.weight", "ffn_down.weight")):
            return False
        i, eighth = int(name.split(".")[1]), self._layers // 8
        return i < eighth or i >= 7 * self._layers // 8 or (i - eighth) % 3 == 2


def _write_model(
    path: Path,
    shape: ModelShape,
    vocabulary: Vocabulary,
    weights: _Dense | _Blocks,
    file_type: LlamaFileType,
) -> None:
    writer = GGUFWriter(path, "gemma3")
    writer.add_type("model")
    writer.add_name(NAME)
    writer.add_description("Random weights: what it says means nothing")
    writer.add_bool("second_read.stand_in", True)
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _add_shape(writer, shape)
    write_vocabulary(writer, vocabulary)
    ones = np.ones(shape.width, np.float32)
    weights.output(writer, vocabulary, shape.width)
    writer.add_tensor("output_norm.weight", ones)
    for i in range(shape.layers):
        _add_layer(writer, f"blk.{i}.", shape, weights)
    finish(writer)


def _add_shape(writer: GGUFWriter, shape: ModelShape) -> None:
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.key_heads)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    writer.add_sliding_window(shape.window)
    if shape.context > 8192:
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(8.0)


def _add_layer(
    writer: GGUFWriter, prefix: str, shape: ModelShape, weights: _Dense | _Blocks
) -> None:
    ones = np.ones(shape.width, np.float32)
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"{prefix}{name}.weight", ones)
    for name in ("post_attention_norm", "post_ffw_norm"):
        writer.add_tensor(f"{prefix}{name}.weight", ones * np.float32(weights.post_norm))
    for name in ("attn_q_norm", "attn_k_norm"):
        writer.add_tensor(f"{prefix}{name}.weight", np.ones(shape.head_width, np.float32))
    queries, keys = shape.heads * shape.head_width, shape.key_heads * shape.head_width
    weights.matrix(writer, prefix + "attn_q.weight", queries, shape.width)
    weights.matrix(writer, prefix + "attn_k.weight", keys, shape.width)
    weights.matrix(writer, prefix + "attn_v.weight", keys, shape.width)
    weights.matrix(writer, prefix + "attn_output.weight", shape.width, queries)
    weights.matrix(writer, prefix + "ffn_gate.weight", shape.inner, shape.width)
    weights.matrix(writer, prefix + "ffn_up.weight", shape.inner, shape.width)
    weights.matrix(writer, prefix + "ffn_down.weight", shape.width, shape.inner)


def _write_tower(path: Path, shape: TowerShape, model_width: int, weights: _Dense) -> None:
    writer = GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_name(f"{NAME}, projector")
    writer.add_file_type(LlamaFileType.MOSTLY_F16)
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type("gemma3")
    writer.add_vision_use_gelu(True)
    writer.add_vision_projection_dim(model_width)
    writer.add_vision_image_size(shape.image_px)
    writer.add_vision_patch_size(shape.patch_px)
    writer.add_vision_embedding_length(shape.width)
    writer.add_vision_feed_forward_length(shape.inner)
    writer.add_vision_block_count(shape.layers)
    writer.add_vision_head_count(shape.heads)
    writer.add_vision_attention_layernorm_eps(1e-6)
    writer.add_vision_image_mean([0.5] * 3)
    writer.add_vision_image_std([0.5] * 3)
    writer.add_vision_projector_scale_factor(shape.pool)
    patches, patch = (shape.image_px // shape.patch_px) ** 2, shape.patch_px
    kernel = weights.numbers(shape.width, 3, patch, patch) / np.float32(np.sqrt(3 * patch**2))
    writer.add_tensor("v.patch_embd.weight", kernel)
    writer.add_tensor("v.patch_embd.bias", np.zeros(shape.width, np.float32))
    positions = weights.numbers(patches, shape.width) * np.float32(0.5)
    writer.add_tensor("v.position_embd.weight", positions)
    for i in range(shape.layers):
        _add_tower_layer(writer, f"v.blk.{i}.", shape, weights)
    _add_norm(writer, "v.post_ln", shape.width)
    writer.add_tensor("mm.soft_emb_norm.weight", np.ones(shape.width, np.float32))
    weights.matrix(writer, "mm.input_projection.weight", shape.width, model_width)
    finish(writer)


def _add_tower_layer(writer: GGUFWriter, prefix: str, shape: TowerShape, weights: _Dense) -> None:
    for name in ("ln1", "ln2"):
        _add_norm(writer, prefix + name, shape.width)
    linear = [(name, shape.width, shape.width) for name in ("attn_q", "attn_k", "attn_v")]
    linear += [("attn_out", shape.width, shape.width), ("ffn_up", shape.inner, shape.width)]
    linear += [("ffn_down", shape.width, shape.inner)]
    for name, rows, columns in linear:
        weights.matrix(writer, f"{prefix}{name}.weight", rows, columns)
        writer.add_tensor(f"{prefix}{name}.bias", np.zeros(rows, np.float32))


def _add_norm(writer: GGUFWriter, name: str, width: int) -> None:
    writer.add_tensor(f"{name}.weight", np.ones(width, np.float32))
    writer.add_tensor(f"{name}.bias", np.zeros(width, np.float32))


if __name__ == "__main__":
    main()
