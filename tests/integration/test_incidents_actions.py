"""What was learnt is to be done: an action has an owner and a day, and keeps its post-mortem open until it is."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from anclora.incidents import Incident, overdue_actions
from anclora.incidents.action import add_action, finish_action, list_actions
from anclora.incidents.model import ActionItem, PostMortemState
from anclora.incidents.postmortem import draft, state_of
from anclora.incidents.read import find_incident
from anclora.kit.errors import ConflictError, InvalidError, NotFoundError
from anclora.kit.ids import new_id
from anclora.reports import gather_period, overdue_namer, period_of, render
from anclora.reports.gather import Sources
from anclora.storage.database import Database
from tests.incidents_stage import MADRID, Stage, at, stage

NOON = at("2026-11-26T12:00")  # a Thursday
TODAY = date(2026, 11, 26)


async def add(
    one: Stage, incident_id: UUID, text: str = "mend it", owner: str = "ben", due_on: date = TODAY
) -> ActionItem:
    about: dict[str, Any] = {"clock": one.clock, "zone": MADRID, "actor": "key:7", "name": "ana"}
    return await add_action(one.db, incident_id, text, owner, due_on, **about)


async def finish(one: Stage, action: ActionItem) -> ActionItem:
    return await finish_action(one.db, action.id, clock=one.clock, actor="key:8", name="cleo")


async def over(one: Stage) -> Incident:
    found = await one.wrong()
    return await one.desk().resolve(found.id)


async def test_a_post_mortem_is_open_until_all_of_its_actions_are_done(db: Database) -> None:
    async with stage(db, NOON) as one:
        found = await one.wrong()

        async def state() -> PostMortemState:
            return state_of(await find_incident(db, found.id))

        assert await state() is PostMortemState.DRAFT
        first = await add(one, found.id, "page\nsooner", due_on=TODAY + timedelta(days=7))
        assert (first.text, first.name, first.created_by, first.done_at) == ("page sooner", found.name, "ana", None)
        assert await state() is PostMortemState.OPEN
        await finish(one, first)
        assert await state() is PostMortemState.DRAFT  # the incident goes on
        await one.desk().resolve(found.id)
        assert await state() is PostMortemState.CLOSED
        await add(one, found.id, "a | b", due_on=TODAY + timedelta(days=8))
        assert await state() is PostMortemState.OPEN
        text = draft(await find_incident(db, found.id), [], MADRID, one.clock.now())
        assert "**Status:** open, 1 of 2 actions to be done  \n" in text
        assert "| page sooner | ben | 2026-12-03 | 2026-11-26, cleo |\n| a \\| b | ben | 2026-12-04 | no |\n" in text


async def test_an_action_is_in_the_timeline_and_in_the_trail_and_is_done_once(db: Database) -> None:
    async with stage(db, NOON) as one:
        found = await over(one)
        action = await add(one, found.id)
        one.clock.pass_seconds(60)
        done = [await finish(one, action) for _ in range(2)]
        assert done[0] == done[1]
        assert (done[0].done_by, done[0].done_at) == ("cleo", one.clock.now())
        lines = [(line.kind, line.actor, line.text) for line in (await find_incident(db, found.id)).timeline]
        assert lines[-2:] == [
            ("action", "ana", "ben is to do until 2026-11-26: mend it"),
            ("action_done", "cleo", "Done: mend it"),
        ]
        rows = await db.fetch_all(
            "select action, actor from audit where subject = %(s)s and action like 'incident.action%%' order by id",
            s=f"incident:{found.id}",
        )
        assert rows == [
            {"action": "incident.action", "actor": "key:7"},
            {"action": "incident.action_done", "actor": "key:8"},
        ]


async def test_what_makes_no_sense_is_refused(db: Database) -> None:
    async with stage(db, NOON) as one:
        found = await over(one)
        refused: list[dict[str, Any]] = [
            {"text": " "},
            {"text": "x" * 301},
            {"owner": ""},
            {"owner": "x" * 61},
            {"due_on": TODAY - timedelta(days=1)},
        ]
        for words in refused:
            with pytest.raises(InvalidError):
                await add(one, found.id, **words)
        with pytest.raises(NotFoundError):
            await add(one, new_id())
        with pytest.raises(NotFoundError):
            await finish_action(db, new_id(), clock=one.clock, actor="a", name="a")
        for _ in range(50):
            await add(one, found.id)
        with pytest.raises(ConflictError):
            await add(one, found.id)


async def test_an_action_is_overdue_when_its_business_day_is_over_and_not_before(db: Database) -> None:
    async with stage(db, NOON) as one:
        found = await over(one)
        late = await add(one, found.id, "late")
        await add(one, found.id, "in time", due_on=TODAY + timedelta(days=1))

        async def overdue(moment: datetime) -> list[str]:
            async with db.transaction() as conn:
                return [each.text for each in await overdue_actions(conn, moment, MADRID)]

        midnight = at("2026-11-27T00:00")
        assert await overdue(midnight - timedelta(seconds=1)) == []
        assert await overdue(midnight) == ["late"]
        for state, texts in (
            ("open", ["late", "in time"]),
            ("overdue", ["late"]),
            ("done", []),
            (None, ["late", "in time"]),
        ):
            listed = await list_actions(db, state, TODAY + timedelta(days=1), 10)
            assert [each.text for each in listed] == texts
        one.clock.set(midnight + timedelta(hours=9))
        await finish(one, late)
        assert await overdue(one.clock.now() + timedelta(seconds=1)) == []
        assert await overdue(midnight) == ["late"]  # it was, then


async def test_the_report_of_a_week_names_what_was_overdue_at_its_end_and_stays_as_it_was(db: Database) -> None:
    async with stage(db, NOON) as one:
        found = await over(one)
        late = await add(one, found.id, "page sooner")
        await add(one, found.id, "not yet", due_on=date(2026, 11, 30))
        one.clock.set(at("2026-11-30T09:00"))
        spans = period_of("weekly", "2026-11-26", zone=MADRID, now=one.clock.now())
        drawn: set[bytes] = set()
        for _ in range(2):
            sources = Sources(overdue=overdue_namer(zone=MADRID))
            week = await gather_period(db, spans, zone=MADRID, sources=sources)
            drawn.add(render(week, "md", "en"))
            await finish(one, late)
        [text] = drawn
        assert "| page sooner | ben | AncloraLaneNotDraining | Thursday, 26 November |" in text.decode()
        assert "not yet" not in text.decode()
