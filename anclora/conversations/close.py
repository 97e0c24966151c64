"""Ending a conversation by call. What the person says next opens a new one."""

from uuid import UUID

from anclora.conversations import metrics
from anclora.conversations.act import acting
from anclora.conversations.errors import line
from anclora.conversations.rules import AFTERTHOUGHT
from anclora.events import EventType
from anclora.kit.clock import Clock
from anclora.kit.errors import InvalidError
from anclora.storage.database import Database


async def close(db: Database, conversation_id: UUID, why: str, *, clock: Clock, actor: str) -> None:
    """Close a conversation; a closed one stays as it is.

    Raises:
        NotFoundError: there is none.
        InvalidError: the reason is empty or cannot be kept.
    """
    reason = line("why", why)
    if reason is None:
        raise InvalidError("why is empty; say how it ended, for whoever reads it later.", code="invalid_text")
    async with acting(db, conversation_id, clock, actor, closed_too=True) as act:
        if act.before.closed_at is not None:
            return
        # Clocks differ: nothing it holds may lie behind its end.
        ended_at = max(act.now, act.before.last_in_at, act.before.last_out_at or act.now)
        await act.change(closed_at=ended_at, closed_why=reason, look_at=act.now + AFTERTHOUGHT)
        await act.happened("closed", EventType.CONVERSATION_CLOSED, agent=act.before.agent, reason=reason)
    metrics.CLOSED.labels("call").inc()
