"""The network between a dispatcher and one of its servers drops every packet for longer than the lease, then heals."""

from pathlib import Path

import pytest

from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import town
from tests.faults.wire import wire_to
from tests.waiting import eventually


@pytest.mark.timeout(300)
async def test_a_dispatcher_cut_off_from_the_ledger_sends_nothing_its_successor_sends(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    """Row 34. Its lease ends with its heartbeat; what it held is in doubt, and resolved before anybody sends it."""
    async with (
        town(own_servers, tmp_path) as here,
        wire_to(own_servers.database_url) as wire,
        here.ledger() as db,
    ):
        await here.start("cut-off", "dispatch", DATABASE_URL=wire.through(own_servers.database_url))
        await here.send_many(0, 400)
        await here.out(100)
        wire.hold()

        async def it_was_given_up() -> bool:
            row = await db.fetch_one("select count(*)::integer as n from workers where reaped_at is not null")
            return bool(row and row["n"])

        await eventually(it_was_given_up, timeout_seconds=90)
        await here.start("other", "dispatch")
        await here.at_rest()
        wire.let_go()
        await here.send_many(400, 200)
        await here.at_rest()
        assert here.doubled_or_lost() == {}


@pytest.mark.timeout(300)
async def test_a_dispatcher_cut_off_from_the_lanes_resumes_by_itself(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    """Row 34. What it claimed comes back to the lane with the end of the lane's lease, and the ledger knows better."""
    async with town(own_servers, tmp_path) as here, wire_to(own_servers.redis_url) as wire:
        await here.start("cut-off", "dispatch", REDIS_URL=wire.through(own_servers.redis_url))
        await here.send_many(0, 400)
        await here.out(100)
        wire.hold()
        other = await here.start("other", "dispatch")
        await here.at_rest()
        wire.let_go()
        await other.stop(timeout_seconds=60)
        await here.send_many(400, 200)
        await here.at_rest()
        assert here.doubled_or_lost() == {}
