"""The lanes alone: what claim and complete cost however much waits, what a waiting message weighs, 1,000 slow lanes.

Two sets of lanes on one Redis are asked in turn, a batch here and a batch there, so that both meet the same weather.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from statistics import median
from typing import Any

from redis.asyncio import Redis

from anclora.kit.ids import new_id
from anclora.queue import Item, Limits, Queue, Watch
from anclora.storage.embedded import discard_embedded, start_embedded

LARGE, SMALL = int(os.environ.get("BENCH_WAITING", "1000000")), 1_000
LANES, BATCH, BATCHES = 20, 500, 100
SLOW_LANES, SLOW_SECONDS = 1_000, 10.0
_EPOCH, _SHARDS = 1, 16
_CALL = 1_000


class Lanes:
    """Some lanes of one namespace, filled evenly; every item has an order key of its own, as in a campaign."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        self.queue = Queue(redis, shards=_SHARDS, lease_seconds=300, namespace=namespace)
        self.queue.set_epoch(_EPOCH)
        self._made = 0

    async def open(self) -> None:
        """Let the shards serve."""
        for shard in range(_SHARDS):
            await self.queue.open_shard(shard, _EPOCH)

    async def fill(self, count: int, *, lanes: int = LANES) -> None:
        """So many more wait, in the order of a ledger."""
        share = -(-count // lanes)
        for lane in range(lanes):
            for start in range(0, share, _CALL):
                some = range(self._made, self._made + min(_CALL, share - start))
                self._made = some.stop
                items = [Item(str(new_id()), f"346{n:08d}", 2, 0, n + 1) for n in some]
                await self.queue.enqueue(f"send:number-{lane}", items)

    async def turn(self) -> float:
        """Microseconds an item of one batch costs, claimed and completed."""
        began = time.perf_counter()
        claim = await self.queue.claim(range(_SHARDS), BATCH, consumer="send:")
        await self.queue.complete(claim.items)
        return (time.perf_counter() - began) * 1e6 / len(claim.items)


def measure() -> dict[str, object]:
    """`claim_cost_ratio`, `waiting_bytes` and `slow_lanes_share`, with their details."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, object]:
    async with _redis() as redis:
        return await _cost_and_weight(redis) | await _slow_lanes(redis)


@contextlib.asynccontextmanager
async def _redis() -> AsyncGenerator[Redis, None]:
    folder = Path(tempfile.mkdtemp(prefix="anclora-bench-"))
    servers = await asyncio.to_thread(start_embedded, folder, postgres=False)
    client = Redis.from_url(servers.redis_url)
    try:
        yield client
    finally:
        await client.aclose()
        await asyncio.to_thread(servers.stop)
        discard_embedded(folder)
        shutil.rmtree(folder, ignore_errors=True)


async def _used_bytes(redis: Redis) -> int:
    """Memory in use, once no copy of the append-only file is being written."""
    info: Any = await redis.info()
    while info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"]:
        await asyncio.sleep(0.2)
        info = await redis.info()
    return int(info["used_memory"])


async def _cost_and_weight(redis: Redis) -> dict[str, object]:
    large, small = Lanes(redis, "large"), Lanes(redis, "small")
    await large.open()
    await small.open()
    await small.fill(SMALL)
    for _ in range(10):  # scripts are loaded, code is warm
        await small.turn()
        await small.fill(BATCH)
    before = await _used_bytes(redis)
    began = time.perf_counter()
    await large.fill(LARGE)
    filling = (time.perf_counter() - began) * 1e6 / LARGE
    weight = (await _used_bytes(redis) - before) / LARGE
    costs: dict[str, list[float]] = {"large": [], "small": []}
    for _ in range(BATCHES):
        costs["large"].append(await large.turn())
        costs["small"].append(await small.turn())
        await small.fill(BATCH)
    ratios = [a / b for a, b in zip(costs["large"], costs["small"], strict=True)]
    middle = {name: round(median(each), 2) for name, each in costs.items()}
    await redis.flushall()
    return {
        "claim_cost_ratio": round(middle["large"] / middle["small"], 2),
        "claim_cost_ratio_detail": {
            "limit": 1.2,
            "figure": middle["large"],
            "peer": middle["small"],
            "peer_is": f"the same with {SMALL:,} waiting, batch by batch in turn",
            "unit": f"microseconds an item, claim and complete in batches of {BATCH}, client and server",
            "spread": [round(each, 2) for each in (min(ratios), max(ratios))],
            "waiting": LARGE,
            "enqueue_us": round(filling, 2),
        },
        "waiting_bytes": round(weight, 1),
        "waiting_bytes_detail": {"limit": 120, "goal": 64, "waiting": LARGE, "order_keys": LARGE, "lanes": LANES},
    }


async def _slow_lanes(redis: Redis) -> dict[str, object]:
    """A thousand lanes that let out one a second each, for one consumer; 1 = every slot of every lane was used."""
    slow = Lanes(redis, "slow")
    await slow.open()
    for lane in range(SLOW_LANES):
        await slow.queue.limit(f"send:number-{lane}", Limits(per_second=1))
    await slow.fill(SLOW_LANES * 2 * int(SLOW_SECONDS), lanes=SLOW_LANES)
    got, late_ms, watch = 0, list[int](), Watch(_SHARDS)
    cpu, server, began = time.process_time(), await _redis_seconds(redis), time.monotonic()
    while (left := began + SLOW_SECONDS - time.monotonic()) > 0:
        now = time.monotonic()
        shards = watch.shards(now)
        if not shards:
            watch.heard(await slow.queue.wait(max(0.01, min(left, watch.rest_seconds(now)))))
            continue
        claim = await slow.queue.claim(shards, BATCH, consumer="send:", horizon_ms=250)
        watch.note(claim, now)
        got += len(claim.items)
        late_ms += [claim.now_ms - item.go_at_ms for item in claim.items]
        await slow.queue.complete(claim.items)
    seconds = time.monotonic() - began
    share = got / (SLOW_LANES * (seconds + 0.25 + 1))  # the first one of each lane goes at once
    return {
        "slow_lanes_share": round(share, 3),
        "slow_lanes_share_detail": {
            "lanes": SLOW_LANES,
            "each_per_second": 1,
            "claimed_per_second": round(got / seconds),
            "consumer_core_percent": round(100 * (time.process_time() - cpu) / seconds, 1),
            "redis_core_percent": round(100 * (await _redis_seconds(redis) - server) / seconds, 1),
            "worst_late_ms": max(late_ms),
        },
    }


async def _redis_seconds(redis: Redis) -> float:
    info: Any = await redis.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])
