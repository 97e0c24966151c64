"""A worker that stands still past its lease and then goes on has lost what it held: it sends nothing twice."""

import os
import signal
from pathlib import Path

import pytest

from anclora.storage.database import Database
from anclora.storage.embedded import EmbeddedServers
from anclora.supervise import Child
from tests.faults.town import town
from tests.waiting import eventually

_HELD = (
    "select count(*)::integer as n from messages m join workers w on w.id = m.worker_id"
    " where m.state = 'sending' and w.pid = %(pid)s"
)


async def stop_in_the_middle(db: Database, victim: Child, least: int) -> None:
    """SIGSTOP at a moment when it holds so many messages."""

    async def caught() -> bool:
        os.kill(victim.pid, signal.SIGSTOP)
        row = await db.fetch_one(_HELD, pid=victim.pid)
        if row is not None and row["n"] >= least:
            return True
        os.kill(victim.pid, signal.SIGCONT)
        return False

    await eventually(caught)


@pytest.mark.timeout(300)
async def test_a_worker_stopped_past_its_lease_sends_nothing_twice(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    slow = {"ANCLORA_CONNECTIONS": "2"}  # most of what a worker holds is not posted yet
    async with town(own_servers, tmp_path, **slow) as here, here.ledger() as db:
        victim = await here.start("victim", "dispatch")
        await here.send_many(0, 50)
        await here.out(50)  # what the look-up shows beside: without it absence would prove nothing
        await here.send_many(50, 350)
        await stop_in_the_middle(db, victim, least=12)
        await here.start("other", "dispatch")

        async def others_did_its_work() -> bool:
            row = await db.fetch_one("select count(*)::integer as n from workers where reaped_at is not null")
            open_ones = "select from messages where state in ('queued', 'sending', 'unknown') limit 1"
            return bool(row and row["n"]) and await db.fetch_one(open_ones) is None

        await eventually(others_did_its_work, timeout_seconds=150)
        await here.at_rest()
        os.kill(victim.pid, signal.SIGCONT)

        async def it_came_back() -> bool:
            row = await db.fetch_one(
                "select count(*)::integer as n from workers where pid = %(pid)s and reaped_at is null", pid=victim.pid
            )
            return bool(row and row["n"])

        await eventually(it_came_back, timeout_seconds=60)
        await here.send_many(400, 100)
        await here.at_rest()
        assert here.doubled_or_lost() == {}
