"""Cancel: the same compare-and-set as the intent, so one of the two wins and the other is told."""

from uuid import UUID

from anclora.audit import record
from anclora.kit.errors import ConflictError
from anclora.messages.ended import count_unsent
from anclora.messages.model import Message
from anclora.messages.read import QUERIES, get
from anclora.storage.database import Database


async def cancel(db: Database, message_id: UUID, *, actor: str) -> Message:
    """Stop a message that has not left yet. The lane drops it at its next claim.

    Raises:
        NotFoundError: there is no such message.
        ConflictError: it is being sent, or is final.
    """
    async with db.transaction() as conn:
        cursor = await conn.execute(QUERIES["cancel"], {"id": message_id})
        changed = await cursor.fetchone() is not None
        if changed:
            await record(conn, actor=actor, action="message.cancel", subject=str(message_id), detail={})
    message = await get(db, message_id)
    if not changed:
        raise ConflictError(
            f"The message is {message.state} and cannot be canceled; only queued and scheduled ones can.",
            code="not_cancelable",
            extra={"state": message.state.value},
        )
    count_unsent("canceled", 1)
    return message
