"""Measure the model that ships on phantoms that it never saw, and hold it against its bars.

    python packaging/evaluate_demo_model.py --work FOLDER [--phantoms 300] [--model --projector]

Draws the phantoms as DICOM, asks every question by ``second-read evaluate`` (so DICOM in, boxes in
frame pixels out, through llama.cpp), and writes the pages, the JSON and ``table.md`` into the
folder. Two tasks are asked once more of turned phantoms: boxes of mirrored X-rays, and changes with
prior and current exchanged. All of it goes on where it stopped. Exit code 1 when a bar is missed.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "packaging")]

from demo_model import turned  # noqa: E402 - the path above comes first
from demo_model.pool import draw_wanted  # noqa: E402
from demo_model.turned_figures import MOVED_LABELS, moved, turned_round  # noqa: E402

FIRST_SEED = 2_000_000
XRAY_PX = 768
CT_SLICES, CT_SLICE_MM = 24, 10.5
"""From the lowest slice of a drawn CT to above the lungs, all of them shown."""

TASKS = {"boxes": (), "yesno": (), "change": (), "report": (),
         "volume": ("--slices", str(CT_SLICES))}  # fmt: skip
TURNED = {"mirrored": ("boxes", turned.write_mirrored), "swapped": ("change", turned.write_swapped)}
"""The turned phantoms: which task is asked of them, and how one is made."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure must reach; ``is_most`` when it must stay below, without a bar it is shown."""

    task: str
    label: str
    figure: str
    bar: float | None = None
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
    Bar("mirrored", "heart", "mean_iou", 0.80),
    Bar("mirrored", "nodule", "mean_iou", 0.55),
    *(Bar("mirrored", label, "moved") for label in MOVED_LABELS),
    *(Bar("mirrored", label, "other_side") for label in MOVED_LABELS),
    Bar("swapped", "", "accuracy", 0.92),
    Bar("swapped", "", "turned", 0.92),
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
    pair = ("--model", given.model, "--projector", given.projector) if given.model else ()
    found = measured(given.work, given.phantoms, given.workers, pair)
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


def measured(
    work: Path, phantoms: int, workers: int, pair: Sequence[object] = ()
) -> dict[str, dict[str, Any]]:
    """The JSON of every task and of the turned phantoms, by name; ``pair`` names another model."""
    folder = work / f"phantoms_{phantoms}"
    draw(folder, phantoms, workers)
    jobs = [(task, folder, task, (*more, *pair)) for task, more in TASKS.items()]
    for name, (task, turn) in TURNED.items():
        turned.turn_all(folder, folder_of(folder, name), turn)
        jobs.append((name, folder_of(folder, name), task, pair))
    with ThreadPoolExecutor(workers) as pool:
        asked = {
            name: pool.submit(ask, where, task, work / name, more)
            for name, where, task, more in jobs
        }
    found = {name: future.result() for name, future in asked.items()}
    compare_turned(found, folder, work)
    return found


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
        seed,
        wanted,
        ct=True,
        xray=True,
        prior=True,
        xray_px=XRAY_PX,
        ct_slices=CT_SLICES,
        ct_slice_mm=CT_SLICE_MM,
    )
    write(order, out)


def folder_of(phantoms: Path, name: str) -> Path:
    """Where the turned phantoms of this name lie."""
    return phantoms.with_name(f"{phantoms.name}_{name}")


def ask(folder: Path, task: str, out: Path, more: Sequence[object]) -> dict[str, Any]:
    """Run one evaluation as a person would; its JSON, which is kept beside its page.

    The files of the evaluation are called ``out`` with their own endings.
    """
    command = [
        sys.executable, "-m", "app", "evaluate", folder, "--task", task, "--json",
        "-o", out.with_suffix(".html"), "--resume", answers(out), *more,
    ]  # fmt: skip
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    out.with_suffix(".json").write_bytes(done.stdout)
    plain: dict[str, Any] = json.loads(done.stdout)
    return plain


def answers(out: Path) -> Path:
    """The file that keeps the answers of an evaluation."""
    return out.with_suffix(".answers.jsonl")


def compare_turned(found: dict[str, dict[str, Any]], folder: Path, work: Path) -> None:
    """Add the figures that need the answers before and after the turn."""
    run = found["boxes"]["run"]
    model = {"model": run["model_sha256"], "projector": run["projector_sha256"]}
    plain = {task: (folder, answers(work / task)) for task in ("boxes", "change")}
    other = {name: (folder_of(folder, name), answers(work / name)) for name in TURNED}
    for label, shares in moved(plain["boxes"], other["mirrored"], model).items():
        found["mirrored"]["labels"].setdefault(label, {}).update(shares)
    shares = turned_round(plain["change"], other["swapped"], model)
    found["swapped"]["measures"].update(shares)


def held(bar: Bar, found: dict[str, Any]) -> tuple[str, bool]:
    """A row of the table, and whether the bar is kept; what was not measured keeps none."""
    figures = found["labels"].get(bar.label, {}) if bar.label else found["measures"]
    figure = figures.get(bar.figure, {"value": None, "count": 0})
    value, count = figure["value"], figure["count"]
    shown = "not measured" if value is None else f"{value:.3f} (n = {count})"
    row = f"| {bar.task} | {f'{bar.label} {bar.figure}'.strip()} | {shown} |"
    if bar.bar is None:
        return f"{row} | |", True
    is_kept = value is not None and (value <= bar.bar if bar.is_most else value >= bar.bar)
    sign = "≤" if bar.is_most else "≥"
    return f"{row} {sign} {bar.bar:.2f} | {'' if is_kept else 'missed'} |", is_kept


if __name__ == "__main__":
    sys.exit(main())
