"""What was done with conversations, line by line: never changed, and what the figures of handoffs are counted from."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from anclora.conversations.outs import QUERIES
from anclora.kit.ids import id_at
from anclora.storage.database import Connection

OURSELVES = "anclora"
_encode = msgspec.json.Encoder().encode


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One of them; `actor` = who did it."""

    conversation_id: UUID
    instance: str
    at: datetime
    kind: str
    agent: str | None = None
    reason: str | None = None
    note: str | None = None
    actor: str = OURSELVES


async def add(conn: Connection, lines: Sequence[Line]) -> None:
    """Write these inside the caller's transaction."""
    if lines:
        rows = [{"id": id_at(line.at), **msgspec.structs.asdict(line)} for line in lines]
        await conn.execute(QUERIES["add_history"], {"lines": _encode(rows).decode()})
