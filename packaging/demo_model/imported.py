"""The two GGUF files as the network in PyTorch again, to hold llama.cpp's answers against it."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGUFReader
from gguf_files import Vocabulary

from demo_model.export import Named, decoder_tensors, tower_tensors
from demo_model.network import Decoder, DecoderShape, Tower, TowerShape


def read_model(path: Path) -> tuple[Decoder, Vocabulary]:
    """The decoder and its vocabulary; KeyError where the file lacks something."""
    reader = GGUFReader(path)
    shape = DecoderShape(
        width=_value(reader, "gemma3.embedding_length"),
        layers=_value(reader, "gemma3.block_count"),
        heads=_value(reader, "gemma3.attention.head_count"),
        head=_value(reader, "gemma3.attention.key_length"),
        feed_forward=_value(reader, "gemma3.feed_forward_length"),
    )
    vocabulary = Vocabulary(
        texts=[text.encode() for text in _value(reader, "tokenizer.ggml.tokens")],
        scores=_value(reader, "tokenizer.ggml.scores"),
        kinds=_value(reader, "tokenizer.ggml.token_type"),
    )
    decoder = Decoder(shape, len(vocabulary.texts))
    _fill(decoder_tensors(decoder), reader)
    return decoder.eval(), vocabulary


def read_projector(path: Path) -> Tower:
    """The tower with its projection; KeyError where the file lacks something."""
    reader = GGUFReader(path)
    shape = TowerShape(
        image=_value(reader, "clip.vision.image_size"),
        patch=_value(reader, "clip.vision.patch_size"),
        pool=_value(reader, "clip.vision.projector.scale_factor"),
        width=_value(reader, "clip.vision.embedding_length"),
        layers=_value(reader, "clip.vision.block_count"),
        heads=_value(reader, "clip.vision.attention.head_count"),
        feed_forward=_value(reader, "clip.vision.feed_forward_length"),
        output=_value(reader, "clip.vision.projection_dim"),
    )
    tower = Tower(shape)
    _fill(tower_tensors(tower), reader)
    return tower.eval()


@torch.no_grad()
def _fill(tensors: Named, reader: GGUFReader) -> None:
    """Put the file's numbers into the network's; ValueError where one of them has no place."""
    found = {tensor.name: tensor.data for tensor in reader.tensors}
    for name, tensor in tensors:
        numbers = np.array(found.pop(name), np.float32)
        tensor.copy_(torch.from_numpy(numbers.reshape(tensor.shape)))
    if found:
        raise ValueError(f"not part of the network: {', '.join(found)}")


def _value(reader: GGUFReader, key: str) -> Any:
    return reader.fields[key].contents()
