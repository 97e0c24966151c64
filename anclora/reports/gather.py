"""Gathering the figures of a day from the ledger: every one counted from the rows, all of one moment."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from anclora.kit.ids import first_id_at
from anclora.reports.model import Conversions, Counts, Day, DayCounts, Failure, Hour, Number, Talks, Tries
from anclora.reports.spans import Span, Spans
from anclora.storage.database import Connection, Database, fetch_all, fetch_one
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_FAILURES = 5
# A message is made at most so long before something happens to it: a schedule reaches twelve months ahead.
_BEFORE = timedelta(days=400)
_CLOCKS_DIFFER = timedelta(hours=1)
_KINDS = Counts.__struct_fields__

CountsTalks = Callable[[Connection, datetime, datetime], Awaitable[Talks]]
CountsConversions = Callable[[Connection, datetime, datetime], Awaitable[Conversions]]


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Who counts what the message ledger does not know, on the report's connection. None = nobody: left out."""

    conversations: CountsTalks | None = None
    conversions: CountsConversions | None = None


async def gather(db: Database, spans: Spans, *, zone: str, sources: Sources | None = None) -> Day:
    """The figures of a day.

    Args:
        db: the ledger.
        spans: of the day.
        zone: the business zone, for the hours.
        sources: who counts the rest.
    """
    sources = sources or Sources()
    every = (spans.today, spans.yesterday, spans.week_before)
    async with db.transaction() as conn:
        # Every figure is of one moment, and none of them changes anything.
        await conn.execute("set transaction isolation level repeatable read, read only")
        rows = await fetch_all(conn, QUERIES["count_spans"], **_parameters(spans, every))
        common = _ids(spans.today) | {"since": spans.today.since, "until": spans.today.until}
        failures = await fetch_all(conn, QUERIES["count_failures"], **common, limit=_FAILURES)
        tries = await fetch_one(conn, QUERIES["count_tries"], **common) or {}
        dead = await fetch_one(conn, QUERIES["count_dead"], until=spans.today.until) or {}
        others = [await _others(conn, span, sources) for span in every]
    figures = [
        DayCounts(messages=_counts(row for row in rows if row["place"] == place), **other)
        for place, other in enumerate(others, 1)
    ]
    own = [row for row in rows if row["place"] == 1]
    return Day(
        date=spans.date,
        timezone=zone,
        until=spans.cut_at.astimezone(ZoneInfo(zone)) if spans.cut_at else None,
        today=figures[0],
        yesterday=figures[1],
        week_before=figures[2],
        hours=_hours(own, spans.hours, ZoneInfo(zone)),
        numbers=[
            Number(name=name, messages=_counts(row for row in own if row["instance"] == name))
            for name in sorted({row["instance"] for row in own})
        ],
        failures=[Failure(**row) for row in failures],
        tries=Tries(**tries),
        dead=dead.get("count", 0),
    )


async def _others(conn: Connection, span: Span, sources: Sources) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if sources.conversations is not None:
        found["conversations"] = await sources.conversations(conn, span.since, span.until)
    if sources.conversions is not None:
        found["conversions"] = await sources.conversions(conn, span.since, span.until)
    return found


def _parameters(spans: Spans, every: Sequence[Span]) -> dict[str, Any]:
    oldest, newest = min(span.since for span in every), max(span.until for span in every)
    edges: dict[str, Any] = {}
    for place, span in enumerate(every, 1):
        edges |= {f"since_{place}": span.since, f"until_{place}": span.until}
    return {
        **edges,
        **_ids(Span(since=oldest, until=newest)),
        "oldest": oldest,
        "hours": list(spans.hours),
        # Of what people said the id begins with the very moment.
        "heard_low": first_id_at(oldest),
        "heard_high": first_id_at(newest + timedelta(seconds=1)),
    }


def _ids(span: Span) -> dict[str, Any]:
    return {"low": first_id_at(span.since - _BEFORE), "high": first_id_at(span.until + _CLOCKS_DIFFER)}


def _counts(rows: Any) -> Counts:
    sums: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        sums[row["what"]] += row["n"]
    return Counts(**{kind: sums[kind] for kind in _KINDS})


def _hours(rows: Sequence[Mapping[str, Any]], edges: Sequence[datetime], zone: ZoneInfo) -> list[Hour]:
    sums: defaultdict[tuple[str, int], int] = defaultdict(int)
    for row in rows:
        sums[row["what"], row["hour"]] += row["n"]
    return [
        Hour(
            starts_at=edge.astimezone(UTC).astimezone(zone), sent=sums["sent", place], received=sums["received", place]
        )
        for place, edge in enumerate(edges[:-1], 1)
    ]
