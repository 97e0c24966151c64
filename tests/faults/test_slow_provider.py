"""A number whose requests hang holds no more hands than its limit lets it: the others go on as if nothing were."""

from pathlib import Path

import pytest

from anclora.providers.sandbox import read_witness
from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import town

_SLOW, _FAST = 40, 200


@pytest.mark.timeout(300)
async def test_a_number_that_hangs_leaves_the_hands_to_the_others(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    """Row 14. Eight hands, of which the slow number may hold two; it has more waiting than all of them."""
    script = {
        "instances": [{"name": "one"}, {"name": "two"}],
        "faults": [{"kind": "timeout_before_send", "text": "slow", "hold_seconds": 100}],
    }
    patient = {"ANCLORA_CONNECTIONS": "8", "ANCLORA_SEND_TIMEOUT_SECONDS": "90", "ANCLORA_DRAIN_SECONDS": "1"}
    async with town(own_servers, tmp_path, script, **patient) as here:
        limited = await here.ask("PATCH", "/api/v1/instances/one/pacing", json={"preset": "sandbox", "at_once": 2})
        assert limited.status == 200, limited
        await here.start("dispatch", "dispatch")
        slow = [{"instance": "one", "to": f"+346{n:08d}", "text": f"slow #{n}"} for n in range(_SLOW)]
        fast = [{"instance": "two", "to": f"+346{n % 50:08d}", "text": f"#{n:05d}"} for n in range(_FAST)]
        assert (await here.ask("POST", "/api/v1/messages/bulk", json={"messages": slow})).status == 202
        assert (await here.ask("POST", "/api/v1/messages/bulk", json={"messages": fast})).status == 202
        await here.out(_FAST)
        texts = [sighting.text for sighting in read_witness(here.witness)]
        assert sorted(texts) == [draft["text"] for draft in fast]
