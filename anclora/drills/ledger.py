"""The rows of drills."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from anclora.drills import metrics
from anclora.drills.model import MONTHLY, Drill
from anclora.kit.ids import new_id
from anclora.storage.database import Connection, Database, fetch_one
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A drill and its row's id."""

    id: UUID
    drill: Drill


async def record_drill(conn: Connection, drill: Drill) -> UUID | None:
    """Write a drill down; None when this very one is written down already."""
    facts = msgspec.to_builtins(drill, builtin_types=(type(drill.started_at),))
    lists = {name: Jsonb(facts.pop(name)) for name in ("steps", "failures")}
    row = await fetch_one(conn, QUERIES["insert_drill"], id=new_id(), **facts, **lists)
    return row["id"] if row else None


async def list_drills(db: Database, limit: int) -> Sequence[Entry]:
    """The newest first."""
    rows = await db.fetch_all(QUERIES["list_drills"], limit=limit)
    return [Entry(id=row.pop("id"), drill=msgspec.convert(row, Drill)) for row in map(dict, rows)]


async def show_last_success(db: Database) -> None:
    """Show the metrics since when every scenario of the monthly set has succeeded."""
    row = await db.fetch_one(QUERIES["last_success"], scenarios=[each.value for each in MONTHLY])
    metrics.LAST_SUCCESS.show_one(row["at"].timestamp() if row and row["at"] else None)
