"""Another time for a message; times on clock-change days; and a schedule that costs nothing until it is due."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from api_harness import PHONE, house
from messages_harness import ScriptedProvider, Stage, send_round, stage

from anclora.audit import recent
from anclora.kit.errors import ConflictError, InvalidError, NotFoundError
from anclora.kit.ids import new_id
from anclora.messages import dispatch, rules
from anclora.messages.reschedule import QUERIES, Reschedule, reschedule
from anclora.messages.sweep import Promoter
from anclora.storage.database import Database
from tests.waiting import eventually


@pytest.fixture
async def here(
    db: Database, redis: Any, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Stage, None]:
    monkeypatch.setattr(dispatch, "_IDLE_SECONDS", 0.01)
    async with stage(db, redis, provider) as running:
        yield running


async def move(here: Stage, message_id: UUID, send_at: datetime, zone: str | None = None) -> str:
    wish = Reschedule(send_at=send_at, send_zone=zone)
    return (await reschedule(here.db, message_id, wish, now=here.clock.now(), actor="ana")).state.value


async def promoted(here: Stage) -> None:
    await Promoter(here.db, here.queue, here.settings).run_once()
    for _ in range(2):
        await send_round(await here.dispatcher())


async def test_a_scheduled_one_goes_at_its_new_time_once(here: Stage, provider: ScriptedProvider) -> None:
    later = await here.accept(send_at=here.clock.now() + timedelta(hours=1))
    assert await move(here, later, here.clock.now() + timedelta(hours=3)) == "scheduled"
    await here.pass_seconds(3_700)
    await promoted(here)
    assert provider.out == []
    await here.pass_seconds(7_200)
    await promoted(here)
    assert (provider.out, await here.state(later)) == (["hola"], "sent")


async def test_a_queued_one_waits_as_scheduled_and_holds_nobody_back(here: Stage, provider: ScriptedProvider) -> None:
    moved, behind = await here.accept("moved"), await here.accept("behind")
    assert await move(here, moved, here.clock.now() + timedelta(hours=1)) == "scheduled"
    await promoted(here)
    row = await here.row(moved)
    assert (provider.out, row["ordinal"], row["eligible_at"]) == (["behind"], None, None)
    assert (await here.queue.stats()).lanes == {}  # the lane let go of it
    await here.pass_seconds(3_601)
    await promoted(here)
    assert (provider.out, await here.state(behind)) == (["behind", "moved"], "sent")


async def test_a_time_that_has_passed_means_now(here: Stage, provider: ScriptedProvider) -> None:
    later = await here.accept(send_at=here.clock.now() + timedelta(hours=1))
    await move(here, later, here.clock.now() - timedelta(days=1))
    await promoted(here)
    assert provider.out == ["hola"]


async def test_the_zone_is_that_of_the_wish(here: Stage) -> None:
    message_id = await here.accept()
    local = (here.clock.now() + timedelta(days=1)).replace(tzinfo=None, microsecond=0)
    await move(here, message_id, local, "Asia/Tokyo")
    row = await here.row(message_id)
    assert (row["send_at"], row["send_zone"]) == (local.replace(tzinfo=UTC) - timedelta(hours=9), "Asia/Tokyo")


@pytest.mark.parametrize("state", ["sending", "unknown", "sent", "failed", "dead", "canceled", "expired", "blocked"])
async def test_from_sending_on_it_is_too_late(here: Stage, state: str) -> None:
    message_id = await here.accept()
    await here.set(message_id, state=state)
    with pytest.raises(ConflictError) as refused:
        await move(here, message_id, here.clock.now() + timedelta(hours=1))
    assert (refused.value.code, refused.value.extra) == ("not_reschedulable", {"state": state})
    assert (await here.state(message_id), await recent(here.db)) == (state, [])


async def test_a_time_nobody_can_keep_changes_nothing(here: Stage) -> None:
    now = here.clock.now()
    message_id = await here.accept(expires_at=now + timedelta(hours=2))
    for wish in (now + timedelta(hours=3), now + timedelta(days=500), (now + timedelta(hours=1)).replace(tzinfo=None)):
        with pytest.raises(InvalidError):
            await move(here, message_id, wish)
    assert (await here.state(message_id), await recent(here.db)) == ("queued", [])
    with pytest.raises(NotFoundError):
        await move(here, new_id(), now)


async def test_it_is_audited_and_told_in_the_timeline(here: Stage) -> None:
    message_id = await here.accept()
    await move(here, message_id, here.clock.now() + timedelta(hours=1))
    [entry] = await recent(here.db)
    assert (entry.actor, entry.action, entry.subject) == ("ana", "message.reschedule", str(message_id))
    rows = await here.db.fetch_all("select kind from message_notes where message_id = %(id)s", id=message_id)
    assert [row["kind"] for row in rows] == ["rescheduled"]


async def test_of_reschedule_and_intent_exactly_one_wins(here: Stage) -> None:
    ids = [await here.accept(f"#{n}", to=f"+346001112{n:02d}", fed=False) for n in range(30)]
    later = here.clock.now() + timedelta(hours=1)
    sending = asyncio.create_task(here.intend(*ids))
    moves = await asyncio.gather(*(move(here, i, later) for i in ids), return_exceptions=True)
    going = {intent.id for intent in (await sending).send}
    moved = {i for i, answer in zip(ids, moves, strict=True) if answer == "scheduled"}
    assert all(isinstance(answer, ConflictError) for answer in moves if answer != "scheduled")
    assert not going & moved
    assert going | moved == set(ids)


async def test_reschedule_waits_for_an_open_intent_and_loses(here: Stage) -> None:
    message_id = await here.accept()
    async with here.db.transaction() as conn:
        await conn.execute("update messages set state = 'sending' where id = %s", [message_id])
        losing = asyncio.create_task(move(here, message_id, here.clock.now() + timedelta(hours=1)))
        await eventually(here.somebody_waits_for_a_lock)
    with pytest.raises(ConflictError):
        await losing


async def test_the_door_moves_a_message(db: Database, redis: Any) -> None:
    async with house(db, redis) as doors:
        sent = await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": "hola"})
        place = f"/api/v1/messages/{sent.json['id']}"
        soon = (doors.deps.clock.now() + timedelta(hours=1)).isoformat()
        moved = await doors.ask("PATCH", place, json={"send_at": soon})
        assert (moved.status, moved.json["state"]) == (200, "scheduled")
        assert (await doors.ask("PATCH", place, json={})).json["code"] == "schema"
        reader = await doors.make_key("messages:read")
        assert (await doors.ask("PATCH", place, json={"send_at": soon}, key=reader)).status == 403
        await doors.ask("DELETE", place)
        late = await doors.ask("PATCH", place, json={"send_at": soon})
        assert (late.status, late.json["code"], late.json["state"]) == (409, "not_reschedulable", "canceled")


def clock_change(month: int, now: datetime) -> datetime:
    """The next last Sunday of a month, 02:30 on the wall: once skipped, once there twice."""
    for year in (now.year, now.year + 1):
        day = datetime(year, month, 31, 2, 30)  # noqa: DTZ001 - on the wall
        day -= timedelta(days=(day.weekday() + 1) % 7)
        if day - now.replace(tzinfo=None) > timedelta(days=1):
            return day
    raise AssertionError


@pytest.mark.parametrize(("month", "utc"), [(3, (1, 30)), (10, (0, 30))], ids=["skipped", "there twice"])
async def test_half_past_two_on_a_clock_change_day_goes_out_once(
    here: Stage, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch, month: int, utc: tuple[int, int]
) -> None:
    """Skipped: half past three in summer time. Twice: the first one. Madrid changes at 01:00 UTC."""
    monkeypatch.setattr(rules, "FARTHEST_SCHEDULE", timedelta(days=400))  # the next one may be 53 weeks away
    wall = clock_change(month, here.clock.now())
    message_id = await here.accept(send_at=wall, send_zone="Europe/Madrid")
    due = wall.replace(hour=utc[0], minute=utc[1], tzinfo=UTC)
    assert (await here.row(message_id))["send_at"] == due
    await here.pass_seconds((due - here.clock.now()).total_seconds() - 60)
    await promoted(here)
    assert provider.out == []
    for _ in range(3):  # its moment, an hour later, and one more
        await here.pass_seconds(3_600)
        await promoted(here)
        assert provider.out == ["hola"]


SCHEDULED = 1_000_000 if os.environ.get("LONG") else 30_000


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


async def test_what_is_scheduled_costs_nothing_until_it_is_due(here: Stage, redis: Any) -> None:
    """The promoter reads a handful of pages whatever waits, and the lanes know nothing of it."""
    one = await here.accept(send_at=here.clock.now() + timedelta(days=1))
    keys = set(await redis.keys("*"))
    await here.db.execute(
        "insert into messages (id, account, instance, contact_id, recipient, content, kind, class, priority, state,"
        " send_at) select i, account, instance, contact_id, recipient, content, kind, class, priority, state,"
        " send_at + make_interval(secs => random() * 1e6)"
        " from messages, unnest(%(ids)s::uuid[]) as i where id = %(one)s",
        ids=[new_id() for _ in range(SCHEDULED)],
        one=one,
    )
    await here.db.execute("analyze messages")
    async with here.db.transaction() as conn:
        explain = "explain (analyze, buffers, format json) " + QUERIES["promote"]
        cursor = await conn.execute(explain, {"limit": 1_000})
        row = await cursor.fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    read = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    whole = [node for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
    assert [node for node in whole if node["Shared Hit Blocks"] + node["Shared Read Blocks"]] == []  # but empty ones
    assert any(str(node.get("Index Name")).endswith("_send_at_idx") for node in nodes(plan))
    assert read < 100
    await promoted(here)
    assert (await here.queue.stats()).lanes == {}
    assert set(await redis.keys("*")) == keys
