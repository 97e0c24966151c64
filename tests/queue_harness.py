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


class HeldClock:
    """The lanes' clock, put to moments after a start however long a test takes between them; it never goes back."""

    def __init__(self, redis: Redis | RedisCluster, *, shards: int = 2) -> None:
        self._redis = redis
        self._shards = shards
        self._began_ms: int | None = None
        self._offset_ms = 0

    async def to(self, ahead_ms: int) -> None:
        """It is so long after the start, which is the first of these calls."""
        seconds, micros = await self._redis.time()
        now_ms = int(seconds) * 1000 + int(micros) // 1000
        if self._began_ms is None:
            self._began_ms = now_ms
        self._offset_ms = max(self._offset_ms, ahead_ms - (now_ms - self._began_ms))
        await move_clock(self._redis, self._offset_ms / 1000, shards=self._shards)


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
