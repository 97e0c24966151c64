"""Drills are kept once each, and the last success is that of the scenario that waits longest for one."""

from datetime import UTC, datetime, timedelta

import msgspec

from anclora.drills import MONTHLY, Drill, list_drills, record_drill, show_last_success
from anclora.kit.metrics import exposition
from anclora.storage.database import Database
from tests.unit.test_drills_rules import GOOD

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


async def keep(db: Database, drill: Drill) -> bool:
    async with db.transaction() as conn:
        return await record_drill(conn, drill) is not None


async def last_success(db: Database) -> datetime:
    await show_last_success(db)
    name = "anclora_dr_drill_last_success_timestamp_seconds "
    line = next(line for line in exposition().decode().splitlines() if line.startswith(name))
    return datetime.fromtimestamp(float(line.removeprefix(name)), UTC)


async def test_a_drill_is_kept_once_and_read_back_as_it_was(db: Database) -> None:
    failed = msgspec.structs.replace(GOOD, started_at=LONG_AGO, rto_seconds=None, failures=("It did not come back.",))
    assert [await keep(db, drill) for drill in (GOOD, failed, GOOD)] == [True, True, False]
    assert [entry.drill for entry in await list_drills(db, 10)] == [GOOD, failed]


async def test_the_last_success_is_of_the_scenario_that_waits_longest(db: Database) -> None:
    began = await last_success(db)
    assert datetime.now(UTC) - began < timedelta(days=1)  # a new installation is not behind
    async with db.transaction() as conn:
        await conn.execute("update drill_watch set began_at = %s", [LONG_AGO])
    for number, scenario in enumerate(MONTHLY, start=1):
        assert await last_success(db) == LONG_AGO  # until each has passed once
        failed = msgspec.structs.replace(GOOD, scenario=scenario, failures=("It did not come back.",))
        assert await keep(db, failed)
        passed = msgspec.structs.replace(GOOD, scenario=scenario, started_at=LONG_AGO + timedelta(days=number))
        assert await keep(db, passed)
    assert await last_success(db) == LONG_AGO + timedelta(days=1)
