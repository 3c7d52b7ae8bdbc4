"""Frames: the pixels of a reference, kept within a budget, read ahead from where the reader is."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import RLELossless
from series import make_series

from viewer import limits
from viewer.errors import UserError
from viewer.reading.frames import Frames, middle_out
from viewer.reading.grouping import group
from viewer.reading.workers import Found, Workers
from viewer.study import FrameRef


@pytest.fixture(scope="module")
def workers():
    workers = Workers(2)
    yield workers
    workers.close()


@pytest.fixture
def opened(workers, tmp_path):
    """Frames of a series of nine slices with its stack and its truth."""
    truth = make_series(tmp_path, (9, 16, 12))
    found = [p.instance for p in workers.scan([str(tmp_path)]) if isinstance(p, Found)]
    ((_patient, _study, series),) = group(found).all_series()
    frames = Frames(workers)
    frames.add(found)
    yield frames, series.stacks[0], truth
    frames.close()


def test_a_frame_holds_the_written_pixels_and_cannot_be_changed(opened):
    frames, stack, truth = opened
    stored = frames.get(stack.frames[4])
    np.testing.assert_array_equal(stored.pixels, truth.values[4])
    assert stored.plane.position == tuple(truth.positions[4])
    with pytest.raises(ValueError, match="read-only"):
        stored.pixels[0, 0] = 1


def test_a_frame_in_memory_is_not_read_again(opened):
    frames, stack, truth = opened
    first = frames.get(stack.frames[0])
    truth.paths[0].unlink()
    assert frames.get(stack.frames[0]) is first
    assert frames.peek(stack.frames[0]) is first
    assert frames.peek(stack.frames[1]) is None


def test_a_file_that_is_gone_says_so_until_it_is_forgotten(opened):
    frames, stack, truth = opened
    content = truth.paths[2].read_bytes()
    truth.paths[2].unlink()
    with pytest.raises(UserError, match="cannot be opened"):
        frames.get(stack.frames[2])
    truth.paths[2].write_bytes(content)
    with pytest.raises(UserError):
        frames.get(stack.frames[2])
    instance = frames.instance(stack.frames[2].sop_instance_uid)
    frames.forget([instance.sop_instance_uid])
    frames.add([instance])
    np.testing.assert_array_equal(frames.get(stack.frames[2]).pixels, truth.values[2])


def test_a_name_that_another_file_takes_over_shows_that_file(opened):
    frames, stack, truth = opened
    first, second = (frames.instance(ref.sop_instance_uid) for ref in stack.frames[:2])
    np.testing.assert_array_equal(frames.get(stack.frames[0]).pixels, truth.values[0])
    kept = frames.kept_bytes
    frames.add([replace(second, sop_instance_uid=first.sop_instance_uid + " (2)")])
    assert frames.kept_bytes == kept
    frames.add([replace(second, sop_instance_uid=first.sop_instance_uid)])
    assert frames.kept_bytes == 0
    np.testing.assert_array_equal(frames.get(stack.frames[0]).pixels, truth.values[1])


def test_a_shortened_file_is_not_read_beyond_its_end(opened):
    frames, stack, truth = opened
    truth.paths[3].write_bytes(truth.paths[3].read_bytes()[:-10])
    with pytest.raises(UserError, match="changed"):
        frames.get(stack.frames[3])


def test_memory_stays_within_its_budget(opened, workers):
    frames, stack, truth = opened
    size = truth.values[0].nbytes
    small = Frames(workers, budget_bytes=3 * size)
    small.add(frames.instance(ref.sop_instance_uid) for ref in stack.frames)
    for ref in stack.frames:
        small.get(ref)
    assert small.kept_bytes == 3 * size
    assert [small.peek(ref) is not None for ref in stack.frames] == [False] * 6 + [True] * 3


def test_reading_ahead_brings_every_frame_starting_with_the_wanted_one(opened):
    frames, stack, _truth = opened
    arrived, lock = [], threading.Lock()

    def on_frame(stored):
        with lock:
            arrived.append(stored)

    assert frames.prefetch(stack.frames, start=4, on_frame=on_frame).wait(10)
    assert {s.ref for s in arrived} == set(stack.frames)
    assert arrived[0].ref in {stack.frames[4], stack.frames[5]}  # two threads


def test_reading_ahead_says_what_failed(opened):
    frames, stack, truth = opened
    truth.paths[1].unlink()
    failed = []
    prefetch = frames.prefetch(stack.frames, on_failed=lambda ref, error: failed.append(ref))
    assert prefetch.wait(10)
    assert failed == [stack.frames[1]]


def test_a_cancelled_read_ahead_ends_and_calls_nobody(opened):
    frames, stack, _truth = opened
    arrived = []
    gate = threading.Event()

    def on_frame(stored):
        gate.wait(10)
        arrived.append(stored)

    prefetch = frames.prefetch(stack.frames, on_frame=on_frame)
    prefetch.cancel()
    gate.set()
    assert prefetch.wait(10)
    assert len(arrived) <= 2


def test_many_threads_get_the_same_frame_once(opened):
    frames, stack, _truth = opened
    got, barrier = [], threading.Barrier(8)

    def get():
        barrier.wait()
        got.append(frames.get(stack.frames[5]))

    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(stored) for stored in got}) == 1


def test_an_unknown_frame_is_refused(opened):
    frames, stack, _truth = opened
    with pytest.raises(UserError, match="not open"):
        frames.get(FrameRef("1.2.3.4"))
    with pytest.raises(UserError, match="no such"):
        frames.get(FrameRef(stack.frames[0].sop_instance_uid, 2))


@pytest.mark.parametrize(("count", "start"), [(1, 0), (5, 2), (5, 0), (5, 4), (4, 9)])
def test_middle_out_names_every_index_once(count, start):
    order = list(middle_out(count, start))
    assert sorted(order) == list(range(count))
    assert order[0] == min(start, count - 1)
    distances = [abs(index - order[0]) for index in order]
    assert distances == sorted(distances)


def test_a_series_that_costs_three_workers_is_left_alone_until_it_is_opened_again(
    tmp_path, monkeypatch
):
    """Files with this name kill the reader that decodes them (tests/support/bad_worker.py)."""
    monkeypatch.setattr(limits, "FRAME_S", 0.7)
    truth = make_series(tmp_path, (5, 8, 8), change=_compressed)
    bad = Workers(1, module=str(Path(__file__).parents[3] / "support" / "bad_worker.py"))
    found = [p.instance for p in bad.scan([str(tmp_path)]) if isinstance(p, Found)]
    frames = Frames(bad)
    frames.add(_moved(found[:4], tmp_path, truth))
    sentences = []
    for instance in found[:4]:
        with pytest.raises(UserError) as caught:
            frames.get(FrameRef(instance.sop_instance_uid))
        sentences.append(caught.value.sentence)
    assert all("made the file reader fail." in s for s in sentences[:3])
    assert "three times" in sentences[3]
    frames.forget(i.sop_instance_uid for i in found)
    frames.add(found)
    assert frames.get(FrameRef(found[3].sop_instance_uid)).pixels.shape == (8, 8)
    frames.close()
    bad.close()


def _compressed(dataset, _index):
    dataset.compress(RLELossless, encoding_plugin="pydicom")


def _moved(instances, folder, truth):
    """The same instances in files that make a taken-over worker crash."""
    for index, instance in enumerate(instances):
        path = folder / str(index) / "segv"
        path.parent.mkdir()
        path.write_bytes(truth.paths[0].read_bytes())
        yield replace(instance, path=str(path))
