"""Train the small model that ships, on drawn patients alone, and write it as GGUF.

    python packaging/train_demo_model.py --work FOLDER [--minutes 150] [--out resources/demo_model]

Needs PyTorch beside the project's own environment (``pip install torch``). Stages, each kept in the
work folder, so that an interrupted run goes on: draw patients, teach the tower with dense heads,
encode every picture once, teach the decoder, export, evaluate. Progress stands in ``progress.log``.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "packaging")]

from demo_model import export, school_day  # noqa: E402 - the path above comes first
from demo_model.beginnings import look_for, order_numbers  # noqa: E402
from demo_model.decoder_training import DecoderPlan, Known, train_decoder  # noqa: E402
from demo_model.network import Decoder, DecoderShape, Tower, TowerShape  # noqa: E402
from demo_model.noticing import Noticing  # noqa: E402
from demo_model.pool import CLASSES, Pool, draw_pool  # noqa: E402
from demo_model.questions import School, phrases, slice_names  # noqa: E402
from demo_model.tower_training import Drawings, Student, TowerPlan, train_tower  # noqa: E402
from demo_model.vocabulary import Tokenizer, learn  # noqa: E402
from demo_model.volumes import Volumes, draw_volumes  # noqa: E402

TRAINING_SEED, UNSEEN_SEED = 100_000, 900_000
VOLUME_SEED, UNSEEN_VOLUME_SEED = 500_000, 950_000
UNSEEN, UNSEEN_VOLUMES = 300, 60
SHARES = {"tower": 0.56, "decoder": 0.42}
"""Of the minutes that drawing leaves; the rest is encoding, export and evaluation."""


def main() -> None:
    """Run every stage that is not done yet."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--work", type=Path, required=True)
    arguments.add_argument("--out", type=Path, default=ROOT / "resources" / "demo_model")
    arguments.add_argument("--patients", type=int, default=6000)
    arguments.add_argument(
        "--minutes", type=float, default=150.0, help="tower and decoder together"
    )
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--volumes", type=int, default=400, help="of CT")
    arguments.add_argument("--unseen", type=int, default=UNSEEN)
    arguments.add_argument("--unseen-volumes", type=int, default=UNSEEN_VOLUMES)
    given = arguments.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    log = Log(given.work / "progress.log")
    torch.manual_seed(0)
    shape = TowerShape()
    pools = drawn(given, shape.image)
    log(f"{len(pools.pool)} patients, {len(pools.volumes)} volumes, {len(pools.unseen)} unseen")
    tower = taught_tower(given, pools, shape, log)
    names = slice_names()
    tokenizer = Tokenizer(learn(phrases(), chain(*names)))
    school = School(tokenizer, shape.tokens)
    day = school_day.SchoolDay(tower, school, pools)
    log(f"vocabulary {len(tokenizer)}, pictures encoded")
    decoder = Decoder(DecoderShape(), len(tokenizer))
    order_numbers(decoder, tokenizer.digits)
    slices = [[tokenizer.ids(name)[0] for name in kind] for kind in names]
    order_numbers(decoder, *slices)
    noticing = Noticing(decoder, look_for(decoder, CLASSES.index("nodule"), slices[0]))
    known = Known(tokenizer.digits, slices[0])
    kept = given.work / "decoder.pt"
    if kept.exists():
        decoder.load_state_dict(torch.load(kept))
    else:
        plan = DecoderPlan(seconds=60 * given.minutes * SHARES["decoder"])
        train_decoder(decoder, noticing, known, day.teach, plan, lambda: day.look(decoder), log)
        torch.save(decoder.state_dict(), kept)
    given.out.mkdir(parents=True, exist_ok=True)
    export.write_model(given.out / "demo.gguf", decoder, tokenizer.vocabulary)
    export.write_projector(given.out / "demo-mmproj.gguf", tower)
    facts = {
        "tower": asdict(shape), "decoder": asdict(decoder.shape), "patients": len(pools.pool),
        "volumes": len(pools.volumes),
        "training_seed": TRAINING_SEED, "minutes": given.minutes,
        "unseen": day.look(decoder, len(pools.unseen)),
    }  # fmt: skip
    (given.out / "training.json").write_text(json.dumps(facts, indent=1) + "\n")
    (given.out / "curve.log").write_text((given.work / "progress.log").read_text())
    log(f"written to {given.out}: {facts['unseen']}")


def drawn(given: argparse.Namespace, image_px: int) -> school_day.Pools:
    """The pools, drawn where they are not there yet."""
    work, workers = given.work, given.workers
    for name, seed, count in (
        ("pool", TRAINING_SEED, given.patients), ("unseen", UNSEEN_SEED, given.unseen),
    ):  # fmt: skip
        draw_pool(work / name, first_seed=seed, patients=count, image_px=image_px, workers=workers)
    for name, seed, count in (
        ("volumes", VOLUME_SEED, given.volumes),
        ("unseen_volumes", UNSEEN_VOLUME_SEED, given.unseen_volumes),
    ):
        draw_volumes(work / name, first_seed=seed, volumes=count, workers=workers)
    return school_day.Pools(
        pool=Pool.load(work / "pool"),
        volumes=Volumes.load(work / "volumes", image_px),
        unseen=Pool.load(work / "unseen"),
        unseen_volumes=Volumes.load(work / "unseen_volumes", image_px),
    )


def taught_tower(
    given: argparse.Namespace, pools: school_day.Pools, shape: TowerShape, log: "Log"
) -> Tower:
    """The tower, taught or read from the work folder."""
    kept = given.work / "tower.pt"
    if kept.exists():
        tower = Tower(shape)
        tower.load_state_dict(torch.load(kept))
        return tower.eval()
    student = Student(shape)
    plan = TowerPlan(seconds=60 * given.minutes * SHARES["tower"])
    train_tower(student, Drawings(pools.pool, pools.volumes, pools.unseen), plan, log)
    torch.save(student.tower.state_dict(), kept)
    return student.tower.eval()


class Log:
    """Lines with the time, on the terminal and in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun = time.monotonic()

    def __call__(self, line: str) -> None:
        """Write a line."""
        text = f"{time.monotonic() - self._begun:7.0f} s  {line}"
        print(text, flush=True)
        with self._path.open("a") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
