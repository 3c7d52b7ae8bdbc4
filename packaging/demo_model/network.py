"""Gemma 3's graph in PyTorch, small: SigLIP tower, pooled projector, decoder.

The arithmetic is the one that llama.cpp runs for ``gemma3`` with a ``gemma3`` projector, so that
greedy answers agree token by token: LayerNorm and RMSNorm with epsilon 1e-6, tanh-GELU, rotary
positions in halves with base 1e4 (1e6 on every sixth layer), q and k normalised per head, token
embeddings scaled by sqrt(width), image rows unscaled, output tied to the embedding.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name everybody knows

EPSILON = 1e-6
CARRIED = 5
READINGS = 36
"""Rows of an image token that say what the heads read; the others are faint."""


@dataclass(frozen=True, slots=True)
class TowerShape:
    """Image side and patch in px; ``pool`` patches a side become one token."""

    image: int = 224
    patch: int = 16
    pool: int = 2
    width: int = 160
    layers: int = 4
    heads: int = 4
    feed_forward: int = 512
    output: int = 128

    @property
    def grid(self) -> int:
        """Patches a side."""
        return self.image // self.patch

    @property
    def tokens(self) -> int:
        """Image tokens that the decoder reads."""
        return (self.grid // self.pool) ** 2


@dataclass(frozen=True, slots=True)
class DecoderShape:
    """Every head has keys of its own; the sliding window is longer than any prompt."""

    width: int = 128
    layers: int = 4
    heads: int = 4
    head: int = 32
    feed_forward: int = 384


class RMSNorm(nn.Module):
    """x / rms(x) * weight."""

    def __init__(self, width: int, start: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((width,), start))

    def forward(self, x: Tensor) -> Tensor:
        """Normalised rows, of the same shape."""
        scale = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + EPSILON)
        return x * scale.to(x) * self.weight


class TowerBlock(nn.Module):
    """Pre-norm attention and feed-forward, with biases."""

    def __init__(self, shape: TowerShape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.norm_attention = nn.LayerNorm(width, eps=EPSILON)
        self.norm_feed = nn.LayerNorm(width, eps=EPSILON)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up = nn.Linear(width, shape.feed_forward)
        self.down = nn.Linear(shape.feed_forward, width)
        for layer in (self.qkv, self.out, self.up, self.down):
            nn.init.normal_(layer.weight, std=0.05)

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, patches, width), of the same shape."""
        batch, count, width = x.shape
        qkv = self.qkv(self.norm_attention(x)).view(batch, count, 3, self.heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, count, width)
        x = x + self.out(mixed)
        return x + self.down(F.gelu(self.up(self.norm_feed(x)), approximate="tanh"))


class Tower(nn.Module):
    """Pictures, uint8 (n, 3, image, image), to tokens (n, tokens, output) and patch tokens."""

    def __init__(self, shape: TowerShape) -> None:
        super().__init__()
        self.shape = shape
        self.patches = nn.Linear(3 * shape.patch**2, shape.width)
        self.positions = nn.Parameter(sine_table(shape.grid, shape.width) * 0.25)
        self.blocks = nn.ModuleList(TowerBlock(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width, eps=EPSILON)
        self.soft_norm = RMSNorm(shape.width)
        self.projection = nn.Parameter(torch.randn(shape.width, shape.output) / shape.width**0.5)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens for the decoder and the patch tokens they were pooled from."""
        return self.encode(pictures, self.positions)

    def encode(self, pictures: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """The same of square windows (n, 3, px, px), their patches at ``positions``."""
        n, p = len(pictures), self.shape.patch
        g = pictures.shape[-1] // p
        x = pictures.reshape(n, 3, g, p, g, p).permute(0, 2, 4, 1, 3, 5)
        x = self.patches(x.reshape(n, g * g, 3 * p * p).float() / 127.5 - 1) + positions
        for block in self.blocks:
            x = block(x)
        patch_tokens = self.norm(x)
        square = patch_tokens.transpose(1, 2).reshape(n, self.shape.width, g, g)
        pooled = F.avg_pool2d(square, self.shape.pool).flatten(2).transpose(1, 2)
        return self.soft_norm(pooled) @ self.projection, patch_tokens


def sine_table(grid: int, width: int) -> Tensor:
    """Two-dimensional sines and cosines, (grid * grid, width), rows in raster order."""
    places = (torch.arange(grid) + 0.5) / grid
    waves = math.pi * 2.0 ** torch.linspace(-1, math.log2(grid / 2), width // 4)
    line = torch.cat([torch.sin(places[:, None] * waves), torch.cos(places[:, None] * waves)], 1)
    return torch.cat([line.repeat_interleave(grid, 0), line.repeat(grid, 1)], 1)


class DenseHeads(nn.Module):
    """Read-outs for training alone: is a class here, where are the edges of its object, where am I.

    A nodule's edges are said from the token's own middle, everything else's in the picture. What a
    patch carries of a nodule into the token that it is pooled into is read apart.
    """

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.presence = nn.Linear(width, classes)
        self.edges = nn.Linear(width, 4 * classes)
        self.middle = nn.Linear(width, 2)
        self.carried = nn.Linear(width, CARRIED)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (n, tokens, classes), edges (n, tokens, classes, 4), middles (n, tokens, 2)."""
        edges = self.edges(tokens).view(*tokens.shape[:2], self.classes, 4)
        return self.presence(tokens), edges, self.middle(tokens)


def rotate(x: Tensor, places: Tensor, base: float) -> Tensor:
    """Rotary positions in halves."""
    half = x.shape[-1] // 2
    waves = base ** (-torch.arange(half, dtype=torch.float32, device=x.device) / half)
    angles = places[:, None].float() * waves
    cos, sin = angles.cos().to(x), angles.sin().to(x)
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


class DecoderBlock(nn.Module):
    """Norms before and after attention and feed-forward, without biases."""

    def __init__(self, shape: DecoderShape, index: int) -> None:
        super().__init__()
        self.shape = shape
        self.base = 1e6 if (index + 1) % 6 == 0 else 1e4
        inner = shape.heads * shape.head
        self.norms = nn.ModuleList(RMSNorm(shape.width) for _ in range(4))
        self.q_norm, self.k_norm = RMSNorm(shape.head, 1.5), RMSNorm(shape.head, 1.5)
        self.qkv = nn.Linear(shape.width, 3 * inner, bias=False)
        self.out = nn.Linear(inner, shape.width, bias=False)
        self.gate_up = nn.Linear(shape.width, 2 * shape.feed_forward, bias=False)
        self.down = nn.Linear(shape.feed_forward, shape.width, bias=False)
        for layer in (self.qkv, self.out, self.gate_up, self.down):
            nn.init.normal_(layer.weight, std=0.02)

    def forward(
        self, x: Tensor, mask: Tensor | None, places: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Rows, and the keys and values that a later token needs."""
        batch, count, _ = x.shape
        heads = self.qkv(self.norms[0](x)).view(batch, count, 3, self.shape.heads, self.shape.head)
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        q = rotate(self.q_norm(q), places, self.base)
        k = rotate(self.k_norm(k), places, self.base)
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.norms[1](self.out(mixed.transpose(1, 2).reshape(batch, count, -1)))
        gate, up = self.gate_up(self.norms[2](x)).chunk(2, -1)
        fed = self.down(F.gelu(gate, approximate="tanh") * up)
        return x + self.norms[3](fed), (k, v)


class Decoder(nn.Module):
    """Rows (n, length, width) to hidden states; ``logits`` reads them with the tied embedding."""

    def __init__(self, shape: DecoderShape, vocabulary: int) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(vocabulary, shape.width)
        nn.init.normal_(self.embedding.weight, std=shape.width**-0.5)
        self.blocks = nn.ModuleList(DecoderBlock(shape, i) for i in range(shape.layers))
        self.norm = RMSNorm(shape.width)

    def rows(self, ids: Tensor) -> Tensor:
        """Token embeddings as the blocks take them."""
        return self.embedding(ids) * math.sqrt(self.shape.width)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None,
        places: Tensor,
        past: list[tuple[Tensor, Tensor]] | None = None,
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Normalised hidden states, and keys and values of every layer."""
        kept = []
        for index, block in enumerate(self.blocks):
            x, own = block(x, mask, places, past[index] if past else None)
            kept.append(own)
        return self.norm(x), kept

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of every token."""
        return hidden @ self.embedding.weight.T
