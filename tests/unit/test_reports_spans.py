"""Which moments a business day, week and month has: hours put forward and back, over, under way, and not begun."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest

from anclora.kit.errors import InvalidError
from anclora.reports.model import LongEvery
from anclora.reports.schedule import due_at, names_of, periods_on
from anclora.reports.spans import day_of, period_of, quarter_of, spans_of

MADRID = "Europe/Madrid"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "since", "until", "hours"),
    [
        ("2026-11-26", "2026-11-26T00:00+01:00", "2026-11-27T00:00+01:00", 24),
        ("2026-03-29", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", 23),
        ("2026-10-25", "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", 25),
        ("2024-02-29", "2024-02-29T00:00+01:00", "2024-03-01T00:00+01:00", 24),
    ],
)
def test_a_day_goes_from_midnight_to_midnight_of_the_business(day: str, since: str, until: str, hours: int) -> None:
    spans = spans_of(date.fromisoformat(day), zone=MADRID, now=at("2026-12-01T12:00+01:00"))
    assert (spans.today.since, spans.today.until) == (at(since), at(until))
    assert len(spans.hours) == hours + 1
    assert (spans.hours[0], spans.hours[-1]) == (at(since), at(until))
    assert {after - before for before, after in itertools.pairwise(spans.hours)} == {timedelta(hours=1)}
    assert spans.cut_at is None


@pytest.mark.parametrize("zone", ["America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
def test_days_of_any_zone_follow_each_other_without_a_gap(zone: str) -> None:
    now, first = at("2027-02-01T00:00+00:00"), date(2026, 1, 1)
    spans = [spans_of(first + timedelta(days=number), zone=zone, now=now) for number in range(366)]
    for before, after in itertools.pairwise(spans):
        assert before.today.until == after.today.since
        assert after.yesterday == before.today
        assert list(after.hours) == sorted(set(after.hours))
    assert spans[7].week_before == spans[0].today


def test_a_day_so_far_is_compared_with_the_same_time_of_the_others() -> None:
    now = at(
        "2026-10-26T18:00+01:00"
    )  # the day before had 25 hours, and 18:00 there was another moment of UTC a week ago
    spans = spans_of(date(2026, 10, 26), zone=MADRID, now=now, so_far=True)
    assert spans.cut_at == spans.today.until == now
    assert spans.yesterday.until == at("2026-10-25T18:00+01:00")
    assert spans.week_before.until == at("2026-10-19T18:00+02:00")
    assert len(spans.hours) == 25  # all 24 hours are drawn, the later ones empty


def test_a_closed_day_so_far_is_the_whole_day() -> None:
    now = at("2026-10-26T18:00+01:00")
    assert spans_of(date(2026, 10, 20), zone=MADRID, now=now, so_far=True) == spans_of(
        date(2026, 10, 20), zone=MADRID, now=now
    )


@pytest.mark.parametrize(
    ("day", "so_far", "code"),
    [
        ("2026-11-28", False, "day_in_future"),
        ("2026-11-28", True, "day_in_future"),
        ("2026-11-27", False, "day_not_over"),
    ],
)
def test_a_day_that_is_not_over_is_refused_with_what_to_do(day: str, so_far: bool, code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        spans_of(date.fromisoformat(day), zone=MADRID, now=at("2026-11-27T23:59+01:00"), so_far=so_far)
    assert refused.value.code == code


def test_a_day_is_over_the_moment_the_next_begins_there() -> None:
    spans_of(date(2026, 11, 27), zone=MADRID, now=at("2026-11-28T00:00+01:00"))
    assert day_of(None, zone=MADRID, now=at("2026-11-28T00:00+01:00")) == date(2026, 11, 27)
    assert day_of(None, zone=MADRID, now=at("2026-11-27T23:59+01:00")) == date(2026, 11, 26)
    assert day_of(None, zone=MADRID, now=at("2026-11-27T23:59+01:00"), so_far=True) == date(2026, 11, 27)


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "0001-01-01", "9999-12-31", "20261126", "2026-11-26T00"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="2026-01-31"):
        day_of(text, zone=MADRID, now=at("2026-11-27T12:00+01:00"))


def test_the_daily_post_is_due_from_its_time_on_and_cut_there() -> None:
    cut = at("2026-11-27T18:00+01:00")
    assert due_at(at("2026-11-27T17:59:59+01:00"), MADRID, time(18)) is None
    assert due_at(at("2026-11-27T18:00:00+01:00"), MADRID, time(18)) == cut
    assert due_at(at("2026-11-27T23:59:59+01:00"), MADRID, time(18)) == cut
    assert due_at(at("2026-11-28T00:00:00+01:00"), MADRID, time(18)) is None


@pytest.mark.parametrize(
    ("now", "quarter"),
    [
        ("2026-11-27T18:00:00+01:00", "2026-11-27T18:00+01:00"),
        ("2026-11-27T18:14:59.999+01:00", "2026-11-27T18:00+01:00"),
        ("2026-11-27T00:07:00+05:45", "2026-11-27T00:00+05:45"),
    ],
)
def test_a_day_so_far_ends_with_a_quarter_of_an_hour_which_figures_have(now: str, quarter: str) -> None:
    assert quarter_of(at(now)) == at(quarter)
    zone = MADRID if "+01" in now else "Asia/Kathmandu"
    assert spans_of(date(2026, 11, 27), zone=zone, now=at(now), so_far=True).today.until == at(quarter)


@pytest.mark.parametrize(
    ("every", "asked", "first", "last", "before", "hours"),
    [
        ("weekly", "2026-11-26", "2026-11-23", "2026-11-29", "2026-11-16", 168),
        ("weekly", "2026-11-23", "2026-11-23", "2026-11-29", "2026-11-16", 168),
        ("weekly", "2026-03-29", "2026-03-23", "2026-03-29", "2026-03-16", 167),
        ("weekly", "2026-10-25", "2026-10-19", "2026-10-25", "2026-10-12", 169),
        ("weekly", "2026-01-01", "2025-12-29", "2026-01-04", "2025-12-22", 168),
        ("monthly", "2026-03-31", "2026-03-01", "2026-03-31", "2026-02-01", 31 * 24 - 1),
        ("monthly", "2026-10-01", "2026-10-01", "2026-10-31", "2026-09-01", 31 * 24 + 1),
        ("monthly", "2024-02-29", "2024-02-01", "2024-02-29", "2024-01-01", 29 * 24),
        ("monthly", "2026-01-15", "2026-01-01", "2026-01-31", "2025-12-01", 31 * 24),
    ],
)
def test_a_week_and_a_month_from_midnight_to_midnight(
    every: LongEvery, asked: str, first: str, last: str, before: str, hours: int
) -> None:
    found = period_of(every, asked, zone=MADRID, now=at("2027-01-15T12:00+01:00"))
    assert (found.days[0], found.days[-1]) == (date.fromisoformat(first), date.fromisoformat(last))
    assert found.now.until - found.now.since == timedelta(hours=hours)
    assert found.before.until == found.now.since
    assert (
        found.edges[0]
        == found.before.since
        == spans_of(date.fromisoformat(before), zone=MADRID, now=at("2027-01-15T12:00+01:00")).today.since
    )
    assert found.edges[-1] == found.now.until
    assert found.edges[-len(found.days) - 1] == found.now.since
    assert len(found.edges) - 1 - len(found.days) >= 7  # every day has one to stand beside


@pytest.mark.parametrize(
    ("every", "now", "first"),
    [
        ("weekly", "2026-11-29T23:59+01:00", "2026-11-16"),
        ("weekly", "2026-11-30T00:00+01:00", "2026-11-23"),
        ("monthly", "2026-11-30T23:59+01:00", "2026-10-01"),
        ("monthly", "2026-12-01T00:00+01:00", "2026-11-01"),
        ("monthly", "2027-01-01T00:00+01:00", "2026-12-01"),
    ],
)
def test_by_default_it_is_the_last_one_that_is_over(every: LongEvery, now: str, first: str) -> None:
    assert period_of(every, None, zone=MADRID, now=at(now)).days[0] == date.fromisoformat(first)


@pytest.mark.parametrize(
    ("every", "text", "code"),
    [
        ("weekly", "2026-11-27", "period_not_over"),
        ("weekly", "2026-11-29", "period_not_over"),
        ("weekly", "2026-11-30", "period_in_future"),
        ("monthly", "2026-11-01", "period_not_over"),
        ("monthly", "2026-12-01", "period_in_future"),
        ("monthly", "2026-11", "invalid_day"),
    ],
)
def test_a_week_or_month_that_is_not_over_is_refused_with_what_to_do(every: LongEvery, text: str, code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        period_of(every, text, zone=MADRID, now=at("2026-11-27T23:59+01:00"))
    assert refused.value.code == code


def test_weeks_are_posted_on_mondays_and_months_on_the_first() -> None:
    days = [date(2026, 11, 27) + timedelta(days=number) for number in range(6)]
    assert [list(periods_on(day)) for day in days] == [[], [], [], ["weekly"], ["monthly"], []]
    assert list(periods_on(date(2027, 2, 1))) == ["weekly", "monthly"]


def test_channels_are_named_once_each() -> None:
    assert names_of(" slack, email,slack,") == ["slack", "email"]
    assert names_of("") == []
