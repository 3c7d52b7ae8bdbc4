"""Teach the tower alone, with dense heads in two places.

A head on the patch tokens and one on the pooled, projected tokens (what the decoder will read) say
for every token which classes lie there and where their edges are. The heads are thrown away; the
box read from one projected token forecasts what the decoder can reach.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name everybody knows

from demo_model.network import DenseHeads, Tower, TowerShape
from demo_model.pasted import MOST, pasted
from demo_model.patch_training import PatchPlan, teach_patches
from demo_model.pool import CLASSES, Pool, Shift, coverage, jittered
from demo_model.volumes import SLICES, Volumes
from demo_model.windows import Windows, cut

PRESENCE_WEIGHT = {"nodule": 12.0, "pneumothorax": 4.0, "effusion": 4.0}
EDGE_WEIGHT = {"nodule": 40.0, "pneumothorax": 4.0, "effusion": 3.0}
USUAL_SIDE, SMALLEST_SIDE = 0.06, 0.03
"""Of a nodule's box: the edges of a small one are to be said the better, as its overlap needs."""
LEAST_COVERED = 0.004
"""Share of a token from which an object is said to be in it."""
PEAK_OF_PATCHES, PEAK_OF_TOKENS = 0.15, 0.3
EDGES, MIDDLE = 8.0, 4.0
"""Against presence as 1: at 2 a nodule's edges had a tenth of the gradient and stayed 3 px off."""

DRAWN_NODULES, LAID_NODULES = 0.25, 0.5
"""Of the slices: those chosen for a drawn nodule, and of those without one, those given one."""

GRID = TowerShape().grid
LAID_OPEN = 800
"""Pictures that the last map of the tokens is made from."""
REST_STRENGTH = 0.25
WHITENED, FINEST = 1000, 100
"""Pictures that the components are taken from, and the last one that is raised in full."""


@dataclass(frozen=True, slots=True)
class TowerPlan:
    """How long and how fast; seconds of the training itself, without evaluations."""

    seconds: float
    batch: int = 36
    slices: int = 12
    """So many of a batch are slices of CT."""
    windows_until: float = 0.2
    """Share of the time in which half of a batch's room goes to windows. What is learnt in windows
    alone goes astray in whole pictures, where six times as many tokens are looked at."""
    cut: int = 44
    """So many X-rays, those of the batch among them, have windows cut from them."""
    rate: float = 1.5e-3
    warm_up: int = 100
    evaluate_every_s: float = 180.0
    patches: PatchPlan = field(default_factory=PatchPlan)


class Student(nn.Module):
    """The tower and its two heads; while it learns, its tokens are as wide as its patches."""

    def __init__(self, shape: TowerShape) -> None:
        super().__init__()
        self.shape = shape
        self.tower = Tower(replace(shape, output=shape.width))
        self.patch_heads = DenseHeads(shape.width, len(CLASSES))
        self.token_heads = DenseHeads(shape.width, len(CLASSES))

    def loss(self, pictures: Tensor, boxes: np.ndarray) -> Tensor:
        """Presence and edges at both places; boxes (n, classes + more nodules, 4)."""
        grid = self.tower.shape.grid
        meant = Meant(targets(boxes, grid), targets(boxes, grid // 2), carried(boxes, grid))
        return self._losses(self.tower(pictures), meant)

    def window_loss(self, windows: Windows, boxes: np.ndarray) -> Tensor:
        """The same in windows of the pictures that ``boxes`` are of."""
        grid, cut = self.tower.shape.grid, windows.pictures
        at = torch.from_numpy(cut)[:, None], torch.from_numpy(windows.fine)
        meant = Meant(
            targets(boxes, grid).at(cut, windows.fine),
            targets(boxes, grid // 2).at(cut, windows.coarse),
            carried(boxes, grid)[at],
        )
        positions = self.tower.positions[at[1]]
        return self._losses(self.tower.encode(three_channels(windows.greys), positions), meant)

    def _losses(self, said: tuple[Tensor, Tensor], meant: "Meant") -> Tensor:
        tokens, patches = said
        fine, coarse = self.patch_heads(patches), self.token_heads(tokens)
        return (
            dense_loss(fine, meant.fine)
            + dense_loss(coarse, meant.coarse)
            + carried_loss(self.patch_heads.carried(patches), meant.carried)
            + PEAK_OF_PATCHES * peak_loss(fine[0], meant.fine)
            + PEAK_OF_TOKENS * peak_loss(coarse[0], meant.coarse)
        )


@dataclass(frozen=True, slots=True)
class Meant:
    """What is to be said by patches, by tokens, and what patches are to carry into tokens."""

    fine: "Targets"
    coarse: "Targets"
    carried: Tensor


@dataclass(frozen=True, slots=True)
class Targets:
    """What the heads should say for every token: (n, tokens, classes), edges (..., 4)."""

    share: Tensor
    edges: Tensor
    inside: Tensor
    """Whether the object is well inside the token, so that its edges are asked for."""
    middle: Tensor
    """Row and column of the token's own middle, (n, tokens, 2)."""

    def at(self, pictures: np.ndarray, places: np.ndarray) -> "Targets":
        """Those of some tokens (n, k) of some pictures (n,)."""
        chosen = torch.from_numpy(pictures)[:, None], torch.from_numpy(places)
        parts = (self.share, self.edges, self.inside, self.middle)
        return Targets(*(part[chosen] for part in parts))


def targets(boxes: np.ndarray, grid: int) -> Targets:
    """Targets on a grid; of several nodules a token answers for the one that covers most of it.

    Of a nodule its part in a token counts like the token's part in it: the smallest would be a
    twentieth there, of four tokens where they meet a hundredth, and hardly be asked for. Absolute
    edges of a nodule would have to be learnt for every place anew; from the token's middle
    they are learnt once, and the middle is a target of its own.
    """
    covered = coverage(boxes, grid).reshape(*boxes.shape[:2], grid * grid)
    inside = (covered > 0.3 * covered.max(2, keepdims=True)) & (covered > LEAST_COVERED)
    nodule, classes = CLASSES.index("nodule"), len(CLASSES)
    nodules = [nodule, *range(classes, boxes.shape[1])]
    most = covered[:, nodules].argmax(1)
    known = np.nan_to_num(boxes)
    edges = np.repeat(known[:, :classes, None], grid * grid, 2)
    edges[:, nodule] = np.take_along_axis(known[:, nodules], most[..., None], 1)
    middle = middles(grid)
    edges[:, nodule] -= np.tile(middle, 2)
    share, well = covered[:, :classes].copy(), inside[:, :classes].copy()
    parts = covered[:, nodules] / (covered[:, nodules].sum(2, keepdims=True) + 1e-9)
    share[:, nodule] = np.maximum(covered[:, nodules].sum(1).clip(0, 1), parts.max(1))
    well[:, nodule] = inside[:, nodules].any(1)
    return Targets(
        torch.from_numpy(share).transpose(1, 2),
        torch.from_numpy(edges.astype(np.float32)).transpose(1, 2),
        torch.from_numpy(well).transpose(1, 2),
        torch.from_numpy(middle).expand(len(boxes), -1, -1),
    )


def carried(boxes: np.ndarray, grid: int) -> Tensor:
    """What each patch adds to its token about a nodule, (n, patches, ``CARRIED``).

    The patch's part of the nodule that covers most of the token, and that part times the nodule's
    edges from the token's middle, in tokens. Parts add up to one, so that a mean over the patches
    says the edges; without this patches said them only from their own middles, which a mean mixes.
    """
    nodules = boxes[:, [CLASSES.index("nodule"), *range(len(CLASSES), boxes.shape[1])]]
    half = grid // 2
    fine, coarse = coverage(nodules, grid), coverage(nodules, half)
    most = coarse.argmax(1)[:, None]
    share = np.take_along_axis(fine, most.repeat(2, 2).repeat(2, 3), 1)[:, 0]
    whole = 4 * np.take_along_axis(coarse, most, 1)[:, 0]
    inside = (coarse > 0.3 * coarse.max((2, 3), keepdims=True)) & (coarse > LEAST_COVERED)
    inside = np.take_along_axis(inside, most, 1)[:, 0]
    part = share / np.where(inside, whole, np.inf).repeat(2, 1).repeat(2, 2)
    known = np.nan_to_num(nodules)
    edges = np.take_along_axis(known, most.reshape(len(boxes), -1, 1), 1)
    edges = (edges - np.tile(middles(half), 2)) * half
    edges = edges.reshape(len(boxes), half, half, 4).repeat(2, 1).repeat(2, 2)
    made = part[..., None] * np.concatenate([np.ones_like(edges[..., :1]), edges], -1)
    return torch.from_numpy(made.reshape(len(boxes), grid * grid, -1).astype(np.float32))


def carried_loss(said: Tensor, meant: Tensor) -> Tensor:
    """L1 where a nodule is, and half as much everywhere else together."""
    off = (said - meant).abs().sum(-1)
    holds = (meant[..., 0] > 0).float()
    here = (off * holds).sum() / (holds.sum() + 1.0)
    return here + 0.5 * (off * (1 - holds)).mean()


def middles(grid: int) -> np.ndarray:
    """Row and column of every token's middle, (tokens, 2) in shares of the picture."""
    places = np.stack(np.divmod(np.arange(grid * grid), grid), 1)
    return ((places + 0.5) / grid).astype(np.float32)


def dense_loss(said: tuple[Tensor, Tensor, Tensor], meant: Targets) -> Tensor:
    """BCE of the covered share, L1 of the middle, and of the edges where the object is inside."""
    presence, edges, middle = said
    weights = torch.tensor([PRESENCE_WEIGHT.get(c, 1.0) for c in CLASSES])
    here = F.binary_cross_entropy_with_logits(presence, meant.share, pos_weight=weights)
    inside = meant.inside * torch.tensor([EDGE_WEIGHT.get(c, 1.0) for c in CLASSES])
    nodule = CLASSES.index("nodule")
    top, left, bottom, right = meant.edges[..., nodule, :].unbind(-1)
    side = ((bottom - top + right - left) / 2).clamp(min=SMALLEST_SIDE)
    inside[..., nodule] = inside[..., nodule] * (USUAL_SIDE / side)
    off = (edges - meant.edges).abs().sum(-1) * inside
    lost = (middle - meant.middle).abs().mean()
    return here + EDGES * off.sum() / (4.0 * inside.sum() + 1.0) + MIDDLE * lost


def peak_loss(presence: Tensor, meant: Targets) -> Tensor:
    """Cross-entropy of where a nodule's strongest logit stands: on a nodule, or nowhere above 0.

    Token by token a false alarm in fifty is little; a question hears the strongest of them.
    """
    nodule = CLASSES.index("nodule")
    logits, share = presence[..., nodule], meant.share[..., nodule]
    there = (share > 0.2 * share.amax(1, keepdim=True)) & (share > 0.02)
    right = torch.cat([~there.any(1, keepdim=True), there], 1)
    said = F.log_softmax(torch.cat([torch.zeros_like(logits[:, :1]), logits], 1), 1)
    return -torch.logsumexp(said.masked_fill(~right, -1e9), 1).mean()


@dataclass(frozen=True, slots=True)
class Drawings:
    """What the tower learns from, and the X-rays that it is looked at with."""

    pool: Pool
    volumes: Volumes
    unseen: Pool


def train_tower(
    student: Student, drawings: Drawings, plan: TowerPlan, say: Callable[[str], None]
) -> None:
    """One cosine over ``plan.seconds``; progress goes to ``say``."""
    rng = np.random.default_rng(1)
    whiten(student.tower, drawings.pool, rng)
    teach_patches(student.tower, drawings.pool, drawn_patches, plan.patches, say)
    optimizer = torch.optim.AdamW(
        student.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.01
    )
    begun, paused, step, next_look = time.monotonic(), 0.0, 0, plan.evaluate_every_s
    while (spent := time.monotonic() - begun - paused) < plan.seconds:
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * cosine(step, plan.warm_up, spent / plan.seconds)
        loss = student_step(student, drawings, plan, rng, spent / plan.seconds)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        step += 1
        if spent > next_look:
            started = time.monotonic()
            next_look += plan.evaluate_every_s
            seen = read_out(student, drawings.unseen)
            say(f"tower {step} steps {spent:.0f} s loss {loss.item():.3f} {seen}")
            paused += time.monotonic() - started
    say(f"tower done {step} steps {read_out(student, drawings.unseen)}")
    lay_open(student, drawings, rng)


@torch.no_grad()
def whiten(tower: Tower, pool: Pool, rng: np.random.Generator) -> None:
    """Begin with patches in their principal components at like strengths.

    A nodule is some levels in a patch, the difference of chest and air a hundred times as much;
    from random weights the tower sees the latter alone for its first thousands of pictures. What
    is finer than the hundredth component is mostly noise and is not raised.
    """
    shape = tower.shape
    greys = pool.pictures.reshape(-1, shape.image, shape.image)
    chosen = greys[rng.choice(len(greys), min(WHITENED, len(greys)), replace=False)]
    g, p = shape.grid, shape.patch
    patches = chosen.reshape(-1, g, p, g, p).swapaxes(2, 3).reshape(-1, p * p) / 127.5 - 1
    mean = patches.mean(0)
    values, vectors = np.linalg.eigh(np.cov(patches, rowvar=False))
    values, vectors = values[::-1][: shape.width], vectors[:, ::-1][:, : shape.width]
    weights = (vectors * (0.5 / np.sqrt(values + values[FINEST]))).T
    tower.patches.weight.copy_(torch.from_numpy(np.tile(weights / 3, 3)))
    tower.patches.bias.copy_(torch.from_numpy(-weights @ mean))


def student_step(
    student: Student, drawings: Drawings, plan: TowerPlan, rng: np.random.Generator, share: float
) -> Tensor:
    """The loss of one batch of X-rays and slices, when ``share`` of the time has gone by."""
    slices, more = drawn_slices(drawings.volumes, plan.slices, rng)
    none = np.full((len(more), MOST, 4), np.nan, np.float32)
    more = np.concatenate([more, none], 1)
    with_windows = share < plan.windows_until
    whole = plan.batch // (1 + with_windows) - plan.slices
    greys, boxes = drawn(drawings.pool, plan.cut if with_windows else whole, rng, share)
    pictures = torch.cat([three_channels(greys[:whole]), channels_first(slices)])
    loss = student.loss(pictures, np.concatenate([boxes[:whole], more]))
    if not with_windows:
        return loss
    windows = cut(greys, boxes, student.tower.shape.grid, len(CLASSES), rng)
    return loss + student.window_loss(windows, boxes)


def drawn(
    pool: Pool, batch: int, rng: np.random.Generator, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """X-rays (n, px, px), moved, with boxes (n, classes + ``MOST``, 4) of what is drawn and pasted.

    Those with a nodule come more often than they were drawn.
    """
    has_nodule = ~np.isnan(pool.boxes[:, :, CLASSES.index("nodule"), 0]).reshape(-1)
    weights = np.where(has_nodule, 2.0, 1.0)
    pictures, boxes = [], []
    for chosen in rng.choice(len(weights), batch, p=weights / weights.sum()):
        picture, known = pool.pictures[chosen // 2, chosen % 2], pool.boxes[chosen // 2, chosen % 2]
        picture, known = jittered(picture, known, rng)
        picture, more = pasted(picture, known[:2], share, rng)
        pictures.append(picture)
        boxes.append(np.concatenate([known, more]))
    return np.stack(pictures), np.stack(boxes)


def drawn_patches(
    pool: Pool, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X-rays with pasted nodules, the share and the edges of a nodule for each patch."""
    pictures, boxes = drawn(pool, count, rng, float(rng.uniform(0.0, 0.4)))
    nodule = CLASSES.index("nodule")
    meant = targets(boxes, GRID)
    edges = meant.edges[..., nodule, :].numpy() * GRID + 0.5
    return pictures, meant.share[..., nodule].numpy(), edges


def drawn_slices(
    volumes: Volumes, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Single slices (n, px, px, 3), shifted and scaled, with boxes; about half with a nodule."""
    pictures, boxes = [], []
    for _ in range(count):
        volume = int(rng.integers(len(volumes)))
        holding = np.flatnonzero(volumes.areas(volume))
        wants = len(holding) and rng.random() < DRAWN_NODULES
        index = int(rng.choice(holding) if wants else rng.integers(SLICES))
        picture, known = volumes.picture(volume, index), volumes.boxes[volume, index]
        if rng.random() < LAID_NODULES:
            picture, known = volumes.picture_with_nodule(volume, index, rng)
        shift = Shift.draw(rng)
        pictures.append(shift.moved(picture))
        boxes.append(shift.boxes(known))
    return np.stack(pictures), np.stack(boxes)


def channels_first(pictures: np.ndarray) -> Tensor:
    """Colour pictures (n, px, px, 3) as the tower takes them."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2)


def three_channels(pictures: np.ndarray) -> Tensor:
    """Grey pictures (n, px, px) as the tower takes them."""
    return torch.from_numpy(pictures)[:, None].expand(-1, 3, -1, -1)


def cosine(step: int, warm_up: int, share: float) -> float:
    """Warm-up, then a cosine to 3 %."""
    fallen = 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
    return min(1.0, (step + 1) / warm_up) * (0.97 * fallen + 0.03)


@torch.no_grad()
def lay_open(student: Student, drawings: Drawings, rng: np.random.Generator) -> None:
    """Turn the projection so that the decoder finds what the heads read, each in a row of its own.

    Any map after the tower is free, since the decoder learns later. As trained, a nodule is a faint
    direction in one token of fifty, which a decoder had not found after 900 steps; now presence,
    edges and place are rows about 0 of unit strength, a nodule's edges in the picture beside those
    from the token's middle, and what is left are faint principal components.
    """
    heads = student.token_heads
    pictures, _boxes = drawn(drawings.pool, LAID_OPEN, rng, 1.0)
    slices, _more = drawn_slices(drawings.volumes, LAID_OPEN // 4, rng)
    parts = [three_channels(pictures), channels_first(slices)]
    rows = torch.cat([student.tower(p)[0] for part in parts for p in part.split(50)]).flatten(0, 1)
    nodule, middle = CLASSES.index("nodule"), heads.middle.weight
    absolute = heads.edges.weight[4 * nodule : 4 * nodule + 4] + middle.repeat(2, 1)
    read = torch.cat([heads.presence.weight, heads.edges.weight, absolute, middle]).T
    width = student.shape.output
    values, vectors = torch.linalg.eigh(torch.cov(rows.T))
    count = width - read.shape[1]
    scale = REST_STRENGTH / (values[-count:] + values[-1] * 1e-4).sqrt()
    turned = torch.cat([read / (rows @ read).std(0), vectors[:, -count:] * scale], 1)
    turned -= constant_of(rows)[:, None] * (rows @ turned).mean(0)
    student.tower.projection = nn.Parameter(student.tower.projection @ turned)
    student.tower.shape = student.shape


def constant_of(rows: Tensor) -> Tensor:
    """The direction in which all rows (n, width) measure 1, as nearly as there is one.

    With it the means are taken off, which would fill the rows otherwise: an edge lies at 0.9 give
    or take 0.1, and what is not there at a logit of minus five.
    """
    grown = rows.T @ rows + 1e-3 * len(rows) * torch.eye(rows.shape[1])
    return torch.linalg.solve(grown, rows.sum(0))


@torch.no_grad()
def read_out(student: Student, unseen: Pool, count: int = 300) -> str:
    """AUC and mean IoU of the box at each class's strongest token, patch / projected."""
    presence, edges = [], []
    count = min(count, len(unseen))
    for start in range(0, count, 50):
        pictures = three_channels(unseen.pictures[start : min(start + 50, count), 1])
        tokens, _ = student.tower(pictures)
        here, where, middle = student.token_heads(tokens)
        where[:, :, CLASSES.index("nodule")] += middle.repeat(1, 1, 2)
        presence.append(here.numpy())
        edges.append(where.numpy())
    scores, boxes = np.concatenate(presence), np.concatenate(edges)
    parts = []
    for index, name in enumerate(CLASSES):
        truth = unseen.boxes[:count, 1, index]
        there = ~np.isnan(truth[:, 0])
        best = scores[:, :, index].argmax(1)
        peak = scores[:, :, index].max(1)
        auc = np.mean(peak[there][:, None] > peak[~there][None]) if (~there).any() else 1.0
        said = boxes[np.arange(count), best, index]
        overlap = np.mean([iou(said[i], truth[i]) for i in np.flatnonzero(there)])
        parts.append(f"{name} {auc:.3f}/{overlap:.2f}")
    return ", ".join(parts)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Overlap of two boxes (top, left, bottom, right) over their union."""
    height = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    width = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = height * width
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return float(both / union) if union > 0 else 0.0
