"""Telling integrators what became of conversations, in the transaction that made it so."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from anclora import events
from anclora.conversations.outs import QUERIES
from anclora.conversations.read import conversation_of
from anclora.events import EventType, Happened
from anclora.storage.database import Connection, fetch_all


class Told(msgspec.Struct, frozen=True):
    """Something to tell: what, of which conversation, when it was, and what to say beside the conversation."""

    type: EventType
    conversation_id: UUID
    at: datetime
    more: Mapping[str, Any] = {}


async def tell(conn: Connection, told: Sequence[Told]) -> None:
    """Append these in their order, each with its conversation as it is now."""
    if not told:
        return
    ids = [each.conversation_id for each in told]
    rows = {row["id"]: row for row in await fetch_all(conn, QUERIES["read_conversations"], ids=ids)}
    shown = {key: msgspec.to_builtins(conversation_of(row)) for key, row in rows.items()}
    await events.append(
        conn,
        [
            Happened(
                type=each.type,
                subject=f"conversation:{each.conversation_id}",
                instance=shown[each.conversation_id]["instance"],
                at=each.at,
                data=shown[each.conversation_id] | dict(each.more),
            )
            for each in told
        ],
    )
