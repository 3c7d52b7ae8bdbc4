"""Teach the tower's first layers patch by patch, before pictures: what a piece of a nodule is.

A whole picture holds a nodule in two patches of two hundred and takes as long as ten thousand
single patches do here; from pictures alone the tower still looked for nodules by place after twenty
thousand of them. The layers learn without attention, whose output begins at nothing, so that the
tower starts with what was learnt.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name everybody knows

from demo_model.network import Tower
from demo_model.pool import CLASSES, Pool

DEPTH = 2
"""So many blocks' feed-forward parts learn here."""
NODULE = CLASSES.index("nodule")
HELD, FAINTEST, WELL = 0.08, 0.1, 0.15
"""Covered shares of a patch from which it is kept, is one of a nodule, and is asked for edges."""
EMPTY_KEPT = 0.16

Drawer = Callable[[Pool, int, np.random.Generator], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""Pictures, the nodule's share of each patch (n, patches), and its edges (n, patches, 4) in patches
from the patch's first corner."""


@dataclass(frozen=True, slots=True)
class PatchPlan:
    """Rounds of fresh pictures, and steps on the patches of each."""

    rounds: int = 9
    pictures: int = 3000
    steps: int = 450
    batch: int = 1024
    rate: float = 2e-3


@dataclass(frozen=True, slots=True)
class Patches:
    """Grey patches (n, px * px), the nodule's share, its edges in patches from their own."""

    greys: Tensor
    share: Tensor
    edges: Tensor


class PatchStudent(nn.Module):
    """The tower's first layers on patches alone, with heads that are thrown away."""

    def __init__(self, tower: Tower) -> None:
        super().__init__()
        self.tower = tower
        self.presence = nn.Linear(tower.shape.width, 1)
        self.edges = nn.Linear(tower.shape.width, 4)

    def forward(self, greys: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (n,) and edges (n, 4)."""
        tower = self.tower
        weight = tower.patches.weight.view(tower.shape.width, 3, -1).sum(1)
        x = F.linear(greys.float() / 127.5 - 1, weight, tower.patches.bias)
        for block in tower.blocks[:DEPTH]:
            x = x + block.down(F.gelu(block.up(block.norm_feed(x)), approximate="tanh"))
        x = tower.norm(x)
        return self.presence(x)[:, 0], self.edges(x)


def teach_patches(
    tower: Tower, pool: Pool, draw: Drawer, plan: PatchPlan, say: Callable[[str], None]
) -> None:
    """Train the patch embedding and the first feed-forward parts; the rest begins at nothing."""
    with torch.no_grad():
        for index, block in enumerate(tower.blocks):
            for layer in (block.out, block.down) if index >= DEPTH else (block.out,):
                layer.weight.zero_()
                layer.bias.zero_()
    rng = np.random.default_rng(4)
    student = PatchStudent(tower)
    optimizer = torch.optim.AdamW(
        student.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.01
    )
    begun = time.monotonic()
    for number in range(plan.rounds):
        fresh = gathered(tower, pool, draw, plan, rng)
        if number:
            say(f"patches {number} {time.monotonic() - begun:.0f} s {looked_at(student, fresh)}")
        for step in range(plan.steps):
            share = (number + step / plan.steps) / plan.rounds
            for group in optimizer.param_groups:
                group["lr"] = plan.rate * (1.0 - 0.95 * share)
            chosen = torch.from_numpy(rng.integers(0, len(fresh.share), plan.batch))
            loss = patch_loss(student, fresh, chosen)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            optimizer.step()


def gathered(
    tower: Tower, pool: Pool, draw: Drawer, plan: PatchPlan, rng: np.random.Generator
) -> Patches:
    """Every patch of a nodule of fresh pictures, and some of those without."""
    g, p = tower.shape.grid, tower.shape.patch
    kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for _ in range(0, plan.pictures, 100):
        pictures, share, edges = draw(pool, 100, rng)
        patches = pictures.reshape(-1, g, p, g, p).swapaxes(2, 3).reshape(-1, g * g, p * p)
        chosen = (share > HELD) | ((share == 0) & (rng.random(share.shape) < EMPTY_KEPT))
        kept.append((patches[chosen], share[chosen], edges[chosen].astype(np.float32)))
    return Patches(*(torch.from_numpy(np.concatenate(part)) for part in zip(*kept, strict=True)))


def patch_loss(student: PatchStudent, patches: Patches, chosen: Tensor) -> Tensor:
    """Is there a piece of a nodule, and how far are its edges."""
    presence, edges = student(patches.greys[chosen])
    share = patches.share[chosen]
    here = F.binary_cross_entropy_with_logits(presence, (share > FAINTEST).float())
    well = (share > WELL).float()[:, None]
    off = (edges - patches.edges[chosen]).abs() * well
    return here + 0.5 * off.sum() / (4.0 * well.sum() + 1.0)


@torch.no_grad()
def looked_at(student: PatchStudent, fresh: Patches) -> str:
    """How well patches never seen are told apart, by AUC, and the edges' mean error."""
    presence, edges = student(fresh.greys)
    empty, _ = presence[fresh.share == 0].sort()
    held = presence[fresh.share > WELL]
    auc = torch.searchsorted(empty, held).float().mean() / len(empty)
    well = fresh.share > 2 * WELL
    off = (edges[well] - fresh.edges[well]).abs().mean() * student.tower.shape.patch
    return f"AUC {auc:.3f}, edges off by {off:.2f} px"
