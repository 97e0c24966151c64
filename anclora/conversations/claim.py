"""Taking a conversation: one agent has it at a time, and of two who reach for it one gets it."""

from uuid import UUID

from anclora.conversations.act import acting
from anclora.conversations.errors import agent_name, held_by
from anclora.events import EventType
from anclora.kit.clock import Clock
from anclora.storage.database import Database


async def claim(
    db: Database, conversation_id: UUID, agent: str, *, instead_of: str | None = None, clock: Clock, actor: str
) -> None:
    """Give a conversation to an agent, by name; who has it already keeps it.

    Args:
        db: the ledger.
        conversation_id: which one.
        agent: who takes it.
        instead_of: who has it, as far as the caller knows; None = nobody.
        clock: says when.
        actor: for the audit trail.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is closed, or another has it than `instead_of` says.
        InvalidError: the name cannot be kept.
    """
    agent = agent_name(agent)
    async with acting(db, conversation_id, clock, actor) as act:
        holder = act.before.agent
        if holder == agent:
            return
        if holder != instead_of:
            raise held_by(holder)
        await act.change(agent=agent, claimed_at=act.now)
        note = f"instead of {holder}" if holder else None
        # The line says which handoff it answers, if any.
        reason = act.before.handoff_reason
        await act.happened("claimed", EventType.CONVERSATION_CLAIMED, agent=agent, reason=reason, note=note)
