"""Predict from metadata how much memory a model needs, before anything is allocated."""

from dataclasses import dataclass
from typing import Final

from assistant.engines.gguf import Header
from assistant.engines.protocol import Settings
from viewer.errors import UserError
from viewer.words import _

BATCH_TOKENS: Final = 256
"""Tokens decoded at once; an image must fit into one batch, its logits buffer grows with it."""

_FLOAT_BYTES: Final = 4
_HALF_BYTES: Final = 2
_PAD_CELLS: Final = 256
_PATTERN: Final = 6  # every sixth layer sees the whole context
_PROGRAM_BYTES: Final = 150 << 20  # interpreter, libraries, llama.cpp's own records
_REPACKED_KINDS: Final = frozenset({2, 12, 20})  # Q4_0, Q4_K, IQ4_NL
_GIGABYTE: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes by purpose; ``layer`` is one decoder layer's share of ``weights`` and ``context``."""

    weights: int
    repacked: int
    projector: int
    context: int
    buffers: int
    layer: int

    @property
    def total(self) -> int:
        """All of it."""
        parts = self.weights + self.repacked + self.projector + self.context + self.buffers
        return parts + _PROGRAM_BYTES


def predict(model: Header, projector: Header, settings: Settings) -> Need:
    """What loading this pair with these settings takes."""
    layers = max(1, model.number("gemma3.block_count"))
    weights = sum(tensor.size_bytes for tensor in model.tensors)
    in_layers = sum(t.size_bytes for t in model.tensors if t.name.startswith("blk."))
    repacked = sum(
        t.size_bytes
        for t in model.tensors
        if settings.repack and t.kind in _REPACKED_KINDS and len(t.dimensions) > 1
    )
    context = _context_bytes(model, settings.n_ctx)
    return Need(
        weights=weights,
        repacked=repacked,
        projector=sum(tensor.size_bytes for tensor in projector.tensors),
        context=context,
        buffers=_decoder_buffer(model) + _tower_buffer(projector, settings),
        layer=(in_layers + context) // layers,
    )


def check(need: Need, free_bytes: int, *, name: str) -> None:
    """UserError with both numbers when a model needs more than is free; 0 free is unknown."""
    if not free_bytes or need.total <= free_bytes:
        return
    raise UserError(
        _(
            "{name} needs {needed} GB of memory and {free} GB are free. Close other programs, or"
            " choose a smaller model."
        ).format(name=name, needed=_gigabytes(need.total), free=_gigabytes(free_bytes)),
        details=repr(need),
    )


def layers_that_fit(need: Need, *, layers: int, gpu_free_bytes: int) -> int:
    """How many decoder layers fit on a GPU beside the buffers and the projector; -1 is all."""
    left = gpu_free_bytes - need.buffers - need.projector
    whole = need.weights + need.context
    if left >= whole:
        return -1
    return max(0, min(layers, left // max(1, need.layer)))


def _context_bytes(model: Header, n_ctx: int) -> int:
    """Keys and values in F16: all positions on global layers, the window's on local ones."""
    layers = model.number("gemma3.block_count")
    heads = model.number("gemma3.attention.head_count_kv", 1)
    width = model.number("gemma3.attention.key_length", 256)
    width += model.number("gemma3.attention.value_length", 256)
    window = model.number("gemma3.attention.sliding_window", n_ctx)
    cells = -(-(window + BATCH_TOKENS) // _PAD_CELLS) * _PAD_CELLS
    on_global = layers // _PATTERN
    positions = on_global * n_ctx + (layers - on_global) * min(n_ctx, cells)
    return positions * heads * width * _HALF_BYTES


def _decoder_buffer(model: Header) -> int:
    vocabulary = model.array_items.get("tokenizer.ggml.tokens", 0)
    inner = model.number("gemma3.feed_forward_length")
    width = model.number("gemma3.embedding_length")
    return BATCH_TOKENS * (vocabulary + 2 * inner + 8 * width) * _FLOAT_BYTES


def _tower_buffer(projector: Header, settings: Settings) -> int:
    side = projector.number("clip.vision.image_size")
    side //= max(1, projector.number("clip.vision.patch_size"))
    patches = side * side
    inner = projector.number("clip.vision.feed_forward_length")
    inner += 4 * projector.number("clip.vision.embedding_length")
    scores = 0
    if not settings.flash_attention:
        scores = projector.number("clip.vision.attention.head_count") * patches
    return patches * (inner + scores) * _FLOAT_BYTES


def _gigabytes(count: int) -> str:
    return f"{count / _GIGABYTE:.1f}"
