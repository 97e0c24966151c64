"""A number whose word is not true is found out, mended by the remedy of its state, verified, and given up in time."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from numbers_harness import Town, town

from anclora.instances import maintenance
from anclora.messages.gates import GateChoice, pause, read_gates
from anclora.providers.sandbox.script import Number
from anclora.storage.database import Database


@pytest.fixture
async def here(db: Database, redis: Any, tmp_path: Path) -> AsyncGenerator[Town, None]:
    async with town(db, redis, tmp_path) as running:
        yield running


async def stalls(here: Town, *, restarts: int = 1) -> None:
    """It was well, and now it is open and dead, and three messages went into the void."""
    await here.send("before")
    await here.control("dead", {"restarts": restarts})
    await here.send("one", "two", "three", acknowledged=False)
    await here.here.pass_seconds(65)
    await here.watch.run_once()


async def test_acknowledgements_that_stop_are_seen_within_two_minutes_and_mended_once(here: Town) -> None:
    await stalls(here)
    assert (await here.status(), (await here.row())["state"]) == ("stalled", "open")
    assert "3 messages were not acknowledged" in (await here.row())["stalled_reason"]
    await here.here.pass_seconds(12)
    await here.mender.run_once()
    assert here.provider.asked == ["restart"]
    # Its lane rests: nothing more goes into it before its messages were looked up.
    await here.send("waits", acknowledged=False)
    assert here.out() == {"before": 1, "one": 1, "two": 1, "three": 1}
    await here.becomes("open")
    await here.mender.run_once()
    await here.round()
    assert here.out()["waits"] == 1
    await here.send("goes")
    await here.watch.run_once()
    await here.mender.run_once()
    await here.watch.run_once()
    assert await here.status() == "connected"
    assert here.provider.asked.count("restart") == 1
    assert set(here.out().values()) == {1}
    assert await here.steps() == [
        "instance.mend_begun",
        "instance.mend_acted",
        "instance.mend_resumed",
        "instance.mend_ended",
    ]
    mended = await here.here.db.fetch_one("select result, found from mends")
    assert mended == {"result": "mended", "found": "stalled"}


async def test_what_nobody_acknowledged_is_looked_up_before_the_lane_goes_on(here: Town) -> None:
    await here.send("before")
    # Its webhooks are lost, so that only the look-up can tell.
    world = here.sandbox.world
    world.set_webhook(world.instances["sales"], {"enabled": False, "url": ""}, events=[])
    await here.send("one", "two", "three", acknowledged=False)
    await here.here.pass_seconds(65)
    await here.watch.run_once()
    await here.here.pass_seconds(12)
    await here.mender.run_once()
    await here.opens_there()
    await here.mender.run_once()
    assert here.provider.asked == ["restart", "look_up", "look_up", "look_up"]
    rows = await here.here.db.fetch_all("select content, state, attempt from messages")
    assert {(row["state"], row["attempt"]) for row in rows} == {("delivered", 1)}
    assert set(here.out().values()) == {1}


async def test_one_lost_acknowledgement_proves_nothing(here: Town) -> None:
    await here.send("before")
    await here.here.db.execute("update provider_messages set acked_at = null, rank = 1")
    await here.send("after", acknowledged=False)
    await here.here.pass_seconds(100)
    await here.watch.run_once()
    assert await here.status() == "connected"


@pytest.mark.timeout(240)  # forty rounds
async def test_in_a_restart_loop_it_stops_and_says_so(here: Town) -> None:
    await stalls(here, restarts=1_000)
    for round_ in range(40):
        await here.here.pass_seconds(12)
        await here.watch.run_once()
        await here.mender.run_once()
        await here.becomes("open")
        await here.send(f"try {round_}", acknowledged=False)
    assert here.provider.asked.count("restart") == 2
    assert await here.status() == "stalled"
    row = await here.row()
    assert "2 remedies that did not help: a person must look" in row["mend_note"]
    assert (await here.steps())[-1] == "queue.pause"
    assert "instance.mend_stopped" in await here.steps()
    assert any("a person must look" in str(each["reason"]) for each in await here.told())
    # Nothing more is burnt: the number stands still until somebody looked.
    [gate] = await read_gates(here.here.db)
    assert (gate.what, gate.value, gate.actor) == ("instance", "sales", "mender")
    assert set(here.out().values()) == {1}


@pytest.fixture
async def closed(db: Database, redis: Any, tmp_path: Path) -> AsyncGenerator[Town, None]:
    async with town(db, redis, tmp_path, number=Number(name="sales", state="close")) as running:
        yield running


async def test_a_closed_number_is_connected_and_never_restarted(closed: Town) -> None:
    await closed.watch.run_once()
    assert await closed.status() == "disconnected"
    await closed.mender.run_once()
    assert closed.provider.asked == []  # it may mend itself
    await closed.here.pass_seconds(31)
    await closed.mender.run_once()
    assert closed.provider.asked == ["connect"]
    await closed.becomes("open")
    await closed.mender.run_once()
    await closed.send("goes")
    await closed.watch.run_once()
    await closed.mender.run_once()
    assert await closed.status() == "connected"
    assert await closed.here.db.fetch_one("select result from mends") == {"result": "mended"}


async def test_one_that_is_well_by_now_is_left_alone(closed: Town) -> None:
    await closed.here.pass_seconds(31)
    world = closed.sandbox.world
    world.set_webhook(world.instances["sales"], {"enabled": False, "url": ""}, events=[])
    await closed.control("state", {"state": "open"})
    await closed.here.db.execute("update instances set state = 'close', state_at = now() - interval '1 hour'")
    await closed.mender.run_once()
    assert closed.provider.asked == []
    assert await closed.here.db.fetch_one("select result from mends") == {"result": "not_needed"}
    assert (await closed.row())["paused_until"] is None


async def test_a_logged_out_number_gets_a_notice_and_goes_on_when_it_was_paired(here: Town) -> None:
    await here.control("state", {"state": "close", "reason": 401})
    await here.becomes_logged_out()
    for _ in range(3):
        await here.here.pass_seconds(60)
        await here.mender.run_once()
    assert here.provider.asked == []
    assert "scan a new code: anclora instances qr sales" in (await here.row())["mend_note"]
    assert (await here.steps()).count("instance.mend_notice") == 1
    assert len(await read_gates(here.here.db)) == 1
    await here.control("state", {"state": "open"})
    await here.becomes("open")
    await here.mender.run_once()
    assert (await read_gates(here.here.db), (await here.row())["mend_note"]) == ([], None)


async def test_what_an_operator_stopped_stays_stopped(here: Town) -> None:
    await pause(here.here.db, GateChoice(instance="sales", why="a look"), actor="key:1")
    await here.control("state", {"state": "close", "reason": 401})
    await here.becomes_logged_out()
    await here.mender.run_once()
    await here.control("state", {"state": "open"})
    await here.becomes("open")
    await here.mender.run_once()
    assert [gate.actor for gate in await read_gates(here.here.db)] == ["key:1"]


@pytest.mark.parametrize("what", ["pairing", "deploy"])
async def test_nothing_is_mended_while_somebody_works_there(closed: Town, what: Any) -> None:
    until = closed.here.clock.now() + timedelta(seconds=100)
    async with closed.here.db.transaction() as conn:
        instance = "sales" if what == "pairing" else ""
        await maintenance.begin(conn, what, until=until, actor="key:1", instance=instance)
    await closed.here.pass_seconds(60)
    await closed.mender.run_once()
    assert closed.provider.asked == []
    await closed.here.pass_seconds(60)
    await closed.mender.run_once()
    assert closed.provider.asked == ["connect"]


async def test_one_process_mends_at_a_time_and_another_goes_on_when_it_is_gone(closed: Town) -> None:
    await closed.here.pass_seconds(31)
    other = closed.another_mender()
    await other.run_once()
    await closed.mender.run_once()
    assert closed.provider.asked == ["connect"]
    assert await closed.here.count("mends") == 1
    await closed.opens_there()
    await closed.here.pass_seconds(91)
    await closed.mender.run_once()
    assert await closed.here.db.fetch_one("select resumed_at from mends where resumed_at is not null") is not None


async def test_a_remedy_that_was_interrupted_is_ended_and_counts(closed: Town) -> None:
    await closed.here.db.execute(
        "insert into mends (id, instance, remedy, found, began_at) values (gen_random_uuid(), 'sales', 'connect',"
        " 'disconnected', now() - interval '61 seconds')"
    )
    await closed.mender.run_once()
    ended = await closed.here.db.fetch_one("select result, detail from mends")
    assert ended == {"result": "failed", "detail": "it was interrupted"}


async def test_a_mender_that_is_switched_off_does_nothing(db: Database, redis: Any, tmp_path: Path) -> None:
    async with town(db, redis, tmp_path, number=Number(name="sales", state="close"), mender=False) as here:
        await here.here.pass_seconds(60)
        await here.mender.run_once()
        assert here.provider.asked == []
