"""Hours, days, weeks and months of the business zone, and the period to compare with."""

from datetime import UTC, datetime, timedelta

import pytest

from anclora.analytics.period import Period, before, period_of, slice_of, slices, wanted
from anclora.kit.errors import InvalidError

NOW = datetime(2026, 11, 10, 9, 7, tzinfo=UTC)


def asked(since: str | None, until: str | None, zone: str = "Europe/Madrid", now: datetime = NOW) -> Period:
    return period_of(since, until, timezone=zone, now=now)


@pytest.mark.parametrize(
    ("day", "hours", "first", "doubled"),
    [
        ("2026-03-29", 23, "2026-03-29T00:00:00+01:00", []),
        ("2026-10-25", 25, "2026-10-25T00:00:00+02:00", ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]),
        ("2026-01-31", 24, "2026-01-31T00:00:00+01:00", []),
    ],
)
def test_a_day_has_the_hours_the_clocks_give_it(day: str, hours: int, first: str, doubled: list[str]) -> None:
    period = asked(day, day)
    found = slices(period, "hour")
    assert (len(found), found[0]) == (hours, first)
    assert [hour for hour in found if hour.startswith(f"{day}T02") and doubled] == doubled
    assert slices(period, "day") == [day]
    found = wanted(period, size="hour")
    assert (found.until - found.since, found.grain) == (timedelta(hours=hours), 60)


@pytest.mark.parametrize(
    ("zone", "since", "grain"),
    [
        ("Asia/Kolkata", datetime(2026, 1, 30, 18, 30, tzinfo=UTC), 15),
        ("Asia/Kathmandu", datetime(2026, 1, 30, 18, 15, tzinfo=UTC), 15),
        ("Australia/Lord_Howe", datetime(2026, 1, 30, 13, 0, tzinfo=UTC), 60),  # +11 in January, +10:30 in June
        ("UTC", datetime(2026, 1, 31, tzinfo=UTC), 60),
    ],
)
def test_days_begin_where_the_zone_says_also_between_full_hours(zone: str, since: datetime, grain: int) -> None:
    found = wanted(asked("2026-01-31", "2026-01-31", zone), size="hour")
    assert (found.since, found.until - found.since, found.grain) == (since, timedelta(days=1), grain)


def test_a_year_with_half_an_hour_of_daylight_saving_is_read_by_quarters() -> None:
    period = asked("2026-01-01", "2026-10-31", "Australia/Lord_Howe", now=datetime(2027, 1, 1, tzinfo=UTC))
    assert wanted(period, size="hour").grain == 15
    days = slices(period, "day")
    assert len(days) == len(set(days)) == 304


def test_what_ends_now_is_read_to_the_end_of_its_quarter() -> None:
    found = wanted(asked("2026-11-10", None))
    assert (found.since, found.until, found.grain, found.zone) == (
        datetime(2026, 11, 9, 23, tzinfo=UTC),
        datetime(2026, 11, 10, 9, 15, tzinfo=UTC),
        1440,
        "Europe/Madrid",
    )


@pytest.mark.parametrize("moment", ["2026-11-10T08:07:00+01:00", "2026-11-10T08:15:01+01:00"])
def test_between_two_quarters_nobody_can_say(moment: str) -> None:
    for since, until in ((moment, None), ("2026-11-09", moment)):
        with pytest.raises(InvalidError, match=r":00, :15, :30 or :45"):
            asked(since, until)
    assert asked("2026-11-10T08:15:00+01:00", None).since.minute == 15


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2026-11-09", "2026-11-09", ("2026-11-08T00:00:00+01:00", "2026-11-09T00:00:00+01:00")),
        ("2026-10-26", "2026-11-01", ("2026-10-19T00:00:00+02:00", "2026-10-26T00:00:00+01:00")),
        ("2026-10-01", "2026-10-31", ("2026-09-01T00:00:00+02:00", "2026-10-01T00:00:00+02:00")),
        ("2026-01-01", "2026-03-31", ("2025-10-01T00:00:00+02:00", "2026-01-01T00:00:00+01:00")),
        ("2026-11-10", None, ("2026-11-09T00:00:00+01:00", "2026-11-09T10:15:00+01:00")),  # the same part of yesterday
        (
            "2026-11-10T08:00:00+01:00",
            "2026-11-10T09:30:00+01:00",
            ("2026-11-10T06:30:00+01:00", "2026-11-10T08:00:00+01:00"),
        ),
        (  # an hour and a half across the end of summer time
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T03:00:00+01:00",
            ("2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+02:00"),
        ),
    ],
)
def test_the_period_before_is_as_people_compare(since: str, until: str | None, expected: tuple[str, str]) -> None:
    found = before(asked(since, until))
    assert (found.since.isoformat(), found.until.isoformat()) == expected


def test_weeks_and_months_are_those_of_the_wall() -> None:
    moment = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # half past midnight of 2027 in Madrid
    assert [slice_of(moment, size, "Europe/Madrid") for size in ("day", "week", "month")] == [
        "2027-01-01",
        "2026-W53",
        "2027-01",
    ]
    assert slices(asked("2026-01-31", "2026-03-01"), "month") == ["2026-01", "2026-02", "2026-03"]
    assert len(slices(asked("2025-12-29", "2026-01-04"), "week")) == 1
