"""From ledger to lane: the short way, the sweep behind it, and the comparison that heals whatever both missed."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from messages_harness import ScriptedProvider, Stage, metric, send_round
from redis.asyncio import Redis

from anclora.kit.errors import UnavailableError
from anclora.messages.feed import BOUND, Feeder, LaneItem
from anclora.messages.reconcile import START, Reconciler, compare
from anclora.messages.sweep import LaneSweep, OutboxSweep
from anclora.providers.contract import Refused, Scope
from anclora.queue import Queue


@pytest.fixture
async def away() -> AsyncGenerator[Queue, None]:
    """Lanes on a Redis that is not there."""
    client = Redis.from_url("redis://127.0.0.1:1")
    yield Queue(client, lease_seconds=30)
    await client.aclose()


async def sweep(here: Stage, queue: Queue | None = None) -> bool:
    return await OutboxSweep(here.db, queue or here.queue, here.settings).run_once()


async def waiting(here: Stage) -> int:
    return (await here.queue.stats()).waiting


async def test_the_short_way_leaves_nothing_behind(here: Stage) -> None:
    for number in range(3):
        await here.accept(f"#{number}", to=f"+3460011122{number}", fed=False)
    assert (await here.count("outbox"), await waiting(here)) == (3, 0)
    await here.feeder.run_once()
    assert (await here.count("outbox"), await waiting(here)) == (0, 3)


async def test_what_the_short_way_dropped_is_enqueued_after_five_seconds(here: Stage) -> None:
    await here.accept(fed=False)
    await sweep(here)
    assert (await here.count("outbox"), await waiting(here)) == (1, 0)
    await here.pass_seconds(5.1)
    await sweep(here)
    assert (await here.count("outbox"), await waiting(here)) == (0, 1)


async def test_with_redis_away_the_row_stays_and_the_feeder_goes_on(here: Stage, away: Queue) -> None:
    feeder = Feeder(here.db, away)
    feeder.put(1, [LaneItem("x", "sales", "34600111222", 2, 1)])
    assert await feeder.run_once() is False  # left to the sweep
    await here.accept(fed=False)
    await here.pass_seconds(6)
    with pytest.raises(UnavailableError):
        await sweep(here, away)
    assert await here.count("outbox") == 1
    await sweep(here)
    assert (await here.count("outbox"), await waiting(here)) == (0, 1)


async def test_the_short_way_is_bounded_and_the_sweep_serves_the_rest(here: Stage) -> None:
    feeder = Feeder(here.db, here.queue)
    for number in range(BOUND + 1):
        feeder.put(number, [LaneItem(f"i{number}", "sales", f"p{number}", 2, number)])
    while await feeder.run_once():
        pass
    assert await waiting(here) == BOUND


async def test_a_row_stays_while_an_id_of_it_is_in_flight(here: Stage, provider: ScriptedProvider) -> None:
    message_id, other = await here.accept("one"), await here.accept("two", to="+34600111333")
    claim = await here.queue.claim(range(here.settings.shards), 1, consumer="send:")
    [held] = claim.items
    await here.db.execute("insert into outbox (message_ids) values (%(ids)s)", ids=[message_id, other])
    await here.pass_seconds(6)
    await sweep(here)
    assert await here.count("outbox") == 1
    await here.queue.release([(held, 0, True)])
    await sweep(here)
    assert await here.count("outbox") == 0
    await send_round(await here.dispatcher())
    assert sorted(provider.out) == ["one", "two"]


@pytest.mark.parametrize("state", ["sent", "canceled", "dead", "scheduled"])
async def test_what_does_not_belong_in_a_lane_is_not_put_there(here: Stage, state: str) -> None:
    await here.set(await here.accept(fed=False), state=state)
    await here.pass_seconds(6)
    await sweep(here)
    assert (await here.count("outbox"), (await here.queue.stats()).lanes) == (0, {})


async def test_while_accepted_messages_reach_no_lane_for_too_long_no_more_are_taken(here: Stage) -> None:
    await here.accept("first", fed=False)
    await here.pass_seconds(270)
    await here.accept("second", fed=False)
    await here.pass_seconds(31)
    with pytest.raises(UnavailableError) as refused:
        await here.accept("third")
    assert (refused.value.code, refused.value.retry_after_seconds, await here.count("messages")) == ("backlog", 30, 2)
    await sweep(here)
    await here.pass_seconds(1)
    await here.accept("third")
    assert await waiting(here) == 1


async def test_two_sweeps_at_once_enqueue_each_message_once(here: Stage, provider: ScriptedProvider) -> None:
    for number in range(30):
        await here.accept(f"#{number}", to=f"+346001112{number:02d}", fed=False)
    await here.pass_seconds(6)
    await asyncio.gather(*(sweep(here) for _ in range(3)))
    assert (await here.count("outbox"), await waiting(here)) == (0, 30)
    await send_round(await here.dispatcher())
    assert sorted(provider.out) == sorted(f"#{number}" for number in range(30))


async def test_a_due_message_without_a_lane_item_is_enqueued_again(here: Stage, provider: ScriptedProvider) -> None:
    await here.accept(fed=False)
    await here.db.execute("delete from outbox")  # both ways were cut
    await here.reconciler.run_once()
    assert await waiting(here) == 0
    await here.pass_seconds(61)
    await here.reconciler.run_once()
    await send_round(await here.dispatcher())
    assert provider.out == ["hola"]


async def test_the_comparison_leaves_what_the_lanes_hold_alone(here: Stage, provider: ScriptedProvider) -> None:
    ids = [await here.accept(f"#{number}") for number in range(3)]
    await here.attempt(ids[0])
    for _ in range(2):
        assert await compare(here.db, here.queue, pages=9) == (2, START)
    assert (await here.queue.stats()).lanes["send:sales"].delayed == 2
    await here.set(ids[0], state="sent")
    dispatcher = await here.dispatcher()
    for _ in range(3):
        await send_round(dispatcher)
    assert provider.out == ["#1", "#2"]


async def test_the_comparison_reads_every_page(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anclora.messages.reconcile._PAGE", 3)
    for number in range(10):
        await here.accept(f"#{number}", to=f"+3460011122{number % 4}", fed=False, priority=("low", "high")[number % 2])
    assert await compare(here.db, here.queue, pages=9) == (10, START)
    lane = (await here.queue.stats()).lanes["send:sales"]
    assert lane.waiting + lane.delayed == 10


async def test_an_emptied_redis_is_filled_and_everything_goes_out_once(here: Stage, provider: ScriptedProvider) -> None:
    for number in range(20):
        await here.accept(f"#{number}", to=f"+3460011122{number % 5}")
    later = await here.accept("later", to="+34600111333")
    await here.set(later, next_attempt_at=here.clock.now() + timedelta(minutes=5))
    dispatcher = await here.dispatcher()
    await send_round(dispatcher)
    assert len(provider.out) == 5
    await here.redis.flushall()
    await send_round(dispatcher)
    assert len(provider.out) == 5  # closed until it was compared
    await here.reconciler.run_once()
    for _ in range(4):
        await send_round(dispatcher)
    assert sorted(provider.out) == sorted(f"#{number}" for number in range(20))
    stats = await here.queue.stats()
    assert (stats.waiting, stats.active, stats.delayed) == (0, 0, 1)


async def test_an_emptied_redis_does_not_wake_a_resting_number(here: Stage, provider: ScriptedProvider) -> None:
    provider.script["one"].append(
        Refused(scope=Scope.LANE, code="connection_closed", text="Connection Closed", retry_after_seconds=60.0)
    )
    await here.accept("one")
    await here.accept("two", to="+34600111333", fed=False)
    await send_round(await here.dispatcher())
    await here.redis.flushall()
    await here.reconciler.run_once()
    await send_round(await here.dispatcher())
    assert provider.out == ["one"]
    await here.pass_seconds(61)
    dispatcher = await here.dispatcher()
    for _ in range(3):
        await send_round(dispatcher)
    assert sorted(provider.out) == ["one", "one", "two"]


class Renamed(Queue):
    """The lanes of a Redis that started again."""

    async def run_id(self) -> str:
        return "another start"


async def test_a_redis_that_started_again_is_compared_before_it_serves(here: Stage, provider: ScriptedProvider) -> None:
    await here.accept()
    await here.redis.flushall()
    queue = Renamed(here.redis, lease_seconds=here.settings.lease_seconds, test_offset=True)
    before = await here.db.fetch_one("select epoch from queue_epoch")
    reconciled = metric("anclora_reconciled_items_total")
    reconcilers = [Reconciler(here.db, queue, here.settings, here.clock) for _ in range(3)]
    await asyncio.gather(*(each.run_once() for each in reconcilers))
    await reconcilers[0].run_once()
    after = await here.db.fetch_one("select epoch, run_id from queue_epoch")
    assert before is not None
    assert after == {"epoch": before["epoch"] + 1, "run_id": "another start"}
    assert reconciled() >= 1
    await send_round(await here.dispatcher())  # learns the epoch
    await send_round(await here.dispatcher())
    assert provider.out == ["hola"]


async def test_a_claim_whose_worker_died_comes_back_to_its_lane(here: Stage, provider: ScriptedProvider) -> None:
    await here.accept()
    await here.queue.claim(range(here.settings.shards), 1, consumer="send:")
    lanes = LaneSweep(here.queue, here.settings)
    await lanes.run_once()
    assert await waiting(here) == 0
    await here.pass_seconds(31)
    await lanes.run_once()
    await send_round(await here.dispatcher())
    assert provider.out == ["hola"]
