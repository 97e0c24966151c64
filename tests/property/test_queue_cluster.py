"""The same lanes on a Redis Cluster of three nodes: every key in the slot of its shard, no call across two."""

from collections.abc import Generator

import pytest
from redis.asyncio import RedisCluster

from anclora.queue import Item, Limits, Queue
from anclora.queue.keys import meta
from tests.cluster import running_cluster
from tests.property.test_queue_machine import run_machine
from tests.queue_harness import all_keys, assert_no_key_leaks, open_queue

SHARDS = 16


@pytest.fixture(scope="module")
def cluster_url() -> Generator[str, None, None]:
    """A cluster of this module's own."""
    with running_cluster() as url:
        yield url


def test_the_lanes_of_a_cluster_do_what_the_model_does(cluster_url: str) -> None:
    run_machine(lambda: RedisCluster.from_url(cluster_url, decode_responses=True), examples=8, steps=30)


async def test_every_verb_stays_in_the_slot_of_its_shard(cluster_url: str) -> None:
    async with RedisCluster.from_url(cluster_url) as redis:
        await redis.flushall()
        queue = await open_queue(redis, shards=SHARDS)
        lanes = [f"send:number{n}" for n in range(40)]
        for lane in lanes:
            await queue.limit(lane, Limits(gap_seconds=1, per_day=50, new_keys_per_day=3, closed=frozenset({3})))
            await queue.enqueue(lane, [Item(f"{lane}-{n}", f"k{n % 7}", n % 4) for n in range(20)])
        claim = await queue.claim(range(SHARDS), 1_000, consumer="send:")
        assert {c.lane for c in claim.items} == set(lanes)
        assert all(await queue.extend(claim.items))
        third = len(claim.items) // 3
        assert await queue.complete(claim.items[:third]) == third
        await queue.release([(c, 0, False) for c in claim.items[third : 2 * third]])
        await queue.retry([(c, claim.now_ms + 60_000, -1) for c in claim.items[2 * third :]])
        for lane in lanes:
            await queue.promote(lane, [c.id for c in claim.items if c.lane == lane])
            await queue.pause(lane, for_seconds=5)
            await queue.resume(lane, gently=True)
            await queue.cancel(lane, [f"{lane}-19"])
        assert [await queue.sweep(shard) for shard in range(SHARDS)] == [0] * SHARDS
        assert (await queue.stats()).active == 0
        prefixes = {meta("anclora", shard).removesuffix("meta"): shard for shard in range(SHARDS)}
        for name in await all_keys(redis):
            shard = prefixes[name[: name.index("}:") + 2]]
            assert redis.keyslot(name) == redis.keyslot(meta("anclora", shard))
        await assert_no_key_leaks(redis)


async def test_a_hint_wakes_whoever_waits_for_any_shard(cluster_url: str) -> None:
    async with RedisCluster.from_url(cluster_url) as redis:
        await redis.flushall()
        queue = Queue(redis, shards=SHARDS, lease_seconds=30.0)
        try:
            await queue.enqueue("send:madrid", [Item("m", "k")])
            assert await queue.wait(20.0) == [queue.shard_of("send:madrid")]
            assert await queue.wait(0.01) == []
            await queue.enqueue("send:lima", [Item("m", "k")])
            assert await queue.wait(20.0) == [queue.shard_of("send:lima")]
            assert len(await queue.run_id()) == 40
        finally:
            await queue.close()
