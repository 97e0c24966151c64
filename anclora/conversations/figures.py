"""The figures of conversations in a span of time, counted from their rows."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from anclora.conversations.model import HandoffReason
from anclora.conversations.outs import QUERIES
from anclora.storage.database import Connection, Database, fetch_all


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """How long people waited for the first answer, in seconds; null = nobody was answered."""

    p50: float | None
    p95: float | None


class ConversationFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of conversations in a span of time.

    Attributes:
        active: those that went on at its end; of a span that is not over, now.
        new: opened in it; `closed` = closed in it, by call or for want of words.
        handoffs: how often a person was asked for in it; `handoffs_by_reason` = the same by reason, each reason named.
        answered: conversations whose first answer lies in it, whenever they were opened.
        first_response_seconds: how long their people had waited.
    """

    active: int
    new: int
    closed: int
    handoffs: int
    handoffs_by_reason: Mapping[str, int]
    answered: int
    first_response_seconds: Wait


async def figures(db: Database, since: datetime, until: datetime, instance: str | None = None) -> ConversationFigures:
    """The figures of [since, until), both aware; of one number of ours, or of all."""
    async with db.connection() as conn:
        return await figures_on(conn, since, until, instance)


async def figures_on(
    conn: Connection, since: datetime, until: datetime, instance: str | None = None
) -> ConversationFigures:
    """The same on a connection, as its transaction sees the ledger."""
    span = {"since": since, "until": until, "instance": instance}
    [row] = await fetch_all(conn, QUERIES["count_conversations"], **span)
    counted = {each["reason"]: each["n"] for each in await fetch_all(conn, QUERIES["count_handoffs"], **span)}
    by_reason = {reason.value: counted.get(reason.value, 0) for reason in HandoffReason}
    p50, p95 = (round(seconds, 3) for seconds in row["waits"]) if row["waits"] else (None, None)
    return ConversationFigures(
        active=row["active"],
        new=row["new"],
        closed=row["closed"],
        handoffs=sum(by_reason.values()),
        handoffs_by_reason=by_reason,
        answered=row["answered"],
        first_response_seconds=Wait(p50=p50, p95=p95),
    )
