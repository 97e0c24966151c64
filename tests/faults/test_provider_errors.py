"""A provider behind a proxy that fails in bursts: each message arrives once, whatever the failing answers hid."""

from pathlib import Path

import pytest

from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import town

FAULTS = [
    {"kind": "gateway_502", "share": 0.08},
    {"kind": "gateway_502_sent", "share": 0.04},
    {"kind": "unavailable_503", "share": 0.08},
    {"kind": "too_many_429", "share": 0.02, "retry_after": "1"},
    {"kind": "page_200", "share": 0.04},
    {"kind": "page_200_sent", "share": 0.04},
    {"kind": "cut_201_sent", "share": 0.04},
]


@pytest.mark.timeout(300)
async def test_bursts_of_5xx_429_and_garbage_lose_and_double_nothing(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    """Rows 13, 16 and 17: a third of the answers are none of the server's."""
    script = {"seed": 5, "faults": FAULTS}
    async with town(own_servers, tmp_path, script) as here:
        await here.start("dispatch", "dispatch")
        await here.send_many(0, 300)
        await here.at_rest()
        assert here.doubled_or_lost() == {}
        async with here.ledger() as db:
            codes = await db.fetch_all("select code, count(*)::integer as n from attempts group by code")
            states = await db.fetch_all("select distinct state from messages")
        counted = {row["code"]: row["n"] for row in codes}
        assert {"gateway_error", "too_many_requests", "no_message_id", "no_answer_reset"} <= counted.keys()
        assert {row["state"] for row in states} <= {"sent", "delivered", "read"}
