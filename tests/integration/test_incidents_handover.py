"""What the next person is told below the playbook's headings: the budget, what flaps, what is late, who was called."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reports_harness import count_anew, make_partitions, message

from anclora.access.keys import create
from anclora.audit import record
from anclora.incidents import gather_facts
from anclora.incidents.action import add_action
from anclora.incidents.handover import FLAPPING
from anclora.incidents.page import changes_told
from anclora.incidents.silence import SILENCE, silence
from anclora.oncall.roster import hours_of
from anclora.storage.database import Database
from tests.incidents_stage import MADRID, Stage, at, stage

MONDAY = at("2026-11-23T10:00")


async def further(one: Stage) -> Mapping[str, Sequence[str]]:
    async with one.db.transaction() as conn:
        facts = await gather_facts(conn, hours_of(one.settings), MONDAY, one.clock.now())
    return dict(facts.further)


async def test_the_budget_is_what_our_and_the_providers_faults_leave_of_half_a_percent(db: Database) -> None:
    await make_partitions(db)
    async with stage(db, at("2026-11-26T12:00")) as one:
        assert (await further(one))["Error Budget"] == ["No message ended in 30 days, so all of it is left"]
        for hour in range(24):
            for minute in range(25):
                await message(db, sent=f"2026-11-20T{hour:02}:{minute:02}")
        for _ in range(3):
            await message(db, failed="2026-11-20T10:00", reason="not_on_whatsapp")  # whose fault is theirs
        await message(db, failed="2026-10-26T10:00", reason="tries_exhausted", state="dead")  # 31 days ago
        await message(db, failed="2026-11-20T10:00", reason="tries_exhausted", state="dead")
        await count_anew(db)
        promised = "messages were lost to our own or the provider's faults, and 99.5% is promised"
        assert (await further(one))["Error Budget"] == [f"67% is left: in 30 days 1 of 604 {promised}"]
        for _ in range(5):
            await message(db, failed="2026-11-20T11:00", reason="unknown_outcome", state="dead")
        await count_anew(db)
        assert (await further(one))["Error Budget"] == [f"overdrawn by 97%: in 30 days 6 of 609 {promised}"]


async def test_an_alert_that_opened_too_often_in_seven_days_is_flapping(db: Database) -> None:
    async with stage(db, at("2026-11-24T12:00")) as one:
        for number in range(FLAPPING + 1):
            await one.wrong(fingerprint=f"q{number % 2}")
            await one.right(f"q{number % 2}")
            one.clock.pass_seconds(3_600)
        for _ in range(FLAPPING):
            await one.wrong(name="AncloraRare", fingerprint="rare")
            await one.right("rare")
            one.clock.pass_seconds(3_600)
        line = "AncloraLaneNotDraining opened 4 times in 7 days, about 2 different things"
        assert (await further(one))["Flapping Alerts"] == [line]
        one.clock.pass_seconds(7 * 86_400)
        assert (await further(one))["Flapping Alerts"] == []


async def test_what_comes_back_to_whoever_had_it_flaps_too(db: Database) -> None:
    async with stage(db, at("2026-11-24T12:00")) as one:
        found = await one.wrong()
        await one.desk().acknowledge(found.id)
        for _ in range(FLAPPING):
            await one.right()
            one.clock.pass_seconds(60)
            again = await one.wrong()
            assert again.id == found.id
        assert (await further(one))["Flapping Alerts"] == ["AncloraLaneNotDraining opened 4 times in 7 days"]


async def test_calls_of_the_shift_stand_beside_those_of_the_week_before_and_the_nightly_ones_are_named(
    db: Database,
) -> None:
    async with stage(db, MONDAY - timedelta(days=2)) as one:
        await one.wrong(fingerprint="before")
        await one.tick()
        await one.right("before")
        one.clock.set(at("2026-11-25T03:10"))
        for name in ("night", "later"):
            found = await one.wrong(fingerprint=name)
            await one.tick()
            one.clock.pass_seconds(120)
            await one.desk().acknowledge(found.id, "ana")
            await one.desk().resolve(found.id)
            one.clock.pass_seconds(10 * 3_600)
        told = await further(one)
        assert told["Calls of This Shift"] == [
            "ana: 2 calls, 1 at night, acknowledged after 2 min 0 s (p50) and 2 min 0 s (p95)",
            "In all: 2 calls, 1 at night; in the week before 1 and 0",
        ]
        assert told["Calls at Night"] == ["Wed 2026-11-25 03:10 ana: AncloraLaneNotDraining"]


async def test_whoever_changed_something_with_a_key_goes_by_its_name(db: Database) -> None:
    async with stage(db, MONDAY) as one:
        made = await create(db, account="main", name="the pipeline", scopes=["messages:read"])
        async with db.transaction() as conn:
            for actor in (f"key:{made.key.id}", "key:gone"):
                await record(conn, actor=actor, action="queue.pause", subject="instance:sales")
        one.clock.set(datetime.now(UTC) + timedelta(minutes=1))
        async with db.transaction() as conn:
            since = one.clock.now() - timedelta(hours=1)
            changes = [each.actor for each in await changes_told(conn, since, one.clock.now(), limit=5)]
            facts = await gather_facts(conn, hours_of(one.settings), since, one.clock.now())
        assert changes[:2] == ["key:gone", "the pipeline"]
        assert facts.changes[1].endswith("queue.pause instance:sales by the pipeline")


async def test_overdue_actions_are_named_and_silences_that_end_soon_come_first(db: Database) -> None:
    async with stage(db, at("2026-11-23T12:00")) as one:
        found = await one.wrong()
        about: dict[str, Any] = {"clock": one.clock, "actor": "key:1"}
        for days in (0, 3):
            due_on = date(2026, 11, 23) + timedelta(days=days)
            await add_action(db, found.id, f"until {days}", "ben", due_on, zone=MADRID, name="ana", **about)
        one.clock.pass_seconds(86_400)
        for name, hours in (("long", 72), ("short", 5)):
            start = one.clock.now()
            end = start + timedelta(hours=hours)
            await silence(db, SILENCE, {"name": name}, start, end, "known", **about, author="ana")
        told = await further(one)
        assert told["Overdue Actions"] == [
            f"until 0 (ben, until 2026-11-23; learnt from AncloraLaneNotDraining, {found.id})"
        ]
        assert told["Silences"] == [
            "ends within a day: name=short until Tue 2026-11-24 17:00: known (ana)",
            "name=long until Fri 2026-11-27 12:00: known (ana)",
        ]
