"""Which period a caller means."""

from datetime import UTC, datetime

import pytest

from anclora.analytics import period_of
from anclora.kit.errors import InvalidError

NOW = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)  # 00:30 of the 30th in Madrid, the day after the clocks changed


def edges(since: str | None, until: str | None) -> tuple[str, str]:
    period = period_of(since, until, timezone="Europe/Madrid", now=NOW)
    return period.since.isoformat(), period.until.isoformat()


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, ("2026-03-30T00:00:00+02:00", "2026-03-30T00:30:00+02:00")),
        ("2026-03-29", "2026-03-29", ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00")),
        (None, "2026-03-29", ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00")),
        ("2026-03-01", None, ("2026-03-01T00:00:00+01:00", "2026-03-30T00:30:00+02:00")),
        ("2026-03-29T09:00:00", "2026-03-29T10:00:00Z", ("2026-03-29T09:00:00+02:00", "2026-03-29T12:00:00+02:00")),
    ],
)
def test_days_are_the_business_zones_and_the_last_is_included(
    since: str | None, until: str | None, expected: tuple[str, str]
) -> None:
    assert edges(since, until) == expected


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("x", None),
        (None, "x"),
        ("", "2026-02-30"),
        ("2026-03-30", "2026-03-28"),
        ("2020-01-01", "2026-01-01"),
        (None, "9999-12-31"),
        ("0001-01-01", None),
        ("2026-03-31", None),
    ],
)
def test_what_is_no_period_is_refused(since: str | None, until: str | None) -> None:
    with pytest.raises(InvalidError) as refused:
        edges(since, until)
    assert refused.value.code == "invalid_period"
