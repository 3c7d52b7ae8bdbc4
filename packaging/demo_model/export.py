"""The trained network as two GGUF files that llama.cpp loads: model and projector."""

from pathlib import Path

import gguf
import numpy as np
from gguf import GGUFWriter, LlamaFileType
from gguf_files import Vocabulary, finish, write_vocabulary
from numpy.typing import NDArray
from torch import Tensor

from demo_model.network import EPSILON, Decoder, Tower

NAME = "Phantom demo model"
DESCRIPTION = "Phantom demo model: knows drawn patients only, nothing of real ones"
CONTEXT = 8192
SLIDING_WINDOW = 4096  # longer than any prompt, so that training without it is exact


def write_model(path: Path, decoder: Decoder, vocabulary: Vocabulary) -> None:
    """The decoder, matrices in F16."""
    shape = decoder.shape
    writer = GGUFWriter(path, "gemma3")
    writer.add_type("model")
    writer.add_name(NAME)
    writer.add_description(DESCRIPTION)
    writer.add_bool("second_read.phantom_only", True)
    writer.add_file_type(LlamaFileType.MOSTLY_F16)
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
    writer.add_tensor("token_embd.weight", half(decoder.embedding.weight))
    writer.add_tensor("output_norm.weight", single(decoder.norm.weight))
    for index, block in enumerate(decoder.blocks):
        prefix = f"blk.{index}."
        norms = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")
        for name, norm in zip(norms, block.norms, strict=True):
            writer.add_tensor(f"{prefix}{name}.weight", single(norm.weight))
        writer.add_tensor(f"{prefix}attn_q_norm.weight", single(block.q_norm.weight))
        writer.add_tensor(f"{prefix}attn_k_norm.weight", single(block.k_norm.weight))
        for name, part in zip("qkv", block.qkv.weight.chunk(3), strict=True):
            writer.add_tensor(f"{prefix}attn_{name}.weight", half(part))
        writer.add_tensor(f"{prefix}attn_output.weight", half(block.out.weight))
        gate, up = block.gate_up.weight.chunk(2)
        writer.add_tensor(f"{prefix}ffn_gate.weight", half(gate))
        writer.add_tensor(f"{prefix}ffn_up.weight", half(up))
        writer.add_tensor(f"{prefix}ffn_down.weight", half(block.down.weight))
    finish(writer)


def write_projector(path: Path, tower: Tower) -> None:
    """The tower and its projection, matrices in F16."""
    shape = tower.shape
    writer = GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_name(NAME)
    writer.add_description(DESCRIPTION)
    writer.add_file_type(LlamaFileType.MOSTLY_F16)
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
    patches = tower.patches.weight.view(shape.width, 3, shape.patch, shape.patch)
    writer.add_tensor("v.patch_embd.weight", single(patches))
    writer.add_tensor("v.patch_embd.bias", single(tower.patches.bias))
    writer.add_tensor("v.position_embd.weight", single(tower.positions))
    for index, block in enumerate(tower.blocks):
        prefix = f"v.blk.{index}."
        parts = [("ln1", block.norm_attention.weight, block.norm_attention.bias)]
        parts += [("ln2", block.norm_feed.weight, block.norm_feed.bias)]
        qkv = zip(
            ("attn_q", "attn_k", "attn_v"),
            block.qkv.weight.chunk(3),
            block.qkv.bias.chunk(3),
            strict=True,
        )
        parts += list(qkv)
        parts += [("attn_out", block.out.weight, block.out.bias)]
        parts += [("ffn_up", block.up.weight, block.up.bias)]
        parts += [("ffn_down", block.down.weight, block.down.bias)]
        for name, weight, bias in parts:
            stored = single(weight) if name.startswith("ln") else half(weight)
            writer.add_tensor(f"{prefix}{name}.weight", stored)
            writer.add_tensor(f"{prefix}{name}.bias", single(bias))
    writer.add_tensor("v.post_ln.weight", single(tower.norm.weight))
    writer.add_tensor("v.post_ln.bias", single(tower.norm.bias))
    writer.add_tensor("mm.soft_emb_norm.weight", single(tower.soft_norm.weight))
    writer.add_tensor("mm.input_projection.weight", half(tower.projection))
    finish(writer)


def half(tensor: Tensor) -> NDArray[np.float16]:
    return np.ascontiguousarray(tensor.detach().float().numpy().astype(np.float16))


def single(tensor: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.detach().float().numpy())
