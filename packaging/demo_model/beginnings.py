"""What the decoder begins with where chance would take hours: numbers in order, heads that look."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name everybody knows

from demo_model.network import READINGS, Decoder, DecoderBlock
from demo_model.noticing import NOTICED

NUMBERS_ALIKE, NAME = 1.5, 0.5
"""Within so many numbers embeddings begin alike; and how far apart two names of a number are."""
COMMON, QUERY, KEY, SEEN, TEXT, VALUE = 0.3, 1.5, 0.2, 0.6, 0.3, 0.5
"""Of the heads that look for a row: strengths."""
STILL, NEAR = 4, range(6, 11)
"""The dimensions that look everywhere, from the last; and those that look near, whose waves are 200
to 2500 tokens long and agree within a picture only."""


@torch.no_grad()
def order_numbers(decoder: Decoder, *names: Sequence[int]) -> None:
    """Begin with numbers whose embeddings are the more alike the nearer they are.

    Each of ``names`` is tokens in the order of their numbers; several names of a number begin
    nearly alike. The embedding is tied to the output: along such a curve an edge says its hundreds
    by a linear map, and its tens by another of the edge and the hundreds just written.
    """
    count = len(names[0])
    apart = torch.arange(count)[:, None] - torch.arange(count)
    alike = torch.exp(-0.5 * (apart / NUMBERS_ALIKE) ** 2) + 0.01 * torch.eye(count)
    weight = decoder.embedding.weight
    directions = free_directions(weight.shape[1], count + len(names))
    for place, tokens in enumerate(names):
        curve = torch.linalg.cholesky(alike) @ directions[:, :count].T
        weight[list(tokens)] = curve + (NAME if place else 0.0) * directions[:, count + place]


@torch.no_grad()
def look_for(decoder: Decoder, row: int, names: Sequence[int]) -> Tensor:
    """Begin with heads that look where a row of the image tokens is strongest.

    One looks everywhere, one the more strongly the nearer, and one of a later layer looks where
    the second saw it, in the text after an image, and says which of ``names`` stands there. What it
    looks for is a direction, which is returned. Their query is the same for all text, by a
    direction that every embedding is given (scores, which the embedding is tied to, all move
    alike). What lies in one token of fifty was not found after 800 steps without, everything larger
    was after 350; the number of a slice not after 420 steps of nothing else.
    """
    shape = decoder.shape
    where = F.one_hot(torch.tensor(row), shape.width).float()
    named, _ = torch.linalg.qr(decoder.embedding.weight[list(names)].T)
    common, seen = free_directions(shape.width, 2).T
    decoder.embedding.weight[:, row] = 0.0
    decoder.embedding.weight += COMMON * common
    still = range(shape.head // 2 - STILL, shape.head // 2)
    first, second = decoder.blocks[0], decoder.blocks[NOTICED + 1]
    _point(first, 0, still, common, KEY * where)
    _point(first, 1, NEAR, common, KEY * where)
    _point(second, 0, still, common, SEEN * seen + TEXT * common)
    values = 2 * shape.heads * shape.head
    first.qkv.weight[values + shape.head] = VALUE * where
    first.out.weight[:, shape.head] = VALUE * seen
    second.qkv.weight[values : values + len(names)] = VALUE * named.T
    second.out.weight[:, : len(names)] = VALUE * named
    return seen


def free_directions(width: int, count: int) -> Tensor:
    """Directions at right angles, (width, count), in which image tokens say hardly anything."""
    found = torch.zeros(width, count)
    found[READINGS:], _ = torch.linalg.qr(torch.randn(width - READINGS, count))
    return found


def _point(
    block: DecoderBlock, head: int, dimensions: Sequence[int], query: Tensor, key: Tensor
) -> None:
    """Let a head look from one direction to another, in the dimensions of some rotations."""
    size, inner = block.shape.head, block.shape.heads * block.shape.head
    for dimension in dimensions:
        block.qkv.weight[head * size + dimension] = QUERY * query
        block.qkv.weight[inner + head * size + dimension] = key
