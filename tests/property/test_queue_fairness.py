"""Read from the claim order: a huge neighbour moves nobody, a reply waits for no campaign, and a pace is kept exactly.

`LONG=1` does it with a thousand lanes of a thousand beside one of a million.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator

import pytest
from redis.asyncio import Redis

from anclora.queue import Claimed, Item, Limits, Queue
from tests.queue_harness import EPOCH, HeldClock, open_queue

LANE = "send:madrid"
SMALL_LANES, SMALL, HUGE = (1_000, 1_000, 1_000_000) if os.environ.get("LONG") else (100, 100, 20_000)
BATCH = 500


@pytest.fixture
async def queue(redis: Redis) -> AsyncGenerator[Queue, None]:
    """Lanes of one shard that stay leased."""
    made = await open_queue(redis, shards=1, lease_seconds=1e6)
    yield made
    await made.close()


async def fill(queue: Queue, lane: str, count: int, *, priority: int = 2, keys: int = 10_000) -> None:
    """So many wait, in the order of a ledger."""
    for start in range(0, count, 1_000):
        some = range(start + 1, min(count, start + 1_000) + 1)
        await queue.enqueue(lane, [Item(f"m{n}", f"k{n % keys}", priority, 0, n) for n in some])


async def last_places(queue: Queue) -> dict[str, int]:
    """Where in the claim order the last item of each lane came."""
    places: dict[str, int] = {}
    place = 0
    while (claim := await queue.claim([0], BATCH, consumer="send:")).items:
        for claimed in claim.items:
            place += 1
            places[claimed.lane] = place
        await queue.complete(claim.items)
    return places


@pytest.mark.timeout(1_800 if os.environ.get("LONG") else 60)
async def test_a_huge_neighbour_moves_the_last_item_of_no_small_lane(queue: Queue) -> None:
    lasts: list[dict[str, int]] = []
    for huge in (0, HUGE):
        for n in range(SMALL_LANES):
            await fill(queue, f"send:small-{n}", SMALL)
        await fill(queue, "send:huge", huge)
        lasts.append(await last_places(queue))
    alone, beside = lasts
    assert beside.pop("send:huge") == SMALL_LANES * SMALL + HUGE
    moved = {lane: beside[lane] / alone[lane] for lane in alone}
    assert max(moved.values()) <= 1.1
    assert len(moved) == SMALL_LANES


@pytest.mark.parametrize("known", [False, True], ids=["somebody new", "somebody the campaign writes to"])
async def test_a_reply_goes_next_though_fifty_thousand_wait(queue: Queue, known: bool) -> None:
    await fill(queue, LANE, 50_000, priority=3)
    first = (await queue.claim([0], 10, consumer="send:")).items
    await queue.enqueue(LANE, [Item("reply", "k4000" if known else "somebody", 1, 0, 50_001)])
    [reply] = (await queue.claim([0], 1, consumer="send:")).items
    assert (reply.id, reply.priority) == ("reply", 1)
    await queue.complete([*first, reply])
    following = (await queue.claim([0], 10, consumer="send:")).items
    assert [c.id for c in following] == [f"m{n}" for n in range(11, 21)]


async def test_a_pace_is_kept_exactly_by_two_who_claim(redis: Redis, queue: Queue) -> None:
    await queue.limit(LANE, Limits(per_second=20, burst=2))
    await fill(queue, LANE, 2_000)
    other = Queue(redis, shards=1, lease_seconds=1e6, test_offset=True)
    other.set_epoch(EPOCH)
    moments: list[int] = []
    clock = HeldClock(redis, shards=1)
    seconds = 60
    for step in range(seconds * 1_000 // 110):  # they come by turns, and once in a while at the same moment
        await clock.to(step * 110)
        asked = (queue, other) if step % 7 == 0 else ((queue, other)[step % 2],)
        claims = await asyncio.gather(*(each.claim([0], 64, consumer="send:", horizon_ms=250) for each in asked))
        items: list[Claimed] = [item for claim in claims for item in claim.items]
        moments += [item.go_at_ms for item in items]
        await queue.complete(items)
    await other.close()
    moments.sort()
    rate = (len(moments) - 2) / (moments[-1] - moments[0]) * 1_000
    by_second = Counter((at - moments[0]) // 1_000 for at in moments)
    assert abs(rate / 20 - 1) < 0.01
    assert max(by_second.values()) <= 21 + 2
