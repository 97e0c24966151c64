"""What must not be disturbed for a while: a pairing of one number, a deploy of everything. Rows that run out."""

from datetime import datetime
from typing import Literal

from anclora.instances.book import QUERIES
from anclora.storage.database import Connection, Database, execute

What = Literal["pairing", "deploy"]
PAIRING_SECONDS = 180.0


async def begin(
    conn: Connection, what: What, *, until: datetime, actor: str, instance: str = "", why: str | None = None
) -> None:
    """Nobody mends it until then, inside the caller's transaction; a later word replaces an earlier one."""
    await execute(conn, QUERIES["begin_maintenance"], what=what, instance=instance, until=until, actor=actor, why=why)


async def end(conn: Connection, what: What, *, instance: str = "") -> None:
    """It is over before its time."""
    await execute(conn, QUERIES["end_maintenance"], what=what, instance=instance)


async def busy(db: Database, now: datetime) -> dict[str, str]:
    """Who is not to be disturbed now, and by what: by name, `` = everybody."""
    rows = await db.fetch_all(QUERIES["read_maintenance"], now=now)
    return {row["instance"]: f"a {row['what']} is under way" for row in rows}
