"""Runs on a real ledger: once a slot for all processes, kept with evidence, beside what is usual, told by exception."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from api_harness import house
from playbook_harness import StandingClock, parts_over

from anclora.kit.errors import SetupError
from anclora.kit.ids import new_id
from anclora.kit.metrics import REGISTRY
from anclora.notify import recent_notices
from anclora.playbook import Checklist, Playbook, Result, Routines, Run, Verdict, recent_runs, show_last_runs
from anclora.playbook.ledger import claim, keep
from anclora.storage.database import Database

MADRID = ZoneInfo("Europe/Madrid")


def next_at(hour: int, *, days: int = 1) -> datetime:
    """That hour of a coming day, by the business clock."""
    day = datetime.now(MADRID).date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, 0, 10, tzinfo=MADRID).astimezone(UTC)


async def runs(db: Database, checklist: Checklist | None = None) -> Sequence[Run]:
    return await recent_runs(db, checklist, 50)


async def rest(routines: Routines) -> None:
    """Rounds until there is nothing more to do at once."""
    while await routines.run_once():
        pass


@pytest.mark.parametrize(("hour", "checklist"), [(10, Checklist.MORNING), (18, Checklist.EVENING)])
async def test_once_however_many_want_to(db: Database, redis: Any, hour: int, checklist: Checklist) -> None:
    clock = StandingClock(next_at(hour))
    four = [Routines(Playbook(parts_over(db, redis, clock))) for _ in range(4)]
    await asyncio.gather(*(rest(each) for each in four))
    [run] = await runs(db, checklist)
    assert (run.actor, run.due_at) == ("schedule", clock.now() - timedelta(seconds=10))
    assert {result.check for result in run.results} >= {"backup"}
    await asyncio.gather(*(rest(each) for each in four))
    assert len(await runs(db, checklist)) == 1
    clock.at = next_at(hour, days=2)  # 23 or 25 hours later where the clocks change
    await asyncio.gather(*(rest(each) for each in four))
    assert len(await runs(db, checklist)) == 2


async def test_ten_claimants_of_one_slot_have_one_winner_and_the_dead_one_is_followed(db: Database) -> None:
    due = next_at(10)
    won = await asyncio.gather(*(claim(db, Checklist.MORNING, due, due) for _ in range(10)))
    assert sum(each is not None for each in won) == 1
    assert await claim(db, Checklist.MORNING, due, due + timedelta(minutes=9)) is None
    late = await asyncio.gather(*(claim(db, Checklist.MORNING, due, due + timedelta(minutes=11)) for _ in range(4)))
    assert sum(each is not None for each in late) == 1
    assert await runs(db) == []  # neither has ended
    # The first one was only slow: the run is the other's now.
    slow, other = (next(each for each in claims if each is not None) for claims in (won, late))
    run = Run(id=slow, checklist=Checklist.MORNING, due_at=due, started_at=due, ended_at=due, actor="x", results=[])
    async with db.transaction() as conn:
        assert not await keep(conn, run)
        ended_at = due + timedelta(minutes=12)
        assert await keep(conn, msgspec.structs.replace(run, id=other, ended_at=ended_at))
    assert [each.id for each in await runs(db)] == [other]


async def test_nothing_before_its_time_nor_before_the_installation_nor_a_day_late(db: Database, redis: Any) -> None:
    before = StandingClock(datetime.now(UTC))
    await db.execute("update playbook_routines set expected_since = %(at)s", at=before.now())  # installed just now
    await rest(Routines(Playbook(parts_over(db, redis, before))))
    early = StandingClock(next_at(9, days=2))
    await db.execute("update playbook_routines set expected_since = %(at)s", at=early.now() - timedelta(hours=1))
    await rest(Routines(Playbook(parts_over(db, redis, early))))
    assert await runs(db) == []
    early.pass_seconds(2 * 3_600)  # nothing ran at ten; at eleven somebody does
    await rest(Routines(Playbook(parts_over(db, redis, early))))
    assert [run.checklist for run in await runs(db, Checklist.MORNING)] == [Checklist.MORNING]


async def test_what_it_came_to_is_told_once_and_begins_with_what_is_not_green(db: Database, redis: Any) -> None:
    settings: dict[str, Any] = {
        "slack_webhook_url": "http://127.0.0.1:1/services/x",
        "ops_to": "slack",
        "report_language": "en",
    }
    clock = StandingClock(next_at(10))
    await asyncio.gather(*(rest(Routines(Playbook(parts_over(db, redis, clock, **settings)))) for _ in range(2)))
    told = [each for each in await recent_notices(db, 10) if each.key.startswith("playbook:morning:")]
    assert len(told) == 1
    assert (told[0].severity, told[0].title.partition(":")[0][:15]) == ("warning", "Morning routine")
    assert [each.channel for each in told[0].deliveries] == ["slack"]


async def test_a_channel_there_is_not_refuses_to_start(db: Database, redis: Any) -> None:
    with pytest.raises(SetupError, match="SLACK_BOT_TOKEN"):
        Routines(Playbook(parts_over(db, redis, StandingClock(next_at(10)), ops_to="slack")))


async def kept(db: Database, at: datetime, value: float | None, checklist: Checklist = Checklist.MORNING) -> None:
    result = Result(check="backlog", verdict=Verdict.OK, value=value, at=at, took_ms=1.0)
    run = Run(id=new_id(), checklist=checklist, due_at=None, started_at=at, ended_at=at, actor="x", results=[result])
    async with db.transaction() as conn:
        assert await keep(conn, run)


async def usual(db: Database, redis: Any, now: datetime, checklist: Checklist = Checklist.MORNING) -> float | None:
    run = await Playbook(parts_over(db, redis, StandingClock(now))).run(checklist, actor="x")
    return next(result.usual for result in run.results if result.check == "backlog")


async def test_usual_is_the_middle_of_four_weeks_at_this_hour_of_this_weekday(db: Database, redis: Any) -> None:
    monday = datetime(2026, 11, 16, 10, 5, tzinfo=MADRID)
    assert await usual(db, redis, monday - timedelta(days=70)) is None
    # The weeks before lie on both sides of the change of clocks; ten stays ten.
    for weeks, value in ((1, 10), (2, 20), (3, 30), (4, 400), (5, 9_000)):
        await kept(db, monday - timedelta(weeks=weeks), value)
    await kept(db, monday - timedelta(days=1), 7_000)  # a Sunday
    await kept(db, monday - timedelta(weeks=1, hours=-4), 7_000)  # in the afternoon
    await kept(db, monday - timedelta(weeks=2, minutes=2), None)  # the same day, earlier: the last of a day counts
    assert await usual(db, redis, monday) == 25


async def test_around_a_deploy_any_day_counts(db: Database, redis: Any) -> None:
    at = datetime(2026, 11, 17, 15, 30, tzinfo=MADRID)
    for days, value in ((1, 1), (3, 2), (4, 9)):
        await kept(db, at - timedelta(days=days), value, Checklist.POST_DEPLOY)
    assert await usual(db, redis, at, Checklist.POST_DEPLOY) == 2


async def test_when_a_routine_ran_last_is_a_figure_and_who_never_ran_is_late_from_the_start(
    db: Database, redis: Any
) -> None:
    def shown(name: str, checklist: str) -> float | None:
        return REGISTRY.get_sample_value(f"anclora_playbook_{name}_seconds", {"checklist": checklist})

    await show_last_runs(db)
    since = await db.fetch_one("select expected_since from playbook_routines where checklist = 'weekly'")
    assert since is not None
    assert shown("last_run_timestamp", "weekly") == since["expected_since"].timestamp()
    assert (shown("max_interval", "morning"), shown("max_interval", "weekly")) == (90_000, 608_400)
    assert shown("last_run_timestamp", "pre-deploy") is None
    now = datetime.now(UTC) + timedelta(hours=5)
    await Playbook(parts_over(db, redis, StandingClock(now))).run(Checklist.MORNING, actor="x")
    await show_last_runs(db)
    assert shown("last_run_timestamp", "morning") == pytest.approx(now.timestamp())


async def test_a_run_is_read_as_it_was_written(db: Database, redis: Any) -> None:
    parts = parts_over(db, redis, StandingClock(datetime.now(UTC)), commit="c0ffee")
    run = await Playbook(parts).run(Checklist.PRE_DEPLOY, actor="cli:ana")
    assert await runs(db, Checklist.PRE_DEPLOY) == [run]
    assert (run.commit, run.actor) == ("c0ffee", "cli:ana")
    verdicts = {result.check: (result.verdict, result.reason) for result in run.results}
    assert verdicts["staging"] == (Verdict.NOT_CONFIGURED, "GITHUB_REPOSITORY, GITHUB_TOKEN")
    assert verdicts["rollback"][0] is Verdict.NOT_CONFIGURED
    assert verdicts["ci"] == (Verdict.NOT_CONFIGURED, "GITHUB_REPOSITORY, GITHUB_TOKEN")
    assert verdicts["monitoring"][0] is Verdict.UNKNOWN  # nobody watches here


async def test_runs_are_read_by_the_api_too(db: Database, redis: Any) -> None:
    parts = parts_over(db, redis, StandingClock(datetime.now(UTC)))
    run = await Playbook(parts).run(Checklist.MORNING, actor="cli:ana")
    await Playbook(parts).run(Checklist.WEEKLY, actor="cli:ana")
    async with house(db, redis) as doors:
        found = await doors.ask("GET", "/api/v1/ops/runs?checklist=morning")
        assert found.status == 200, found.body
        [view] = found.json["runs"]
        assert (view["good"], view["run"]["id"]) == (False, str(run.id))
        assert {each["check"] for each in view["run"]["results"]} == {each.check for each in run.results}
        assert len((await doors.ask("GET", "/api/v1/ops/runs")).json["runs"]) == 2
        assert (await doors.ask("GET", "/api/v1/ops/runs?checklist=noon")).status == 422
