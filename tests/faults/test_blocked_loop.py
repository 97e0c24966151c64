"""An event loop that stands still: for a moment it is lag, for long the process is ended and started again."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from anclora.cli.home import free_port
from anclora.kit.failpoints import AFTER_SEND
from anclora.storage.embedded import EmbeddedServers
from anclora.supervise import keep
from tests.faults.town import town
from tests.waiting import eventually

COUNT, BLOCKED_AT = 60, 35


@pytest.mark.timeout(300)
async def test_a_blocked_process_is_ended_with_its_stacks_and_started_again(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    """Row 36. It stands where a message went out and nothing of it is written down; what is left is below the count."""
    stop = asyncio.Event()
    async with town(own_servers, tmp_path) as here:
        blocks = {"ANCLORA_FAILPOINT": f"{AFTER_SEND}:{BLOCKED_AT}:600", "ANCLORA_BLOCKED_SECONDS": "4.5"}
        worker = await here.start("dispatch", "dispatch", **blocks)
        first = worker.pid
        keeping = asyncio.create_task(keep(worker, stop))
        await here.send_many(0, COUNT)
        await here.at_rest()
        assert worker.pid not in (0, first)
        assert here.doubled_or_lost() == {}
        stop.set()
        await keeping
        said = worker.log.read_text(encoding="utf-8")
        assert said.count("Timeout (0:00:04.500000)!") == 1
        assert "in passing" in said.partition("Timeout")[2]


@pytest.mark.timeout(300)
async def test_a_short_block_is_lag_and_nothing_more(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    """Row 36. The figure the alert AncloraEventLoopLagHigh compares says so; the process lives."""
    port = free_port()
    async with town(own_servers, tmp_path) as here, aiohttp.ClientSession() as session:
        blocks = {"ANCLORA_FAILPOINT": f"{AFTER_SEND}:20:3", "ANCLORA_METRICS_PORT": str(port)}
        worker = await here.start("dispatch", "dispatch", **blocks)
        first = worker.pid
        await here.send_many(0, COUNT)

        async def lags() -> bool:
            try:
                async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                    lines = (await answer.text()).splitlines()
            except aiohttp.ClientError:  # not up yet
                return False
            return any(
                line.startswith("anclora_event_loop_lag_seconds") and float(line.rpartition(" ")[2]) > 2.5
                for line in lines
            )

        await eventually(lags)
        await here.at_rest()
        assert worker.pid == first
        assert here.doubled_or_lost() == {}
