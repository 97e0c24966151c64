"""Redis is an index: whatever memory it loses, everything accepted still arrives, once.

`LONG=1` loses it in the middle of 100,000 messages.
"""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import Town, kill, town

LONG = bool(os.environ.get("LONG"))
_SHARE, _PEOPLE = (33_334, 5_000) if LONG else (400, 200)
_FAST = {"ANCLORA_CONNECTIONS": "64", "ANCLORA_SEND_SLOTS": "256"} if LONG else {}
_REST_SECONDS = 600.0 if LONG else 150.0


async def flush_all(servers: EmbeddedServers, folder: Path, old: Path) -> None:
    """Rows 2 and 6: everything is gone while the server goes on."""
    del folder, old
    client = Redis.from_url(servers.redis_url)
    await client.flushall()
    await client.aclose()


async def start_empty(servers: EmbeddedServers, folder: Path, old: Path) -> None:
    """Row 2: it comes back without its files."""
    del old
    kill(servers.redis_pid)
    shutil.rmtree(folder / "appendonlydir")
    await asyncio.to_thread(servers.restart_redis)


async def start_after_a_crash(servers: EmbeddedServers, folder: Path, old: Path) -> None:
    """Row 1: SIGKILL; what it wrote in its last second may be gone."""
    del folder, old
    kill(servers.redis_pid)
    await asyncio.to_thread(servers.restart_redis)


async def start_from_an_old_copy(servers: EmbeddedServers, folder: Path, old: Path) -> None:
    """Row 3: it comes back as it was a while ago, with messages waiting that went out since."""
    kill(servers.redis_pid)
    shutil.rmtree(folder / "appendonlydir")
    shutil.copytree(old, folder / "appendonlydir")
    await asyncio.to_thread(servers.restart_redis)


async def send_share(here: Town, turn: int) -> None:
    """A third of all, in bulks."""
    first, end = turn * _SHARE, (turn + 1) * _SHARE
    for start in range(first, end, 1_000):
        await here.send_many(start, min(1_000, end - start))


@pytest.mark.timeout(900 if LONG else 480)
@pytest.mark.parametrize("lose", [flush_all, start_empty, start_from_an_old_copy, start_after_a_crash])
async def test_a_redis_that_lost_its_memory_costs_no_message(
    own_servers: EmbeddedServers,
    tmp_path: Path,
    lose: Callable[[EmbeddedServers, Path, Path], Awaitable[None]],
) -> None:
    folder, old = tmp_path / "data" / "redis", tmp_path / "old"
    async with town(own_servers, tmp_path, **_FAST) as here:
        here.people = _PEOPLE
        await here.start("dispatch", "dispatch")
        await send_share(here, 0)
        await here.out(_SHARE // 8)
        await asyncio.to_thread(shutil.copytree, folder / "appendonlydir", old)
        await send_share(here, 1)
        await here.out(_SHARE)
        await lose(own_servers, folder, old)
        await send_share(here, 2)
        await here.at_rest(timeout_seconds=_REST_SECONDS)
        assert here.doubled_or_lost() == {}
