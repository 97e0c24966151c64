"""Limits are rows: changed at the door, kept by the lane a moment later, and again after Redis forgot them."""

from typing import Any

import pytest
from api_harness import House, house
from messages_harness import ScriptedProvider, Stage, send_round

from anclora.instances.pacing import PacingChange, change_pacing
from anclora.kit.clock import business_date
from anclora.messages.pacing import PaceKeeper
from anclora.queue import Limits
from anclora.storage.database import Database


async def change(here: Stage, **values: Any) -> None:
    """Somebody changes the number's pacing, and a keeper tells the lanes."""
    today = business_date(here.clock.now(), here.settings.timezone)
    await change_pacing(here.db, "sales", PacingChange(**values), actor="test", default="sandbox", today=today)
    await PaceKeeper(here.db, here.queue, here.settings, here.clock).run_once()


async def test_a_rate_spreads_what_waits_and_lifting_it_lets_it_go(here: Stage, provider: ScriptedProvider) -> None:
    for n in range(6):
        await here.accept(f"m{n}", to=f"+3460011122{n}")
    dispatcher = await here.dispatcher()
    await change(here, per_minute=1)
    await send_round(dispatcher)
    await send_round(dispatcher)
    assert len(provider.out) == 1
    await here.pass_seconds(61)
    dispatcher = await here.dispatcher()
    await send_round(dispatcher)
    assert len(provider.out) == 2
    await change(here, per_minute=None)
    await send_round(dispatcher)
    assert len(provider.out) == 6


async def test_a_new_number_warms_up(here: Stage, provider: ScriptedProvider) -> None:
    for n in range(60):
        await here.accept(f"m{n}", to=f"+346001112{n:02d}")
    await change(here, preset="qr", per_minute=0, jitter=0.0, at_once=0)
    dispatcher = await here.dispatcher()
    for _ in range(5):
        await send_round(dispatcher)
    assert len(provider.out) == 40  # of the first day's 50 a fifth is kept for replies


async def test_a_redis_that_lost_its_memory_is_told_the_limits_before_it_serves(
    here: Stage, provider: ScriptedProvider
) -> None:
    for n in range(4):
        await here.accept(f"m{n}", to=f"+3460011122{n}")
    await change(here, per_minute=1)
    await here.redis.flushall()
    await here.reconciler.run_once()
    dispatcher = await here.dispatcher()
    await send_round(dispatcher)
    await send_round(dispatcher)
    assert len(provider.out) == 1


async def test_the_door_changes_shows_and_records(db: Database, redis: Any) -> None:
    path = "/api/v1/instances/sales/pacing"
    async with house(db, redis) as doors:
        assert (await doors.ask("GET", path)).json["preset"] == "qr"
        changed = await doors.ask("PATCH", path, json={"preset": "cloud", "per_day": 10})
        assert (changed.status, changed.json["today"], changed.json["overrides"]) == (200, 10, {"per_day": 10})
        back = await doors.ask("PATCH", path, json={"per_day": None})
        assert (back.json["preset"], back.json["overrides"]) == ("cloud", {})
        assert [
            entry["action"] for entry in await db.fetch_all("select action from audit order by at desc limit 2")
        ] == [
            "instance.pacing",
            "instance.pacing",
        ]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"preset": "turbo"}, 404, "unknown_preset"),
        ({"per_minute": -1}, 422, "schema"),
        ({"jitter": 2}, 422, "schema"),
        ({"speed": 1}, 422, "schema"),
    ],
)
async def test_a_bad_change_is_refused_in_words(
    db: Database, redis: Any, body: dict[str, Any], status: int, code: str
) -> None:
    async with house(db, redis) as doors:
        refused = await doors.ask("PATCH", "/api/v1/instances/sales/pacing", json=body)
        assert (refused.status, refused.json["code"]) == (status, code)
        assert await doors_untouched(doors)


async def doors_untouched(doors: House) -> bool:
    """Nothing was stored."""
    return (await doors.ask("GET", "/api/v1/instances/sales/pacing")).json["overrides"] == {}


def test_no_limits_are_the_lanes_own_default() -> None:
    assert Limits() == Limits(per_second=0, burst=1)
