"""A deploy: the dispatchers are asked to stop and are replaced, one after the other, while messages come in."""

from pathlib import Path

import pytest

from anclora.storage.database import Database
from anclora.storage.embedded import EmbeddedServers
from anclora.supervise import Child
from tests.faults.town import town
from tests.waiting import eventually

_STOP_SECONDS = 90.0


async def at_work(db: Database, dispatcher: Child) -> None:
    """Wait until it is: before that, SIGTERM ends a process as it ends any other."""

    async def registered() -> bool:
        return await db.fetch_one("select from workers where pid = %(pid)s", pid=dispatcher.pid) is not None

    await eventually(registered, timeout_seconds=90)


@pytest.mark.timeout(300)
async def test_replacing_every_dispatcher_loses_and_doubles_nothing(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    """Row 22."""
    async with town(own_servers, tmp_path) as here, here.ledger() as db:
        running = [await here.start(f"dispatch-{n}", "dispatch") for n in range(2)]
        for turn in range(4):
            await here.send_many(turn * 200, 200)
            await here.out(turn * 200 + 40)
            await at_work(db, running[0])
            await running[0].stop(timeout_seconds=_STOP_SECONDS)
            assert await running[0].wait() == 0, running[0].last_words()
            running = [running[1], await here.start(f"dispatch-{turn + 2}", "dispatch")]
        await here.at_rest()
        assert here.doubled_or_lost() == {}
