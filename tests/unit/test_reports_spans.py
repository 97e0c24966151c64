"""Which moments a business day has: of 23, 24 and 25 hours, over, under way, and not begun."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest

from anclora.kit.errors import InvalidError
from anclora.reports.schedule import due_at, names_of
from anclora.reports.spans import day_of, spans_of

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


def test_channels_are_named_once_each() -> None:
    assert names_of(" slack, email,slack,") == ["slack", "email"]
    assert names_of("") == []
