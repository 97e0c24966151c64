"""Every committed event becomes one delivery for each subscription that wants it, whenever its transaction ends."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import psycopg
import pytest
from hooks_harness import READ, SENT, HookStage, hook_stage

from anclora.events import EventType, Happened, append
from anclora.hooks import FanOut
from anclora.hooks.replay import send_test
from anclora.storage.database import Database


@pytest.fixture
async def here(db: Database) -> AsyncGenerator[HookStage, None]:
    async with hook_stage(db) as running:
        yield running


async def told(here: HookStage, hook_id: UUID) -> Counter[UUID]:
    rows = await here.db.fetch_all("select event_id from hook_deliveries where hook_id = %(id)s", id=hook_id)
    return Counter(row["event_id"] for row in rows)


def happened(subject: str, kind: EventType = SENT) -> Happened:
    return Happened(type=kind, subject=subject, instance="sales", at=datetime.now(UTC), data={"n": 1})


async def test_a_transaction_that_commits_late_is_told_of_all_the_same(here: HookStage) -> None:
    hook = await here.subscribe("message.*")
    early, late = happened("message:1"), happened("message:2")
    async with here.db.transaction() as slow:
        await append(slow, [early])  # the lower ordinal, not committed yet
        async with here.db.transaction() as quick:
            await append(quick, [late])
        await here.fan_out.run_once()
        assert await told(here, hook.id) == {late.id: 1}
    await here.fan_out.run_once()
    assert await told(here, hook.id) == {early.id: 1, late.id: 1}
    assert not await here.db.fetch_all("select from events_unread")


async def test_what_is_rolled_back_is_never_told_of(here: HookStage) -> None:
    hook = await here.subscribe()
    async with here.db.connection() as conn:
        with contextlib.suppress(psycopg.Rollback):
            async with conn.transaction(force_rollback=True):
                await append(conn, [happened("message:1")])
    await here.fan_out.run_once()
    assert await told(here, hook.id) == {}


async def test_in_a_crowd_each_is_told_of_once_and_in_order_within_its_subject(here: HookStage) -> None:
    dice, kept = Random(4), list[UUID]()
    hook = await here.subscribe("*")
    await here.db.execute("create table subjects (name text primary key, n integer not null default 0)")
    await here.db.execute("insert into subjects (name) select 'message:' || n from generate_series(0, 4) n")
    ended = asyncio.Event()

    async def fact(number: int) -> None:
        name = f"message:{number % 5}"
        rolled_back = dice.random() < 0.2
        async with here.db.connection() as conn, conn.transaction(force_rollback=rolled_back):
            if dice.random() < 0.3:  # something else is written first, so that transaction ids tell no order
                await conn.execute("insert into outbox (message_ids) values ('{}')")
            cursor = await conn.execute("update subjects set n = n + 1 where name = %s returning n", [name])
            row = await cursor.fetchone()
            assert row is not None
            event = Happened(type=SENT, subject=name, instance="sales", at=datetime.now(UTC), data={"n": int(row[0])})
            await append(conn, [event])
        if not rolled_back:
            kept.append(event.id)

    async def passing_on() -> None:
        fan_out = FanOut(here.db, here.clock)
        while not ended.is_set():
            await fan_out.run_once()
        await fan_out.run_once()

    others = [asyncio.create_task(passing_on()) for _ in range(2)]
    await asyncio.gather(*(fact(number) for number in range(120)))
    ended.set()
    await asyncio.gather(*others)
    await here.fan_out.run_once()
    assert await told(here, hook.id) == dict.fromkeys(kept, 1)
    rows = await here.db.fetch_all(
        "select d.subject, (e.data ->> 'n')::integer as n from hook_deliveries d join events e on e.id = d.event_id"
        " order by d.ordinal"
    )
    for subject in {row["subject"] for row in rows}:
        numbers = [row["n"] for row in rows if row["subject"] == subject]
        assert numbers == list(range(1, len(numbers) + 1))


async def test_while_one_passes_on_another_has_nothing_to_do(here: HookStage) -> None:
    hook = await here.subscribe()
    event = await here.happen("message:1")
    async with here.db.transaction() as conn:
        await conn.execute("select pg_try_advisory_xact_lock(1634627436)")
        assert not await here.fan_out.run_once()
        assert await told(here, hook.id) == {}
    await here.fan_out.run_once()
    assert await told(here, hook.id) == {event: 1}


async def test_each_hears_of_the_types_it_asked_for(here: HookStage) -> None:
    everything, nouns, one = (
        await here.subscribe("*"),
        await here.subscribe("message.*"),
        await here.subscribe("message.read", "instance.*"),
    )
    sent, read = await here.happen("message:1"), await here.happen("message:1", READ)
    status = await here.happen("instance:sales", EventType.INSTANCE_STATUS)
    await here.fan_out.run_once()
    assert await told(here, everything.id) == {sent: 1, read: 1, status: 1}
    assert await told(here, nouns.id) == {sent: 1, read: 1}
    assert await told(here, one.id) == {read: 1, status: 1}


async def test_a_test_reaches_only_the_one_it_is_for(here: HookStage) -> None:
    mine, other = await here.subscribe("message.sent"), await here.subscribe("*")
    event = await send_test(here.db, mine.id, clock=here.clock, actor="test")
    await here.fan_out.run_once()
    assert (await told(here, mine.id), await told(here, other.id)) == ({event: 1}, {})
