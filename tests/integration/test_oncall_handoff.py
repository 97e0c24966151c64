"""A shift passes on: prepared, noted, posted at ten, complained about at half past, and passed when it is accepted."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from anclora.incidents import gather_facts
from anclora.incidents.read import list_incidents
from anclora.incidents.silence import MAINTENANCE, silence
from anclora.kit.errors import ConflictError, InvalidError, NotFoundError
from anclora.oncall import Layer, load_roster, metrics, who
from anclora.oncall.change import add_holiday, put_person, remove_holiday, remove_person, set_duty, set_rotation
from anclora.oncall.handoff import accept, note, show_handoff
from anclora.oncall.model import Duty
from anclora.oncall.override import cancel_override, override, swap
from anclora.oncall.roster import hours_of
from anclora.storage.database import Database
from tests.incidents_stage import MADRID, Stage, at, rotate, stage

SUNDAY = at("2026-03-29T12:00")  # the clocks went forward in the night before
TEN = at("2026-03-30T10:00")


async def two_in_turn(one: Stage, *people: str) -> None:
    """The primary rotation from 23 March on."""
    await rotate(one.db, one.clock, Layer.PRIMARY, *(people or ("ana", "ben")), starts_on=date(2026, 3, 23))


async def keep(one: Stage, moment: datetime) -> None:
    one.clock.set(moment)
    await one.keeper.run_once()
    await one.engine.run_once()
    await one.carry()


async def responsible(one: Stage) -> str | None:
    roster = await load_roster(one.db, hours_of(one.settings), one.clock.now())
    return who(roster, one.clock.now()).primary


async def test_until_the_next_one_accepts_the_one_before_is_called(db: Database) -> None:
    async with stage(db, SUNDAY, team=("ana", None, "ben", "cleo")) as one:
        await two_in_turn(one)
        about: dict[str, Any] = {"clock": one.clock, "actor": "ana"}
        await silence(
            db, MAINTENANCE, {}, TEN + timedelta(hours=40), TEN + timedelta(hours=41), "upgrade", **about, author="ana"
        )
        await one.wrong(fingerprint="left over")
        await keep(one, SUNDAY)
        coming = await show_handoff(db, gather_facts, hours_of(one.settings), one.clock.now())
        assert (coming.state, coming.at, coming.from_person, coming.to_person) == ("coming", TEN, "ana", "ben")
        await note(db, "Do not raise the rate of sales.", clock=one.clock, actor="ana")

        await keep(one, TEN - timedelta(seconds=1))
        assert posted(one) == []
        await keep(one, TEN)
        [mail, *_] = posted(one)
        assert sorted(each.recipient for each in one.mail.taken if "passes" in str(each.message["subject"])) == [
            "ana@example.com",
            "ben@example.com",
        ]
        for line in (
            "## On-Call Handoff - 2026-03-30",
            "**From:** ana",
            "**To:** ben",
            "- [ ] AncloraLaneNotDraining - Nothing has left the queue for 2 min",
            "- Maintenance: upgrade, Wed 2026-04-01 02:00 to Wed 2026-04-01 03:00",
            "Do not raise the rate of sales.",
        ):
            assert line in mail
        assert await responsible(one) == "ana"
        with pytest.raises(ConflictError):
            await note(db, "too late", clock=one.clock, actor="ana")

        await keep(one, TEN + timedelta(minutes=29))
        assert await warnings(db) == []
        await keep(one, TEN + timedelta(minutes=30))
        await keep(one, TEN + timedelta(minutes=31))
        [warning] = await warnings(db)
        assert warning.summary == "ben has not accepted the on-call shift (anclora oncall accept); ana is responsible"
        assert await one.called(warning) == [("oncall", "ana", "opened")]
        assert metrics.HANDOFF_WAITING_SECONDS._value.get() == 31 * 60

        with pytest.raises(ConflictError):
            await accept(db, "ana", clock=one.clock, actor="key:1")
        for _ in range(2):
            taken = await accept(db, "ben", clock=one.clock, actor="key:1")
            assert taken.accepted_at == TEN + timedelta(minutes=31)
        assert await responsible(one) == "ben"
        await keep(one, TEN + timedelta(minutes=32))
        assert await warnings(db) == []
        again = await one.wrong(fingerprint="after")
        await one.tick()
        assert await one.called(again) == [("oncall", "ben", "opened")]


async def test_what_waited_all_week_can_be_accepted_to_its_end_and_then_the_next_one_waits(db: Database) -> None:
    async with stage(db, SUNDAY, team=("ana", None, "ben", "cleo")) as one:
        await two_in_turn(one, "ana", "ben", "cleo")
        next_ten = at("2026-04-06T10:00")
        for moment in (SUNDAY, TEN, TEN + timedelta(hours=1), next_ten - timedelta(hours=20)):
            await keep(one, moment)
        assert len(await warnings(db)) == 1  # the next one is prepared by now, and this one waits still
        assert await responsible(one) == "ana"
        with pytest.raises(ConflictError):
            await accept(db, "cleo", clock=one.clock, actor="key:1")
        await keep(one, next_ten)
        shown = await show_handoff(db, gather_facts, hours_of(one.settings), next_ten)
        assert (shown.from_person, shown.to_person, await responsible(one)) == ("ana", "cleo", "ana")
        assert await warnings(db) == []
        await keep(one, next_ten + timedelta(minutes=30))
        assert [each.labels["to"] for each in await warnings(db)] == ["cleo"]
        await accept(db, "cleo", clock=one.clock, actor="key:1")
        assert await responsible(one) == "cleo"


async def test_what_is_accepted_before_it_is_due_passes_when_it_is(db: Database) -> None:
    async with stage(db, SUNDAY, team=("ana", None, "ben", None)) as one:
        await two_in_turn(one)
        await keep(one, SUNDAY)
        await accept(db, "ben", clock=one.clock, actor="key:1")
        assert await responsible(one) == "ana"
        await keep(one, TEN)
        assert (len(posted(one)), await responsible(one)) == (2, "ben")
        await keep(one, TEN + timedelta(hours=1))
        assert await warnings(db) == []


async def test_a_changed_plan_changes_the_hand_off_that_is_coming(db: Database) -> None:
    async with stage(db, SUNDAY, team=("ana", "ben", "cleo", None)) as one:
        await two_in_turn(one)
        await keep(one, SUNDAY)
        await two_in_turn(one, "ana", "cleo")
        await keep(one, SUNDAY + timedelta(minutes=1))
        found = await show_handoff(db, gather_facts, hours_of(one.settings), one.clock.now())
        assert found.to_person == "cleo"
        await two_in_turn(one, "ana")
        await keep(one, SUNDAY + timedelta(minutes=2))
        with pytest.raises(NotFoundError):
            await show_handoff(db, gather_facts, hours_of(one.settings), one.clock.now())


async def test_a_hand_off_nobody_was_there_to_prepare_is_caught_up_with(db: Database) -> None:
    async with stage(db, SUNDAY, team=("ana", None, "ben", None)) as one:
        await two_in_turn(one)
        await keep(one, TEN + timedelta(hours=5))
        assert (len(posted(one)), await responsible(one)) == (2, "ana")
        await keep(one, TEN + timedelta(hours=5, minutes=1))
        assert len(await warnings(db)) == 1


async def test_weeks_are_swapped_and_taken_back(db: Database) -> None:
    async with stage(db, SUNDAY, team=("ana", "ben", "cleo", None)) as one:
        await two_in_turn(one)
        about: dict[str, Any] = {"clock": one.clock, "actor": "ana"}
        hours = hours_of(one.settings)
        halves = await swap(db, date(2026, 3, 30), date(2026, 4, 6), "a trip", hours, **about)
        assert [(each.person, each.starts_at) for each in halves] == [("ana", TEN), ("ben", at("2026-04-06T10:00"))]
        for days, ok in (
            ((date(2026, 3, 31), date(2026, 4, 6)), "no_such_week"),
            ((date(2026, 4, 6), date(2026, 4, 13)), "same_person"),
        ):
            with pytest.raises(InvalidError) as refused:
                await swap(db, *days, "why", hours, **about)
            assert refused.value.code == ok
        swap_id = halves[0].swap_id
        assert swap_id is not None
        assert await cancel_override(db, swap_id, **about) == 2
        with pytest.raises(NotFoundError):
            await cancel_override(db, swap_id, **about)


async def test_the_roster_refuses_what_makes_no_sense(db: Database) -> None:
    async with stage(db, SUNDAY) as one:
        about: dict[str, Any] = {"clock": one.clock, "actor": "ana"}
        monday: dict[str, Any] = {"at": datetime.min.time(), "zone": MADRID, **about}
        refused = [
            set_rotation(db, Layer.PRIMARY, ["ana"], starts_on=date(2026, 3, 31), **monday),
            set_rotation(db, Layer.PRIMARY, [], starts_on=date(2026, 3, 30), **monday),
            set_rotation(db, Layer.PRIMARY, ["nobody"], starts_on=date(2026, 3, 30), **monday),
            set_duty(db, Duty.CTO, "nobody", **about),
            override(db, Layer.PRIMARY, "ana", TEN, TEN, "why", **about),
            override(db, Layer.PRIMARY, "ana", SUNDAY - timedelta(days=2), SUNDAY - timedelta(days=1), "why", **about),
            override(db, Layer.PRIMARY, "ana", TEN, TEN + timedelta(days=61), "why", **about),
            add_holiday(db, date(2026, 4, 3), date(2026, 4, 2), "Easter", None, **about),
            put_person(db, "x" * 61, {}, **about),
            put_person(db, "zoe", {"E-Mail": ["zoe@example.com"]}, **about),
            put_person(db, "zoe", {"email": []}, **about),
        ]
        for each in refused:
            with pytest.raises(InvalidError):
                await each


async def test_whoever_has_a_turn_or_a_duty_cannot_go(db: Database) -> None:
    async with stage(db, SUNDAY) as one:
        about: dict[str, Any] = {"clock": one.clock, "actor": "ana"}
        for name in ("ana", "ben", "cleo"):
            with pytest.raises(ConflictError):
                await remove_person(db, name, **about)
        roster = await load_roster(db, hours_of(one.settings), SUNDAY)
        assert roster.people["ana"].ways == {"email": ["ana@example.com"]}  # nothing of it was done
        await set_duty(db, Duty.CTO, "cleo", **about)
        await remove_person(db, "dan", **about)
        with pytest.raises(NotFoundError):
            await remove_person(db, "dan", **about)
        off = await add_holiday(db, date(2026, 4, 3), date(2026, 4, 3), "Easter", "ana", **about)
        await remove_holiday(db, off.id, actor="ana")
        with pytest.raises(NotFoundError):
            await remove_holiday(db, off.id, actor="ana")


async def test_what_is_uncovered_and_what_is_wrong_are_figures(db: Database) -> None:
    async with stage(db, SUNDAY, team=("ana", None, None, None)) as one:
        await keep(one, SUNDAY)
        assert metrics.UNCOVERED_SECONDS._value.get() == 0
        counted = {kind: metrics.FINDINGS.labels(kind)._value.get() for kind in ("in_a_row", "no_lead", "gap")}
        assert counted == {"in_a_row": 4, "no_lead": 1, "gap": 0}
    async with stage(db, SUNDAY, team=(None, "ben", None, None)) as one:
        await db.execute("delete from oncall_rotations where layer = 'primary'")
        await keep(one, SUNDAY)
        assert metrics.UNCOVERED_SECONDS._value.get() == 7 * 86_400


def posted(one: Stage) -> list[str]:
    """The hand-offs in mailboxes."""
    bodies: list[str] = []
    for each in one.mail.taken:
        body = each.message.get_body(("plain",))
        if body is not None and "## On-Call Handoff" in body.get_content():
            bodies.append(body.get_content().replace("\r\n", "\n"))
    return bodies


async def warnings(db: Database) -> list[Any]:
    asked: dict[str, Any] = {"severity": None, "before": None, "limit": 10}
    return await list_incidents(db, state="unresolved", name="AncloraHandoffNotAccepted", **asked)
