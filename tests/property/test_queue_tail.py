"""What stands far behind is packed; whatever order it comes in, it leaves as if it were not, and once."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from anclora.queue import Claimed, Item, Queue
from tests.property.queue_model import Model
from tests.queue_harness import assert_no_key_leaks, move_clock, open_queue

LANE = "send:madrid"
COUNT = 60
TICK_MS = 1_000_000
STEPS = ("put", "put", "take", "done", "again", "drop", "wait")


def item(place: int, due_at_ms: int = 0) -> Item:
    """One item for ever: five people, two priorities."""
    return Item(f"m{place}", f"k{place % 5}", 2 + place % 3 // 2, due_at_ms, place)


class Life:
    """The engine and the model, taken through the same steps."""

    def __init__(self, redis: Any, queue: Queue, shifts: list[int], late: set[int], start_ms: int) -> None:
        self.redis, self.queue, self.late, self.start_ms = redis, queue, late, start_ms
        self.model = Model(queue.shard_of)
        self.waiting = sorted(range(1, COUNT + 1), key=lambda n: n + shifts[n - 1])
        self.there: list[int] = []
        self.held: list[Claimed] = []

    async def enqueue(self, places: list[int]) -> None:
        due = {p: self.model.now + 2 if p in self.late else 0 for p in places}
        some = [item(p, self.start_ms + due[p] * TICK_MS if due[p] else 0) for p in places]
        told = [(item(p), due[p]) for p in places]
        assert await self.queue.enqueue(LANE, some) == self.model.enqueue(LANE, told)

    async def put(self, count: int) -> None:
        batch, self.waiting = self.waiting[:count], self.waiting[count:]
        self.there += batch
        await self.enqueue(batch)

    async def again(self, count: int) -> None:
        """What is there stays as it is, packed or not."""
        entries = self.model.lanes.get(LANE, {})
        await self.enqueue([p for p in self.there[-count:] if f"m{p}" in entries and p not in self.late])

    async def take(self, limit: int) -> None:
        claim = await self.queue.claim([0], limit, consumer="send:")
        self.model.advance()
        free = [e.id for e in self.model.servable(LANE)]
        got = [c.id for c in claim.items]
        assert len(got) == min(limit, len(free))
        if got != free[: len(got)]:  # the last one was passed over for long: the first of its person and priority
            aged = claim.items[-1]
            entries = self.model.lanes[LANE].values()
            same = [e for e in entries if (e.key, e.priority, e.state) == (aged.order_key, aged.priority, "W")]
            assert (got[:-1], got[-1]) == (free[: len(got) - 1], min(same, key=lambda e: e.rank).id)
        for claimed in claim.items:
            self.model.take(claimed)
        self.held += claim.items

    async def done(self, _: int) -> None:
        assert await self.queue.complete(self.held) == sum(self.model.complete(c) for c in self.held)
        self.held.clear()

    async def drop(self, count: int) -> None:
        ids = [f"m{p}" for p in self.there[-count:][:2]]
        assert await self.queue.cancel(LANE, ids) == self.model.cancel(LANE, ids)

    async def wait(self, _: int) -> None:
        self.model.now += 1
        await move_clock(self.redis, self.model.now * TICK_MS / 1000, shards=1)


async def life(redis: Any, shifts: list[int], late: set[int], steps: list[tuple[str, int]]) -> int:
    """All steps, then what is left; how many items were ever packed at once."""
    await redis.flushall()
    queue = await open_queue(redis, shards=1, lease_seconds=1e6, fully=3)
    here = Life(redis, queue, shifts, late, int((await redis.time())[0]) * 1000)
    packed = 0
    for step, number in [*steps, *[("put", COUNT)] * 6, *[("wait", 1), ("take", 3), ("done", 0)] * COUNT]:
        await getattr(here, step)(number)
        packed = max(packed, sum(map(int, await redis.hvals("anclora:{s00}:tails"))))
    assert here.model.lanes == {}
    await assert_no_key_leaks(redis, drained=True)
    return packed


async def lived(url: str, shifts: list[int], late: set[int], steps: list[tuple[str, int]]) -> int:
    async with Redis.from_url(url) as redis:
        return await life(redis, shifts, late, steps)


@pytest.mark.timeout(240)  # sixty lives of hundreds of calls
@given(
    shifts=st.lists(st.integers(0, 25), min_size=COUNT, max_size=COUNT),
    late=st.sets(st.integers(1, COUNT), max_size=8),
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 20)), max_size=30),
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    print_blob=True,
)
def test_a_packed_tail_leaves_as_if_it_were_not_packed(
    redis_url: str, shifts: list[int], late: set[int], steps: list[tuple[str, int]]
) -> None:
    with asyncio.Runner() as runner:
        packed = runner.run(lived(redis_url, shifts, late, steps))
    assert packed or steps
