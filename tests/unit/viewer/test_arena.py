"""Shared memory: private, named after its maker, swept when its maker is dead."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from viewer.arena import Arena, remove_leftovers

LISTED = Path("/dev/shm")  # noqa: S108

pytestmark = pytest.mark.skipif(not LISTED.is_dir(), reason="shared memory is not listed here")

MAKER = """
import os, signal
from multiprocessing import resource_tracker
from viewer.arena import Arena
arena = Arena.create(4096)
print(arena.name, flush=True)
os.kill(resource_tracker._resource_tracker._pid, signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""


def leave_one_behind() -> Path:
    """The segment of a program that was killed together with what clears up after it."""
    done = subprocess.run(
        [sys.executable, "-c", MAKER], capture_output=True, text=True, check=False
    )
    left = LISTED / done.stdout.strip()
    assert left.is_file()
    return left


def test_a_segment_is_readable_by_its_user_alone_whatever_the_umask():
    old = os.umask(0)
    try:
        with Arena.create(4096) as arena:
            assert (LISTED / arena.name).stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(old)


def test_what_a_killed_program_left_is_removed():
    left = leave_one_behind()
    assert remove_leftovers() >= 1
    assert not left.exists()


def test_what_lives_and_what_is_not_ours_stays():
    other = LISTED / f"another-program-{os.getpid()}"
    alike = LISTED / "second-read-notes"
    with Arena.create(4096) as arena:
        other.touch()
        alike.touch()
        try:
            remove_leftovers()
            assert other.exists()
            assert alike.exists()
            assert Arena.attach(arena.name).size >= 4096
        finally:
            other.unlink()
            alike.unlink()


def test_two_segments_have_two_names_short_enough_for_macos():
    with Arena.create(16) as one, Arena.create(16) as other:
        assert one.name != other.name
        longest = one.name.replace(str(os.getpid()), "99999")  # the most a process can be there
        assert len(f"/{longest}") <= 31
        assert np.array_equal(one.array(np.dtype(np.uint8), (16,)), np.zeros(16, np.uint8))
