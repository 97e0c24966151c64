"""Redis does not die, it stops answering, or answers that it is full: accepts go on, and dispatch resumes by itself."""

import os
import signal
from pathlib import Path

import pytest
from redis.asyncio import Redis

from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import town


@pytest.mark.timeout(150)
async def test_a_frozen_redis_stops_no_door(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    """Row 4. The client's time-out frees whoever waits; nothing that answers people depends on Redis."""
    async with town(own_servers, tmp_path) as here:
        await here.start("dispatch", "dispatch")
        await here.send_many(0, 300)
        await here.out(50)
        os.kill(own_servers.redis_pid, signal.SIGSTOP)
        try:
            assert {(await here.send(serial)).status for serial in range(300, 330)} == {202}
            assert (await here.ask("GET", "/health/live")).status == 200
            await here.is_health("degraded", timeout_seconds=40)
        finally:
            os.kill(own_servers.redis_pid, signal.SIGCONT)
        await here.at_rest()
        await here.is_health("healthy")
        assert here.doubled_or_lost() == {}


@pytest.mark.timeout(120)
async def test_a_full_redis_loses_nothing(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    """Row 5. It expects 503 from the door; here the ledger takes the message, and the outbox waits (design 3.9)."""
    async with town(own_servers, tmp_path) as here, Redis.from_url(own_servers.redis_url) as redis:
        await here.start("dispatch", "dispatch")
        await here.send_many(0, 300)
        await here.out(50)
        await redis.config_set("maxmemory", "1mb")
        assert {(await here.send(serial)).status for serial in range(300, 330)} == {202}
        async with here.ledger() as db:
            row = await db.fetch_one("select count(*)::integer as n from outbox")
        assert row is not None
        assert row["n"] > 0
        await redis.config_set("maxmemory", "0")
        await here.at_rest()
        assert here.doubled_or_lost() == {}
