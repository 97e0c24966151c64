"""Incidents on a real ledger: one per thing that is wrong, quiet when it should be, and honest about its own engine."""

import asyncio
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from anclora.audit import record
from anclora.incidents import (
    EscalationEngine,
    Heartbeat,
    State,
    answered,
    load,
    metrics,
    raise_signal,
)
from anclora.incidents.read import find_incident, list_changes, list_incidents
from anclora.kit.errors import ConflictError, InvalidError, NotFoundError
from anclora.kit.ids import new_id
from anclora.kit.severity import Severity
from anclora.notify import ESCALATE, Press, recent_notices
from anclora.oncall.change import add_holiday
from anclora.storage.database import Database
from tests.incidents_stage import MADRID, ROOM, at, signal, stage

NIGHT = at("2026-11-25T03:00")  # a Wednesday
NOON = at("2026-11-25T12:00")


async def test_a_signal_said_by_many_at_once_is_one_incident(db: Database) -> None:
    async with stage(db, NIGHT) as one:
        found = await asyncio.gather(*(one.wrong() for _ in range(12)))
        assert len({each.id for each in found}) == 1
        listed = await list_incidents(db, state="unresolved", severity=None, name=None, before=None, limit=10)
        assert [(each.signals, each.state) for each in listed] == [(12, State.OPEN)]
        other = await one.wrong(fingerprint="another")
        assert other.id != found[0].id
        assert await one.right("nobody-said-so") is None


async def test_a_signal_with_an_end_clears_and_what_comes_back_opens_another(db: Database) -> None:
    async with stage(db, NIGHT) as one:
        first = await one.wrong()
        await one.tick(minutes=3)
        over = signal(one.clock.now(), ends_at=one.clock.now() - timedelta(seconds=30))
        ended = await raise_signal(db, over, clock=one.clock)
        assert ended is not None
        assert (ended.state, ended.cleared_at) == (State.RESOLVED, one.clock.now() - timedelta(seconds=30))
        second = await one.wrong()  # nobody had it: it calls anew
        assert second.id != first.id


async def test_what_comes_back_to_whoever_had_it_is_the_same_and_calls_nobody_at_first(db: Database) -> None:
    async with stage(db, NIGHT) as one:
        first = await one.wrong()
        await one.tick()
        await one.desk().acknowledge(first.id, "ana")
        await one.tick(minutes=10)
        await one.right()
        await one.tick(minutes=9)
        again = await one.wrong()
        assert (again.id, again.state, again.acknowledged_by) == (first.id, State.ACKNOWLEDGED, "ana")
        await one.tick(minutes=29)
        assert [person for _level, person, _why in await one.called(first)] == ["ana"]
        await one.tick(minutes=1)
        assert [person for _level, person, _why in await one.called(first)] == ["ana", "cleo"]
        await one.right()
        await one.tick(minutes=11)
        assert (await one.wrong()).id != first.id


async def test_a_warning_that_becomes_critical_calls_at_once_whoever_had_it(db: Database) -> None:
    async with stage(db, NOON) as one:
        first = await one.wrong(Severity.WARNING)
        await one.tick()
        await one.desk().acknowledge(first.id, "ana")
        await one.tick(minutes=20)
        worse = await one.wrong(Severity.CRITICAL)
        assert (worse.id, worse.state, worse.acknowledged_by) == (first.id, State.OPEN, None)
        await one.tick()
        await one.tick(minutes=5)
        assert await one.called(first) == [
            ("oncall", "ana", "opened"),
            ("oncall", "ana", "opened"),
            ("backup", "ben", "unacknowledged"),
        ]
        milder = await one.wrong(Severity.WARNING)
        assert milder.severity is Severity.CRITICAL


async def test_without_a_backup_the_lead_is_called_at_five_minutes_and_not_again_at_thirty(db: Database) -> None:
    async with stage(db, NIGHT, team=("ana", None, "cleo", "dan")) as one:
        found = await one.wrong()
        for minutes in (0, 5, 25, 30):
            await one.tick(minutes=minutes)
        assert await one.called(found) == [
            ("oncall", "ana", "opened"),
            ("devops_lead", "cleo", "unacknowledged"),
            ("cto", "dan", "unresolved"),
        ]
        assert one.mailed() == {"ana": 1, "cleo": 1, "dan": 1}


async def test_where_nobody_is_on_call_the_room_is_told(db: Database) -> None:
    async with stage(db, NIGHT, team=(None, None, None, None)) as one:
        found = await one.wrong()
        await one.tick()
        await one.tick(minutes=70)
        assert await one.called(found) == [("oncall", None, "opened")]
        assert [each.recipient for each in one.mail.taken] == [ROOM]


async def test_warnings_call_in_business_hours_and_skip_days_off(db: Database) -> None:
    async with stage(db, at("2026-11-27T17:50")) as one:  # a Friday
        await add_holiday(db, date(2026, 11, 30), date(2026, 11, 30), "local", None, clock=one.clock, actor="test")
        found = await one.wrong(Severity.WARNING)
        await one.tick()
        assert await one.called(found) == [("oncall", "ana", "opened")]
        for moment in ("2026-11-27T18:21", "2026-11-28T12:00", "2026-11-30T12:00", "2026-12-01T09:19"):
            one.clock.set(at(moment))
            await one.tick()
        assert len(await one.called(found)) == 1
        one.clock.set(at("2026-12-01T09:20"))  # ten minutes on Friday, twenty on Tuesday
        await one.tick()
        assert await one.called(found) == [("oncall", "ana", "opened"), ("backup", "ben", "unacknowledged")]
        await one.tick(minutes=120)
        assert len(await one.called(found)) == 2
        answer = await one.desk().acknowledge(found.id, "ben")
        assert answer.ack_seconds == 150 * 60


async def test_a_warning_shows_its_week_and_is_remembered_until_it_is_planned(db: Database) -> None:
    async with stage(db, at("2026-11-24T12:00")) as one:
        await one.wrong(Severity.WARNING, fingerprint="before")
        one.clock.set(NOON)
        found = await one.wrong(Severity.WARNING)
        await one.desk().resolve((await find_incident(db, found.id)).incident.id)
        found = await one.wrong(Severity.WARNING)
        await one.tick()
        words = body_of(one.mail.taken[-1])
        assert "19 Nov: 0, 20 Nov: 0, 21 Nov: 0, 22 Nov: 0, 23 Nov: 0, 24 Nov: 1, 25 Nov: 2" in words
        assert "a day and an owner are wanted" in words
        one.clock.set(at("2026-11-25T17:30"))
        await one.tick()  # five hours and a half: one reminder, though no round was made at four
        await one.tick()
        assert await reminders(db, found.id) == 1
        one.clock.set(at("2026-11-26T20:00"))
        await one.tick()
        assert await reminders(db, found.id) == 1  # in the evening nobody is told
        with pytest.raises(InvalidError):
            await one.desk().plan(found.id, date(2026, 11, 25), "ana")
        await one.desk().plan(found.id, date(2026, 11, 27), "ana")
        one.clock.set(at("2026-11-27T15:00"))
        await one.tick()
        assert await reminders(db, found.id) == 1
        one.clock.set(at("2026-11-30T10:00"))  # the day is over, and it is still there
        await one.tick()
        assert await reminders(db, found.id) == 2
        detail = await find_incident(db, found.id)
        assert (detail.incident.planned_owner, detail.incident.acknowledged_by) == ("ana", "ana")


async def test_escalating_by_hand_calls_the_next_and_says_when_nobody_is_left(db: Database) -> None:
    async with stage(db, NIGHT) as one:
        found = await one.wrong()
        await one.tick()
        press = Press(action=ESCALATE, value=str(found.id), via="slack", by="U1", name="ana", at=one.clock.now())
        answers = [await one.buttons().on_action(press) for _ in range(4)]
        assert [each.done for each in answers] == [True, True, True, False]
        assert answers[0].text == "ben (backup) is called now."
        await one.tick(minutes=70)
        assert [(level, why) for level, _person, why in await one.called(found)] == [
            ("oncall", "opened"),
            ("backup", "asked"),
            ("devops_lead", "asked"),
            ("cto", "asked"),
        ]
        assert one.mailed() == {"ana": 1, "ben": 1, "cleo": 1, "dan": 1}


async def test_old_and_foreign_buttons_are_answered_kindly(db: Database) -> None:
    async with stage(db, NIGHT) as one:
        found = await one.wrong()
        await one.right()
        now = one.clock.now()
        presses = [
            ("acknowledge", str(found.id)),
            ("acknowledge", str(new_id())),
            ("escalate", "x"),
            ("dance", str(found.id)),
        ]
        for action, value in presses:
            press = Press(action=action, value=value, via="voice", by="+34600", name="", at=now)
            assert not (await one.buttons().on_action(press)).done
        with pytest.raises(ConflictError):
            await one.desk().acknowledge(found.id)
        with pytest.raises(NotFoundError):
            await one.desk().resolve(new_id())


async def test_an_incident_the_engine_cannot_deal_with_holds_up_no_other_and_stops_the_heartbeat(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(db, NIGHT) as one:
        await one.tick()
        assert (one.beats, metrics.LAST_TICK._series[()]) == ([NIGHT], NIGHT.timestamp())
        sick, well = await one.wrong(), await one.wrong(fingerprint="another")
        look = EscalationEngine._look_at

        async def fails(engine: EscalationEngine, incident_id: Any, *rest: Any) -> Any:
            if incident_id == sick.id:
                raise RuntimeError("a defect")
            return await look(engine, incident_id, *rest)

        monkeypatch.setattr(EscalationEngine, "_look_at", fails)
        await one.tick(minutes=1)
        assert (len(await one.called(sick)), len(await one.called(well))) == (0, 1)
        assert metrics.LAST_TICK._series[()] == NIGHT.timestamp()
        assert one.beats == [NIGHT]  # the dead man's switch hears nothing either
        monkeypatch.undo()
        await one.tick()
        assert len(await one.called(sick)) == 1
        assert metrics.LAST_TICK._series[()] == one.clock.now().timestamp()


async def test_one_of_several_processes_beats_once_a_minute(db: Database) -> None:
    async with stage(db, NIGHT) as one:
        other = EscalationEngine(db, one.channels, one.settings, one.clock, one.engine._beats)
        for _ in range(10):
            await asyncio.gather(one.engine.run_once(), other.run_once())
            one.clock.pass_seconds(20)
        assert one.beats == [NIGHT + timedelta(minutes=each) for each in range(4)]


async def test_the_heartbeat_is_heard_when_the_other_side_says_so() -> None:
    asked: list[str] = []

    async def hear(request: web.Request) -> web.Response:
        asked.append(str(request.rel_url))
        return web.Response(status=200 if len(asked) == 1 else 404)

    app = web.Application()
    app.router.add_get("/ping/{rest:.*}", hear)
    async with TestServer(app, host="127.0.0.1") as server:
        heartbeat = Heartbeat(f"{server.make_url('/ping/secret')}?from=anclora")
        assert [await heartbeat.beat() for _ in range(2)] == [True, False]
        await heartbeat.close()
    assert asked == ["/ping/secret?from=anclora"] * 2


async def test_an_address_that_does_not_hear_is_no_failure_of_the_engine() -> None:
    heartbeat = Heartbeat("http://127.0.0.1:1/ping/secret")
    assert await heartbeat.beat() is False
    await heartbeat.close()


async def test_changes_are_what_people_did_to_the_system(db: Database) -> None:
    actions = (
        "deploy.release",
        "queue.pause",
        "class.change",
        "instance.mend_acted",
        "contact.opt_out",
        "incident.note",
    )
    async with db.transaction() as conn:
        for action in actions:
            await record(conn, actor="key:1", action=action, subject="x")
    rows = await db.fetch_all("select now() as now")
    now = rows[0]["now"]
    found = await list_changes(db, now - timedelta(minutes=1), now + timedelta(seconds=1), 10)
    assert {(each.kind, each.action) for each in found} == {
        ("deploy", "deploy.release"),
        ("pause", "queue.pause"),
        ("setting", "class.change"),
    }


async def test_answers_are_measured_against_their_targets_and_load_is_counted(db: Database) -> None:
    async with stage(db, NIGHT) as one:
        for minutes in (2, 7):
            found = await one.wrong(fingerprint=str(minutes))
            await one.tick()
            await one.tick(minutes=minutes)
            await one.desk().acknowledge(found.id, "ana")
        await one.wrong(fingerprint="alone")
        await one.right("alone")
        await one.wrong(fingerprint="waits")
        async with db.transaction() as conn:
            until = one.clock.now() + timedelta(seconds=1)
            critical, warning = await answered(conn, NIGHT, until)
            shares = await load(conn, MADRID, NIGHT, until)
        assert (critical.opened, critical.acknowledged, critical.within_target) == (4, 2, 1)
        assert (critical.ended_alone, critical.waiting, critical.p50_seconds, critical.p95_seconds) == (1, 1, 120, 420)
        assert warning.opened == 0
        assert [(each.person, each.pages, each.at_night) for each in shares] == [("ana", 2, 2), ("ben", 1, 1)]


async def test_every_act_is_in_the_trail_and_no_notice_is_told_twice(db: Database) -> None:
    async with stage(db, NOON) as one:
        found = await one.wrong()
        await one.tick()
        desk = one.desk("key:7")
        await desk.acknowledge(found.id)
        await desk.note(found.id, "the provider says an hour")
        await desk.resolve(found.id, "they mended it")
        await desk.note(found.id, "they told us why")
        await one.tick()
        rows = await db.fetch_all(
            "select action, actor from audit where subject = %(s)s order by id", s=f"incident:{found.id}"
        )
        done = Counter(row["action"] for row in rows)
        assert done == {
            "incident.opened": 1,
            "incident.paged": 1,
            "incident.acknowledged": 1,
            "incident.note": 2,
            "incident.resolved": 1,
        }
        notices = await recent_notices(db, 20)
        assert sorted(each.key.rpartition(":")[2] for each in notices) == ["oncall", "resolved"]


async def reminders(db: Database, incident_id: Any) -> int:
    found = await find_incident(db, incident_id)
    return sum(line.kind == "reminded" for line in found.timeline)


def body_of(mail: Any) -> str:
    return mail.message.get_body(("plain",)).get_content()
