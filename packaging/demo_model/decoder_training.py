"""Teach the decoder alone on kept image tokens: several questions after one shared beginning.

The tower is frozen and every picture is encoded once. A sequence is the prompt's common beginning
(instruction and images) and then several questions with their answers; each question attends to the
beginning and to itself, and its positions go on from the beginning's end, as in use.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name everybody knows

from demo_model.network import Decoder
from demo_model.noticing import Noticing
from demo_model.numbers import DigitTargets
from demo_model.tower_training import cosine

IMAGE = -1
HARD = -1


@dataclass(frozen=True, slots=True)
class Target:
    """One token of an answer, its weight in the loss, and its row of digit targets or ``HARD``."""

    token: int
    weight: float
    soft: int = HARD


@dataclass(frozen=True, slots=True)
class Lesson:
    """A question's own tokens and its answer."""

    question: tuple[int, ...]
    answer: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Lessons about the same pictures; ``beginning`` has ``IMAGE`` at each image token's place."""

    beginning: tuple[int, ...]
    tokens: Tensor
    """Image tokens, (images * tokens an image, width), in the order of the places."""
    lessons: tuple[Lesson, ...]
    holding: tuple[bool, ...] = ()
    """Of slices: which hold a nodule, in the order of their names in the beginning."""


@dataclass(frozen=True, slots=True)
class DecoderPlan:
    """Seconds of training and the rate; ``batch`` sheets a step."""

    seconds: float
    batch: int = 24
    rate: float = 1.5e-3
    warm_up: int = 100
    evaluate_every_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Known:
    """Tokens that the training knows by their meaning."""

    digits: Sequence[int]
    slices: Sequence[int]
    """The names beside slices, in the order of their numbers."""


Teacher = Callable[[np.random.Generator, int, float], list[Sheet]]
"""Draws sheets of one kind, with beginnings of one length and images at the same places; it is told
what share of the time has gone by."""


def train_decoder(
    decoder: Decoder,
    noticing: Noticing,
    known: Known,
    teacher: Teacher,
    plan: DecoderPlan,
    look: Callable[[], str],
    say: Callable[[str], None],
) -> None:
    """One cosine over ``plan.seconds``; ``look`` evaluates, ``say`` reports."""
    rng = np.random.default_rng(2)
    targets = DigitTargets()
    table, places = torch.from_numpy(targets.table), torch.tensor(known.digits)
    learning = [*decoder.parameters(), *noticing.parameters()]
    optimizer = torch.optim.AdamW(learning, lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.01)
    begun, paused, step, next_look = time.monotonic(), 0.0, 0, plan.evaluate_every_s
    while (spent := time.monotonic() - begun - paused) < plan.seconds:
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * cosine(step, plan.warm_up, spent / plan.seconds)
        sheets = teacher(rng, plan.batch, spent / plan.seconds)
        loss = sheet_loss(decoder, sheets, table, places)
        if sheets[0].holding:
            loss += noticing.loss(sheets[0].beginning, [s.holding for s in sheets], known.slices)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        step += 1
        if step in {20, 100, 400} or spent > next_look:
            started = time.monotonic()
            seen = ""
            if spent > next_look:
                next_look += plan.evaluate_every_s
                seen = look()
            say(f"decoder {step} steps {spent:.0f} s loss {loss.item():.3f} {seen}")
            paused += time.monotonic() - started
    say(f"decoder done {step} steps {look()}")


def sheet_loss(decoder: Decoder, sheets: list[Sheet], table: Tensor, digits: Tensor) -> Tensor:
    """Weighted cross-entropy of the answers; digits against their distributions."""
    beginning = torch.tensor(sheets[0].beginning)
    room = max(len(s.question) + len(s.answer) for sheet in sheets for s in sheet.lessons)
    count = len(sheets[0].lessons)
    start, length = len(beginning), len(beginning) + count * room
    ids = torch.zeros(len(sheets), length, dtype=torch.long)
    ids[:, :start] = torch.tensor([s.beginning for s in sheets]).clamp(min=0)
    at: list[int] = []
    answers: list[Target] = []
    for index, sheet in enumerate(sheets):
        for number, lesson in enumerate(sheet.lessons):
            first = start + number * room
            said = [*lesson.question, *(t.token for t in lesson.answer[:-1])]
            ids[index, first : first + len(said)] = torch.tensor(said)
            begin = index * length + first + len(lesson.question) - 1
            at += range(begin, begin + len(lesson.answer))
            answers += lesson.answer
    rows = decoder.rows(ids)
    is_image = beginning == IMAGE
    if is_image.any():
        images = torch.stack([s.tokens for s in sheets]).to(rows)
        rows = torch.cat([place_images(rows[:, :start], is_image, images), rows[:, start:]], 1)
    mask = sheet_mask(beginning, count, room)
    places = torch.cat([torch.arange(start), *[torch.arange(start, start + room)] * count])
    hidden, _ = decoder(rows, mask, places)
    logits = decoder.logits(hidden.reshape(-1, hidden.shape[-1])[torch.tensor(at)])
    return answer_loss(F.log_softmax(logits, -1), answers, table, digits)


def place_images(rows: Tensor, is_image: Tensor, images: Tensor) -> Tensor:
    """The beginning's rows with image tokens at their places."""
    placed = torch.zeros_like(rows)
    placed[:, is_image] = images
    return torch.where(is_image[:, None], placed, rows)


def sheet_mask(beginning: Tensor, count: int, room: int) -> Tensor:
    """True where a token may look: causal; all of an image at once; each question apart."""
    start = len(beginning)
    length = start + count * room
    mask = torch.tril(torch.ones(length, length, dtype=torch.bool))
    is_image = beginning == IMAGE
    runs = torch.cumsum((is_image & ~torch.roll(is_image, 1)).long(), 0) * is_image
    same = (runs[:, None] == runs[None]) & is_image[:, None] & is_image[None]
    mask[:start, :start] |= same
    for number in range(1, count):
        first = start + number * room
        mask[first:, start:first] = False
    return mask


def answer_loss(logs: Tensor, answers: Sequence[Target], table: Tensor, digits: Tensor) -> Tensor:
    """Mean over the answers' tokens by weight."""
    tokens = torch.tensor([t.token for t in answers])
    weights = torch.tensor([t.weight for t in answers])
    soft = torch.tensor([t.soft for t in answers])
    losses = -logs.gather(1, tokens[:, None])[:, 0]
    is_soft = soft != HARD
    spread = -(logs[is_soft][:, digits] * table[soft[is_soft]]).sum(-1)
    losses = losses.masked_scatter(is_soft, spread)
    return (losses * weights).sum() / weights.sum()


@torch.no_grad()
def answer(
    decoder: Decoder,
    beginning: Sequence[int],
    images: Tensor,
    question: Sequence[int],
    end: int,
    at_most: int = 120,
) -> list[list[int]]:
    """Greedy answers to one question about many pictures: images (n, places, width)."""
    ids = torch.tensor([*beginning, *question])
    is_image = ids == IMAGE
    rows = decoder.rows(ids.clamp(min=0)).expand(len(images), -1, -1)
    rows = place_images(rows, is_image, images.to(rows))
    hidden, past = decoder(rows, sheet_mask(ids, 1, 0), torch.arange(len(ids)))
    said: list[list[int]] = [[] for _ in images]
    done = torch.zeros(len(images), dtype=torch.bool)
    for place in range(len(ids), len(ids) + at_most):
        chosen = decoder.logits(hidden[:, -1]).argmax(-1)
        for index in torch.nonzero(~done)[:, 0].tolist():
            said[index].append(int(chosen[index]))
        done |= chosen == end
        if done.all():
            break
        hidden, past = decoder(decoder.rows(chosen)[:, None], None, torch.tensor([place]), past)
    return said
