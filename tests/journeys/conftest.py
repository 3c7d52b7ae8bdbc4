"""A reader for each journey, and a window that leaves nothing behind."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from reader import Reader


@pytest.fixture
def reader(qtbot):
    """A reader who has not started the program yet."""
    made = Reader(qtbot)
    yield made
    made.quit()


@pytest.fixture
def ready_reader(reader):
    """A reader who has started the program and ticked the notice."""
    return reader.start().tick()
