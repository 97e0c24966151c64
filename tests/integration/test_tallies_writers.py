"""Writers, those who fold, mend and recount, all at once: nobody waits for anybody in a circle, and nothing is lost."""

import asyncio
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from messages_harness import TIMEOUT, Stage

from anclora.analytics import mend, verify
from anclora.providers.contract import ReceiptEvent, Sent
from anclora.storage.database import Database
from anclora.tallies import TallyFold, Wanted, fold, total

EVER = Wanted(since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2100, 1, 1, tzinfo=UTC))


async def agreed(db: Database) -> None:
    found = await verify(db, timezone="Europe/Madrid")
    assert found.differences == 0, found.shown


async def deadlocks(db: Database) -> int:
    await db.execute("select pg_stat_force_next_flush()")
    row = await db.fetch_one("select deadlocks from pg_stat_database where datname = current_database()")
    return row["deadlocks"] if row else -1


async def test_writers_and_folders_side_by_side_wait_for_nobody_and_lose_nothing(here: Stage) -> None:
    """Four writers, each with messages of its own, beside two that fold, one that mends and one that recounts."""
    done = asyncio.Event()

    async def write(seed: int) -> None:
        dice = Random(seed)
        for number in range(12):
            ids: list[UUID] = [
                await here.accept(f"{seed}-{number}-{n}", to=f"+346{seed}{number:02}{n:05}", fed=False)
                for n in range(3)
            ]
            for intent in (await here.intend(*ids)).send:
                if dice.random() < 0.2:
                    await here.finish(intent, TIMEOUT)
                await here.finish(intent, Sent(provider_id=f"P{intent.id}"))
                await here.hear(ReceiptEvent(provider_id=f"P{intent.id}", rank=dice.choice([2, 3])))

    async def beside(work: Any) -> None:
        while not done.is_set():
            await work()

    async def recount() -> None:
        await agreed(here.db)

    async def mend_now() -> None:
        assert (await mend(here.db, actor="test")).mended == 0

    folds = TallyFold(here.db, "Europe/Madrid")
    async with asyncio.TaskGroup() as group:
        for work in (folds.run_once, folds.run_once, recount, mend_now):
            group.create_task(beside(work))
        await asyncio.gather(*(write(seed) for seed in range(4)))
        done.set()
    await agreed(here.db)
    found = await total(here.db, EVER)
    assert (found.accepted, found.sent, found.delivered) == (144, 144, 144)
    await fold(here.db)
    assert await total(here.db, EVER) == found
    assert await deadlocks(here.db) == 0


async def test_four_writers_with_the_same_messages_never_wait_in_a_circle(here: Stage) -> None:
    """Each brings receipts and late results of the same messages, in batches of an order of its own."""
    ids: list[UUID] = [await here.accept(f"#{n}", to=f"+34600{n:06}", fed=False) for n in range(24)]
    intents = (await here.intend(*ids)).send
    assert len(intents) == 24

    async def write(seed: int) -> None:
        dice = Random(seed)
        for rank in (1, 2, 3, 4):
            order = dice.sample(intents, len(intents))
            for at in range(0, len(order), 8):
                batch = order[at : at + 8]
                if rank == 1:
                    await asyncio.gather(*(here.finish(one, Sent(provider_id=f"P{one.id}")) for one in batch))
                await here.hear(*(ReceiptEvent(provider_id=f"P{one.id}", rank=rank) for one in batch))
                await fold(here.db, at_once=5)

    async with asyncio.timeout(40):
        await asyncio.gather(*(write(seed) for seed in range(4)))
    await agreed(here.db)
    found = await total(here.db, EVER)
    assert (found.accepted, found.sent, found.delivered, found.read, found.played) == (24, 24, 24, 24, 24)
    assert await deadlocks(here.db) == 0
