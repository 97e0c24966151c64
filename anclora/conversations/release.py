"""Giving a conversation back: nobody has it then, and a handoff waits again."""

from uuid import UUID

from anclora.conversations.act import acting
from anclora.conversations.errors import held_by
from anclora.events import EventType
from anclora.kit.clock import Clock
from anclora.storage.database import Database


async def release(db: Database, conversation_id: UUID, *, agent: str | None = None, clock: Clock, actor: str) -> None:
    """Take a conversation from whoever has it; one that nobody has stays as it is.

    Args:
        db: the ledger.
        conversation_id: which one.
        agent: who has it, as far as the caller knows; None = whoever it is.
        clock: says when.
        actor: for the audit trail.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is closed, or another has it.
    """
    async with acting(db, conversation_id, clock, actor) as act:
        holder = act.before.agent
        if holder is None:
            return
        if agent is not None and agent != holder:
            raise held_by(holder)
        await act.change(agent=None, claimed_at=None)
        await act.happened("released", EventType.CONVERSATION_RELEASED, agent=holder)
