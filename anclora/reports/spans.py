"""Which moments a business day has. Pure; the clock is passed in.

A day begins at midnight of the business zone and ends at the next one: 23, 24 or 25 hours later.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from anclora.kit.clock import business_date
from anclora.kit.errors import InvalidError

_FIRST_YEAR, _LAST_YEAR = 2000, 9_000
_HOUR = timedelta(hours=1)


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """[since, until), in UTC."""

    since: datetime
    until: datetime


class Spans(msgspec.Struct, frozen=True, kw_only=True):
    """What a report counts.

    Attributes:
        cut_at: set when the day is not over.
        hours: the starts of its hours, and its end.
    """

    date: date
    today: Span
    yesterday: Span
    week_before: Span
    cut_at: datetime | None
    hours: Sequence[datetime]


def day_of(text: str | None, *, zone: str, now: datetime, so_far: bool = False) -> date:
    """The day a caller means: by default the last one that is over, or today when it is asked so far.

    Raises:
        InvalidError: it is no day (`invalid_day`).
    """
    if not text:
        today = business_date(now, zone)
        return today if so_far else today - timedelta(days=1)
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
        so_far: a day that is not over is counted up to now, and the others up to the same time of theirs.

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
    cut = now.astimezone(UTC) if day == today else None

    def span(days_back: int) -> Span:
        which = day - timedelta(days=days_back)
        since, until = _midnight(which, place), _midnight(which + timedelta(days=1), place)
        if cut is not None:
            wall = cut.astimezone(place).replace(tzinfo=None) - timedelta(days=days_back)
            until = cut if not days_back else min(until, wall.replace(tzinfo=place).astimezone(UTC))
        return Span(since=since, until=until)

    whole = _midnight(day + timedelta(days=1), place)
    own = span(0)
    hours = [own.since]
    while hours[-1] + _HOUR < whole:
        hours.append(hours[-1] + _HOUR)
    return Spans(date=day, today=own, yesterday=span(1), week_before=span(7), cut_at=cut, hours=[*hours, whole])


def _midnight(day: date, place: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), place).astimezone(UTC)
