"""Reading messages: one, or a page of them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from anclora.messages.errors import no_message
from anclora.messages.model import Message, MessageClass, Priority, State
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_LAST = UUID(int=2**128 - 1)


async def get(db: Database, message_id: UUID) -> Message:
    """One message. Raises `NotFoundError` (`message_not_found`)."""
    row = await db.fetch_one(QUERIES["get_message"], id=message_id)
    if row is None:
        raise no_message(message_id)
    return _message(row)


async def find(
    db: Database,
    *,
    state: State | None = None,
    instance: str | None = None,
    to: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[Message]:
    """A page of messages, the newest first; `before` is the last id of the page before."""
    query = "find_doubts" if state is State.UNKNOWN else "find_messages"
    rows = await db.fetch_all(
        QUERIES[query],
        before=before or _LAST,
        state=state.value if state else None,
        instance=instance,
        recipient=to,
        limit=min(max(limit, 1), 500),
    )
    return [_message(row) for row in rows]


def _message(row: Mapping[str, Any]) -> Message:
    waiting = row["state"] in (State.QUEUED, State.SCHEDULED)
    return Message(
        id=row["id"],
        state=State(row["state"]),
        to=row["recipient"],
        instance=row["instance"],
        type=row["kind"],
        content=msgspec.Raw(bytes(row["content"])),
        kind=MessageClass(row["class"]),
        priority=Priority(row["priority"]).name.lower(),
        attempts=row["attempt"],
        created_at=row["created_at"],
        send_at=row["send_at"],
        expires_at=row["expires_at"],
        next_attempt_at=row["next_attempt_at"] if waiting else None,
        sent_at=row["sent_at"],
        delivered_at=row["delivered_at"],
        read_at=row["read_at"],
        played_at=row["played_at"],
        unknown_at=row["unknown_at"],
        stalled_at=row["stalled_at"],
        provider_id=row["provider_id"],
        reason_code=row["reason_code"],
        reason_text=row["reason_text"],
        client_ref=row["client_ref"],
        tags=list(row["tags"]),
    )
