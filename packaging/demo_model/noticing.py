"""A read-out of the decoder's inner layers, for training alone."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name everybody knows

from demo_model.network import Decoder

NOTICED, HOLDING_WEIGHT = 1, 6.0
"""The layer after which a slice's name is to know of a nodule, and the weight of those that do."""


class Noticing(nn.Module):
    """A read-out for training alone: does the slice that a name stands beside hold a nodule.

    It reads what an inner layer wrote at the name. The answer takes two steps, from pictures to
    names and from names to the answer; without this the first was not learnt after 725 steps, with
    it after 500.
    """

    def __init__(self, decoder: Decoder, direction: Tensor) -> None:
        super().__init__()
        self.head = nn.Linear(decoder.shape.width, 1)
        self.head.weight.data.copy_(direction[None])
        self.head.bias.data.fill_(-1.0)
        self._written = torch.empty(0)
        decoder.blocks[NOTICED].register_forward_hook(self._keep)

    def _keep(self, _block: nn.Module, _given: object, made: tuple[Tensor, object]) -> None:
        self._written = made[0]

    def loss(
        self, beginning: Sequence[int], holding: Sequence[Sequence[bool]], names: Sequence[int]
    ) -> Tensor:
        """BCE at the names in the beginning, of sheets that the decoder has just read.

        ``holding`` tells for each sheet and name whether that slice holds a nodule.
        """
        is_name = torch.isin(torch.tensor(beginning), torch.tensor(names))
        said = self.head(self._written[:, : len(beginning)][:, is_name])[..., 0]
        meant = torch.tensor(holding)[:, : said.shape[1]].float()
        weight = torch.tensor(HOLDING_WEIGHT)
        return F.binary_cross_entropy_with_logits(said, meant, pos_weight=weight)
