"""Time that counts: business hours, and time without silences. Pure.

A deadline is a number of seconds of such time: `advance` says when they are over, `elapsed_seconds` how many passed.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from anclora.oncall.model import Hours, Roster, Span
from anclora.oncall.rules import moment_of

_FAR = timedelta(days=3_650)
_MOST_DAYS = 400  # no run of days off is longer
_SATURDAY = 5


def always(since: datetime) -> Iterator[Span]:
    """All time from a moment on."""
    yield Span(since, since + _FAR)


def business(roster: Roster, since: datetime) -> Iterator[Span]:
    """Business hours from a moment on, for as far as anybody plans."""
    hours: Hours = roster.hours
    off = [each for each in roster.holidays if each.person is None]
    first = since.astimezone(ZoneInfo(hours.zone)).date()
    for number in range(_MOST_DAYS):
        day = first + timedelta(days=number)
        if day.weekday() >= _SATURDAY or any(each.first_day <= day <= each.last_day for each in off):
            continue
        start = max(since, moment_of(day, hours.opens, hours.zone))
        end = moment_of(day, hours.closes, hours.zone)
        if start < end:
            yield Span(start, end)


def without(spans: Iterable[Span], quiet: Sequence[Span]) -> Iterator[Span]:
    """The spans, less what is quiet."""
    holes = sorted(quiet)
    for span in spans:
        start = span.starts_at
        for hole in holes:
            if hole.ends_at <= start or hole.starts_at >= span.ends_at:
                continue
            if start < hole.starts_at:
                yield Span(start, hole.starts_at)
            start = max(start, hole.ends_at)
        if start < span.ends_at:
            yield Span(start, span.ends_at)


def advance(spans: Iterable[Span], seconds: float) -> datetime | None:
    """The first moment that counts and has so many seconds of counted time before it; None = not within a year."""
    left = timedelta(seconds=seconds)
    for span in spans:
        length = span.ends_at - span.starts_at
        if left < length:
            return span.starts_at + left
        left -= length
    return None


def elapsed_seconds(spans: Iterable[Span], until: datetime) -> float:
    """How much counted time has passed before a moment."""
    passed = timedelta()
    for span in spans:
        if span.starts_at >= until:
            break
        passed += min(span.ends_at, until) - span.starts_at
    return passed.total_seconds()


def is_counted(spans: Iterable[Span], at: datetime) -> bool:
    """Whether a moment is inside one of the spans."""
    return any(span.starts_at <= at < span.ends_at for span in _until(spans, at))


def _until(spans: Iterable[Span], at: datetime) -> Iterator[Span]:
    for span in spans:
        if span.starts_at > at:
            return
        yield span
