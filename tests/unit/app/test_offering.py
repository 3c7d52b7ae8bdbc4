"""What the panel offers, in words that are true of the image on the screen."""

from pathlib import Path

import numpy as np
import pytest
from series import make_series

from app.asking.offering import Circumstances, make_subject
from viewer import edits
from viewer.reading.grouping import group
from viewer.reading.workers import Found, Workers
from viewer.state import State


def subject_of(folder: Path):
    workers = Workers(1)
    try:
        found = [p.instance for p in workers.scan([str(folder)]) if isinstance(p, Found)]
    finally:
        workers.close()
    library = group(found)
    ((_patient, _study, series),) = library.all_series()
    state = edits.show_series(0, series.uid)(State())
    return make_subject(state, library, Circumstances(expected_s=lambda _images: None))


@pytest.mark.parametrize(("slices", "is_said"), [(4, False), (8, False), (20, True)])
def test_slices_between_are_named_only_where_some_are_left_out(tmp_path, slices, is_said):
    make_series(tmp_path, (slices, 8, 8))
    assert bool(subject_of(tmp_path).note) == is_said


@pytest.mark.parametrize(("modality", "name"), [("CT", "slice"), ("US", "image")])
def test_frames_of_an_ultrasound_are_no_slices(tmp_path, modality, name):
    make_series(tmp_path, (4, 8, 8), modality=modality, values=np.ones((4, 8, 8), np.uint8))
    subject = subject_of(tmp_path)
    assert subject.hint == f"Ask about this {name}"
    assert subject.offers[0].card_title == f"Describe this {name}"
