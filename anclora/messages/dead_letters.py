"""Dead letters: what was given up waits here for a person, who sends it again or discards it, with a reason.

A requeued message goes behind all that waits and leaves at its lane's pace. Every action is audited.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from anclora.audit import record
from anclora.kit.errors import InvalidError
from anclora.kit.said import SAID
from anclora.messages.model import Priority
from anclora.messages.notes import note_all
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
AT_ONCE = 500
_LAST = UUID(int=2**128 - 1)
_LONGEST_REASON = 200
_MOST_IDS = 1_000


class LastExchange(msgspec.Struct, frozen=True, kw_only=True):
    """How the last attempt ended, in the provider's words, without what identifies people."""

    at: datetime
    outcome: str
    code: str | None
    text: Annotated[str | None, SAID]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was given up.

    Attributes:
        reason_code: tries_exhausted, too_old or unknown_outcome.
        last: None when it was given up before any attempt ended.
    """

    id: UUID
    to: str
    instance: str
    kind: str = msgspec.field(name="class")
    priority: str
    attempts: int
    created_at: datetime
    died_at: datetime
    reason_code: str | None
    reason_text: Annotated[str | None, SAID]
    last: LastExchange | None


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters: these ids, or all that fit; without anything `everything` must be true.

    Attributes:
        ids: up to 1,000.
        instance: only those of this number.
        reason: only those given up for this reason code.
        everything: all there are.
        why: for a discard: the reason, up to 200 characters.
    """

    ids: list[UUID] | None = None
    instance: str | None = None
    reason: str | None = None
    everything: bool = False
    why: str | None = None


async def find_dead(
    db: Database, *, instance: str | None, reason: str | None, before: UUID | None, limit: int
) -> list[DeadLetter]:
    """A page, the newest first; `before` is the last id of the page before."""
    rows = await db.fetch_all(
        QUERIES["find_dead"], instance=instance, reason=reason, before=before or _LAST, limit=limit
    )
    return [_letter(row) for row in rows]


async def count_dead(db: Database, *, instance: str | None = None, reason: str | None = None) -> dict[str, int]:
    """How many there are, by reason code."""
    rows = await db.fetch_all(QUERIES["count_dead"], instance=instance, reason=reason)
    return {row["reason_code"]: row["n"] for row in rows}


async def requeue(db: Database, choice: Choice, *, actor: str) -> int:
    """Send up to 500 of them again; how many. Ask again until it is 0.

    Raises:
        InvalidError: nothing was chosen.
    """
    async with db.transaction() as conn:
        cursor = await conn.execute(QUERIES["requeue_dead"], {**_filters(choice), "limit": AT_ONCE})
        ids = [row[0] for row in await cursor.fetchall()]
        if ids:
            await conn.execute(QUERIES["insert_outbox"], {"ids": ids})
            await note_all(conn, ids, "requeued", "sent again by hand")
            await record(conn, actor=actor, action="dead_letter.requeue", subject="dead-letters", detail=_told(ids))
    return len(ids)


async def put_back(db: Database, ids: Sequence[UUID], reason: str, *, actor: str) -> int:
    """Take back a requeue, of those that were not tried again yet; how many. What has left is left alone.

    Args:
        db: the ledger.
        ids: what was requeued.
        reason: the reason code they had.
        actor: for the audit trail.
    """
    async with db.transaction() as conn:
        cursor = await conn.execute(QUERIES["put_back_dead"], {"ids": list(ids), "reason": reason})
        back = [row[0] for row in await cursor.fetchall()]
        if back:
            await note_all(conn, back, "put_back", "taken back before it was tried again")
            await record(conn, actor=actor, action="dead_letter.put_back", subject="dead-letters", detail=_told(back))
    return len(back)


async def discard(db: Database, choice: Choice, *, actor: str) -> int:
    """Cancel up to 500 of them; how many. Ask again until it is 0.

    Raises:
        InvalidError: nothing was chosen, or no reason given.
    """
    if not choice.why or len(choice.why) > _LONGEST_REASON or "\0" in choice.why:
        raise InvalidError("Say why, in up to 200 characters: it stays with the message.", code="reason_needed")
    async with db.transaction() as conn:
        cursor = await conn.execute(QUERIES["discard_dead"], {**_filters(choice), "limit": AT_ONCE, "why": choice.why})
        ids = [row[0] for row in await cursor.fetchall()]
        if ids:
            await note_all(conn, ids, "discarded", choice.why)
            detail = {**_told(ids), "why": choice.why}
            await record(conn, actor=actor, action="dead_letter.discard", subject="dead-letters", detail=detail)
    return len(ids)


def _filters(choice: Choice) -> dict[str, Any]:
    given = (choice.ids is not None, choice.instance is not None, choice.reason is not None, choice.everything)
    if not any(given):
        raise InvalidError("Name ids, an instance or a reason, or say everything: true.", code="nothing_chosen")
    if choice.ids is not None and len(choice.ids) > _MOST_IDS:
        raise InvalidError(f"Name up to {_MOST_IDS:,} ids at once.", code="too_many_ids")
    return {"ids": choice.ids, "instance": choice.instance, "reason": choice.reason}


def _told(ids: Sequence[UUID]) -> dict[str, Any]:
    return {"count": len(ids), "first": str(ids[0]), "last": str(ids[-1])}


def _letter(row: dict[str, Any]) -> DeadLetter:
    last = None
    if row["last_outcome"] is not None:
        last = LastExchange(
            at=row["last_at"], outcome=row["last_outcome"], code=row["last_code"], text=row["last_text"]
        )
    return DeadLetter(
        id=row["id"],
        to=row["recipient"],
        instance=row["instance"],
        kind=row["class"],
        priority=Priority(row["priority"]).name.lower(),
        attempts=row["attempt"],
        created_at=row["created_at"],
        died_at=row["died_at"],
        reason_code=row["reason_code"],
        reason_text=row["reason_text"],
        last=last,
    )
