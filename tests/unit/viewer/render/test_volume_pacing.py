from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from viewer.render import brick_kernels, volume_kernels  # noqa: F401 - from the real cache
from viewer.render.camera import standard_camera
from viewer.render.pacing import (
    FAST_MS,
    SLOW_MS,
    Pace,
    PacedVolume,
    first_pace,
    moving_quality,
    next_pace,
)
from viewer.render.transfer import TransferFunction
from viewer.render.volume import FULL, VolumeCaster

VIEW = (600, 600)
WHITE = TransferFunction(
    "shaded", opacity=((300, 0.0), (500, 1.0)), colour=((300, 1, 1, 1), (500, 1, 1, 1))
)


def cost_ms(pace: Pace, *, ray_us: float) -> float:
    """A renderer whose half level costs so much a ray, and whose quarter level a third of it."""
    level = 1.0 if pace.level == "half" else 1 / 3
    return pace.side_px**2 * ray_us / 1000 * level / pace.step_voxels


def paces(pace: Pace, *, ray_us: float, pictures: int = 40) -> Iterator[Pace]:
    for _ in range(pictures):
        pace = next_pace(pace, cost_ms(pace, ray_us=ray_us), largest_px=600)
        yield pace


@pytest.mark.parametrize("ray_us", [0.01, 0.1, 0.2, 0.4, 1.0])
def test_motion_settles_above_forty_pictures_a_second(ray_us: float) -> None:
    settled = list(paces(first_pace("shaded"), ray_us=ray_us))[-10:]
    assert all(cost_ms(pace, ray_us=ray_us) < 25 for pace in settled)


def test_a_fast_machine_moves_at_full_size() -> None:
    *_, last = paces(first_pace("shaded"), ray_us=0.01)
    assert moving_quality(last, VIEW).picture_size(VIEW) == VIEW
    assert last.level == "half"


def test_a_slow_preset_changes_to_the_quarter_level() -> None:
    *_, last = paces(first_pace("shaded"), ray_us=1.0)
    assert last.level == "quarter"
    assert last.step_voxels <= 2.5


def test_motion_recovers_when_the_machine_is_free_again() -> None:
    *_, busy = paces(first_pace("shaded"), ray_us=1.0)
    *_, free = paces(busy, ray_us=0.05, pictures=80)
    assert free.level == "half"
    assert free.step_voxels == 1.0
    *_, projection = paces(first_pace("max"), ray_us=0.01)
    assert projection.level == "quarter"


def test_a_picture_in_time_changes_nothing() -> None:
    pace = first_pace("shaded")
    assert next_pace(pace, (FAST_MS + SLOW_MS) / 2, largest_px=600) == pace


def test_projections_move_on_the_quarter_level() -> None:
    assert first_pace("max").level == "quarter"


def test_motion_never_jitters() -> None:
    assert not moving_quality(first_pace("shaded"), VIEW).has_jitter


def ball() -> VolumeCaster:
    distance = np.linalg.norm(
        np.indices((48, 64, 64)) - np.array([24, 32, 32])[:, None, None, None], axis=0
    )
    return VolumeCaster(np.where(distance < 20, 1000, 0).astype(np.int16), np.eye(4))


def test_rest_gives_the_full_picture_at_once_when_it_is_cheap() -> None:
    with ball() as caster:
        volume = PacedVolume(caster, WHITE, "white")
        camera = standard_camera("A", caster.corners_lps_mm)
        volume._paces["white"] = replace(volume.pace, full_us=0.001)
        pictures = list(volume.rest(camera, (100, 100)))
        assert len(pictures) == 1
        assert np.array_equal(pictures[0], caster.render(camera, (100, 100), FULL))
    assert volume.pace.full_us > 0.001


def test_rest_shows_a_coarse_picture_first_when_the_full_one_is_dear() -> None:
    with ball() as caster:
        volume = PacedVolume(caster, WHITE, "white")
        camera = standard_camera("A", caster.corners_lps_mm)
        volume._paces["white"] = replace(volume.pace, full_us=1e6)
        pictures = list(volume.rest(camera, (100, 100)))
        full = caster.render(camera, (100, 100), FULL)
    assert len(pictures) > 2
    assert pictures[0].shape == full.shape
    assert np.array_equal(pictures[-1], full)
    assert volume.pace.full_us < 1e6


def test_the_coarse_picture_is_cast_smaller_where_motion_was_slow() -> None:
    with ball() as caster:
        volume = PacedVolume(caster, WHITE, "white")
        camera = standard_camera("A", caster.corners_lps_mm)
        volume._paces["white"] = replace(volume.pace, full_us=1e6, moving_us=1e3)
        first = next(volume.rest(camera, (100, 80)))
    assert first.shape == (80, 100, 4)
    doubled = (first[:-1] == first[1:]).all(axis=(1, 2))
    assert doubled.sum() > 20


def test_costs_are_kept_per_preset() -> None:
    with ball() as caster:
        volume = PacedVolume(caster, WHITE, "white")
        volume.move(standard_camera("A", caster.corners_lps_mm), (100, 100))
        learnt = volume.pace
        volume.use(WHITE.moved(shift=100), "other")
        assert volume.pace.moving_us == 0
        volume.use(WHITE.moved(shift=50), "white")
        assert volume.pace == learnt
