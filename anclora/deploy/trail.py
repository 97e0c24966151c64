"""Changes of the service, in the audit trail: one at a time, each recorded in the transaction that holds the lock."""

import contextlib
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

from anclora.deploy.ecs import Ecs
from anclora.kit.errors import ConflictError
from anclora.kit.ids import first_id_at
from anclora.storage.database import Connection, Database, fetch_all, fetch_one
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)


def subject_of(ecs: Ecs) -> str:
    """How the trail names the service."""
    return f"{ecs.cluster}/{ecs.name}"


@contextlib.asynccontextmanager
async def changing(db: Database, ecs: Ecs) -> AsyncGenerator[Connection, None]:
    """A transaction in which nobody else changes the service through us.

    What is recorded in it before ECS is told is gone when ECS refuses.

    Raises:
        ConflictError: somebody else does.
    """
    async with db.transaction() as conn:
        [lock] = await fetch_all(conn, QUERIES["lock_service"], subject=subject_of(ecs))
        if not lock["ours"]:
            raise ConflictError(f"Somebody else changes {subject_of(ecs)} at this moment.", code="change_under_way")
        yield conn


async def last_scaled(conn: Connection, ecs: Ecs, now: datetime, within: timedelta) -> datetime | None:
    """When it was scaled last, if that was within so long."""
    since = first_id_at(now - within)
    row = await fetch_one(conn, QUERIES["last_scaled"], since_id=since, subject=subject_of(ecs))
    return row["at"] if row else None
