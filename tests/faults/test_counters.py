"""Counters of several processes, some of which end and are replaced, are what the ledger says."""

from contextlib import suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from anclora.cli.home import free_port
from anclora.storage.database import Database
from anclora.storage.embedded import EmbeddedServers
from anclora.supervise import answers_200
from tests.faults.test_rolling_restart import at_work
from tests.faults.town import Town, kill, town
from tests.waiting import eventually

_NOBODY = ["34600000007", "34600000021"]
_STOP_SECONDS = 90.0
_LEDGER = """
select count(*)::integer as accepted, count(sent_at)::integer as sent,
    count(*) filter (where state = 'failed')::integer as failed, count(*) filter (where open)::integer as open,
    (select count(*) from attempts)::integer as attempts
from messages
"""


async def counted(here: Town, url: str) -> dict[str, float]:
    """What one process tells of all: sums by name, and of messages by outcome and fault."""
    async with here.session.get(f"{url}/metrics") as answer:
        text = await answer.text()
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            words = [sample.labels[label] for label in ("outcome", "fault", "code") if label in sample.labels]
            name = ":".join([sample.name, *words])
            sums[name] = sums.get(name, 0.0) + sample.value
    return sums


async def should_say(db: Database) -> dict[str, float]:
    """What the counters should say by the rows, by the names `counted` gives them."""
    row = await db.fetch_one(_LEDGER) or {}
    return {
        "anclora_messages_accepted_total": row["accepted"],
        "anclora_messages_total:sent:none": row["sent"],
        "anclora_messages_total:failed:recipient": row["failed"],
        "anclora_messages_total:failed:provider": 0,
        "anclora_messages_total:failed:platform": 0,
        "anclora_dispatch_latency_seconds_count": row["sent"],
        "anclora_processing_duration_seconds_count": row["attempts"],
    }


@pytest.mark.timeout(300)
async def test_counters_of_four_processes_two_of_them_replaced_equal_the_ledger(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    script = {"not_on_whatsapp": {"numbers": _NOBODY}}
    folder = tmp_path / "counts"
    async with (
        town(own_servers, tmp_path, script, PROMETHEUS_MULTIPROC_DIR=str(folder)) as here,
        here.ledger() as db,
    ):

        async def ended() -> bool:
            row = await db.fetch_one(_LEDGER)
            return row is not None and row["open"] == 0

        async def told() -> bool:
            said = await counted(here, here.url)
            return all(said.get(name, 0.0) == value for name, value in (await should_say(db)).items())

        async def rated() -> bool:  # that no message ended badly by anybody's fault but the numbers'
            said = await counted(here, here.url)
            return (said["anclora_error_rate"], said["anclora_error_rate_samples"]) == (0.0, 700)

        first, second = [await here.start(f"dispatch-{n}", "dispatch") for n in range(2)]
        await here.send_many(0, 300)
        await here.out(60)
        await at_work(db, first)
        await first.stop(timeout_seconds=_STOP_SECONDS)  # as a deploy does, in the middle of its work
        await here.start("dispatch-2", "dispatch")
        await here.send_many(300, 300)
        await eventually(ended, timeout_seconds=150)
        await eventually(told)  # a group is counted right behind its commit: a kill between the two takes its counts
        kill(second.pid)  # as a crash does; nothing is on its way
        port = free_port()
        await here.start("dispatch-3", "dispatch", ANCLORA_METRICS_PORT=str(port))
        await here.send_many(600, 100)
        await eventually(ended, timeout_seconds=150)

        with suppress(TimeoutError):  # the figures that differ are shown below
            await eventually(told)
        sums = await counted(here, here.url)
        ledger = {**await should_say(db), "anclora_http_requests_total:202": 3}
        print({name: (sums.get(name), said) for name, said in ledger.items()})
        assert {name: sums.get(name, 0.0) for name in ledger} == ledger
        side = f"http://127.0.0.1:{port}"  # a process without doors says the same, and that it lives
        await eventually(answers_200(f"{side}/health/ready"))
        assert await answers_200(f"{side}/health/live")()
        beside = await counted(here, side)
        assert {name: beside.get(name, 0.0) for name in ledger} == ledger
        assert ledger["anclora_messages_accepted_total"] == 700
        assert ledger["anclora_messages_total:failed:recipient"] == 28
        await eventually(rated)  # it is asked of the rows, at most once in some seconds
