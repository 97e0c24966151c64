"""How soon every question is answered over 10,000,000 messages of 90 days; with `LONG=1` only: the past takes minutes.

The past of `past.sql` is made in private servers and dropped afterwards (some 6 GB of disk meanwhile).
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import psycopg

from anclora.analytics import Ask, Period, Question, ask, latencies, overview, period_of
from anclora.analytics.latency import LatencyBy
from anclora.analytics.others import conversation_counts, conversion_counts
from anclora.analytics.questions import choices
from anclora.storage.database import Database, open_pool
from anclora.storage.partitions import ensure_partitions
from anclora.tallies.fold import QUERIES as TALLIES
from benchmarks.stage import Stage, staged

_COUNT = int(os.environ.get("BENCH_MESSAGES", "10000000"))
_DAYS, _TIMES = 90, 20
_ZONE, _CURRENCY = "Europe/Madrid", "EUR"
_SQL = Path(__file__).with_name("past.sql")
# Indexes of other questions, and those that are cheaper made afterwards: (drop, make).
_BESIDE = (
    *("messages_contact", "messages_touches", "messages_head", "messages_schedule", "messages_doubt"),
    *("messages_stalled", "messages_held", "tallies_campaign"),
)
_AFTER = """
alter table messages add primary key (id);
alter table tallies add constraint tallies_pkey primary key (grain, at, instance, campaign, template, class, cause);
create index tallies_campaign on tallies (campaign, grain, at) where campaign <> '';
vacuum analyze messages;
vacuum analyze tallies;
vacuum analyze conversations;
vacuum analyze conversation_history;
vacuum analyze conversions;
vacuum analyze conversion_touches
"""
Question_ = Callable[[], Awaitable[object]]


def measure() -> dict[str, object]:
    """`figures_p95_ms`: of the slowest question; without `LONG=1` nothing."""
    if not os.environ.get("LONG"):
        return {}
    with staged("http://127.0.0.1:9") as stage:
        began = time.monotonic()
        _fill(stage)
        filled = time.monotonic() - began
        found = asyncio.run(_ask_all(stage))
    slowest = max(found, key=lambda name: found[name][0])
    return {
        "figures_p95_ms": found[slowest][0],
        "figures_p95_ms_detail": {
            "limit": 200,
            "slowest": slowest,
            "unit": f"milliseconds, p95 of {_TIMES}; each over {_DAYS} days and those before, {_COUNT} messages",
            "each": {name: p95 for name, (p95, _) in found.items()},
            "each_cpu": {name: cpu for name, (_, cpu) in found.items()},
            "made_in_seconds": round(filled),
        },
    }


def _fill(stage: Stage) -> None:
    asyncio.run(_partitions(stage.servers.database_url))
    with psycopg.connect(stage.servers.database_url, autocommit=True) as conn:
        conn.execute("set work_mem = '256MB'; set maintenance_work_mem = '512MB'; set synchronous_commit = off")
        conn.execute(f"drop index {', '.join(_BESIDE)}")  # pyright: ignore[reportArgumentType, reportCallIssue]
        conn.execute("alter table messages drop constraint messages_pkey")
        conn.execute("alter table tallies drop constraint tallies_pkey")
        for statement in _SQL.read_text().replace(":count", str(_COUNT)).split(";\n"):
            if statement.strip():
                conn.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
        conn.execute(TALLIES["rebuild_sums"], {"grains": [60, 1440]})
        for statement in _AFTER.split(";"):
            conn.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]


async def _partitions(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        for days in range(0, _DAYS + 31, 30):
            await ensure_partitions(conn, datetime.now(UTC) - timedelta(days=days))
        names = await (
            await conn.execute(
                "select inhrelid::regclass::text from pg_inherits where inhparent = 'messages'::regclass"
            )
        ).fetchall()
        for (name,) in names:  # nothing is updated here
            await conn.execute(f"alter table {name} set (fillfactor = 100)")  # pyright: ignore[reportArgumentType, reportCallIssue]


async def _ask_all(stage: Stage) -> dict[str, tuple[float, float]]:
    """Of each question its p95 and the CPU of one answer, both in milliseconds."""
    db = Database(await open_pool(stage.servers.database_url))
    try:
        now = datetime.now(UTC)
        first = (now - timedelta(days=_DAYS - 1)).date().isoformat()
        questions = _questions(db, period_of(first, None, timezone=_ZONE, now=now), await _campaign(db))
        return {name: await _timed(question, stage) for name, question in questions.items()}
    finally:
        await db.close()


async def _timed(question: Question_, stage: Stage) -> tuple[float, float]:
    await question()
    took: list[float] = []
    cpu = stage.stores_seconds() + time.process_time()
    for _ in range(_TIMES):
        began = time.perf_counter()
        await question()
        took.append(1_000 * (time.perf_counter() - began))
    cpu = stage.stores_seconds() + time.process_time() - cpu
    return round(sorted(took)[-1 - _TIMES // 20], 1), round(1_000 * cpu / _TIMES, 1)


async def _campaign(db: Database) -> str:
    row = await db.fetch_one("select campaign from tallies where campaign <> '' order by campaign limit 1")
    return row["campaign"] if row else ""


def _questions(db: Database, period: Period, campaign: str) -> Mapping[str, Question_]:
    counts = conversion_counts(currency=_CURRENCY, zone=_ZONE)
    found: dict[str, Question_] = {
        "overview": lambda: overview(db, period, conversations=conversation_counts, conversions=counts),
        "overview of a number": lambda: overview(
            db, period, instance="bench-3", conversations=conversation_counts, conversions=counts
        ),
    }
    for name in get_args(Question):
        for by in choices(name):
            asked = Ask(question=name, period=period, by=by, currency=_CURRENCY)
            found[f"{name} by {by}"] = lambda asked=asked: ask(db, asked)
    for by in ("hour", "day", "template"):
        for more in ({"instance": "bench-3"}, {"campaign": campaign}):
            asked = Ask(question="messages", period=period, by=by, **more)
            found[f"messages by {by} of one {next(iter(more))}"] = lambda asked=asked: ask(db, asked)
    for by in get_args(LatencyBy):
        found[f"latency by {by}"] = lambda by=by: latencies(db, period, by=by)
    return found
