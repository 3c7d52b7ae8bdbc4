"""Drawn CT volumes for training, shown as the program shows them: three windows, square, padded.

A pool of volumes is a folder of parts: ``<seed>.npy`` holds HU (PART, slices, rows, columns) and is
read where it lies, ``<seed>.npz`` the boxes (PART, slices, classes, 4) in shares of the picture.
"""

import os
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.displays import CT_WINDOWS
from assistant.looks import Displayed, Look, make_picture
from demo_model.pasted_slices import with_nodule
from demo_model.pool import CLASSES, draw_wanted
from viewer.study import FrameRef

PART = 10
SLICES = 24
STORED_PX = 256
THINNEST_MM, THICKEST_MM = 4.0, 12.8
LOWEST_MM, HIGHEST_MM = -150.0, 155.0
"""Where a stack may lie: as far as a drawn CT goes, so that its place tells nothing of a nodule."""
NODULE = CLASSES.index("nodule")


def draw_part(first_seed: int, path: Path) -> None:
    """Draw ``PART`` volumes into a pair of files; the ``.npz`` comes last and says it is whole."""
    from phantom import samples

    hu = np.zeros((PART, SLICES, STORED_PX, STORED_PX), np.int16)
    boxes = np.full((PART, SLICES, len(CLASSES), 4), np.nan, np.float32)
    for index in range(PART):
        seed = first_seed + index
        rng = np.random.default_rng((seed, 22))
        slice_mm = float(rng.uniform(THINNEST_MM, THICKEST_MM))
        low_mm = float(rng.uniform(LOWEST_MM, max(HIGHEST_MM - SLICES * slice_mm, LOWEST_MM)))
        drawn = samples.ct_slices_sample(
            seed, STORED_PX, draw_wanted(rng), slices=SLICES, slice_mm=slice_mm, low_mm=low_mm
        )
        hu[index] = np.round(drawn.hu)
        for place, found in enumerate(drawn.boxes):
            for box in found:
                edges = [float(box[k]) / STORED_PX for k in ("top", "left", "bottom", "right")]
                boxes[index, place, CLASSES.index(str(box["label"]))] = edges
    np.save(path.with_suffix(".npy"), hu)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, boxes=boxes)
    partial.replace(path.with_suffix(".npz"))


def draw_volumes(folder: Path, *, first_seed: int, volumes: int, workers: int) -> None:
    """Fill a pool of volumes; parts that are there already are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds = range(first_seed, first_seed + volumes, PART)
    missing = [s for s in seeds if not (folder / f"{s:08d}.npz").exists()]
    with get_context("spawn").Pool(workers, initializer=os.nice, initargs=(10,)) as pool:
        jobs = [(seed, folder / f"{seed:08d}") for seed in missing]
        for done, _ in enumerate(pool.imap_unordered(_draw_job, jobs), 1):
            print(f"drawn {done * PART} of {len(missing) * PART} volumes", flush=True)


def _draw_job(job: tuple[int, Path]) -> None:
    draw_part(*job)


@dataclass(frozen=True, slots=True)
class Volumes:
    """Volumes of ``SLICES`` slices, feet first; HU stays on the disk."""

    parts: tuple[NDArray[np.int16], ...]
    boxes: NDArray[np.float32]
    image_px: int
    _made: dict[tuple[int, int], NDArray[np.uint8]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, folder: Path, image_px: int) -> "Volumes":
        """Read a pool of volumes, to be shown as squares of ``image_px``."""
        paths = sorted(p for p in folder.glob("*.npz") if ".partial" not in p.name)
        parts = tuple(np.load(p.with_suffix(".npy"), mmap_mode="r") for p in paths)
        return cls(parts, np.concatenate([np.load(p)["boxes"] for p in paths]), image_px)

    def __len__(self) -> int:
        return len(self.boxes)

    def picture(self, volume: int, index: int) -> NDArray[np.uint8]:
        """One slice as the model is shown it: (px, px, 3)."""
        made = self._made.get((volume, index))
        if made is None:
            made = shown(self.hu(volume, index), self.image_px)
            self._made[volume, index] = made
        return made

    def hu(self, volume: int, index: int) -> NDArray[np.int16]:
        """One slice as it is stored."""
        return np.asarray(self.parts[volume // PART][volume % PART, index])

    def picture_with_nodule(
        self, volume: int, index: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """One slice, given a nodule if it has none and has room; its boxes (classes, 4)."""
        boxes = self.boxes[volume, index]
        laid = None
        if np.isnan(boxes[NODULE, 0]):
            laid = with_nodule(self.hu(volume, index), boxes[:2], rng)
        if laid is None:
            return self.picture(volume, index), boxes
        boxes = boxes.copy()
        boxes[NODULE] = laid[1]
        return shown(laid[0], self.image_px), boxes

    def areas(self, volume: int) -> NDArray[np.float32]:
        """The size of the nodule's box on each slice, 0 where there is none."""
        return area_of(self.boxes[volume])


def area_of(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """The size of the nodule's box among boxes (..., classes, 4), 0 where there is none."""
    top, left, bottom, right = np.moveaxis(boxes[..., NODULE, :], -1, 0)
    return np.nan_to_num((bottom - top) * (right - left))


@dataclass(frozen=True, slots=True, eq=False)
class _Slice:
    """HU as a source of the program's pictures."""

    hu: NDArray[np.int16]

    def display(self, _look: Look) -> Displayed:
        """The three windows as red, green and blue."""
        return Displayed(np.stack([spread(self.hu, *ends) for ends in CT_WINDOWS], axis=2))


def shown(hu: NDArray[np.int16], image_px: int) -> NDArray[np.uint8]:
    """A slice in HU as the program shows it to a model: (px, px, 3)."""
    return make_picture(_LOOK, _Slice(hu), image_px)[0].pixels


def spread(hu: NDArray[np.int16], low: float, high: float) -> NDArray[np.uint8]:
    """HU clipped to a span and spread over 0 to 255, rounded, as the program does."""
    levels = (np.clip(hu.astype(np.float32), low, high) - low) * (255.0 / (high - low))
    return np.rint(levels).astype(np.uint8)


_LOOK = Look("", "", FrameRef(""), levels="contract")
