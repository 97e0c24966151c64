"""What the verbs of people share: the conversation locked, the change written, told and audited, all or nothing."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

from anclora.audit import record
from anclora.conversations.errors import is_closed, no_conversation
from anclora.conversations.history import Line, add
from anclora.conversations.model import Conversation
from anclora.conversations.outs import QUERIES
from anclora.conversations.read import conversation_of
from anclora.conversations.tell import Told, tell
from anclora.events import EventType
from anclora.kit.clock import Clock
from anclora.storage.database import Connection, Database, fetch_one


class Act:
    """One act on one conversation, inside a transaction.

    Attributes:
        before: the conversation as it is, locked; one that turned out to be a part of another is that other.
    """

    def __init__(self, conn: Connection, before: Conversation, clock: Clock, actor: str) -> None:
        self.before = before
        self.now = clock.now()
        self._conn = conn
        self._actor = actor

    async def change(self, **columns: Any) -> None:
        """Write these columns; the others stay."""
        names = ("handoff_at", "handoff_reason", "handoff_note", "agent", "claimed_at", "closed_at")
        now = {name: columns.get(name, getattr(self.before, name)) for name in names}
        more = {"closed_why": columns.get("closed_why"), "look_at": columns.get("look_at")}
        await self._conn.execute(QUERIES["change_conversation"], {"id": self.before.id, **now, **more})

    async def happened(self, kind: str, event: EventType, **line: str | None) -> None:
        """A line of history, one of the audit trail, and an event; `line` = its agent, reason and note."""
        one = self.before
        await add(
            self._conn,
            [Line(conversation_id=one.id, instance=one.instance, at=self.now, kind=kind, actor=self._actor, **line)],  # pyright: ignore[reportArgumentType]
        )
        detail = {name: value for name, value in line.items() if value is not None and name != "note"}
        subject = f"conversation:{one.id}"
        await record(self._conn, actor=self._actor, action=f"conversation.{kind}", subject=subject, detail=detail)
        await tell(self._conn, [Told(event, one.id, self.now, {"by": self._actor})])


@contextlib.asynccontextmanager
async def acting(
    db: Database, conversation_id: UUID, clock: Clock, actor: str, *, closed_too: bool = False
) -> AsyncGenerator[Act, None]:
    """Act on a conversation for the length of a block.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is closed, and the act is for open ones.
    """
    async with db.transaction() as conn:
        row = await fetch_one(conn, QUERIES["lock_conversation"], id=conversation_id)
        while row is not None and row["merged_into"] is not None:
            row = await fetch_one(conn, QUERIES["lock_conversation"], id=row["merged_into"])
        if row is None:
            raise no_conversation(conversation_id)
        found = await fetch_one(conn, QUERIES["read_conversations"], ids=[row["id"]])
        if found is None:
            raise no_conversation(conversation_id)
        before = conversation_of(found)
        if before.closed_at is not None and not closed_too:
            raise is_closed()
        yield Act(conn, before, clock, actor)
