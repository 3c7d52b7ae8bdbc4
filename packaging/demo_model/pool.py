"""Drawn patients for training: pairs of X-rays (prior, current) with boxes and changes, on disk.

A pool is a folder of arrays that several processes fill in parts; each part depends on its seeds
alone, so an interrupted drawing goes on where it stopped.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CLASSES = ("right lung", "left lung", "heart", "nodule", "effusion", "pneumothorax")
CHANGES = ("nodule", "effusion", "pneumothorax")
WORDS = ("improved", "stable", "worsened")
PART = 50
NODULE_MM = (13.0, 30.0)
"""Smaller ones are seldom seen on an X-ray, larger ones are called masses."""
SOFT_PX = 0.5
"""One ray a pixel is sharper than a large picture made small, as the program does; this blur brings
the finest detail to the same strength (3.1 against 2.9 levels, 4.8 without)."""
MIRRORED = 0.12
"""Of the pictures learnt from: where a finding lies is read from the picture, not by heart."""
SHARES = {
    "nodule": 0.62, "effusion": 0.38, "pneumothorax": 0.25, "consolidation": 0.12,
    "cardiomegaly": 0.2,
}  # fmt: skip


def draw_part(first_seed: int, image_px: int, path: Path) -> None:
    """Draw ``PART`` patients, prior and current, into one file."""
    from phantom import samples
    from phantom.xray import blurred

    pictures = np.zeros((PART, 2, image_px, image_px), np.uint8)
    boxes = np.full((PART, 2, len(CLASSES), 4), np.nan, np.float32)
    changes = np.full((PART, len(CHANGES)), -1, np.int8)
    for index in range(PART):
        seed = first_seed + index
        pair = samples.pair_sample(seed, image_px, draw_wanted(np.random.default_rng((seed, 21))))
        for place, picture in enumerate((pair.prior, pair.current)):
            pictures[index, place] = np.rint(blurred(picture.astype(np.float32), SOFT_PX))
        for place, found in enumerate((pair.prior_boxes, pair.current_boxes)):
            for box in found:
                edges = [float(box[k]) / image_px for k in ("top", "left", "bottom", "right")]
                boxes[index, place, CLASSES.index(str(box["label"]))] = edges
        for column, name in enumerate(CHANGES):
            if name in pair.changes:
                changes[index, column] = WORDS.index(pair.changes[name])
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, pictures=pictures, boxes=boxes, changes=changes)
    partial.replace(path)


def draw_wanted(rng: np.random.Generator):  # noqa: ANN201 - phantom.anatomy.Wanted, imported late
    """What the next patient has; nothing in about one of six."""
    from phantom.anatomy import Wanted

    have = {name: bool(rng.random() < share) for name, share in SHARES.items()}
    return Wanted(
        nodules=int(have["nodule"]),
        nodule_mm=float(rng.uniform(*NODULE_MM)),
        effusion=have["effusion"],
        pneumothorax=have["pneumothorax"],
        consolidation=have["consolidation"],
        cardiomegaly=have["cardiomegaly"],
    )


def draw_pool(folder: Path, *, first_seed: int, patients: int, image_px: int, workers: int) -> None:
    """Fill a pool folder; parts that are there already are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pool.json").write_text(json.dumps({"image_px": image_px, "classes": CLASSES}))
    jobs = [
        (first_seed + i * PART, image_px, folder / f"{first_seed + i * PART:08d}.npz")
        for i in range(-(-patients // PART))
    ]
    missing = [job for job in jobs if not job[2].exists()]
    with get_context("spawn").Pool(workers, initializer=os.nice, initargs=(10,)) as pool:
        for done, _ in enumerate(pool.imap_unordered(_draw_job, missing), 1):
            print(f"drawn {done * PART} of {len(missing) * PART}", flush=True)


def _draw_job(job: tuple[int, int, Path]) -> None:
    draw_part(*job)


@dataclass(frozen=True, slots=True)
class Pool:
    """All parts in memory: pictures (patients, 2, px, px), boxes, changes; prior first."""

    pictures: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    changes: NDArray[np.int8]

    @classmethod
    def load(cls, folder: Path, *, at_most: int | None = None) -> "Pool":
        """Read a pool folder."""
        paths = sorted(p for p in folder.glob("*.npz") if ".partial" not in p.name)
        parts = [np.load(p) for p in paths[: None if at_most is None else at_most // PART]]
        return cls(
            *(np.concatenate([p[k] for p in parts]) for k in ("pictures", "boxes", "changes"))
        )

    def __len__(self) -> int:
        return len(self.pictures)

    def batches(self, size: int) -> Iterator[NDArray[np.int64]]:
        """Patients in order, a batch at a time."""
        for start in range(0, len(self), size):
            yield np.arange(start, min(start + size, len(self)))


@dataclass(frozen=True, slots=True)
class Shift:
    """How a picture is moved: scale, and rows and columns as shares of the picture."""

    scale: float
    rows: float
    columns: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Shift":
        """A small one."""
        rows, columns = rng.uniform(-0.05, 0.05, 2)
        return cls(float(rng.uniform(0.9, 1.12)), float(rows), float(columns))

    def moved(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture (px, px) or (px, px, 3), moved; black comes in from beside it."""
        size, (top, left) = picture.shape[0], self._origin()
        matrix = (1 / self.scale, 0, left * size, 0, 1 / self.scale, top * size)
        image = Image.fromarray(picture).transform(
            (size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
        )
        return np.asarray(image)

    def boxes(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (..., 4) of the moved picture."""
        moved = (boxes - np.tile(self._origin(), 2)) * self.scale
        return np.clip(moved, 0, 1).astype(np.float32)

    def _origin(self) -> NDArray[np.float64]:
        """Where the moved picture's first corner was, rows and columns."""
        return 0.5 - 0.5 / self.scale - np.array([self.rows, self.columns]) / self.scale


def jittered(
    picture: NDArray[np.uint8], boxes: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Shift, scale, re-grey and seldom mirror an X-ray; boxes (classes, 4) follow."""
    shift = Shift.draw(rng)
    table = np.clip(
        255 * (np.linspace(0, 1, 256) ** rng.uniform(0.85, 1.18)) * rng.uniform(0.92, 1.08), 0, 255
    )
    moved, boxes = table.astype(np.uint8)[shift.moved(picture)], shift.boxes(boxes)
    return mirrored(moved, boxes) if rng.random() < MIRRORED else (moved, boxes)


def mirrored(
    picture: NDArray[np.uint8], boxes: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The X-ray of a person whose organs lie the other way round, and its boxes (classes, 4).

    The right lung stays the one at the picture's left, so the two lungs change their names.
    """
    top, left, bottom, right = boxes.T
    turned = np.stack([top, 1 - right, bottom, 1 - left], 1)
    turned[[0, 1]] = turned[[1, 0]]
    return picture[:, ::-1], turned


def coverage(boxes: NDArray[np.float32], grid: int) -> NDArray[np.float32]:
    """Share of each cell that a box covers: (n, classes, 4) to (n, classes, grid, grid)."""
    edges = np.arange(grid + 1) / grid

    def along(low: NDArray[np.float32], high: NDArray[np.float32]) -> NDArray[np.float32]:
        inside = np.minimum(high[..., None], edges[1:]) - np.maximum(low[..., None], edges[:-1])
        return np.clip(inside * grid, 0, 1)

    known = np.nan_to_num(boxes)
    rows, columns = along(known[..., 0], known[..., 2]), along(known[..., 1], known[..., 3])
    return (rows[..., :, None] * columns[..., None, :]).astype(np.float32)
