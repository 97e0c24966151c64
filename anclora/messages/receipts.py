"""Receipts meet results on one row, whichever comes first, and merge into messages by rank. Nothing ever regresses."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from psycopg.rows import TupleRow

from anclora.kit import tracing
from anclora.kit.ids import first_id_at
from anclora.kit.metrics import counter
from anclora.messages.ended import FAULTS, count_failed, count_sent
from anclora.messages.told import QUERIES, telling
from anclora.messages.traces import trace_receipts
from anclora.providers.contract import OwnMessageEvent, ReceiptEvent
from anclora.storage.database import Connection, Statement, moment_list

RECEIPTS = counter("receipts", "Receipts, by rank (0 error, 1 server, 2 delivered, 3 read, 4 played)", ("rank",))
_COUNTS = [RECEIPTS.labels(str(rank)) for rank in range(5)]
_LONGEST_TEXT = 300
_OLDEST, _AHEAD = timedelta(days=40), timedelta(hours=1)  # of nearly every message a receipt speaks of
_encode = msgspec.json.Encoder().encode


class Fact(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Everything a batch of events says of one provider id."""

    instance: str
    provider_id: str
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
    fault: str | None = None
    early: bool = False  # its first word came with the others, or it is of our own


class _Rise(msgspec.Struct):
    """A fact as `raise_receipts` reads it: its moments are places in a list, from 1; 0 = none."""

    instance: str
    provider_id: str
    rank: int
    delivered: int
    read: int
    played: int


Facts = dict[tuple[str, str], Fact]


def gather(
    events: Sequence[tuple[str, ReceiptEvent | OwnMessageEvent]], now: datetime, facts: Facts | None = None
) -> Facts:
    """Merge events into one fact per (instance, provider id).

    Args:
        events: with the instance of each.
        now: when they arrived; receipts carry no time.
        facts: of those that arrived before, to go on with.
    """
    facts = {} if facts is None else facts
    for instance, event in events:
        key = (instance, event.provider_id)
        fact = facts.get(key)
        if fact is None:
            fact = facts[key] = Fact(instance=instance, provider_id=event.provider_id, seen_at=now)
        fact.reference = fact.reference or event.reference
        if isinstance(event, OwnMessageEvent):
            fact.recipient, fact.fingerprint = event.recipient, event.fingerprint
            fact.by_api = event.by_api or bool(fact.by_api)  # a request of ours may be told as a phone's too
            fact.rank, fact.early = max(fact.rank, 1), True
            continue
        _COUNTS[event.rank].inc()
        fact.rank = max(fact.rank, event.rank)
        fact.early = fact.early or event.rank < 2
        if event.rank == 0:
            fact.fault = None if event.refusal is None else FAULTS[event.refusal.fault]
            fact.error_at, fact.error_text = now, (event.text or "The provider reported an error.")[:_LONGEST_TEXT]
        else:
            fact.acked_at = fact.acked_at or now
        # Receipts get lost and overtake each other: what was read was delivered.
        if event.rank >= 2:
            fact.delivered_at = fact.delivered_at or now
        if event.rank >= 3:
            fact.read_at = fact.read_at or now
        if event.rank == 4:
            fact.played_at = fact.played_at or now
    return facts


def quick(facts: Facts) -> Facts:
    """Those that most probably only raise a message that was acknowledged before, for `raising`.

    None while the steps of messages are told or traced: that statement gives nothing back of what it did.
    """
    if tracing.active is not None or telling("apply_receipts")[1]:
        return {}
    return {key: fact for key, fact in facts.items() if not fact.early}


def raising(some: Facts, now: datetime) -> Statement:
    """What raises the messages of `quick` facts; `left` reads its rows."""
    places: dict[datetime | None, int] = {None: 0}

    def place(at: datetime | None) -> int:
        return places.setdefault(at, len(places))

    rises = [
        _Rise(f.instance, f.provider_id, f.rank, place(f.delivered_at), place(f.read_at), place(f.played_at))
        for f in some.values()
    ]
    low, high = first_id_at(now - _OLDEST), first_id_at(now + _AHEAD)
    moments = moment_list(at for at in places if at is not None)
    rows = _encode(rises).decode()
    return QUERIES["raise_receipts"], {"facts": rows, "moments": moments, "low": low, "high": high}


def left(facts: Facts, some: Facts, rows: Sequence[TupleRow]) -> Facts:
    """The facts that are left to `statement` after `raising` some of them gave these rows."""
    keys = set(rows)
    return {key: fact for key, fact in facts.items() if key not in some or key in keys}


def statement(facts: Facts, now: datetime) -> Statement:
    """What applies facts to all messages but very old ones, for `Database.commit_each`; `outside` reads its rows."""
    return _between(facts, first_id_at(now - _OLDEST), first_id_at(now + _AHEAD))


def outside(facts: Facts, rows: Sequence[TupleRow]) -> Statement | None:
    """What applies them to the messages that were too old for `statement`, if its rows name any."""
    ids = sorted(row[0] for row in rows if not row[1])
    return _between(facts, ids[0], ids[-1]) if ids else None


def count(facts: Facts, rows: Sequence[TupleRow], at: datetime) -> None:
    """Count the ends of messages that the rows of a statement tell of; they came at this moment."""
    count_sent(sum(row[2] for row in rows))
    for _, _, _, refused, instance, provider_id in rows:
        if refused:
            fact = facts.get((instance, provider_id))
            count_failed((fact and fact.fault) or "provider")
    if tracing.active is not None:
        trace_receipts(tracing.active, {key: fact.rank for key, fact in facts.items()}, rows, at)


async def apply(conn: Connection, facts: Facts, now: datetime) -> list[UUID]:
    """Store the facts and raise the messages they belong to, inside the caller's transaction; the ids that changed."""
    if not facts:
        return []
    rows = await (await conn.execute(*statement(facts, now))).fetchall()
    if (rest := outside(facts, rows)) is not None:
        rows += await (await conn.execute(*rest)).fetchall()
    count(facts, rows, now)
    return [row[0] for row in rows if row[1]]


def _between(facts: Facts, low: UUID, high: UUID) -> Statement:
    rows = _encode(list(facts.values())).decode()
    query, told = telling("apply_receipts")
    return query, {"facts": rows, "low": low, "high": high, **told}
