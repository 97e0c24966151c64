"""The review: today's answer from its row, or asked now and kept; counted beside what was delivered."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import reduce
from operator import add
from typing import Any

from psycopg.types.json import Jsonb

from anclora.costs import explorer
from anclora.costs.model import Money, Review
from anclora.costs.rules import charges_in, currency_of, lines, money_of, months, per_thousand, question
from anclora.storage.database import Connection, Database, execute, fetch_one
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
Asks = Callable[[Mapping[str, Any]], list[dict[str, Any]]]


async def review(db: Database, now: datetime, *, tag: str, ask: Asks = explorer.ask) -> Review:
    """The last full month beside the one before.

    Args:
        db: holds today's answer, and what was delivered.
        now: aware; its day in UTC says which month is the last full one.
        tag: the cost allocation tag whose values are summed.
        ask: Cost Explorer.

    Raises:
        UnavailableError: Cost Explorer or the database does not answer, or not as documented.
    """
    today = now.astimezone(UTC).date()
    before, month, end = months(today)
    async with db.transaction() as conn:
        results, asked_at = await _answer(conn, today, month, tag, ask)
    charges = charges_in(results)
    delivered = await db.fetch_one(
        QUERIES["count_delivered"], before=_moment(before), month=_moment(month), end=_moment(end)
    ) or {"delivered": 0, "before": 0}
    total = reduce(add, (money_of(each, month) for each in charges), Money())
    return Review(
        month=month,
        month_before=before,
        currency=currency_of(charges),
        total=total,
        services=lines(charges, month, by="service"),
        tag=tag,
        tags=lines(charges, month, by="tag"),
        delivered=delivered["delivered"],
        delivered_before=delivered["before"],
        per_thousand_micros=per_thousand(total.amortized_micros, delivered["delivered"]),
        per_thousand_before_micros=per_thousand(total.amortized_before_micros, delivered["before"]),
        estimated=any(each.estimated for each in charges),
        asked_at=asked_at,
    )


async def _answer(
    conn: Connection, today: date, month: date, tag: str, ask: Asks
) -> tuple[list[dict[str, Any]], datetime]:
    await execute(conn, QUERIES["lock_answer"])
    wanted = {"month": month, "tag": tag, "today": today}
    if row := await fetch_one(conn, QUERIES["find_answer"], **wanted):
        return row["answer"], row["asked_at"]
    results = await asyncio.to_thread(ask, question(today, tag))
    charges_in(results)  # what cannot be read is not kept: it would be wrong all day
    kept = await fetch_one(conn, QUERIES["keep_answer"], **wanted, answer=Jsonb(results))
    return results, (kept or {})["asked_at"]


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
