"""Receipts meet results on one row, whichever comes first, and merge into messages by rank. Nothing ever regresses."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from anclora.kit.metrics import counter
from anclora.providers.contract import OwnMessageEvent, ReceiptEvent
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
RECEIPTS = counter("receipts", "Receipts, by rank (0 error, 1 server, 2 delivered, 3 read, 4 played)", ("rank",))
_LONGEST_TEXT = 300


class Fact(msgspec.Struct, kw_only=True):
    """Everything a batch of events says of one provider id."""

    rank: int = 0
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    played_at: datetime | None = None
    acked_at: datetime | None = None
    error_at: datetime | None = None
    error_text: str | None = None
    recipient: str | None = None
    fingerprint: str | None = None
    by_api: bool | None = None
    seen_at: datetime | None = None
    reference: str | None = None


Facts = dict[tuple[str, str], Fact]


def gather(events: Sequence[tuple[str, ReceiptEvent | OwnMessageEvent]], now: datetime) -> Facts:
    """Merge events into one fact per (instance, provider id). `now` is when they arrived; receipts carry no time."""
    facts: Facts = {}
    for instance, event in events:
        fact = facts.setdefault((instance, event.provider_id), Fact(seen_at=now))
        fact.reference = fact.reference or event.reference
        if isinstance(event, OwnMessageEvent):
            fact.recipient, fact.fingerprint = event.recipient, event.fingerprint
            fact.by_api = event.by_api or bool(fact.by_api)  # a request of ours may be told as a phone's too
            fact.rank = max(fact.rank, 1)
            continue
        RECEIPTS.labels(str(event.rank)).inc()
        fact.rank = max(fact.rank, event.rank)
        if event.rank == 0:
            fact.error_at, fact.error_text = now, (event.text or "The provider reported an error.")[:_LONGEST_TEXT]
        else:
            fact.acked_at = now
        # Receipts get lost and overtake each other: what was read was delivered.
        if event.rank >= 2:
            fact.delivered_at = now
        if event.rank >= 3:
            fact.read_at = now
        if event.rank == 4:
            fact.played_at = now
    return facts


async def apply(conn: AsyncConnection, facts: Facts) -> list[UUID]:
    """Store the facts and raise the messages they belong to, inside the caller's transaction; the ids that changed.

    A message with two attempts may have two provider ids; the higher rank counts.
    """
    if not facts:
        return []
    cursor = await conn.execute(QUERIES["meet_receipts"], _columns(facts))
    best: dict[UUID, Sequence[object]] = {}
    for row in await cursor.fetchall():
        message_id, rank = row[2], row[4]
        if message_id is not None and (message_id not in best or int(str(best[message_id][4])) < rank):
            best[message_id] = row
    if not best:
        return []
    rows = list(best.values())
    cursor = await conn.execute(
        QUERIES["raise_ranks"],
        {
            "ids": [row[2] for row in rows],
            "attempts": [row[3] for row in rows],
            "ranks": [row[4] for row in rows],
            "delivered_ats": [row[5] for row in rows],
            "read_ats": [row[6] for row in rows],
            "played_ats": [row[7] for row in rows],
            "errors": [row[8] is not None for row in rows],
            "error_texts": [row[9] for row in rows],
            "provider_ids": [row[1] for row in rows],
        },
    )
    return [row[0] for row in await cursor.fetchall()]


def _columns(facts: Facts) -> dict[str, list[object]]:
    values = list(facts.values())
    return {
        "instances": [instance for instance, _ in facts],
        "provider_ids": [provider_id for _, provider_id in facts],
        "ranks": [fact.rank for fact in values],
        "delivered_ats": [fact.delivered_at for fact in values],
        "read_ats": [fact.read_at for fact in values],
        "played_ats": [fact.played_at for fact in values],
        "acked_ats": [fact.acked_at for fact in values],
        "error_ats": [fact.error_at for fact in values],
        "error_texts": [fact.error_text for fact in values],
        "recipients": [fact.recipient for fact in values],
        "fingerprints": [fact.fingerprint for fact in values],
        "by_apis": [fact.by_api for fact in values],
        "seen_ats": [fact.seen_at for fact in values],
        "references": [fact.reference for fact in values],
    }
