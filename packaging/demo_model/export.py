"""The trained network as two GGUF files that llama.cpp loads: model and projector.

All numbers are written as F32, so that llama.cpp and PyTorch compute with the same ones. Which part
of the network is which tensor stands here once, for the writer and for ``imported``.
"""

from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np
from gguf import GGUFWriter, LlamaFileType
from gguf_files import Vocabulary, finish, write_vocabulary
from torch import Tensor

from demo_model.network import EPSILON, Decoder, DecoderBlock, Tower, TowerBlock

NAME = "Phantom demo model"
DESCRIPTION = "Phantom demo model: knows drawn patients only, nothing of real ones"
CONTEXT = 8192
SLIDING_WINDOW = 4096  # longer than any prompt, so that training without it is exact

Named = Iterator[tuple[str, Tensor]]
"""Tensors by llama.cpp's names, each a view of the network's own numbers."""


def write_model(path: Path, decoder: Decoder, vocabulary: Vocabulary) -> None:
    """The decoder with its vocabulary."""
    shape = decoder.shape
    writer = GGUFWriter(path, "gemma3")
    writer.add_type("model")
    writer.add_name(NAME)
    writer.add_description(DESCRIPTION)
    writer.add_bool("second_read.phantom_only", True)
    writer.add_file_type(LlamaFileType.ALL_F32)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_key_length(shape.head)
    writer.add_value_length(shape.head)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_rope_freq_base(1e6)
    writer.add_sliding_window(SLIDING_WINDOW)
    write_vocabulary(writer, vocabulary)
    _write_tensors(writer, decoder_tensors(decoder))


def write_projector(path: Path, tower: Tower) -> None:
    """The tower and its projection."""
    shape = tower.shape
    writer = GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_name(NAME)
    writer.add_description(DESCRIPTION)
    writer.add_file_type(LlamaFileType.ALL_F32)
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type(gguf.VisionProjectorType.GEMMA3)
    writer.add_vision_projection_dim(shape.output)
    writer.add_vision_image_size(shape.image)
    writer.add_vision_patch_size(shape.patch)
    writer.add_vision_embedding_length(shape.width)
    writer.add_vision_feed_forward_length(shape.feed_forward)
    writer.add_vision_block_count(shape.layers)
    writer.add_vision_head_count(shape.heads)
    writer.add_vision_attention_layernorm_eps(EPSILON)
    writer.add_vision_use_gelu(True)
    writer.add_vision_image_mean([0.5] * 3)
    writer.add_vision_image_std([0.5] * 3)
    writer.add_vision_projector_scale_factor(shape.pool)
    _write_tensors(writer, tower_tensors(tower))


def decoder_tensors(decoder: Decoder) -> Named:
    """The decoder's tensors in the order of the file."""
    yield "token_embd.weight", decoder.embedding.weight
    yield "output_norm.weight", decoder.norm.weight
    for index, block in enumerate(decoder.blocks):
        for name, tensor in _decoder_block(block):
            yield f"blk.{index}.{name}.weight", tensor


def tower_tensors(tower: Tower) -> Named:
    """The tower's and the projection's tensors in the order of the file."""
    shape = tower.shape
    yield (
        "v.patch_embd.weight",
        tower.patches.weight.view(shape.width, 3, shape.patch, shape.patch),
    )
    yield "v.patch_embd.bias", tower.patches.bias
    yield "v.position_embd.weight", tower.positions
    for index, block in enumerate(tower.blocks):
        for name, weight, bias in _tower_block(block):
            yield f"v.blk.{index}.{name}.weight", weight
            yield f"v.blk.{index}.{name}.bias", bias
    yield "v.post_ln.weight", tower.norm.weight
    yield "v.post_ln.bias", tower.norm.bias
    yield "mm.soft_emb_norm.weight", tower.soft_norm.weight
    yield "mm.input_projection.weight", tower.projection


def _decoder_block(block: DecoderBlock) -> Named:
    norms = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")
    for name, norm in zip(norms, block.norms, strict=True):
        yield name, norm.weight
    yield "attn_q_norm", block.q_norm.weight
    yield "attn_k_norm", block.k_norm.weight
    yield from zip(("attn_q", "attn_k", "attn_v"), block.qkv.weight.chunk(3), strict=True)
    yield "attn_output", block.out.weight
    yield from zip(("ffn_gate", "ffn_up"), block.gate_up.weight.chunk(2), strict=True)
    yield "ffn_down", block.down.weight


def _tower_block(block: TowerBlock) -> Iterator[tuple[str, Tensor, Tensor]]:
    yield "ln1", block.norm_attention.weight, block.norm_attention.bias
    yield "ln2", block.norm_feed.weight, block.norm_feed.bias
    names = ("attn_q", "attn_k", "attn_v")
    yield from zip(names, block.qkv.weight.chunk(3), block.qkv.bias.chunk(3), strict=True)
    yield "attn_out", block.out.weight, block.out.bias
    yield "ffn_up", block.up.weight, block.up.bias
    yield "ffn_down", block.down.weight, block.down.bias


def _write_tensors(writer: GGUFWriter, tensors: Named) -> None:
    for name, tensor in tensors:
        writer.add_tensor(name, np.ascontiguousarray(tensor.detach().float().numpy()))
    finish(writer)
