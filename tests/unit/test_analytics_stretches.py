"""A sample of time has its share, lies within the span and is spread evenly over it."""

import itertools
from datetime import UTC, datetime, timedelta

from anclora.analytics.latency import stretches

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=90)


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
