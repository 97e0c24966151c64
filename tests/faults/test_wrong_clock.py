"""A machine whose clock is minutes off the ledger's: what it decides is decided by the ledger's time."""

import shutil
import subprocess
from pathlib import Path

import aiohttp
import pytest

from anclora.storage.embedded import EmbeddedServers
from tests.conftest import needs
from tests.faults.town import town
from tests.waiting import eventually

_DOUBT = {"faults": [{"kind": "timeout_after_send", "share": 0.03}, {"kind": "connection_closed_500", "share": 0.03}]}


def faked(minutes: int) -> dict[str, str]:
    """The environment of a process whose clock is so far ahead; only its calendar, not its stop-watches."""
    program = shutil.which("faketime") or ""
    shown = subprocess.run([program, "now", "env"], capture_output=True, text=True, check=True, timeout=60).stdout
    library = next(line.partition("=")[2] for line in shown.splitlines() if line.startswith("LD_PRELOAD="))
    return {"LD_PRELOAD": library, "FAKETIME": f"{minutes * 60:+d}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("minutes", [-5, 5])
async def test_a_dispatcher_and_a_mender_with_a_wrong_clock_lose_and_double_nothing(
    own_servers: EmbeddedServers, tmp_path: Path, minutes: int
) -> None:
    """Row 32. Five minutes too early a retry would come, or absence pass for proved, if they went by their own."""
    needs("faketime")
    off = faked(minutes)
    async with town(own_servers, tmp_path, _DOUBT) as here:
        await here.rest_for(0.3)
        await here.start("dispatch", "dispatch", **off)
        await here.start("wrong-work", "work", **off)
        await here.send_many(0, 400)
        await here.at_rest()
        assert here.doubled_or_lost() == {}


@pytest.mark.timeout(300)
async def test_a_door_with_a_wrong_clock_is_not_ready(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    """Row 32. Ids carry the time of the machine that made them."""
    needs("faketime")
    async with town(own_servers, tmp_path) as here:
        port = here.url.rpartition(":")[2]
        api = next(child for child in here.children if child.name == "api")
        await api.stop(timeout_seconds=60)
        await here.start("wrong-api", "api", "--port", port, **faked(-5))

        async def says() -> bool:
            try:
                answer = await here.ask("GET", "/health/ready")
            except (OSError, aiohttp.ClientError):
                return False
            return answer.status == 503 and "off the database's" in answer.json["checks"]["clock"]["message"]

        await eventually(says, timeout_seconds=90)
