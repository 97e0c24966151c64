"""A number that says it is open and is not: its lane rests and tries again, and no message pays for it."""

from pathlib import Path

import pytest

from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import town


@pytest.mark.timeout(300)
async def test_a_number_that_says_connection_closed_burns_no_message(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    """Row 18."""
    script = {"disconnects": [{"instance": "one", "after_sends": 100, "for_seconds": 3.0}]}
    async with town(own_servers, tmp_path, script) as here:
        await here.rest_for(0.3)
        await here.start("dispatch", "dispatch")
        await here.send_many(0, 400)
        await here.at_rest()
        assert here.doubled_or_lost() == {}
        async with here.ledger() as db:
            refused = await db.fetch_one(
                "select count(*)::integer as n, max(m.tries) as tries"
                " from attempts a join messages m on m.id = a.message_id where a.code = 'connection_closed'"
            )
        assert refused is not None
        assert refused["n"] > 0
        assert refused["tries"] <= 2  # who stops the lane three times in a row pays, and another one probes
