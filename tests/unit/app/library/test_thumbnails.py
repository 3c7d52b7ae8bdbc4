"""Small pictures of series: each made once, however often a list is painted meanwhile."""

import queue
from collections.abc import Callable
from pathlib import Path

import numpy as np
from series import make_series

from app.library.thumbnails import Thumbnails
from viewer.jobs import Jobs
from viewer.reading.frames import Frames
from viewer.reading.grouping import group
from viewer.reading.workers import Found, Workers

PATIENCE_S = 20.0


def test_a_list_that_is_painted_all_the_time_delays_no_picture(tmp_path: Path) -> None:
    for number in range(5):
        values = np.full((1, 900, 900), 100 * number, np.int16)
        make_series(tmp_path / str(number), values.shape, values=values, number=number)
    workers = Workers(1)
    found = [p.instance for p in workers.scan([str(tmp_path)]) if isinstance(p, Found)]
    frames = Frames(workers)
    frames.add(found)
    calls: queue.Queue[Callable[[], None]] = queue.Queue()
    bugs: list[BaseException] = []
    jobs = Jobs(calls.put, bugs.append)
    made: list[str] = []
    thumbnails = Thumbnails(frames, jobs, made.append)
    series = [s for _, _, s in group(found).all_series()]
    try:
        while len(set(made)) < len(series):
            for one in series:
                thumbnails.get(one)
            calls.get(timeout=PATIENCE_S)()
        assert all(thumbnails.get(one) is not None for one in series)
        assert sorted(made) == sorted(one.uid for one in series)
        assert not bugs
    finally:
        jobs.close()
        frames.close()
        workers.close()
