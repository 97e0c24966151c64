"""Which period is asked for, which one lies before it, and into which hours, days, weeks and months it falls. Pure.

Figures are kept by quarters of an hour of UTC. Every time zone in use is a whole number of quarters off UTC, so days
and hours of any of them begin on one, days of 23 and 25 hours included.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from anclora.kit.errors import InvalidError
from anclora.tallies import Wanted

Slice = Literal["hour", "day", "week", "month"]
_LONGEST = timedelta(days=366)
_DATE_CHARS = 10
_QUARTER, _HOUR, _DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
_YEARS = range(1970, 3000)  # those beyond leave no room for the period before
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """[since, until) in the business time zone."""

    since: datetime = msgspec.field(name="from")
    until: datetime = msgspec.field(name="to")
    timezone: str


def period_of(
    since: str | None, until: str | None, *, timezone: str, now: datetime, by_quarters: bool = True
) -> Period:
    """The period a caller means.

    Args:
        since: a day (its start) or a moment; by default the start of the day of `until`, or of today.
        until: a day (its end, so that `to` is included) or a moment; by default now.
        timezone: IANA zone of days and of moments without an offset.
        now: the present moment.
        by_quarters: it must begin and end with a quarter of an hour, as tallies do.

    Raises:
        InvalidError: unreadable, backwards, longer than a year, or between two quarters of an hour.
    """
    zone = ZoneInfo(timezone)
    try:
        end = _moment(until, zone, days=1) if until else now.astimezone(zone)
        start = _moment(since, zone, days=0) if since else _midnight(end - timedelta(microseconds=1), zone)
        fits = timedelta(0) < end.astimezone(UTC) - start.astimezone(UTC) <= _LONGEST
    except (ValueError, OverflowError) as error:
        raise InvalidError(
            "from and to must be days (2026-01-31) or moments (2026-01-31T09:00:00+01:00).", code="invalid_period"
        ) from error
    if not fits:
        raise InvalidError("from must lie before to, by a year at most.", code="invalid_period")
    if by_quarters and (_up(start, _QUARTER) != start or (end < now and _up(end, _QUARTER) != end)):
        raise InvalidError(
            "Figures are kept by quarters of an hour: from and to are moments at :00, :15, :30 or :45.",
            code="invalid_period",
        )
    return Period(since=start, until=end, timezone=timezone)


def edge_of(text: str, *, timezone: str, last: bool) -> datetime:
    """A day (its start, or its end when it is the last one) or a moment, as `period_of` reads it.

    Raises:
        InvalidError: unreadable.
    """
    try:
        return _moment(text, ZoneInfo(timezone), days=int(last)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidError(
            "from and to must be days (2026-01-31) or moments (2026-01-31T09:00:00+01:00).", code="invalid_period"
        ) from error


def before(period: Period) -> Period:
    """The period to compare with: whole months with as many months, from midnight on with as many days, else as long.

    Of a day that is not over it is the same part of the day before, by the clock on the wall.
    """
    zone = ZoneInfo(period.timezone)
    since, until = period.since, _up(period.until.astimezone(UTC), _QUARTER).astimezone(zone)
    start, end = since.replace(tzinfo=None, fold=0), until.replace(tzinfo=None, fold=0)
    if _begins_month(start) and _begins_month(end):
        months = (end.year - start.year) * 12 + end.month - start.month
        earlier = [_months_back(start, months), start]
    elif start.time() == time():
        days = max(1, -(-(end - start) // _DAY))
        earlier = [start - days * _DAY, end - days * _DAY]
    else:
        begin = since.astimezone(UTC)
        earlier_since = (begin - (until.astimezone(UTC) - begin)).astimezone(zone)
        return msgspec.structs.replace(period, since=earlier_since, until=since)
    return msgspec.structs.replace(period, since=earlier[0].replace(tzinfo=zone), until=earlier[1].replace(tzinfo=zone))


def wanted(
    period: Period, *, instance: str | None = None, campaign: str | None = None, size: Slice | None = None
) -> Wanted:
    """The figures of a period; `size` = told apart by time, so finely at least.

    Days serve for weeks and months too; hours begin on hours of UTC only where the zone is whole hours off.
    """
    grain = 1440 if size != "hour" else 60 if _whole_hours(period) else 15
    return Wanted(
        since=period.since.astimezone(UTC),
        until=_up(period.until.astimezone(UTC), _QUARTER),
        grain=grain,
        instance=instance,
        campaign=campaign,
        zone=period.timezone,
    )


def slices(period: Period, size: Slice) -> list[str]:
    """The names of all its hours, days, weeks or months, in order."""
    return list(cuts(period, size))


@lru_cache(maxsize=16)  # asked for several times on the way to an answer
def cuts(period: Period, size: Slice) -> Mapping[str, datetime]:
    """When each of them begins, in UTC; the first one with the period."""
    zone = ZoneInfo(period.timezone)
    if size == "hour":
        step = _HOUR if _whole_hours(period) else _QUARTER
        begins = [period.since, *_steps(_up(period.since.astimezone(UTC), step), period.until, step)]
    else:
        first, last = period.since.date(), (period.until - timedelta(microseconds=1)).date()
        days = (first + timedelta(days=n + 1) for n in range((last - first).days))
        begins = [period.since, *(datetime.combine(day, time(), zone) for day in days)]
    found: dict[str, datetime] = {}
    for moment in begins:
        found.setdefault(slice_of(moment, size, period.timezone), moment.astimezone(UTC))
    return found


def slice_of(moment: datetime, size: Slice, timezone: str) -> str:
    """The hour (with its offset: on the day the clocks go back there are two), day, ISO week or month of a moment."""
    local = moment.astimezone(ZoneInfo(timezone))
    return _NAMES[size](local)


_NAMES: Mapping[Slice, Callable[[datetime], str]] = {
    "hour": lambda local: local.replace(minute=0, second=0, microsecond=0).isoformat(),
    "day": lambda local: local.date().isoformat(),
    "week": lambda local: f"{local:%G-W%V}",
    "month": lambda local: f"{local:%Y-%m}",
}


def _steps(since: datetime, until: datetime, step: timedelta) -> Iterator[datetime]:
    moment, end = since.astimezone(UTC), until.astimezone(UTC)
    while moment < end:
        yield moment
        moment += step


def _whole_hours(period: Period) -> bool:
    """Whether the zone is whole hours off UTC all the time, so that its days begin where hours do."""
    days = _steps(period.since, period.until, _DAY)
    zone = ZoneInfo(period.timezone)
    offsets = {(moment.astimezone(zone).utcoffset() or timedelta(0)) % _HOUR for moment in (*days, period.until)}
    return offsets == {timedelta(0)}


def _up(moment: datetime, step: timedelta) -> datetime:
    """The moment itself when a step begins with it, else the beginning of the next one."""
    return moment + (-(moment - _EPOCH)) % step


def _moment(text: str, zone: ZoneInfo, *, days: int) -> datetime:
    short = len(text) <= _DATE_CHARS
    moment = datetime.combine(date.fromisoformat(text), time()) if short else datetime.fromisoformat(text)
    if moment.year not in _YEARS:
        raise ValueError(text)
    if short:
        return datetime.combine(moment.date() + timedelta(days=days), time(), zone)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def _midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(moment.astimezone(zone).date(), time(), zone)


def _begins_month(moment: datetime) -> bool:
    return moment.day == 1 and moment.time() == time()


def _months_back(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    return moment.replace(year=year, month=month + 1)
