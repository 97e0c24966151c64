"""A sample of time has its share, lies within the span and is spread evenly over it."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from anclora.analytics.latency import LatencyBy, share_of, stretches

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=90)


@pytest.mark.parametrize(
    ("by", "count", "share"),
    [
        ("all", 0, 1.0),
        ("hour", 40_000, 1.0),  # exact, however it is told apart
        ("hour", 40_001, 0.499988),
        ("day", 80_000, 0.5),
        ("hour", 10_000_000, 0.002),
        ("class", 10_000_000, 0.004),
    ],
)
def test_of_very_many_messages_a_share_is_read_and_by_hour_half_of_it(by: LatencyBy, count: int, share: float) -> None:
    assert share_of(count, by) == share


def test_the_whole_is_one_stretch() -> None:
    assert stretches(SINCE, UNTIL, 1.0) == [(SINCE, UNTIL)]


def test_a_share_is_spread_evenly() -> None:
    found = stretches(SINCE, UNTIL, 0.25)
    length = sum((until - since for since, until in found), timedelta())
    assert abs(length / (UNTIL - SINCE) - 0.25) < 1e-6
    assert all(until <= later for (_, until), (later, _) in itertools.pairwise(found))
    assert (found[0][0], found[-1][1] <= UNTIL) == (SINCE, True)
    first_half = [since for since, _ in found if since < SINCE + timedelta(days=45)]
    assert len(first_half) * 2 == len(found)
