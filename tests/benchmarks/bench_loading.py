"""A CT series from folder to volume, against SimpleITK's series reader in the same run.

`python tests/benchmarks/bench_loading.py` prints JSON lines. It needs ../shared/data.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK

from viewer.reading.frames import Frames
from viewer.reading.grouping import group
from viewer.reading.volumes import Volume, load_volume
from viewer.reading.workers import Found, Workers
from viewer.study import Stack

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
CHEST = DATA / "ct" / "ct_chest_cmbcrc_100"
ROUNDS = 9
AIM = 0.22


def best_ms(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken) * 1e3


def opened(workers: Workers) -> tuple[Stack, Frames]:
    found = [p.instance for p in workers.scan([str(CHEST)]) if isinstance(p, Found)]
    ((_patient, _study, series),) = group(found).all_series()
    frames = Frames(workers)
    frames.add(found)
    return series.stacks[0], frames


def folder_to_volume(workers: Workers) -> Volume:
    stack, frames = opened(workers)
    return load_volume(stack, frames)


def first_ms(workers: Workers) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        scan = workers.scan([str(CHEST)])
        instance = next(p.instance for p in scan if isinstance(p, Found))
        frames = Frames(workers)
        frames.add([instance])
        frames.get(next(iter(group([instance]).all_series()))[2].stacks[0].frames[0])
        taken.append(time.perf_counter() - start)
        for _part in scan:
            pass
    return min(taken) * 1e3


def with_simpleitk() -> object:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(CHEST)))
    return reader.Execute()


def report(what: str, **figures: object) -> None:
    print(json.dumps({"what": what, **figures}), flush=True)


def main() -> None:
    if not DATA.is_dir():
        sys.exit("../shared/data is not here")
    workers = Workers(2)
    workers.warm()
    volume = folder_to_volume(workers)
    theirs = SimpleITK.GetArrayFromImage(with_simpleitk())
    if not np.array_equal(volume.voxels, theirs):
        sys.exit("the volumes differ")
    itk = best_ms(with_simpleitk)
    whole = best_ms(lambda: folder_to_volume(workers))
    stack, frames = opened(workers)
    again = best_ms(lambda: load_volume(stack, frames))
    report(
        "folder of 100 CT slices to volume",
        ms=round(whole, 1),
        simpleitk_ms=round(itk, 1),
        ratio=round(whole / itk, 3),
        aim=AIM,
        met=whole / itk <= AIM,
    )
    report("known series to volume", ms=round(again, 1), ratio=round(again / itk, 3))
    report("folder to first image", ms=round(first_ms(workers), 1))
    report(
        "memory over pixels",
        ratio=round(volume.voxels.nbytes / (np.prod(volume.voxels.shape) * 2), 2),
    )
    frames.close()
    workers.close()


if __name__ == "__main__":
    main()
