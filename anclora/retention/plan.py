"""What is past its days, and what keeps it. Nothing is changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from psycopg import sql

from anclora.kit.ids import first_id_at
from anclora.messages.model import FINAL
from anclora.retention.model import TABLES, Due, Month, Refusal
from anclora.retention.rules import past, refusal
from anclora.storage.database import Connection, Database, fetch_all, fetch_one
from anclora.storage.partitions import bounds_of
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_LONGEST = "15min"  # every message of a month is looked at


async def plan(db: Database, now: datetime, *, days: int) -> list[Due]:
    """Every month that is past its days, the oldest first, with what keeps it."""
    async with db.transaction() as conn:
        await conn.execute("select set_config('statement_timeout', %s, true)", [_LONGEST])
        return [await _due(conn, month) for month in past(await months(conn), now, days=days)]


async def months(conn: Connection) -> list[Month]:
    """The months whose partitions are there."""
    return months_of(await fetch_all(conn, QUERIES["partitions"]))


def months_of(rows: Iterable[Mapping[str, Any]]) -> list[Month]:
    """The same, of rows of `partitions`. Pure."""
    found: defaultdict[tuple[datetime, datetime], dict[str, str]] = defaultdict(dict)
    for row in rows:
        found[bounds_of(row["table_name"], row["name"])][row["table_name"]] = row["name"]
    return [
        Month(first=since.date(), since=since, until=until, partitions=partitions)
        for (since, until), partitions in sorted(found.items())
    ]


def span_of(month: Month) -> dict[str, object]:
    """What the queries ask by: ids and moments of a month."""
    first, last = first_id_at(month.since), first_id_at(month.until)
    return {"first": first, "last": last, "since": month.since, "until": month.until, "finals": sorted(FINAL)}


async def kept(conn: Connection, month: Month) -> list[Refusal]:
    """What still needs rows of a month."""
    rows = await fetch_all(conn, QUERIES["kept"], **span_of(month))
    return [refusal(row["why"], row["n"], row["id"], row["detail"]) for row in rows]


async def _due(conn: Connection, month: Month) -> Due:
    rows: dict[str, int] = {}
    size = 0
    for table in TABLES:
        if (name := month.partitions.get(table)) is not None:
            cursor = await conn.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(name)))
            counted = await cursor.fetchone()
            rows[table] = int(counted[0]) if counted else 0
            sized = await fetch_one(conn, QUERIES["size"], table=name)
            size += int(sized["bytes"]) if sized else 0
    return Due(month=month.name, rows=rows, bytes=size, refusals=await kept(conn, month))
