"""A deploy: the dispatchers are asked to stop and are replaced, one after the other, while messages come in."""

from pathlib import Path

import pytest

from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import town

_STOP_SECONDS = 20.0


@pytest.mark.timeout(150)
async def test_replacing_every_dispatcher_loses_and_doubles_nothing(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    """Row 22."""
    async with town(own_servers, tmp_path) as here:
        running = [await here.start(f"dispatch-{n}", "dispatch") for n in range(2)]
        for turn in range(4):
            await here.send_many(turn * 200, 200)
            await here.out(turn * 200 + 40)
            await running[0].stop(timeout_seconds=_STOP_SECONDS)
            assert await running[0].wait() == 0, running[0].last_words()
            running = [running[1], await here.start(f"dispatch-{turn + 2}", "dispatch")]
        await here.at_rest()
        assert here.doubled_or_lost() == {}
