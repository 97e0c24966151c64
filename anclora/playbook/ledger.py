"""Runs as rows: claimed once, kept with their evidence, read again."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from anclora.kit.ids import new_id
from anclora.playbook import metrics
from anclora.playbook.book import BOOK
from anclora.playbook.model import Checklist, Result, Run
from anclora.playbook.rules import EARLIER
from anclora.storage.database import Connection, Database, execute
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
SCHEDULE = "schedule"
_MOST = 500
_KEPT = timedelta(days=400)


async def expected_since(db: Database, checklist: Checklist) -> datetime | None:
    """Since when a routine is expected to run by itself; None = it is not."""
    row = await db.fetch_one(QUERIES["expected_since"], checklist=checklist.value)
    return row["expected_since"] if row else None


async def claim(db: Database, checklist: Checklist, due_at: datetime, now: datetime) -> UUID | None:
    """Take the run of this moment; None = somebody has it."""
    values = {"id": new_id(), "checklist": checklist.value, "due_at": due_at, "now": now, "actor": SCHEDULE}
    row = await db.fetch_one(QUERIES["claim_slot"], **values)
    return row["id"] if row else None


async def keep(conn: Connection, run: Run) -> bool:
    """Write a run down: a new row by hand, the end of the claimed one by itself; False = somebody else has that now."""
    results = Jsonb(msgspec.to_builtins(run.results))
    if run.due_at is not None:
        return await execute(conn, QUERIES["end_slot"], id=run.id, now=run.ended_at, results=results) > 0
    await execute(
        conn,
        QUERIES["keep_run"],
        id=run.id,
        checklist=run.checklist.value,
        started_at=run.started_at,
        ended_at=run.ended_at,
        actor=run.actor,
        commit_id=run.commit,
        results=results,
    )
    return True


async def forget_old(db: Database, now: datetime) -> None:
    """Runs and safe actions of more than 400 days ago are over."""
    async with db.transaction() as conn:
        for query in ("forget_runs", "forget_fixes"):
            await execute(conn, QUERIES[query], before=now - _KEPT)


async def recent_runs(db: Database, checklist: Checklist | None, limit: int) -> list[Run]:
    """The last runs, the newest first."""
    wanted = {"checklist": checklist and checklist.value, "limit": min(max(limit, 1), _MOST)}
    return [_run(row) for row in await db.fetch_all(QUERIES["recent_runs"], **wanted)]


async def earlier_runs(db: Database, checklist: Checklist, now: datetime, *, zone: str) -> Sequence[Run]:
    """Up to four earlier runs at this hour: of the same weekday where a routine runs every day, else of any."""
    routine = BOOK[checklist]
    rows = await db.fetch_all(
        QUERIES["earlier_runs"],
        checklist=checklist.value,
        now=now,
        zone=zone,
        weekday=bool(routine.at) and not routine.day,
        limit=EARLIER,
    )
    return [_run(row) for row in rows]


async def show_last_runs(db: Database) -> None:
    """Show when each routine ran last, in whichever process, and how long that may be ago."""
    rows = await db.fetch_all(QUERIES["last_runs"])
    metrics.LAST_RUN.show({(row["checklist"],): row["at"].timestamp() for row in rows})
    metrics.MAX_INTERVAL.show(
        {(name.value,): its.max_interval_seconds for name, its in BOOK.items() if its.max_interval_seconds}
    )


def _run(row: Mapping[str, Any]) -> Run:
    return Run(
        id=row["id"],
        checklist=Checklist(row["checklist"]),
        due_at=row["due_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        actor=row["actor"],
        commit=row["commit_id"],
        results=msgspec.convert(row["results"], list[Result]),
    )
