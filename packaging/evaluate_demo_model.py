"""Measure the model that ships on phantoms that it never saw, and hold it against its bars.

    python packaging/evaluate_demo_model.py --work FOLDER [--phantoms 300] [--model --projector]

Draws the phantoms as DICOM, asks every question by ``second-read evaluate`` (so DICOM in, boxes in
frame pixels out, through llama.cpp), and writes the pages, the JSON and ``table.md`` into the
folder. Both go on where they stopped. Exit code 1 when a bar is missed.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "packaging")]

from demo_model.pool import draw_wanted  # noqa: E402 - the path above comes first

FIRST_SEED = 2_000_000
CT_SLICES, CT_SLICE_MM = 24, 10.5
"""From the lowest slice of a drawn CT to above the lungs, all of them shown."""

TASKS = {"boxes": (), "yesno": (), "change": (), "report": (),
         "volume": ("--slices", str(CT_SLICES))}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure must reach; ``is_most`` when it must stay below."""

    task: str
    label: str
    figure: str
    bar: float
    is_most: bool = False


BARS = (
    Bar("boxes", "", "parse_rate", 1.0),
    Bar("boxes", "heart", "mean_iou", 0.80),
    Bar("boxes", "right lung", "mean_iou", 0.85),
    Bar("boxes", "left lung", "mean_iou", 0.85),
    Bar("boxes", "effusion", "mean_iou", 0.60),
    Bar("boxes", "nodule", "mean_iou", 0.55),
    Bar("boxes", "nodule", "found", 0.90),
    Bar("boxes", "nodule", "false", 0.05, is_most=True),
    Bar("yesno", "", "parse_rate", 1.0),
    Bar("yesno", "", "accuracy", 0.95),
    Bar("change", "", "parse_rate", 1.0),
    Bar("change", "", "accuracy", 0.92),
    Bar("report", "", "parse_rate", 1.0),
    Bar("volume", "", "parse_rate", 1.0),
    Bar("volume", "", "slice_near", 0.85),
)


def main() -> int:
    """Draw, ask, compare; the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--work", type=Path, required=True)
    arguments.add_argument("--phantoms", type=int, default=300)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--model", type=Path)
    arguments.add_argument("--projector", type=Path)
    given = arguments.parse_args()
    folder = given.work / f"phantoms_{given.phantoms}"
    draw(folder, given.phantoms, given.workers)
    pair = ("--model", given.model, "--projector", given.projector) if given.model else ()
    found = {task: ask(folder, task, given.work, [*more, *pair]) for task, more in TASKS.items()}
    lines = ["| task | figure | measured | bar | |", "|---|---|---|---|---|"]
    missed = 0
    for bar in BARS:
        text, is_kept = held(bar, found[bar.task])
        missed += not is_kept
        lines.append(text)
    table = "\n".join(lines) + "\n"
    (given.work / "table.md").write_text(table)
    print(table)
    return int(missed > 0)


def draw(folder: Path, count: int, workers: int) -> None:
    """Write the phantoms that are not there yet; truth.json comes last and says one is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds = range(FIRST_SEED, FIRST_SEED + count)
    missing = [s for s in seeds if not (folder / str(s) / "truth.json").exists()]
    with get_context("spawn").Pool(workers, initializer=os.nice, initargs=(10,)) as pool:
        jobs = [(seed, folder / str(seed)) for seed in missing]
        for done, _ in enumerate(pool.imap_unordered(_draw_one, jobs), 1):
            if done % 10 == 0:
                print(f"drawn {done} of {len(missing)}", file=sys.stderr, flush=True)


def _draw_one(job: tuple[int, Path]) -> None:
    from phantom.study import Order, write

    seed, out = job
    out.mkdir(exist_ok=True)
    wanted = draw_wanted(np.random.default_rng((seed, 21)))
    order = Order(
        seed, wanted, ct=True, xray=True, prior=True, ct_slices=CT_SLICES, ct_slice_mm=CT_SLICE_MM
    )
    write(order, out)


def ask(folder: Path, task: str, work: Path, more: list[Any]) -> dict[str, Any]:
    """Run one evaluation as a person would; its JSON, which is kept beside its page."""
    command = [
        sys.executable, "-m", "app", "evaluate", folder, "--task", task, "--json",
        "-o", work / f"{task}.html", "--resume", work / f"{task}.answers.jsonl", *more,
    ]  # fmt: skip
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    (work / f"{task}.json").write_bytes(done.stdout)
    plain: dict[str, Any] = json.loads(done.stdout)
    return plain


def held(bar: Bar, found: dict[str, Any]) -> tuple[str, bool]:
    """A row of the table, and whether the bar is kept; what was not measured keeps none."""
    figures = found["labels"].get(bar.label, {}) if bar.label else found["measures"]
    figure = figures.get(bar.figure, {"value": None, "count": 0})
    value, count = figure["value"], figure["count"]
    is_kept = value is not None and (value <= bar.bar if bar.is_most else value >= bar.bar)
    shown = "not measured" if value is None else f"{value:.3f} (n = {count})"
    sign = "≤" if bar.is_most else "≥"
    name = f"{bar.label} {bar.figure}".strip()
    mark = "" if is_kept else "missed"
    return f"| {bar.task} | {name} | {shown} | {sign} {bar.bar:.2f} | {mark} |", is_kept


if __name__ == "__main__":
    sys.exit(main())
