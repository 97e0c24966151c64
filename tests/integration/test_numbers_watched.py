"""Numbers are asked, judged and told of: what changed is a row, and what settled is one event."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from messages_harness import metric
from numbers_harness import Town, town

from anclora.inbound.model import deliver
from anclora.instances.book import BookKeeper
from anclora.instances.evidence import count_hours, read_evidence
from anclora.instances.history import read_history
from anclora.instances.rules import judge
from anclora.kit.ids import first_id_at
from anclora.kit.metrics import REGISTRY
from anclora.providers.contract import InboundEvent
from anclora.providers.sandbox.script import Number
from anclora.storage.database import Database
from anclora.storage.partitions import ensure_partitions


@pytest.fixture
async def here(db: Database, redis: Any, tmp_path: Path) -> AsyncGenerator[Town, None]:
    async with town(db, redis, tmp_path) as running:
        await running.watch.run_once()
        await running.here.db.execute("delete from events")
        yield running


async def flap(here: Town, *states: str) -> None:
    for state in states:
        here.sandbox.world.instances["sales"].state = state  # pyright: ignore[reportAttributeAccessIssue]
        await here.here.db.execute("update instances set state = %(state)s, state_at = now()", state=state)


async def test_what_the_server_says_is_asked_for_not_only_listed(here: Town) -> None:
    number = here.sandbox.world.instances["sales"]
    number.state = "connecting"  # its rows lag behind and still say open
    await here.here.pass_seconds(31)
    await here.watch.run_once()
    assert await here.status() == "connecting"
    number.state = "open"
    await here.here.pass_seconds(31)
    await here.watch.run_once()
    assert await here.status() == "connected"


async def test_a_number_the_server_lost_is_missing_and_told_at_once(here: Town) -> None:
    here.sandbox.world.instances.clear()
    await here.here.pass_seconds(31)
    await here.watch.run_once()
    assert await here.status() == "missing"
    assert [each["status"] for each in await here.told()] == ["missing"]


async def test_every_change_is_a_row_with_its_reason(here: Town) -> None:
    await here.control("state", {"state": "close", "reason": 401})
    await here.becomes_logged_out()
    [last] = await read_history(here.here.db, "sales", limit=1)
    assert (last.was, last.status, last.reason) == ("connected", "logged_out", "code 401")


async def test_flaps_are_counted_and_told_as_one_event(here: Town) -> None:
    grown = metric("anclora_instance_flaps_total", instance_name="sales")
    await flap(here, *["connecting", "open"] * 20)
    await here.watch.run_once()
    assert (grown(), await here.told()) == (40, [])
    await here.here.pass_seconds(31)
    await here.watch.run_once()
    await here.watch.run_once()
    [event] = await here.told()
    assert (event["status"], event["changes"], event["flapping"]) == ("connected", 40, False)


async def test_a_number_that_never_rests_is_told_of_too(here: Town) -> None:
    await flap(here, *["connecting", "open"] * 3)
    await here.here.pass_seconds(301)
    await flap(here, "connecting")
    await here.watch.run_once()
    [event] = await here.told()
    assert (event["changes"], event["flapping"]) == (7, True)


async def test_a_short_break_is_told_to_nobody_and_a_long_one_is(here: Town) -> None:
    await flap(here, "connecting", "open")
    await here.here.pass_seconds(31)
    await here.watch.run_once()
    assert await here.told() == []
    await flap(here, "connecting")
    await here.here.pass_seconds(31)
    await here.watch.run_once()
    assert [(each["was"], each["status"]) for each in await here.told()] == [("connected", "connecting")]


async def test_an_event_and_its_mark_are_one_commit(here: Town) -> None:
    await flap(here, "connecting")
    await here.here.pass_seconds(31)
    await here.here.db.execute("alter table events rename to events_away")
    with pytest.raises(Exception, match="events"):
        await here.watch.tell()
    await here.here.db.execute("alter table events_away rename to events")
    await here.watch.tell()
    await here.watch.tell()
    assert len(await here.told()) == 1


async def test_one_process_watches_at_a_time(here: Town) -> None:
    other = here.another_watch()
    await flap(here, "connecting")
    await here.here.pass_seconds(20)
    await here.watch.run_once()  # too early to tell of it, and its duty runs for 30 s from here on
    await here.here.pass_seconds(15)
    await other.run_once()
    assert await here.told() == []
    await here.here.pass_seconds(31)
    await other.run_once()
    assert len(await here.told()) == 1


async def test_the_answer_that_the_connection_is_closed_stalls_a_number_until_it_acknowledges(here: Town) -> None:
    await here.send("before")
    pause = "update instances set pause_reason = 'connection_closed', paused_until = now() + interval '9 seconds'"
    await here.here.db.execute(pause)
    await here.watch.run_once()
    await here.here.db.execute("update instances set paused_until = now() - interval '1 second'")
    await here.watch.run_once()
    assert await here.status() == "stalled"  # the pause is over, and nothing was heard yet
    await here.send("after")
    await here.watch.run_once()
    assert await here.status() == "connected"


async def test_the_gauge_is_one_only_for_a_number_that_is_connected(here: Town) -> None:
    keeper = BookKeeper(here.here.book, here.here.clock)

    async def shown() -> float | None:
        await here.here.book.refresh(newer_than_seconds=here.here.clock.boot_seconds() + 1)
        await keeper.run_once()
        return REGISTRY.get_sample_value("anclora_instance_up", {"instance_name": "sales"})

    assert await shown() == 1
    await flap(here, "connecting")
    assert await shown() == 0
    await here.here.db.execute("update instances set removed_at = now()")
    assert await shown() is None


async def test_silence_is_measured_by_the_same_hours_of_four_weeks(db: Database, redis: Any, tmp_path: Path) -> None:
    async with town(db, redis, tmp_path, number=Number(name="sales")) as here:
        now = here.here.clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
        heard = InboundEvent(provider_id="1", sender="34600111222", text="hola", at=now)
        async with db.transaction() as conn:
            await ensure_partitions(conn, hour)
            await conn.execute(
                "insert into inbound_events (id, instance, kind, body) values (%s, 'sales', %s, %s)",
                (first_id_at(hour), deliver("sales", b"{}", [heard]).kind, b"{}"),
            )
        assert await count_hours(db, now) == 49
        assert await count_hours(db, now) == 0
        for week in (1, 2, 3):
            for back in (0, 1):
                await db.execute(
                    "insert into instance_hours values ('sales', %(hour)s, 8)",
                    hour=hour - timedelta(days=7 * week, hours=back),
                )
        await db.execute("update instances set state_at = now() - interval '1 day'")
        [found] = await read_evidence(db, now)
        assert (found.inbound, sorted(found.usual)) == (1, [16, 16, 16])
        assert judge(found, now) is None
        await db.execute("update instance_hours set inbound = 0 where hour = %(hour)s", hour=hour)
        [found] = await read_evidence(db, now)
        assert judge(found, now) == "nobody was heard for two hours, where 16 messages are usual"
