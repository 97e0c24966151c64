"""A number that was quiet for long writes to another one of ours; a busy one, a lone one and a stalled one do not."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from messages_harness import ScriptedProvider, Stage, stage

from anclora.messages.canary import Canary
from anclora.providers.contract import RemoteInstance
from anclora.storage.database import Database

TWO = (
    RemoteInstance(name="sales", state="open", owner="34600111222"),
    RemoteInstance(name="support", state="open", owner="34600111333"),
)


@pytest.fixture
async def here(db: Database, redis: Any) -> AsyncGenerator[Stage, None]:
    async with stage(db, redis, ScriptedProvider(*TWO), canary_every_seconds=3_600) as running:
        yield running


def canary(here: Stage) -> Canary:
    return Canary(here.db, here.submit, here.settings, here.clock)


async def sent(here: Stage) -> list[tuple[str, str, list[str]]]:
    rows = await here.db.fetch_all("select instance, recipient, tags from messages order by instance")
    return [(row["instance"], row["recipient"], row["tags"]) for row in rows]


async def test_quiet_numbers_write_to_each_other_once_in_their_time(here: Stage) -> None:
    one = canary(here)
    await one.run_once()
    await one.run_once()
    assert await sent(here) == [("sales", "34600111333", ["canary"]), ("support", "34600111222", ["canary"])]
    await here.feeder.settle()
    await here.pass_seconds(3_601)
    await one.run_once()
    assert len(await sent(here)) == 4


@pytest.mark.parametrize(
    "change",
    [
        "acked_at = now()",
        "stalled_since = now()",
        "state = 'close'",
        "owner = null",
        "removed_at = now()",
    ],
)
async def test_others_are_left_alone(here: Stage, change: str) -> None:
    await here.db.execute(f"update instances set {change} where name = 'sales'")  # noqa: S608 # pyright: ignore[reportArgumentType]
    await canary(here).run_once()
    assert "sales" not in {name for name, _, _ in await sent(here)}


async def test_it_is_off_unless_somebody_wants_it(db: Database, redis: Any) -> None:
    async with stage(db, redis, ScriptedProvider(*TWO)) as here:
        await canary(here).run_once()
        assert await sent(here) == []
