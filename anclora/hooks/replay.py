"""Telling again: one event, or those of a span that a subscription was never told or that were given up."""

from datetime import datetime
from uuid import UUID

import msgspec

from anclora.audit import record
from anclora.events import EventType
from anclora.hooks.errors import no_delivery, no_hook
from anclora.hooks.fan_out import QUERIES
from anclora.kit.clock import Clock
from anclora.kit.errors import ConflictError, InvalidError
from anclora.kit.ids import first_id_at, new_id
from anclora.storage.database import Connection, Database, fetch_one

MOST = 50_000


class Replay(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}
):
    """What is to be told again: one event, or a span.

    Attributes:
        event_id: this one, whatever became of it.
        since: events from this moment on, with its zone; written `from`.
        until: and before this one; written `to`, now by default.
        again: of a span, also what the endpoint took already.
    """

    event_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    again: bool = False


async def replay(db: Database, hook_id: UUID, wish: Replay, *, clock: Clock, actor: str) -> int:
    """Put events on their way to it again; how many. What waits still is left as it is.

    Raises:
        InvalidError: nothing, or more than 50,000 events, was asked for.
        NotFoundError: there is no such subscription, or no such event for it.
    """
    low, high = _span(wish, clock.now())
    again = wish.again or wish.event_id is not None
    async with db.transaction() as conn:
        await _lock(conn, hook_id)
        span = {"id": hook_id, "low": low, "high": high}
        if wish.event_id is None:
            counted = await fetch_one(conn, QUERIES["count_replay"], **span, most=MOST + 1)
            if counted and counted["n"] > MOST:
                raise InvalidError(
                    f"There are more than {MOST:,} events between these moments. Ask for a shorter time.",
                    code="too_many_events",
                )
        rows = await (await conn.execute(QUERIES["replay"], {**span, "now": clock.now(), "again": again})).fetchall()
        if wish.event_id is not None and not rows and not await _waits(conn, hook_id, wish.event_id):
            raise no_delivery(wish.event_id)
        detail = {"from": str(low), "to": str(high), "again": again, "count": len(rows)}
        await record(conn, actor=actor, action="hook.replay", subject=f"hook:{hook_id}", detail=detail)
    return len(rows)


async def send_test(db: Database, hook_id: UUID, *, clock: Clock, actor: str) -> UUID:
    """Put a `hook.test` on its way to it, and to nobody else; its id.

    Raises:
        ConflictError: it is paused.
        NotFoundError: there is no such subscription.
    """
    event_id = new_id()
    async with db.transaction() as conn:
        row = await _lock(conn, hook_id)
        if row["paused_at"] is not None:
            raise ConflictError("It is paused, so nothing would be posted. Resume it first.", code="hook_paused")
        words = msgspec.json.encode({"text": "This is a test."}).decode()
        await conn.execute(
            QUERIES["append_test"], {"event_id": event_id, "id": hook_id, "now": clock.now(), "data": words}
        )
        detail = {"event": str(event_id), "type": EventType.HOOK_TEST}
        await record(conn, actor=actor, action="hook.test", subject=f"hook:{hook_id}", detail=detail)
    return event_id


async def _lock(conn: Connection, hook_id: UUID) -> dict[str, object]:
    row = await fetch_one(conn, QUERIES["lock_hook"], id=hook_id)
    if row is None:
        raise no_hook(hook_id)
    return row


async def _waits(conn: Connection, hook_id: UUID, event_id: UUID) -> bool:
    return await fetch_one(conn, QUERIES["read_delivery"], id=hook_id, event_id=event_id) is not None


def _span(wish: Replay, now: datetime) -> tuple[UUID, UUID]:
    """The ids of a span: an event's begins with its moment."""
    if (wish.event_id is None) == (wish.since is None):
        raise InvalidError("Name one event_id, or a span: from, and to if it is not now.", code="nothing_chosen")
    if wish.event_id is not None:
        return wish.event_id, UUID(int=min(wish.event_id.int + 1, 2**128 - 1))
    since, until = wish.since or now, wish.until or now
    if since.tzinfo is None or until.tzinfo is None:
        raise InvalidError("Write moments with their zone: 2026-01-31T09:00:00+01:00.", code="bad_span")
    if since >= until or since.year < 1971 or until.year > 9000:
        raise InvalidError("`from` must come before `to`.", code="bad_span")
    return first_id_at(since), first_id_at(until)
