"""Reading conversations: one with its timeline, or a page of them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from anclora.conversations.errors import no_conversation
from anclora.conversations.model import Conversation, Entry, HandoffReason, State, Talk
from anclora.conversations.outs import QUERIES
from anclora.kit.ids import first_id_at
from anclora.storage.database import Database

_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
_FOREVER = datetime(9_000, 1, 1, tzinfo=UTC)
_MOST = 200
_ENTRIES = 200

Wanted = Literal["active", "open", "waiting", "claimed", "closed"]


async def get(db: Database, conversation_id: UUID) -> Conversation:
    """One conversation; of one that turned out to be a part of another, that other. Raises `NotFoundError`."""
    row = await db.fetch_one(QUERIES["get_conversation"], id=conversation_id)
    found = await db.fetch_one(QUERIES["read_conversations"], ids=[row["id"]]) if row else None
    if found is None:
        raise no_conversation(conversation_id)
    return conversation_of(found)


async def show(db: Database, conversation_id: UUID) -> Talk:
    """The same with its timeline. Raises `NotFoundError`."""
    one = await get(db, conversation_id)
    until = one.closed_at or _FOREVER
    rows = await db.fetch_all(
        QUERIES["timeline"],
        id=one.id,
        contact_id=one.contact_id,
        instance=one.instance,
        since=one.opened_at,
        until=until,
        low=first_id_at(one.opened_at),
        high=first_id_at(until + timedelta(milliseconds=1)),
        limit=_ENTRIES + 1,
    )
    entries = [_entry(row) for row in rows[:_ENTRIES][::-1]]
    return Talk(conversation=one, timeline=entries, whole=len(rows) <= _ENTRIES)


async def find(
    db: Database,
    *,
    state: Wanted | None = None,
    instance: str | None = None,
    handoff: HandoffReason | None = None,
    agent: str | None = None,
    since: datetime | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[Conversation]:
    """A page, the newest first.

    Args:
        db: the ledger.
        state: where they stand; `active` = all that are not closed.
        instance: of this number of ours.
        handoff: handed off for this reason last.
        agent: whom they belong to, or of closed ones belonged to last.
        since: opened then or later.
        before: the last id of the page before.
        limit: up to 200.
    """
    rows = await db.fetch_all(
        QUERIES["find_conversations"],
        state=state,
        instance=instance,
        handoff=handoff,
        agent=agent,
        since=since,
        low=first_id_at(since) if since else _FIRST,
        before=before or _LAST,
        limit=min(max(limit, 1), _MOST),
    )
    return [conversation_of(row) for row in rows]


def conversation_of(row: Mapping[str, Any]) -> Conversation:
    """A row of `read_conversations`."""
    first = row["first_response_at"]
    reason = row["handoff_reason"]
    return Conversation(
        **{name: row[name] for name in _COLUMNS},
        state=_state(row),
        first_response_seconds=None if first is None else (first - row["opened_at"]).total_seconds(),
        handoff_reason=HandoffReason(reason) if reason else None,
    )


_COLUMNS = tuple(
    name for name in Conversation.__struct_fields__ if name not in ("state", "first_response_seconds", "handoff_reason")
)


def _state(row: Mapping[str, Any]) -> State:
    if row["closed_at"] is not None:
        return State.CLOSED
    if row["agent"] is not None:
        return State.CLAIMED
    return State.OPEN if row["handoff_at"] is None else State.WAITING


def _entry(row: Mapping[str, Any]) -> Entry:
    facts = {name: row[name] for name in Entry.__struct_fields__}
    if row["content"] is not None:
        facts["text"] = _words(bytes(row["content"]))
    return Entry(**facts)


def _words(content: bytes) -> str | None:
    """What a message of ours says, or what stands below its file."""
    found = msgspec.json.decode(content)
    words = found.get("text") or found.get("caption") if isinstance(found, dict) else None
    return words if isinstance(words, str) else None
