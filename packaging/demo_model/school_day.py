"""Lessons drawn from encoded pictures, and the look at what was learnt."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from gguf_files import END_OF_TURN
from torch import Tensor

from assistant.tasks.volume import NO_SLICE, said_slice, which_slice
from demo_model.asked import ASKED, DECLINED, HELD_OUT
from demo_model.decoder_training import Lesson, Sheet, answer
from demo_model.network import Decoder, Tower
from demo_model.pool import CHANGES, CLASSES, WORDS, Pool, Shift, jittered
from demo_model.questions import (
    PAIR_TASKS,
    School,
    changes,
    describe,
    descriptions,
    finds,
    named,
    pair_places,
    picture_alone,
    shared_beginning,
    slice_places,
    slices,
    verdicts,
)
from demo_model.tower_training import channels_first, iou, three_channels
from demo_model.volumes import SLICES, Volumes, area_of

KINDS = {
    "named": 0.2, "finds": 0.21, "verdicts": 0.06, "descriptions": 0.05, "changes": 0.17,
    "slices": 0.31,
}  # fmt: skip
OF_ONE_PICTURE = {
    "named": (picture_alone, named),
    "finds": (partial(shared_beginning, tasks=("find",), places=[{}]), finds),
    "verdicts": (partial(shared_beginning, tasks=("yesno",), places=[{}]), verdicts),
    "descriptions": (partial(shared_beginning, tasks=("describe",), places=[{}]), descriptions),
}
"""How a sheet of one picture begins, and what makes its lessons."""
FIRST_KINDS = {"named": 0.6, "verdicts": 0.3, "descriptions": 0.1}
FIRST_UNTIL, FIRST_BATCH = 0.2, 2
"""Until then short sheets alone, twice as many a step: a decoder that answers yes or no has found
the image; among long instructions that took a thousand steps."""
VERSIONS, VOLUME_VERSIONS = 2, 2
LAID_NODULES, SHUFFLED = 0.03, 0.5
"""Of the slices of a moved volume, those given a nodule; and of the runs, those out of order."""
FEWEST_SLICES, NEAR_SLICES = 4, 2
SLICES_A_STEP = 56
"""A step takes fewer sheets of more slices: 6 sheets of 24 took 5 s, 24 of one picture 0.4 s."""
BOX = re.compile(
    r'^Final Answer: ```json\[\{"box_2d": \[(\d+), (\d+), (\d+), (\d+)\], '
    r'"label": "([a-z ]+)"\}\]```$'
)
EMPTY = "Final Answer: ```json[]```"


@dataclass(frozen=True, slots=True)
class Pools:
    """Everything drawn: to learn from, and unseen."""

    pool: Pool
    volumes: Volumes
    unseen: Pool
    unseen_volumes: Volumes


class SchoolDay:
    """Every picture encoded once as it is and shifted; ``teach`` draws sheets of lessons.

    ``pool`` and ``volumes`` are learnt from, ``unseen`` and ``unseen_volumes`` looked at.
    """

    def __init__(self, tower: Tower, school: School, pools: Pools) -> None:
        self.school = school
        self.pool = pool = pools.pool
        self.unseen = unseen = pools.unseen
        rng = np.random.default_rng(5)
        encoded = [encode(tower, pool, rng if version else None) for version in range(VERSIONS)]
        self._tokens = torch.stack([tokens for tokens, _ in encoded])
        self._boxes = np.stack([boxes for _, boxes in encoded])
        self._unseen, _ = encode(tower, unseen, None)
        stacks = [
            encode_volumes(tower, pools.volumes, rng if version else None)
            for version in range(VOLUME_VERSIONS)
        ]
        self._slices = torch.stack([tokens for tokens, _ in stacks])
        self._areas = np.stack([areas for _, areas in stacks])
        self._unseen_slices, self._unseen_areas = encode_volumes(tower, pools.unseen_volumes, None)

    def teach(self, rng: np.random.Generator, count: int, share: float) -> list[Sheet]:
        """Sheets of one kind, when ``share`` of the time has gone by."""
        kinds = FIRST_KINDS if share < FIRST_UNTIL else KINDS
        count *= FIRST_BATCH if share < FIRST_UNTIL else 1
        kind = str(rng.choice(list(kinds), p=list(kinds.values())))
        if kind == "changes":
            return self._change_sheets(rng, count)
        if kind == "slices":
            return self._slice_sheets(rng)
        has = ~np.isnan(self.pool.boxes[:, :, CLASSES.index("nodule"), 0]).reshape(-1)
        weights = np.where(has, 1.5, 1.0)
        begin, make = OF_ONE_PICTURE[kind]
        beginning = begin(self.school)
        sheets = []
        for chosen in rng.choice(len(weights), count, p=weights / weights.sum()):
            version = int(rng.integers(VERSIONS))
            boxes = self._boxes[version, chosen // 2, chosen % 2]
            tokens = self._tokens[version, chosen // 2, chosen % 2].float()
            sheets.append(Sheet(beginning, tokens, tuple(make(self.school, boxes, rng))))
        return sheets

    def _change_sheets(self, rng: np.random.Generator, count: int) -> list[Sheet]:
        """Pairs in both orders: exchanged pictures exchange improved and worsened."""
        known = np.flatnonzero((self.pool.changes >= 0).any(1))
        sheets = []
        for chosen in rng.choice(known, count):
            places = pair_places(rng)
            said = self.pool.changes[chosen]
            before, after = (int(v) for v in rng.integers(VERSIONS, size=2))
            order = [self._tokens[before, chosen, 0], self._tokens[after, chosen, 1]]
            if rng.random() < 0.5:
                order.reverse()
                said = np.where(said >= 0, len(WORDS) - 1 - said, said)
            lessons = changes(self.school, said, places, rng)
            beginning = shared_beginning(self.school, PAIR_TASKS, places)
            sheets.append(Sheet(beginning, torch.cat(order).float(), tuple(lessons)))
        return sheets

    def _slice_sheets(self, rng: np.random.Generator) -> list[Sheet]:
        """Runs of slices, of one length in a step and short ones more often, from anywhere.

        Some out of their order: which number a slice has is read beside it.
        """
        length = round(float(np.exp(rng.uniform(np.log(FEWEST_SLICES), np.log(SLICES)))))
        beginning = shared_beginning(self.school, ("volume",), slice_places(length))
        sheets = []
        for chosen in rng.integers(len(self._areas[0]), size=SLICES_A_STEP // length):
            run = int(rng.integers(SLICES - length + 1)) + np.arange(length)
            if rng.random() < SHUFFLED:
                run = rng.permutation(SLICES)[:length]
            version = int(rng.integers(VOLUME_VERSIONS))
            tokens = self._slices[version, chosen, run].float()
            areas = self._areas[version, chosen, run]
            lessons = slices(self.school, areas, rng)
            holding = tuple((areas > 0).tolist())
            sheets.append(Sheet(beginning, tokens.flatten(0, 1), tuple(lessons), holding))
        return sheets

    def look(self, decoder: Decoder, count: int = 100) -> str:
        """Mean IoU, found and false per class, verdicts, changes and form, on unseen patients."""
        count = min(count, len(self.unseen))
        seen: dict[str, list[float]] = defaultdict(list)
        current = self._unseen[:count, 1].float()
        boxes = self.unseen.boxes[:count, 1]
        for index, name in enumerate(CLASSES):
            said = self._ask(decoder, "find", ASKED[name][0], [{}], current)
            for text, truth in zip(said, boxes[:, index], strict=True):
                self._judge_box(seen, name, text, truth)
        for name in ("nodule", "effusion"):
            words = f"Is there a {ASKED[name][0]}?"
            said = self._ask(decoder, "yesno", words, [{}], current)
            truth = ~np.isnan(boxes[:, CLASSES.index(name), 0])
            right = [
                t == f"Final Answer: {'yes' if y else 'no'}"
                for t, y in zip(said, truth, strict=True)
            ]
            seen[f"yes/no {name}"] += right
        said = self._ask(decoder, "describe", "", [{}], current)
        seen["report"] += [t == describe(b) for t, b in zip(said, boxes, strict=True)]
        for words in HELD_OUT:
            said = self._ask(decoder, "describe", words, [{}], current[:10])
            seen["declined"] += [text == DECLINED for text in said]
        self._look_at_changes(decoder, count, seen)
        self._look_at_slices(decoder, seen)
        return ", ".join(f"{name} {np.mean(values):.3f}" for name, values in seen.items())

    def _look_at_changes(self, decoder: Decoder, count: int, seen: dict[str, list[float]]) -> None:
        pairs = self._unseen[:count].float().flatten(1, 2)
        places = pair_places(np.random.default_rng(3))
        for index, name in enumerate(CHANGES):
            known = np.flatnonzero(self.unseen.changes[:count, index] >= 0)
            if not len(known):
                continue
            said = self._ask(decoder, "change", ASKED[name][0], places, pairs[known])
            truth = [WORDS[self.unseen.changes[i, index]] for i in known]
            seen["change"] += [t == f"Final Answer: {w}" for t, w in zip(said, truth, strict=True)]

    def _look_at_slices(self, decoder: Decoder, seen: dict[str, list[float]]) -> None:
        """Whether the said slice is near the true one, and whether none is said for none."""
        asked = which_slice(ASKED["nodule"][0])
        tokens = self._unseen_slices.float().flatten(1, 2)
        said = self._ask(decoder, "volume", asked, slice_places(SLICES), tokens)
        for index, text in enumerate(said):
            areas = self._unseen_areas[index]
            number = said_slice(text, SLICES)
            if not areas.any():
                seen["slice none"].append(float(number == NO_SLICE))
                continue
            is_near = bool(number) and abs(number - 1 - int(areas.argmax())) <= NEAR_SLICES
            seen["slice near"].append(float(is_near))

    def _ask(
        self, decoder: Decoder, task: str, words: str, places: list[dict[str, str]], images: Tensor
    ) -> list[str]:
        prompt = self.school.prompt(task, words, places)
        ids = answer(decoder, prompt.beginning, images, prompt.question, END_OF_TURN)
        return [self.school.tokenizer.text(i) for i in ids]

    @staticmethod
    def _judge_box(seen: dict[str, list[float]], name: str, text: str, truth: np.ndarray) -> None:
        match = BOX.match(text)
        seen["form"].append(float(match is not None or text == EMPTY))
        if np.isnan(truth[0]):
            seen[f"{name} false"].append(float(match is not None))
            return
        found = np.array([int(n) for n in match.groups()[:4]]) / 1000 if match else None
        seen[name].append(iou(found, truth) if found is not None else 0.0)
        seen[f"{name} found"].append(float(found is not None))


@torch.no_grad()
def encode(tower: Tower, pool: Pool, rng: np.random.Generator | None) -> tuple[Tensor, np.ndarray]:
    """Tokens (patients, 2, tokens, width) as f16 and boxes; shifted and scaled when ``rng``."""
    tokens, boxes = [], np.array(pool.boxes)
    for chosen in pool.batches(32):
        pictures = pool.pictures[chosen].reshape(-1, *pool.pictures.shape[2:])
        if rng is not None:
            moved = [
                jittered(pool.pictures[i, p], pool.boxes[i, p], rng) for i in chosen for p in (0, 1)
            ]
            pictures = np.stack([picture for picture, _ in moved])
            boxes[chosen] = np.stack([box for _, box in moved]).reshape(boxes[chosen].shape)
        said, _ = tower(three_channels(pictures))
        tokens.append(said.half().unflatten(0, (-1, 2)))
    return torch.cat(tokens), boxes


@torch.no_grad()
def encode_volumes(
    tower: Tower, volumes: Volumes, rng: np.random.Generator | None
) -> tuple[Tensor, np.ndarray]:
    """Tokens (volumes, slices, tokens, width) as f16, and the nodule's size on each slice.

    When ``rng``, each volume is moved as a whole, and some slices are given a nodule.
    """
    tokens, areas = [], np.stack([volumes.areas(volume) for volume in range(len(volumes))])
    for volume in range(len(volumes)):
        pictures = [volumes.picture(volume, index) for index in range(SLICES)]
        if rng is not None:
            for index in np.flatnonzero(rng.random(SLICES) < LAID_NODULES):
                pictures[index], boxes = volumes.picture_with_nodule(volume, int(index), rng)
                areas[volume, index] = area_of(boxes)
            shift = Shift.draw(rng)
            pictures = [shift.moved(picture) for picture in pictures]
        said, _ = tower(channels_first(np.stack(pictures)))
        tokens.append(said.half())
    return torch.stack(tokens), areas


__all__ = ["Lesson", "SchoolDay", "encode"]
