"""The part round a place: a ball's volume by its formula, through blur, noise and neighbours."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from viewer.pixels.part import half_way, part_round_middle

SIDE, RADIUS, BALL = 61, 29.0, 12.0


def away_from(centre: tuple[float, float, float]) -> NDArray[np.float64]:
    z, y, x = np.indices((SIDE,) * 3)
    return np.sqrt((z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2)


MIDDLE = (30.0, 30.0, 30.0)
WITHIN = away_from(MIDDLE) <= RADIUS


def ball(inside: float, outside: float, *, soft: float = 1.0) -> NDArray[np.float64]:
    """A ball whose edge is ``soft`` voxels wide."""
    cover = np.clip(0.5 - (away_from(MIDDLE) - BALL) / soft, 0, 1)
    return outside + cover * (inside - outside)


@pytest.mark.parametrize(
    ("inside", "outside", "is_above"), [(40.0, -850.0, True), (-1000.0, 50.0, False)]
)
@pytest.mark.parametrize("soft", [1.0, 4.0])
def test_a_ball_has_the_volume_of_a_ball(
    inside: float, outside: float, is_above: bool, soft: float
) -> None:
    noise = np.random.default_rng(1).normal(0, 20, (SIDE,) * 3)
    part = part_round_middle(ball(inside, outside, soft=soft) + noise, WITHIN)
    assert part is not None
    assert part.is_above is is_above
    assert part.count == pytest.approx(4 / 3 * math.pi * BALL**3, rel=0.03)
    assert part.threshold == pytest.approx((inside + outside) / 2, rel=0.08)
    assert not part.is_cut


def test_what_does_not_touch_it_is_not_of_it() -> None:
    values = ball(40.0, -850.0)
    apart = np.maximum(values, np.where(away_from((30.0, 30.0, 52.0)) < 5, 40.0, -850.0))
    alone, beside = (part_round_middle(v, WITHIN) for v in (values, apart))
    assert alone is not None
    assert beside is not None
    assert beside.count == alone.count


def test_a_vessel_that_runs_into_a_ball_is_not_of_it() -> None:
    values = ball(40.0, -850.0)
    z, y, x = np.indices(values.shape) - 30
    vessel = (np.hypot(z, y) < 4) & (x > 0)
    alone, entered = (part_round_middle(v, WITHIN) for v in (values, np.where(vessel, 40, values)))
    assert alone is not None
    assert entered is not None
    assert entered.count == pytest.approx(alone.count, rel=0.05)
    assert not entered.is_cut


def test_what_goes_on_beyond_the_sphere_says_so() -> None:
    values = ball(40.0, -850.0)
    values[20:41, 20:41, 30:] = 40.0
    part = part_round_middle(values, WITHIN)
    assert part is not None
    assert part.is_cut


def test_where_nothing_stands_out_there_is_no_part() -> None:
    assert part_round_middle(np.zeros((SIDE,) * 3), WITHIN) is None
    assert half_way(np.array([1.0, np.nan] * 10)) is None


def test_a_small_part_is_found_in_a_large_sphere() -> None:
    values = ball(-850.0, -850.0)
    values[away_from(MIDDLE) <= 4] = 60.0
    part = part_round_middle(values, WITHIN)
    assert part is not None
    assert part.count == int((away_from(MIDDLE) <= 4).sum())


def test_a_region_may_be_the_whole_cube() -> None:
    values = ball(40.0, -850.0)
    part = part_round_middle(values, np.ones(values.shape, np.bool_))
    assert part is not None
    assert part.count == pytest.approx(4 / 3 * math.pi * BALL**3, rel=0.03)
    around = part_round_middle(-np.abs(values - 40) + away_from((0, 0, 0)), values > -1e9)
    assert around is not None
