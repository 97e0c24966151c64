"""Redis is an index: whatever memory it loses, everything accepted still arrives, once."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import kill, town

_SHARE = 400


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


async def start_from_an_old_copy(servers: EmbeddedServers, folder: Path, old: Path) -> None:
    """Row 3: it comes back as it was a while ago, with messages waiting that went out since."""
    kill(servers.redis_pid)
    shutil.rmtree(folder / "appendonlydir")
    shutil.copytree(old, folder / "appendonlydir")
    await asyncio.to_thread(servers.restart_redis)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("lose", [flush_all, start_empty, start_from_an_old_copy])
async def test_a_redis_that_lost_its_memory_costs_no_message(
    own_servers: EmbeddedServers,
    tmp_path: Path,
    lose: Callable[[EmbeddedServers, Path, Path], Awaitable[None]],
) -> None:
    folder, old = tmp_path / "data" / "redis", tmp_path / "old"
    async with town(own_servers, tmp_path) as here:
        here.people = 200
        await here.start("dispatch", "dispatch")
        await here.send_many(0, _SHARE)
        await here.out(_SHARE // 8)
        await asyncio.to_thread(shutil.copytree, folder / "appendonlydir", old)
        await here.send_many(_SHARE, _SHARE)
        await here.out(_SHARE)
        await lose(own_servers, folder, old)
        await here.send_many(2 * _SHARE, _SHARE)
        await here.at_rest()
        assert here.doubled_or_lost() == {}
