"""A pace is kept at the provider too, by two dispatch processes: nothing here goes faster than the number may.

`LONG=1` looks for a minute. Only "too fast" is judged: how slow a busy machine is says nothing about us.
"""

import os
from pathlib import Path

import pytest

from anclora.instances.pacing import PacingChange, change_pacing
from anclora.kit.clock import SystemClock, business_date
from anclora.providers.sandbox import read_witness
from anclora.storage.embedded import EmbeddedServers
from tests.faults.town import town

SECONDS = 60 if os.environ.get("LONG") else 8
PER_SECOND, OVER = 20, 1.1


@pytest.mark.timeout(300)
async def test_two_dispatchers_go_no_faster_than_the_number_may(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    async with town(own_servers, tmp_path) as here:
        change = PacingChange(preset="sandbox", per_minute=60 * PER_SECOND, jitter=0.0, burst=1)
        async with here.ledger() as db:
            today = business_date(SystemClock().now(), "Europe/Madrid")
            await change_pacing(db, "one", change, actor="test", default="sandbox", today=today)
        for name in ("dispatch 1", "dispatch 2"):
            await here.start(name, "dispatch", ANCLORA_CONNECTIONS="16")
        here.people = 10_000
        for first in range(0, PER_SECOND * SECONDS, PER_SECOND * 4):
            await here.send_many(first, PER_SECOND * 4)
        await here.at_rest(timeout_seconds=SECONDS + 150)
        moments = sorted(sighting.at for sighting in read_witness(here.witness))
        took = (moments[-1] - moments[0]).total_seconds()
        print(f"{len(moments)} in {took:.2f} s: {(len(moments) - 1) / took:.2f} a second")
        assert (len(moments) - 1) / took <= PER_SECOND * OVER
        assert here.doubled_or_lost() == {}
