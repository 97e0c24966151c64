"""Receipts that only raise a message go by a cheaper statement; what it leaves is what the careful one leaves."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anclora.inbound.apply import apply
from anclora.inbound.model import deliver
from anclora.kit.ids import first_id_at, new_id
from anclora.messages import receipts
from anclora.providers.contract import OwnMessageEvent, ReceiptEvent
from anclora.storage.database import Database, open_pool
from anclora.storage.partitions import ensure_partitions

NOW = datetime.now(UTC)
Word = tuple[int, bool, int | None]
QUICK, CAREFUL = "quick", "careful"
STATES = ("queued", "sending", "unknown", "sent", "delivered", "read", "played", "failed", "dead", "canceled")


class Given(NamedTuple):
    """A message, and what is known: `known` = its provider's row names it; `far` = made outside the usual span."""

    state: str
    known: bool
    acked: bool
    refused: bool
    twice: bool
    far: bool


seldom = st.sampled_from([False, False, False, False, True])
often = seldom.map(lambda which: not which)
states = st.sampled_from([*STATES, "sent", "sent", "sent", "delivered", "delivered", "read"])
messages = st.lists(st.builds(Given, states, often, often, seldom, seldom, seldom), min_size=1, max_size=5)
words = st.tuples(st.integers(0, 4), seldom, st.sampled_from([None, 0, 1, 2, 2, 2, 3, 3, 3, 4, 4]))
batches = st.lists(st.lists(words, min_size=1, max_size=8), min_size=1, max_size=4)


async def put(db: Database, instance: str, some: Sequence[Given]) -> list[UUID]:
    """The messages of one number; the n-th has the provider's ids `n` and, sent twice, `n again`."""
    ids: list[UUID] = []
    for n, message in enumerate(some):
        key = UUID(int=first_id_at(NOW + timedelta(hours=2)).int + new_id().int % 2**60) if message.far else new_id()
        ids.append(key)
        row: Mapping[str, Any] = {
            "id": key,
            "instance": instance,
            "contact": new_id(),
            "state": message.state,
            "attempt": 2 if message.twice else 1,
            "reason": "unknown_outcome" if message.state == "dead" else None,
            "sent": NOW if message.state in ("sent", "delivered", "read", "played") else None,
            "unknown": NOW if message.state == "unknown" else None,
            "delivered": NOW if message.state in ("delivered", "read") else None,
            "read": NOW if message.state == "read" else None,
        }
        await db.execute(
            "insert into messages (id, account, instance, contact_id, recipient, content, kind, class, priority, state,"
            " ordinal, attempt, reason_code, sent_at, unknown_at, delivered_at, read_at) values (%(id)s, 'main',"
            " %(instance)s, %(contact)s, '34600111222', '{}', 'text', 'utility', 2, %(state)s, 1, %(attempt)s,"
            " %(reason)s, %(sent)s, %(unknown)s, %(delivered)s, %(read)s)",
            **row,
        )
        for attempt, name in ((1, f"{n}"), (2, f"{n} again"))[: 2 if message.twice else 1]:
            await db.execute(
                "insert into provider_messages (instance, provider_id, message_id, attempt, rank, acked_at, error_at)"
                " values (%(instance)s, %(name)s, %(id)s, %(attempt)s, %(rank)s, %(acked)s, %(error)s)",
                instance=instance,
                name=name,
                id=key if message.known else None,
                attempt=attempt if message.known else None,
                rank=int(message.acked),
                acked=NOW if message.acked else None,
                error=NOW if message.refused else None,
            )
    return ids


def event_of(name: str, rank: int | None) -> ReceiptEvent | OwnMessageEvent:
    """One word of the provider; None = that a message of ours went out."""
    if rank is None:
        return OwnMessageEvent(provider_id=name, recipient="34600111222", fingerprint=None, at=NOW, by_api=True)
    return ReceiptEvent(provider_id=name, rank=rank)


async def left_by(db: Database, instance: str, ids: Sequence[UUID]) -> tuple[object, ...]:
    """The messages as they are now, what is counted of them, and who acknowledged or refused."""
    rows = await db.fetch_all(
        "select id, state, sent_at is null as unsent, delivered_at, read_at, played_at, reason_code, unknown_at is null"
        " as known from messages where instance = %(instance)s",
        instance=instance,
    )
    places = {key: n for n, key in enumerate(ids)}
    shown = sorted((places[row.pop("id")], sorted(row.items(), key=str)) for row in rows)
    counts = await db.fetch_all(
        "select what, cause, sum(n)::integer as n from tally_deltas where instance = %(instance)s group by 1, 2"
        " having sum(n) <> 0 order by 1, 2",
        instance=instance,
    )
    known = await db.fetch_all(
        "select provider_id, acked_at is null as silent, error_at is null as fine, message_id is null as stray"
        " from provider_messages where instance = %(instance)s order by 1",
        instance=instance,
    )
    return shown, counts, known


def test_the_cheap_way_and_the_careful_way_leave_the_same_messages_and_figures(
    make_database: Callable[[], str],
) -> None:
    url = make_database()
    raised: list[int] = []
    with asyncio.Runner() as runner:
        db = runner.run(opened(url))

        async def both(some: Sequence[Given], told: Sequence[Sequence[Word]]) -> None:
            for table in ("messages", "provider_messages", "tally_deltas"):
                await db.execute(f"truncate {table}")  # pyright: ignore[reportArgumentType] - names of ours
            quick, careful = await put(db, QUICK, some), await put(db, CAREFUL, some)
            for n, batch in enumerate(told):
                at = NOW + timedelta(seconds=1 + n)
                events = [event_of(name_of(some, place, again=again), rank) for place, again, rank in batch]
                raised.append(len(receipts.quick(receipts.gather([(QUICK, event) for event in events], at))))
                await apply(db, [(at, deliver(QUICK, b"", [event])) for event in events])
                async with db.transaction() as conn:
                    await receipts.apply(conn, receipts.gather([(CAREFUL, event) for event in events], at), at)
                assert await left_by(db, QUICK, quick) == await left_by(db, CAREFUL, careful)

        @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(messages, batches)
        def holds(some: Sequence[Given], told: Sequence[Sequence[Word]]) -> None:
            runner.run(both(some, told))

        try:
            holds()
        finally:
            runner.run(db.close())
    assert any(raised)


def name_of(some: Sequence[Given], place: int, *, again: bool) -> str:
    """The provider's id of one of them, or the second of one that was sent twice."""
    n = place % len(some)
    return f"{n} again" if again and some[n].twice else f"{n}"


async def opened(url: str) -> Database:
    """The ledger, with its partitions."""
    db = Database(await open_pool(url), await open_pool(url, hot=True))
    async with db.transaction() as conn:
        await ensure_partitions(conn, NOW)
    return db
