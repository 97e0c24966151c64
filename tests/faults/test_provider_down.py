"""The provider is away while messages pile up: the lane asks now and then, and opens gradually when it is back."""

from pathlib import Path

import pytest

from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import town
from tests.waiting import eventually

_REFUSED = (
    "select count(*)::integer as n, count(distinct message_id)::integer as messages from attempts"
    " where outcome = 'refused'"
)


@pytest.mark.timeout(300)
async def test_a_provider_that_comes_back_is_not_run_over(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    """Row 31. While it is away one probe goes at a time, so of two thousand waiting only a few are ever refused."""
    async with town(own_servers, tmp_path) as here, here.ledger() as db:
        await here.rest_for(0.3)
        await here.start("dispatch", "dispatch")
        await here.send_many(0, 100)
        await here.out(100)
        sandbox = next(child for child in here.children if child.name == "sandbox")
        await sandbox.kill()
        await here.send_many(100, 1_000)
        await here.send_many(1_100, 1_000)

        async def probed_in_vain() -> bool:
            row = await db.fetch_one(_REFUSED)
            return bool(row and row["n"] >= 5)

        await eventually(probed_in_vain, timeout_seconds=90)
        await sandbox.start()
        await here.at_rest()
        assert here.doubled_or_lost() == {}
        refused = await db.fetch_one(_REFUSED)
        assert refused is not None
        # The requests that were open or in hand when it went away, and then one probe at a time.
        assert refused["n"] < 300
