"""Reschedule: another time for a message that has not left; the same compare-and-set as cancel and the intent.

It goes back to `scheduled`, also when it was queued: only there does a message wait without a place in the order, so it
holds nobody back meanwhile and costs nothing until its time. When that comes it takes a new place, behind what waits.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from anclora.audit import record
from anclora.kit.errors import ConflictError, InvalidError
from anclora.messages.model import Message, State
from anclora.messages.notes import note
from anclora.messages.read import get
from anclora.messages.rules import due_moment
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)


class Reschedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another time for a message.

    Attributes:
        send_at: not before this moment; one that has passed means now. Without an offset it is read in `send_zone`.
        send_zone: IANA time zone of a `send_at` without an offset.
    """

    send_at: datetime
    send_zone: str | None = None


async def reschedule(db: Database, message_id: UUID, wish: Reschedule, *, now: datetime, actor: str) -> Message:
    """Give a message that is queued or scheduled another time. The lane drops it at its next claim.

    Raises:
        NotFoundError: there is no such message.
        InvalidError: the time cannot be kept, or its expires_at comes first.
        ConflictError: it is being sent, or is final.
    """
    due = due_moment(wish.send_at, wish.send_zone, now=now)
    zone = wish.send_zone if wish.send_at.tzinfo is None else None
    async with db.transaction() as conn:
        cursor = await conn.execute(QUERIES["reschedule"], {"id": message_id, "send_at": due, "send_zone": zone})
        row = await cursor.fetchone()
        if row is not None:
            moment = f"{row[0]:%Y-%m-%d %H:%M:%S} UTC"
            await note(conn, message_id, "rescheduled", f"for {moment}")
            detail = {"send_at": moment, "send_zone": zone}
            await record(conn, actor=actor, action="message.reschedule", subject=str(message_id), detail=detail)
    message = await get(db, message_id)
    if row is None and message.state in (State.QUEUED, State.SCHEDULED):
        raise InvalidError("expires_at lies before the message could be sent; choose an earlier time.")
    if row is None:
        raise ConflictError(
            f"The message is {message.state} and cannot be rescheduled; only queued and scheduled ones can.",
            code="not_reschedulable",
            extra={"state": message.state.value},
        )
    return message
