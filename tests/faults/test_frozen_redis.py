"""Redis does not die, it stops answering, or answers that it is full: accepts go on, and dispatch resumes by itself."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Generator, Mapping
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import Town, town
from tests.waiting import eventually

SCRAPE_SECONDS = 9.0  # less than Prometheus gives a target


async def scraped(here: Town) -> dict[str, float]:
    """The figures by their series; both readers of a pair are answered in time."""
    async with asyncio.timeout(SCRAPE_SECONDS), aiohttp.ClientSession() as nobody:  # Prometheus has no key
        texts = await asyncio.gather(*(read_metrics(nobody, here.url) for _ in range(2)))
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in texts[0] if not line.startswith("#")}


async def read_metrics(session: aiohttp.ClientSession, url: str) -> list[str]:
    """One scrape."""
    async with session.get(f"{url}/metrics") as answer:
        assert answer.status == 200
        return (await answer.text()).splitlines()


def up(told: Mapping[str, float], dependency: str) -> float:
    """Whether it answers, by what was scraped."""
    return told[f'anclora_dependency_up{{dependency="{dependency}"}}']


@contextlib.contextmanager
def frozen(pid: int) -> Generator[None, None, None]:
    """A server with all its processes stopped, without a word to whoever is connected."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    all_of_it = [pid, *map(int, children)]
    for each in all_of_it:
        with contextlib.suppress(ProcessLookupError):  # it was just ending
            os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in all_of_it:
            with contextlib.suppress(ProcessLookupError):  # it was just ending
                os.kill(each, signal.SIGCONT)


@pytest.mark.timeout(300)
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
            told = await scraped(here)
            assert (up(told, "redis"), up(told, "postgres")) == (0, 1)
            assert told['anclora_queue_depth{queue="all",state="dlq"}'] == 0  # what the ledger knows is there
            assert 'anclora_worker_up{role="work"' in " ".join(told)
            await here.is_health("degraded", timeout_seconds=90)
        finally:
            os.kill(own_servers.redis_pid, signal.SIGCONT)
        await here.at_rest()
        with frozen(own_servers.postgres_pid):
            told = await scraped(here)
            assert (up(told, "redis"), up(told, "postgres")) == (1, 0)
            assert (await here.ask("GET", "/health/live")).status == 200

        async def both_are_back() -> bool:
            try:
                told = await scraped(here)
            except TimeoutError:  # what was held up is let go, and comes first
                return False
            return (up(told, "redis"), up(told, "postgres")) == (1, 1)

        await eventually(both_are_back)
        await here.is_health("healthy")
        assert here.doubled_or_lost() == {}


@pytest.mark.timeout(300)
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
