"""Grouping: MANIFEST's geometry, what splits and what stays together, in any order of files."""

import csv
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.reading.grouping import group
from viewer.reading.workers import Found, Skipped, Workers
from viewer.study import FramePlane, Instance, PatientFacts, PixelFormat, Spacing, StudyFacts

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def instance(index, z=None, *, split=(), number=None, **changes):
    study = StudyFacts(study_uid="1.2", series_uid="1.2.3", modality="CT", series_number=1)
    position = None if z is None else (0.0, 0.0, float(z))
    made = Instance(
        path=f"/f/{index:04d}",
        sop_instance_uid=f"1.2.3.{index}",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        patient=PatientFacts("Doe^Jane", "P1"),
        study=study,
        instance_number=index if number is None else number,
        pixels=PixelFormat(8, 8),
        plane=FramePlane(position, None if z is None else AXIAL),
        spacing=Spacing(pixel=(0.5, 0.5)),
        split=split,
    )
    return replace(made, **changes)


def only_series(instances):
    ((_patient, _study, series),) = group(instances).all_series()
    return series


@pytest.fixture(scope="module")
def workers():
    workers = Workers(2)
    yield workers
    workers.close()


def geometry_rows(shared_data):
    with (shared_data / "MANIFEST.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["shape"]]
    return [row for row in rows if not row["path"].startswith("nifti_other/")]


def test_geometry_is_that_of_the_manifest(shared_data, workers):
    wrong = []
    for row in geometry_rows(shared_data):
        parts = workers.scan([str(shared_data / row["path"])])
        library = group([p.instance for p in parts if isinstance(p, Found)])
        series = max((s for _, _, s in library.all_series()), key=lambda s: s.frame_count)
        geometry = series.stacks[0].geometry
        assert geometry is not None, row["path"]
        numbers = {
            name: [float(v) for v in row[name].split(";")]
            for name in ("shape", "spacing_mm", "orientation", "origin_lps_mm")
        }
        for name, told in numbers.items():
            if not np.allclose(getattr(geometry, name), told, rtol=0, atol=1e-4):
                wrong.append((row["path"], name, getattr(geometry, name), told))
        if geometry.uniform != (row["uniform"] == "true"):
            wrong.append((row["path"], "uniform"))
        if abs(geometry.tilt_deg - float(row["tilt_deg"])) > 0.001:
            wrong.append((row["path"], "tilt", geometry.tilt_deg))
    assert wrong == []


def test_a_repeated_slice_is_set_apart_and_said(shared_data, workers):
    parts = workers.scan([str(shared_data / "mr" / "mr_duplicate_slice_dwi")])
    series = only_series([p.instance for p in parts if isinstance(p, Found)])
    assert [len(s.frames) for s in series.stacks] == [8, 1]
    assert any("twice" in note for note in series.stacks[0].notes)


def test_diffusion_is_split_by_b_value_and_direction(shared_data, workers):
    parts = workers.scan([str(shared_data / "mr" / "mr_dwi_multib_philips")])
    series = only_series([p.instance for p in parts if isinstance(p, Found)])
    assert [len(s.frames) for s in series.stacks] == [14, 14, 14]
    assert [s.label.split(" (")[0] for s in series.stacks] == ["b 0", "b 2000", "b 2000"]


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(2, 12), st.integers(1, 3))
def test_grouping_does_not_depend_on_file_order(chance: random.Random, slices, phases):
    instances = [
        instance(phase * slices + index, 2.5 * index, split=(str(phase), "", "", ""))
        for phase in range(phases)
        for index in range(slices)
    ]
    shuffled = instances.copy()
    chance.shuffle(shuffled)
    assert group(shuffled) == group(instances)
    assert [len(s.frames) for s in only_series(instances).stacks] == [slices] * phases


def test_slices_ascend_along_the_normal_whatever_their_numbers_say():
    series = only_series(
        [instance(i, z, number=n) for i, (z, n) in enumerate([(6, 1), (2, 2), (4, 9)])]
    )
    assert [ref.sop_instance_uid[-1] for ref in series.stacks[0].frames] == ["1", "2", "0"]
    assert series.stacks[0].volume


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([0, 2, 4, 8], "1 slice is missing"),
        ([0, 2, 4.3, 9.9, 11], "not evenly spaced"),
        ([3, 3, 3], "one place"),
    ],
)
def test_what_is_no_volume_says_why(places, words):
    (stack,) = only_series([instance(i, z) for i, z in enumerate(places)]).stacks
    assert not stack.volume
    assert words in stack.notes[0]


def test_two_slices_say_so_without_a_doubt():
    (stack,) = only_series([instance(i, z) for i, z in enumerate([0, 2])]).stacks
    assert not stack.volume
    assert stack.notes == ()
    assert "Too few" in stack.no_volume_because


@pytest.mark.parametrize("folder", ["us", "multiframe"])
def test_moving_pictures_are_in_no_doubt_about_their_order(shared_data, workers, folder):
    found = workers.scan([str(shared_data / folder)])
    library = group([part.instance for part in found if isinstance(part, Found)])
    stacks = [series.stacks[0] for _p, _s, series in library.all_series() if series.stacks]
    flat = [stack for stack in stacks if not stack.volume]
    assert len(flat) >= 4
    for stack in flat:
        assert stack.notes == ()
        assert stack.no_volume_because


def test_uneven_gaps_make_a_volume_that_says_so():
    (stack,) = only_series([instance(i, z) for i, z in enumerate([0, 2, 4.1, 6])]).stacks
    assert stack.volume
    assert "evened out" in stack.notes[0]


def test_images_without_a_place_run_by_number():
    series = only_series([instance(i, number=n) for i, n in enumerate([3, 1, 2])])
    (stack,) = series.stacks
    assert [ref.sop_instance_uid[-1] for ref in stack.frames] == ["1", "2", "0"]
    assert stack.geometry is None
    assert "by number" in stack.notes[0]
    assert stack.no_volume_because == stack.notes[0]


def test_other_sizes_and_directions_are_stacks_of_their_own():
    lying = [instance(i, i) for i in range(4)]
    wide = [instance(10 + i, i, pixels=PixelFormat(8, 16)) for i in range(2)]
    turned = [
        instance(20 + i, plane=FramePlane((float(i), 0.0, 0.0), (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)))
        for i in range(3)
    ]
    series = only_series([*wide, *lying, *turned])
    assert [len(s.frames) for s in series.stacks] == [4, 3, 2]


def test_directions_within_a_hundredth_are_one_stack():
    off = (1.0, 0.005, 0.0, -0.005, 1.0, 0.0)
    frames = [instance(i, i) for i in range(3)]
    frames.append(instance(9, plane=FramePlane((0.0, 0.0, 3.0), off)))
    assert len(only_series(frames).stacks) == 1


def test_a_copy_of_a_file_is_skipped_and_another_patient_is_kept():
    first = instance(1, 0)
    copy = replace(first, path="/f/copy")
    stranger = replace(first, path="/f/stranger", patient=PatientFacts("Roe^Richard", "P2"))
    library = group([copy, stranger, first])
    assert [s.path for s in library.skipped] == ["/f/copy"]
    assert len(library.patients) == 2
    uids = [i.sop_instance_uid for _, _, s in library.all_series() for i in s.instances]
    assert len(set(uids)) == 2
    assert len({s.uid for _, _, s in library.all_series()}) == 2


def test_what_was_skipped_stays_listed(shared_data, workers):
    parts = list(workers.scan([str(shared_data / "malformed" / "two_patients")]))
    found = [p.instance for p in parts if isinstance(p, Found)]
    library = group(found, [p for p in parts if isinstance(p, Skipped)])
    assert [p.facts.name for p in library.patients] == ["Two^Patients0", "Two^Patients1"]
