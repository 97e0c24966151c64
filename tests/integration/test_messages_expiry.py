"""A message ends at its `expires_at`, once, wherever it waits: also in a paused lane, which nobody claims from."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID

import pytest
from hooks_harness import HookStage, hook_stage
from messages_harness import PHONE, ScriptedProvider, Stage, metric, send_round

from anclora.events import WANTED, WantedKeeper
from anclora.kit.errors import UnavailableError
from anclora.messages.expire import Expiry
from anclora.messages.feed import lane_of
from anclora.messages.gates import GateChoice, pause, resume
from anclora.messages.pacing import PaceKeeper
from anclora.messages.told import QUERIES
from anclora.queue import Queue
from anclora.tallies import verify

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def hooks(here: Stage) -> AsyncGenerator[HookStage, None]:
    async with hook_stage(here.db) as running:
        yield running
    WANTED.forget()


def expiry(here: Stage, queue: Queue | None = None) -> Expiry:
    return Expiry(here.db, queue or here.queue, here.settings)


async def stand_still(here: Stage) -> None:
    assert await pause(here.db, GateChoice(instance="sales"), actor="test")
    await PaceKeeper(here.db, here.queue, here.settings, here.clock).run_once()


async def late_ones(here: Stage, count: int) -> list[UUID]:
    """Messages of a paused lane whose time is over, and one that has time."""
    await stand_still(here)
    until = here.clock.now() + MINUTE
    late = [await here.accept(f"late {n}", to=f"+3460011122{n}", expires_at=until) for n in range(count)]
    await here.accept("in time", expires_at=until + MINUTE)
    await here.pass_seconds(61)
    return late


async def told(here: Stage, message_id: UUID) -> list[tuple[str, str]]:
    rows = await here.db.fetch_all("select type, data from events where subject = %(s)s", s=f"message:{message_id}")
    return [(row["type"], row["data"]["reason_code"]) for row in rows]


async def test_it_ends_in_a_paused_lane_and_leaves_it(here: Stage, provider: ScriptedProvider) -> None:
    late = await late_ones(here, 3)
    assert (await here.queue.stats()).lanes[lane_of("sales")].delayed == 4
    ended = metric("anclora_messages_total", outcome="expired", fault="none")
    assert not await expiry(here).run_once()
    for message_id in late:
        row = await here.row(message_id)
        assert (row["state"], row["reason_code"]) == ("expired", "expired")
    assert (await here.queue.stats()).lanes[lane_of("sales")].delayed == 1
    assert await resume(here.db, GateChoice(instance="sales"), actor="test")
    await PaceKeeper(here.db, here.queue, here.settings, here.clock).run_once()
    await send_round(await here.dispatcher())
    assert (provider.out, ended()) == (["in time"], 3)
    assert (await verify(here.db)).differences == 0


async def test_it_ends_once_however_many_look_and_is_told_once(here: Stage, hooks: HookStage) -> None:
    await hooks.subscribe("message.expired")
    await WantedKeeper(here.db).run_once()
    late = await late_ones(here, 3)
    ended = metric("anclora_messages_total", outcome="expired", fault="none")
    await asyncio.gather(*(expiry(here).run_once() for _ in range(4)))
    assert ended() == 3
    for message_id in late:
        assert await told(here, message_id) == [("message.expired", "expired")]


async def test_what_is_claimed_too_late_is_told_of_as_well(here: Stage, hooks: HookStage) -> None:
    await hooks.subscribe("message.expired")
    await WantedKeeper(here.db).run_once()
    message_id = await here.accept("late", expires_at=here.clock.now() + MINUTE)
    await here.pass_seconds(61)
    await here.intend(message_id)
    assert await here.state(message_id) == "expired"
    assert await told(here, message_id) == [("message.expired", "expired")]


async def test_what_is_being_sent_or_in_doubt_does_not_expire(here: Stage) -> None:
    until = here.clock.now() + MINUTE
    sending = await here.accept("sending", expires_at=until)
    await here.attempt(sending)
    doubtful = await here.doubt("in doubt", to="+34600111223", expires_at=until)
    await here.pass_seconds(61)
    assert not await expiry(here).run_once()
    assert (await here.state(sending), await here.state(doubtful)) == ("sending", "unknown")


class Away(Queue):
    """Lanes that do not answer."""

    async def cancel(self, lane: str, ids: object, *, packed: bool = True) -> list[str]:  # pyright: ignore[reportIncompatibleMethodOverride]
        raise UnavailableError("Redis does not answer.", code="queue_unavailable")


async def test_the_ledger_ends_it_while_redis_is_away_and_the_lane_follows(here: Stage) -> None:
    late = await late_ones(here, 1)
    away = Away(here.redis, shards=here.settings.shards, lease_seconds=here.settings.lease_seconds)
    with pytest.raises(UnavailableError):
        await expiry(here, away).run_once()
    assert await here.state(late[0]) == "expired"
    await here.reconciler.run_once()
    assert (await here.queue.stats()).lanes[lane_of("sales")].delayed == 1


async def test_a_look_costs_what_is_late_and_not_what_waits(here: Stage) -> None:
    await here.accept("m", to=PHONE, expires_at=here.clock.now() + MINUTE)
    async with here.db.transaction() as conn:
        await conn.execute("set local enable_seqscan = off")
        plan = await conn.execute("explain " + QUERIES["expire"], {"limit": 1_000})
        words = "\n".join(str(row[0]) for row in await plan.fetchall())
    assert "expires_at" in words, words
    assert "Seq Scan" not in words, words
