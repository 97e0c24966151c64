"""The night of an incident, the clock in a test's hands: real ledger, real mail on a socket, two engines at once."""

import asyncio
from datetime import datetime, timedelta
from email.message import EmailMessage

from anclora.audit import record
from anclora.incidents import EscalationEngine, State
from anclora.incidents.postmortem import draft
from anclora.incidents.read import find_incident, list_changes
from anclora.kit.ids import new_id
from anclora.notify import ACKNOWLEDGE, Press, recent_notices
from anclora.storage.database import Database
from tests.incidents_stage import MADRID, ROOM, Stage, stage

NIGHT = "2026-11-25T03:00"  # a Wednesday; critical ones know no business hours


async def rounds(one: Stage, other: EscalationEngine, *, minutes: float = 0, seconds: float = 0) -> None:
    """Both processes tick in the same moment, and again: nobody may be called twice by that."""
    one.clock.pass_seconds(minutes * 60 + seconds)
    await asyncio.gather(one.engine.run_once(), other.run_once())
    await asyncio.gather(other.run_once(), one.engine.run_once())
    await one.carry()


async def test_it_climbs_on_time_stops_when_somebody_has_it_and_nobody_is_called_twice(db: Database) -> None:
    night = datetime.fromisoformat(f"{NIGHT}+01:00")
    async with stage(db, night) as one:
        other = EscalationEngine(db, one.channels, one.settings, one.clock)
        async with db.transaction() as conn:
            await record(
                conn, actor="key:ci", action="deploy.release", subject="production", detail={"version": "1.4.0"}
            )
        await db.execute("update audit set at = %(at)s where action = 'deploy.release'", at=night - timedelta(hours=1))

        incident = await one.wrong()
        await rounds(one, other)
        assert await one.called(incident) == [("oncall", "ana", "opened")]
        assert one.mailed() == {"ana": 1}
        first = one.mail.taken[0].message
        words = said(first)
        assert f"https://grafana.example.com/d/queue-dashboard?from={ms(incident.starts_at) - 1_800_000}" in words
        assert "https://wa.example.com/runbooks/AncloraLaneNotDraining" in words
        assert "deploy.release production 1.4.0" in words

        await one.wrong()  # said again, which changes nothing
        await rounds(one, other, minutes=4, seconds=55)
        assert one.mailed() == {"ana": 1}
        await rounds(one, other, seconds=5)
        assert one.mailed() == {"ana": 1, "ben": 1}
        await rounds(one, other, minutes=24, seconds=55)
        assert one.mailed() == {"ana": 1, "ben": 1}
        await rounds(one, other, seconds=5)  # 30 min
        assert one.mailed() == {"ana": 1, "ben": 1, "cleo": 1}

        press = Press(action=ACKNOWLEDGE, value=str(incident.id), via="slack", by="U1", name="ana", at=one.clock.now())
        answers = [await one.buttons().on_action(press) for _ in range(2)]
        assert [each.text for each in answers] == ["ana has AncloraLaneNotDraining."] * 2
        await rounds(one, other, minutes=20)
        assert len(await one.called(incident)) == 3

        ended = await one.right()
        assert ended is not None
        assert (ended.state, ended.resolved_by) == (State.RESOLVED, "signal")
        for _ in range(4):
            await rounds(one, other, minutes=30)
        assert [person for _level, person, _why in await one.called(incident)] == ["ana", "ben", "cleo"]

        # Everybody who was called hears that somebody has it and that it is over, once each, and nobody else does.
        assert one.mailed() == {"ana": 3, "ben": 3, "cleo": 3}
        assert ROOM not in {each.recipient for each in one.mail.taken}
        notices = await recent_notices(db, 50)
        assert len({each.key for each in notices}) == len(notices) == 5

        found = await find_incident(db, incident.id)
        kinds = [line.kind for line in found.timeline]
        assert kinds == ["opened", "paged", "paged", "paged", "acknowledged", "cleared", "resolved"]
        assert found.incident.ack_seconds == 1_800
        changes = await list_changes(db, night.replace(hour=0), one.clock.now(), 3)
        page = draft(found, changes, MADRID, one.clock.now())
        assert "| Acknowledgement (clocks began, taken) | 30 min 0 s |" in page
        assert "| Mitigation (noticed, no longer so) | 50 min 0 s |" in page
        assert "deploy.release production 1.4.0" in page


async def test_an_acknowledgement_in_time_wakes_nobody_else_and_the_other_clock_runs_on(db: Database) -> None:
    night = datetime.fromisoformat(f"{NIGHT}+01:00")
    async with stage(db, night) as one:
        incident = await one.wrong(fingerprint=str(new_id()))
        await one.tick()
        one.clock.pass_seconds(240)
        await one.desk().acknowledge(incident.id, "ana")
        await one.tick(minutes=25)
        assert await one.called(incident) == [("oncall", "ana", "opened")]
        await one.tick(minutes=1)
        await one.tick(minutes=30)
        assert await one.called(incident) == [
            ("oncall", "ana", "opened"),
            ("devops_lead", "cleo", "unresolved"),
            ("cto", "dan", "unresolved"),
        ]


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def said(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    return body.get_content()
