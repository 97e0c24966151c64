"""Writing the trail and reading its end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from anclora.kit.ids import new_id
from anclora.storage.database import Connection, Database, execute
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_MOST = 1_000


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One fact of the trail.

    Attributes:
        actor: `key:<id>`, `cli` or the name of a part of the program.
        action: `noun.verb`, for example `contact.opt_out`.
        subject: what was changed, as an id and never as a phone number, since entries outlive people's data.
        detail: JSON values.
    """

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


async def record(
    conn: Connection, *, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Write one fact in the caller's transaction."""
    await execute(
        conn,
        QUERIES["record"],
        id=new_id(),
        actor=actor,
        action=action,
        subject=subject,
        detail=Jsonb(dict(detail or {})),
    )


async def recent(db: Database, limit: int = 50) -> list[Entry]:
    """The latest facts, the newest first; at most 1,000."""
    rows = await db.fetch_all(QUERIES["recent"], limit=min(max(limit, 1), _MOST))
    return [Entry(**row) for row in rows]
