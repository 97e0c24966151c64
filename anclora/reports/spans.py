"""Which moments a business day, week or month has. Pure; the clock is passed in.

A day begins at midnight of the business zone and ends at the next one: 23, 24 or 25 hours later. Figures are kept by
quarters of an hour, and every zone in use is a whole number of quarters off UTC, so all of it begins and ends on one.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from anclora.kit.clock import business_date
from anclora.kit.errors import InvalidError
from anclora.reports.model import LongEvery

_FIRST_YEAR, _LAST_YEAR = 2000, 9_000
_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
_QUARTER_MINUTES = 15


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """[since, until), in UTC."""

    since: datetime
    until: datetime


class Spans(msgspec.Struct, frozen=True, kw_only=True):
    """What the report of a day counts.

    Attributes:
        cut_at: set when the day is not over: the last full quarter of an hour.
        hours: the starts of its hours, and its end.
    """

    date: date
    today: Span
    yesterday: Span
    week_before: Span
    cut_at: datetime | None
    hours: Sequence[datetime]


class PeriodSpans(msgspec.Struct, frozen=True, kw_only=True):
    """What the report of a week or a month counts.

    Attributes:
        days: of this one.
        edges: the midnights from the beginning of the one before, at least a week earlier, to the end of this one.
    """

    every: LongEvery
    days: Sequence[date]
    now: Span
    before: Span
    edges: Sequence[datetime]


def day_of(text: str | None, *, zone: str, now: datetime, so_far: bool = False) -> date:
    """The day a caller means: by default the last one that is over, or today when it is asked so far.

    Raises:
        InvalidError: it is no day (`invalid_day`).
    """
    if not text:
        today = business_date(now, zone)
        return today if so_far else today - _DAY
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR or len(text) != 10:
        raise InvalidError(f"date must be a day like 2026-01-31, not {text[:30]!a}.", code="invalid_day")
    return found


def spans_of(day: date, *, zone: str, now: datetime, so_far: bool = False) -> Spans:
    """The moments of a day and of those it is compared with.

    Args:
        day: by the business clock.
        zone: its IANA name.
        now: the present moment.
        so_far: a day that is not over is counted up to the last full quarter of an hour, and the others up to the same
            time of theirs.

    Raises:
        InvalidError: the day has not begun (`day_in_future`), or is not over and nobody asked so far (`day_not_over`).
    """
    place, today = ZoneInfo(zone), business_date(now, zone)
    if day > today:
        raise InvalidError(
            f"{day} has not begun in {zone}; its report can be made when it is over.", code="day_in_future"
        )
    if day == today and not so_far:
        raise InvalidError(
            f"{day} is not over in {zone}. Ask for an earlier day, or for this one so far: --so-far (so_far=true).",
            code="day_not_over",
        )
    cut = quarter_of(now) if day == today else None

    def span(days_back: int) -> Span:
        which = day - timedelta(days=days_back)
        since, until = _midnight(which, place), _midnight(which + _DAY, place)
        if cut is not None:
            wall = cut.astimezone(place).replace(tzinfo=None) - timedelta(days=days_back)
            until = cut if not days_back else min(until, wall.replace(tzinfo=place).astimezone(UTC))
        return Span(since=since, until=until)

    whole = _midnight(day + _DAY, place)
    own = span(0)
    hours = [own.since]
    while hours[-1] + _HOUR < whole:
        hours.append(hours[-1] + _HOUR)
    return Spans(date=day, today=own, yesterday=span(1), week_before=span(7), cut_at=cut, hours=[*hours, whole])


def quarter_of(moment: datetime) -> datetime:
    """The last full quarter of an hour, in UTC."""
    moment = moment.astimezone(UTC)
    return moment.replace(minute=moment.minute // _QUARTER_MINUTES * _QUARTER_MINUTES, second=0, microsecond=0)


def period_of(every: LongEvery, text: str | None, *, zone: str, now: datetime) -> PeriodSpans:
    """The week or month a caller means: the one this day lies in; by default the last one that is over.

    Raises:
        InvalidError: it is no day (`invalid_day`), or the week or month has not begun (`period_in_future`) or is not
            over (`period_not_over`).
    """
    place, today = ZoneInfo(zone), business_date(now, zone)
    current = _first_of(every, today)
    first = _first_of(every, day_of(text, zone=zone, now=now) if text else current - _DAY)
    after = _next(every, first)
    if first > today:
        raise InvalidError(
            f"{_NAMES[every]} of {first} has not begun in {zone}; its report can be made when it is over.",
            code="period_in_future",
        )
    if after > today:
        raise InvalidError(
            f"{_NAMES[every]} of {first} is not over in {zone}. Ask for an earlier one, or for a day: anclora report"
            " daily.",
            code="period_not_over",
        )
    before = _first_of(every, first - _DAY)
    midnights = [_midnight(before + _DAY * number, place) for number in range((after - before).days + 1)]
    return PeriodSpans(
        every=every,
        days=[first + _DAY * number for number in range((after - first).days)],
        now=Span(since=_midnight(first, place), until=midnights[-1]),
        before=Span(since=midnights[0], until=_midnight(first, place)),
        edges=midnights,
    )


_NAMES: Mapping[LongEvery, str] = {"weekly": "The week", "monthly": "The month"}


def _first_of(every: LongEvery, day: date) -> date:
    return day.replace(day=1) if every == "monthly" else day - _DAY * day.weekday()


def _next(every: LongEvery, first: date) -> date:
    return _first_of(every, first + timedelta(days=31)) if every == "monthly" else first + _WEEK


def _midnight(day: date, place: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), place).astimezone(UTC)
