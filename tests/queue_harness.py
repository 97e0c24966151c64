"""Lanes for tests: opened shards, a clock that is moved by hand, and a look for keys nobody would ever remove."""

from typing import Any

from redis.asyncio import Redis, RedisCluster

from anclora.queue import Queue
from anclora.queue.keys import BACKLOG, PERMANENT, clock_offset

EPOCH = 1


async def open_queue(
    redis: Redis | RedisCluster, *, shards: int = 2, lease_seconds: float = 30.0, fully: int = 100
) -> Queue:
    """A queue whose shards are open and whose clock can be moved."""
    queue = Queue(redis, shards=shards, lease_seconds=lease_seconds, test_offset=True, fully=fully)
    queue.set_epoch(EPOCH)
    for shard in range(shards):
        await queue.open_shard(shard, EPOCH)
    return queue


async def move_clock(redis: Redis | RedisCluster, seconds: float, *, shards: int = 2) -> None:
    """From now on the lanes' clock is so far ahead of the server's."""
    for shard in range(shards):
        await redis.set(clock_offset("anclora", shard), int(seconds * 1000))


def text(raw: Any) -> str:
    """What a client answered, whether it decodes or not."""
    return raw.decode() if isinstance(raw, bytes) else str(raw)


async def all_keys(redis: Redis | RedisCluster) -> list[str]:
    """Every key, of every node."""
    if isinstance(redis, RedisCluster):
        raw: Any = await redis.keys(target_nodes=RedisCluster.PRIMARIES)
    else:
        raw = await redis.keys()
    return [text(name) for name in raw]


async def stray_keys(redis: Redis | RedisCluster, *, drained: bool = False) -> list[str]:
    """Keys without an end: not on the lists of `anclora/queue/keys.py` and without a time to live.

    Args:
        redis: the server.
        drained: nothing waits any more, so what belongs to a backlog must be gone too.
    """
    known = PERMANENT if drained else (*PERMANENT, *BACKLOG)
    names = await all_keys(redis)
    strays = [n for n in names if not n.endswith(":test_clock_offset_ms") and not any(p.match(n) for p in known)]
    return [name for name in strays if await redis.ttl(name) == -1]


async def assert_no_key_leaks(redis: Redis | RedisCluster, *, drained: bool = False) -> None:
    """Fail when a key would stay for ever."""
    assert await stray_keys(redis, drained=drained) == []
