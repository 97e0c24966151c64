"""Ninety generated days: a week, a trend, a wild day, noise. Does eight of ten mean eight of ten?"""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from anclora.capacity.forecast import HELD_OUT, LEAST_HOURS, WEEK, busiest, covered, fit, learn, slots_of

START = datetime(2026, 1, 31, 23, tzinfo=UTC)  # the clocks change in between
ZONE = "Europe/Madrid"
DAYS = 90


def generated(seed: int, *, days: int = DAYS, growth: float = 0.006, wild_day: int | None = 40) -> list[int]:
    """Office hours, quiet weekends, 0.6 % more each day, one day of four times as much, and noise of two kinds."""
    dice = random.Random(seed)
    counts: list[int] = []
    for number, slot in enumerate(slots_of(START, days * 24, ZONE)):
        hour, weekday = slot.hour_of_week % 24, slot.hour_of_week // 24
        level = 15 + 600 * math.exp(-(((hour - 12) / 4) ** 2)) * (0.3 if weekday >= 5 else 1.0)
        level *= math.exp(growth * number / 24) * (4 if number // 24 == wild_day else 1)
        level *= math.exp(dice.gauss(0, 0.12))
        counts.append(max(0, round(dice.gauss(level, math.sqrt(level)))))
    return counts


@pytest.mark.parametrize("seed", range(6))
def test_the_interval_covers_what_it_says_on_hours_it_has_not_seen(seed: int) -> None:
    slots = slots_of(START, DAYS * 24, ZONE)
    share = covered(slots, generated(seed))
    assert share is not None
    assert 0.70 <= share <= 0.90


@pytest.mark.parametrize("wild_day", [20, 60, 80])
def test_it_does_so_wherever_the_wild_day_is_even_among_the_hours_kept_back(wild_day: int) -> None:
    share = covered(slots_of(START, DAYS * 24, ZONE), generated(7, wild_day=wild_day))
    assert share is not None
    assert 0.70 <= share <= 0.90


def test_a_forecast_that_knew_nothing_of_the_week_would_be_noticed() -> None:
    slots, counts = slots_of(START, DAYS * 24, ZONE), generated(1)
    turned = counts[: -HELD_OUT - 12] + counts[-HELD_OUT:] + counts[-HELD_OUT - 12 : -HELD_OUT]  # half a day later
    share = covered(slots, turned)
    assert share is not None
    assert share < 0.70


@pytest.mark.parametrize("seed", range(3))
def test_the_trend_is_found_and_noise_is_none(seed: int) -> None:
    slots = slots_of(START, DAYS * 24, ZONE)
    assert math.isclose(fit(slots, generated(seed)).slope, 0.006, abs_tol=0.0015)
    flat = [fit(slots, generated(seed * 10 + n, growth=0.0)).slope for n in range(5)]
    assert sum(slope == 0 for slope in flat) >= 3
    assert all(abs(slope) < 0.002 for slope in flat)


def test_one_wild_day_moves_neither_the_levels_nor_the_interval() -> None:
    slots = slots_of(START, DAYS * 24, ZONE)
    with_it, without = (learn(slots, generated(3, wild_day=day)) for day in (40, None))
    noon = slots_of(START + timedelta(days=DAYS + 2), 24, ZONE)[12]
    for one, other in zip(with_it.interval(noon), without.interval(noon), strict=True):
        assert math.isclose(one, other, rel_tol=0.1)


def test_the_busiest_hour_of_a_month_knows_that_a_wild_day_may_come_again() -> None:
    slots = slots_of(START, DAYS * 24, ZONE)
    ahead = slots_of(START + timedelta(days=DAYS), 30 * 24, ZONE)
    with_it, without = (learn(slots, generated(4, wild_day=day)) for day in (60, None))
    half, bad = (busiest(with_it, ahead, share) for share in (0.5, 0.9))
    assert half < bad
    assert bad > 2 * busiest(without, ahead, 0.9)
    assert busiest(without, ahead, 0.5) > max(without.curve.at(slot) for slot in ahead)


def test_an_hour_the_clocks_skip_or_repeat_keeps_its_place_in_the_week() -> None:
    night = slots_of(datetime(2026, 3, 29, 0, tzinfo=UTC), 3, ZONE)
    assert [slot.hour_of_week % 24 for slot in night] == [1, 3, 4]
    assert len(slots_of(START, WEEK, ZONE)) == WEEK


def test_too_little_is_not_back_tested_and_nothing_at_all_is_no_failure() -> None:
    short = slots_of(START, LEAST_HOURS, ZONE)
    assert covered(short, [5] * LEAST_HOURS) is None
    model = learn(short, [0] * LEAST_HOURS)
    assert model.interval(short[0]) == (0.0, 0.0, 0.0)
    assert busiest(model, short[:24], 0.9) == 0.0
