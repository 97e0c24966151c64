"""What a lane is, one idea a test, on a real Redis. The whole picture: `anclora/queue/__init__.py`."""

import pytest
from redis.asyncio import Redis

from anclora.queue import Claimed, Item, Queue
from tests.queue_harness import move_clock, open_queue

LANE = "send:madrid"


@pytest.fixture
async def queue(redis: Redis) -> Queue:
    return await open_queue(redis)


async def claim(queue: Queue, limit: int = 10) -> list[Claimed]:
    return (await queue.claim(range(2), limit, consumer="send:")).items


async def test_an_item_is_in_its_lane_once(queue: Queue) -> None:
    assert await queue.enqueue(LANE, [Item("m1", "ana")]) == ["added"]
    assert await queue.enqueue(LANE, [Item("m1", "ana")]) == ["present"]
    assert [item.id for item in await claim(queue)] == ["m1"]
    assert await queue.enqueue(LANE, [Item("m1", "ana")]) == ["in_flight"]


async def test_of_one_person_one_item_goes_at_a_time_and_in_order(queue: Queue) -> None:
    await queue.enqueue(LANE, [Item("first", "ana"), Item("second", "ana"), Item("other", "bea")])
    given = await claim(queue)
    assert [item.id for item in given] == ["first", "other"]
    await queue.complete(given)
    assert [item.id for item in await claim(queue)] == ["second"]


async def test_the_smaller_priority_goes_first(queue: Queue) -> None:
    await queue.enqueue(LANE, [Item("campaign", "ana", 3), Item("reply", "bea", 1)])
    assert [item.id for item in await claim(queue)] == ["reply", "campaign"]


async def test_a_claim_is_a_lease_and_its_token_proves_it(redis: Redis, queue: Queue) -> None:
    await queue.enqueue(LANE, [Item("m1", "ana")])
    lost = await claim(queue)
    await move_clock(redis, 31)  # the lease was for 30 s
    await queue.sweep(queue.shard_of(LANE))
    assert [item.id for item in await claim(queue)] == ["m1"]
    assert await queue.complete(lost) == 0


async def test_a_retry_keeps_its_place_and_holds_back_only_its_own_person(redis: Redis, queue: Queue) -> None:
    await queue.enqueue(LANE, [Item("first", "ana"), Item("second", "ana"), Item("other", "bea")])
    granted = await queue.claim(range(2), 1, consumer="send:")
    await queue.retry([(granted.items[0], granted.now_ms + 60_000, -1)])
    assert [item.id for item in await claim(queue)] == ["other"]
    await move_clock(redis, 61)
    assert [item.id for item in await claim(queue)] == ["first"]


async def test_a_paused_lane_lets_one_probe_out_and_opens_when_told(redis: Redis, queue: Queue) -> None:
    await queue.enqueue(LANE, [Item("m1", "ana"), Item("m2", "bea")])
    await queue.pause(LANE, for_seconds=60)
    assert await claim(queue) == []
    await move_clock(redis, 61)
    [probe] = await claim(queue)
    assert (probe.id, probe.probe, await claim(queue)) == ("m1", True, [])
    await queue.resume(LANE)
    assert [item.id for item in await claim(queue)] == ["m2"]


async def test_what_is_due_later_is_nowhere_in_the_order_until_then(redis: Redis, queue: Queue) -> None:
    now_ms = (await queue.claim(range(2), 1, consumer="send:")).now_ms
    await queue.enqueue(LANE, [Item("later", "ana", due_at_ms=now_ms + 60_000), Item("now", "ana")])
    assert [item.id for item in await claim(queue)] == ["now"]
    assert (await queue.stats()).lanes[LANE].delayed == 1
