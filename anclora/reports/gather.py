"""Gathering the figures of a day, a week or a month from the ledger, all of one moment.

Messages are read from the tallies, as the overview reads them: what failed, was sent or received means the same here as
there, and a report of months costs no walk over their rows. The rest is counted from its own rows.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from anclora.kit.ids import first_id_at
from anclora.reports.model import (
    Answers,
    Conversions,
    Counts,
    Day,
    DayCounts,
    DayLine,
    Failure,
    Hour,
    Number,
    Overdue,
    Period,
    Talks,
    Tries,
)
from anclora.reports.spans import PeriodSpans, Span, Spans
from anclora.storage.database import Connection, Database, fetch_one
from anclora.storage.queries import load_queries
from anclora.tallies import Counts as Tallied
from anclora.tallies import Wanted, read_on

QUERIES = load_queries(__package__ or __name__)
_FAILURES = 5
LONGEST_SECONDS = 120.0  # of one statement: tries are counted attempt by attempt, and a year of them may be many
# A message is made at most so long before its last try: a schedule reaches twelve months ahead.
_BEFORE = timedelta(days=400)
_CLOCKS_DIFFER = timedelta(hours=1)
_WEEK_DAYS = 7

CountsTalks = Callable[[Connection, datetime, datetime], Awaitable[Talks]]
CountsConversions = Callable[[Connection, datetime, datetime], Awaitable[Conversions]]
NamesOverdue = Callable[[Connection, datetime], Awaitable[Sequence[Overdue]]]
CountsIncidents = Callable[[Connection, datetime, datetime], Awaitable[Sequence[Answers]]]


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Who counts what is no message, on the report's connection. None = nobody: left out.

    Attributes:
        incidents: of a week or a month; a day's report has none. `overdue` likewise: actions, at its end.
    """

    conversations: CountsTalks | None = None
    conversions: CountsConversions | None = None
    incidents: CountsIncidents | None = None
    overdue: NamesOverdue | None = None


async def gather(db: Database, spans: Spans, *, zone: str, sources: Sources | None = None) -> Day:
    """The figures of a day.

    Args:
        db: the ledger.
        spans: of the day.
        zone: the business zone, for the hours.
        sources: who counts the rest.
    """
    async with _moment(db) as conn:
        today, yesterday, week_before = [
            DayCounts(messages=_of(await _sums(conn, span)), **await _others(conn, span, sources))
            for span in (spans.today, spans.yesterday, spans.week_before)
        ]
        hours = await _slices(conn, spans.today, spans.hours)
        rest = await _rest(conn, spans.today)
    place = ZoneInfo(zone)
    return Day(
        date=spans.date,
        timezone=zone,
        until=spans.cut_at.astimezone(place) if spans.cut_at else None,
        today=today,
        yesterday=yesterday,
        week_before=week_before,
        hours=[
            Hour(starts_at=edge.astimezone(UTC).astimezone(place), sent=counts.sent, received=counts.received)
            for edge, counts in zip(spans.hours[:-1], hours, strict=True)
        ],
        **rest,
    )


async def gather_period(db: Database, spans: PeriodSpans, *, zone: str, sources: Sources | None = None) -> Period:
    """The figures of a week or a month; the arguments as those of `gather`."""
    async with _moment(db) as conn:
        every = await _slices(conn, Span(since=spans.edges[0], until=spans.edges[-1]), spans.edges)
        others = [await _others(conn, span, sources) for span in (spans.now, spans.before)]
        rest = await _rest(conn, spans.now)
        if sources is not None and sources.incidents is not None:
            rest["incidents"] = await sources.incidents(conn, spans.now.since, spans.now.until)
        if sources is not None and sources.overdue is not None:
            rest["overdue"] = await sources.overdue(conn, spans.now.until)
    own = len(every) - len(spans.days)  # those before are of the week or month before
    return Period(
        every=spans.every,
        first=spans.days[0],
        last=spans.days[-1],
        timezone=zone,
        now=DayCounts(messages=sum(every[own:], Counts()), **others[0]),
        before=DayCounts(messages=sum(every[:own], Counts()), **others[1]),
        days=[
            DayLine(date=day, messages=every[place], week_before=every[place - _WEEK_DAYS])
            for place, day in enumerate(spans.days, own)
        ],
        **rest,
    )


@asynccontextmanager
async def _moment(db: Database) -> AsyncGenerator[Connection, None]:
    """A connection on which every figure is of one moment, and none changes anything."""
    async with db.transaction() as conn:
        await conn.execute("set transaction isolation level repeatable read, read only")
        await conn.execute("select set_config('statement_timeout', %s, true)", [f"{LONGEST_SECONDS:.0f}s"])
        yield conn


async def _sums(conn: Connection, span: Span) -> Iterable[Tallied]:
    wanted = Wanted(since=span.since, until=span.until, grain=_grain([span.since, span.until]))
    return [sums.counts for sums in await read_on(conn, wanted, "all")]


async def _slices(conn: Connection, span: Span, edges: Sequence[datetime]) -> list[Counts]:
    """The counts of a span between each two edges."""
    wanted = Wanted(since=span.since, until=span.until, grain=_grain([*edges, span.until]))
    found: defaultdict[int, list[Tallied]] = defaultdict(list)
    for sums in await read_on(conn, wanted, "at"):
        if sums.at is not None:
            found[bisect_right(edges, sums.at) - 1].append(sums.counts)
    return [_of(found[place]) for place in range(len(edges) - 1)]


def _grain(edges: Sequence[datetime]) -> Literal[15, 60]:
    """Hours are fewer rows than quarters, where hours of UTC begin with every edge."""
    return 60 if all(edge.astimezone(UTC).minute == 0 for edge in edges) else 15


async def _rest(conn: Connection, span: Span) -> dict[str, Any]:
    """What is said of the span alone: its numbers, why messages failed, tries and dead letters."""
    wanted = Wanted(since=span.since, until=span.until, grain=_grain([span.since, span.until]))
    numbers = [Number(name=sums.key, messages=_of([sums.counts])) for sums in await read_on(conn, wanted, "instance")]
    reasons: Counter[str] = Counter()
    places: defaultdict[str, list[str]] = defaultdict(list)
    for number in numbers:
        if number.messages.failed:
            for sums in await read_on(conn, msgspec.structs.replace(wanted, instance=number.name), "cause"):
                code, count = sums.key or "unknown", _of([sums.counts]).failed
                if count:
                    reasons[code] += count
                    places[code].append(number.name)
    bounds: Mapping[str, Any] = {
        "since": span.since,
        "until": span.until,
        "low": first_id_at(span.since - _BEFORE),
        "high": first_id_at(span.until + _CLOCKS_DIFFER),
    }
    tries = await fetch_one(conn, QUERIES["count_tries"], **bounds) or {}
    dead = await fetch_one(conn, QUERIES["count_dead"], until=span.until) or {}
    ranked = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:_FAILURES]
    return {
        "numbers": [number for number in numbers if not number.messages.empty],
        "failures": [Failure(code=code, count=count, numbers=places[code]) for code, count in ranked],
        "tries": Tries(**tries),
        "dead": dead.get("count", 0),
    }


async def _others(conn: Connection, span: Span, sources: Sources | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if sources is not None and sources.conversations is not None:
        found["conversations"] = await sources.conversations(conn, span.since, span.until)
    if sources is not None and sources.conversions is not None:
        found["conversions"] = await sources.conversions(conn, span.since, span.until)
    return found


def _of(tallied: Iterable[Tallied]) -> Counts:
    """In the words of the report. What was given up has failed, as in the overview."""
    counts = sum(tallied, Tallied())
    return Counts(
        sent=counts.sent,
        delivered=counts.delivered,
        read=counts.read,
        failed=counts.failed + counts.dead,
        received=counts.received,
    )
