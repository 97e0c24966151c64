"""Asking for a person, with a reason. Whoever had the conversation has it no more."""

from uuid import UUID

from anclora.conversations import metrics
from anclora.conversations.act import acting
from anclora.conversations.errors import line
from anclora.conversations.model import HandoffReason, State
from anclora.events import EventType
from anclora.kit.clock import Clock
from anclora.storage.database import Database


async def handoff(
    db: Database, conversation_id: UUID, reason: HandoffReason, note: str | None = None, *, clock: Clock, actor: str
) -> None:
    """Hand a conversation off; one that waits for the same reason already stays as it is.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is closed.
        InvalidError: the note cannot be kept.
    """
    note = line("note", note)
    async with acting(db, conversation_id, clock, actor) as act:
        if act.before.state is State.WAITING and act.before.handoff_reason is reason:
            return
        await act.change(
            handoff_at=act.now, handoff_reason=reason.value, handoff_note=note, agent=None, claimed_at=None
        )
        held = act.before.agent
        await act.happened("handoff", EventType.CONVERSATION_HANDOFF, agent=held, reason=reason.value, note=note)
    metrics.HANDOFFS.labels(reason.value).inc()
