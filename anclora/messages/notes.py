"""Lines in the timeline of a message that no attempt and no receipt tells: how a doubt ended, and the like."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection

from anclora.kit.ids import new_id
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)


async def note_all(conn: AsyncConnection, message_ids: Sequence[UUID], kind: str, detail: str) -> None:
    """Add the same line to several messages, inside the transaction of the fact it tells."""
    rows = {"ids": [new_id() for _ in message_ids], "message_ids": list(message_ids), "kind": kind, "detail": detail}
    await conn.execute(QUERIES["note_messages"], rows)


async def note(conn: AsyncConnection, message_id: UUID, kind: str, detail: str) -> None:
    """Add a line, inside the transaction of the fact it tells."""
    row = {"id": new_id(), "message_id": message_id, "kind": kind, "detail": detail}
    await conn.execute(QUERIES["note_message"], row)
