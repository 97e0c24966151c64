"""Pausing a subscription and letting it go on. What happens meanwhile waits for it; nothing is lost."""

from datetime import datetime
from uuid import UUID

from anclora.audit import record
from anclora.events import EventType, Happened, append
from anclora.hooks import metrics
from anclora.hooks.errors import no_hook
from anclora.hooks.fan_out import QUERIES
from anclora.hooks.model import Hook, PausedBy
from anclora.kit.clock import Clock
from anclora.kit.errors import InvalidError
from anclora.kit.logging import get_logger
from anclora.storage.database import Connection, Database, fetch_one

log = get_logger(__name__)
_LONGEST_WHY = 200


async def pause(db: Database, hook_id: UUID, why: str, *, clock: Clock, actor: str) -> Hook:
    """Post nothing more to it until `resume`; one that is paused already stays as it is.

    Raises:
        InvalidError: the reason is missing or too long.
        NotFoundError: there is no such subscription.
    """
    if not why.strip() or len(why) > _LONGEST_WHY or "\0" in why:
        raise InvalidError("Say why, in up to 200 characters: whoever finds it paused reads it.", code="reason_needed")
    async with db.transaction() as conn:
        row = await fetch_one(conn, QUERIES["pause_hook"], id=hook_id, now=clock.now(), by="person", why=why)
        if row is not None:
            await record(conn, actor=actor, action="hook.pause", subject=f"hook:{hook_id}", detail={"why": why})
        else:
            row = await fetch_one(conn, QUERIES["read_hook"], id=hook_id)
    if row is None:
        raise no_hook(hook_id)
    return Hook(**row)


async def resume(db: Database, hook_id: UUID, *, clock: Clock, actor: str) -> Hook:
    """Go on, with one event first; what was set aside goes again at once, with 24 hours of tries before it.

    Raises:
        NotFoundError: there is no such subscription.
    """
    async with db.transaction() as conn:
        row = await fetch_one(conn, QUERIES["resume_hook"], id=hook_id, now=clock.now())
        if row is None:
            raise no_hook(hook_id)
        await conn.execute(QUERIES["release_aside"], {"id": hook_id, "now": clock.now()})
        await record(conn, actor=actor, action="hook.resume", subject=f"hook:{hook_id}")
    return Hook(**row)


async def tell_paused(conn: Connection, hook: Hook, by: PausedBy, why: str, now: datetime) -> None:
    """The notice of a pause nobody asked for: the trail, the log, the metric, and an event for who subscribes to it."""
    await record(conn, actor="hooks", action="hook.pause", subject=f"hook:{hook.id}", detail={"by": by, "why": why})
    data = {"id": str(hook.id), "name": hook.name, "by": by, "why": why}
    told = Happened(type=EventType.HOOK_PAUSED, subject=f"hook:{hook.id}", instance="", at=now, data=data)
    await append(conn, [told])
    metrics.PAUSES.labels(by).inc()
    log.error("hook_paused", hook=str(hook.id), name=hook.name, by=by, why=why)
