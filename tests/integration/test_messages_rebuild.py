"""Lanes are made anew from the ledger: what waits, what was let out in the last day, and nothing that is over."""

from typing import Any

import pytest
from api_harness import house
from messages_harness import ScriptedProvider, Stage, metric, send_round

from anclora.instances.pacing import PacingChange, change_pacing
from anclora.kit.clock import business_date
from anclora.messages.feed import lane_of
from anclora.messages.pacing import PaceKeeper
from anclora.messages.reconcile import ask_for_rebuild, current_epoch
from anclora.queue import Item
from anclora.queue.keys import items
from anclora.storage.database import Database

PEOPLE = [f"+346001112{n:02d}" for n in range(12)]


async def limit(here: Stage, **values: Any) -> None:
    """The number's limits from now on."""
    today = business_date(here.clock.now(), here.settings.timezone)
    await change_pacing(here.db, "sales", PacingChange(**values), actor="test", default="sandbox", today=today)
    await PaceKeeper(here.db, here.queue, here.settings, here.clock).run_once()


async def lose_redis(here: Stage) -> None:
    """Everything is gone, and noticed."""
    await here.redis.flushall()
    await here.reconciler.run_once()


@pytest.mark.parametrize(
    ("values", "out"),
    [
        ({"per_day": 5, "kept_share": 0.0}, 5),
        ({"new_recipients_per_day": 4, "kept_share": 0.0}, 4),
        ({"per_minute": 1}, 1),
    ],
)
async def test_what_was_let_out_before_counts_after(
    here: Stage, provider: ScriptedProvider, values: dict[str, Any], out: int
) -> None:
    await limit(here, **values)
    for person in PEOPLE:
        await here.accept(person, to=person)
    dispatcher = await here.dispatcher()
    await send_round(dispatcher)
    assert len(provider.out) == out
    await lose_redis(here)
    await send_round(await here.dispatcher())
    assert len(provider.out) == out


async def test_a_person_who_was_just_written_to_rests_after_it_too(here: Stage, provider: ScriptedProvider) -> None:
    await limit(here, gap_seconds=600)
    for text in ("one", "two"):
        await here.accept(text)
    await send_round(await here.dispatcher())
    await lose_redis(here)
    await send_round(await here.dispatcher())
    assert provider.out == ["one"]
    await here.pass_seconds(601)
    await send_round(await here.dispatcher())
    assert provider.out == ["one", "two"]


async def test_what_is_being_sent_keeps_its_place(here: Stage, provider: ScriptedProvider) -> None:
    first, second = await here.accept("one"), await here.accept("two")
    await here.attempt(first)
    await lose_redis(here)
    for _ in range(3):
        await send_round(await here.dispatcher())
    assert (provider.out, await here.state(second)) == ([], "queued")


async def test_somebody_may_ask_for_it(here: Stage, provider: ScriptedProvider) -> None:
    await here.accept("one", fed=False)
    before = await ask_for_rebuild(here.db, actor="test")
    await here.reconciler.run_once()
    assert await current_epoch(here.db) == before + 1
    await send_round(await here.dispatcher())
    assert provider.out == ["one"]
    assert await here.db.fetch_one("select from audit where action = 'queue.rebuild'") is not None


async def test_what_no_message_stands_behind_leaves_the_lane(here: Stage) -> None:
    strays = metric("anclora_stray_items_total")
    kept = await here.accept("one")
    stray = "019aac5e-7a00-7000-8000-00000000dead"
    far_ms = int(here.clock.now().timestamp() * 1000) + 10**9
    await here.queue.enqueue(lane_of("sales"), [Item(stray, "somebody", due_at_ms=far_ms)])
    here.clock.pass_seconds(61)
    await here.reconciler.run_once()
    _, left = await here.queue.sample(lane_of("sales"), 0, 100)
    assert (left, strays()) == ([str(kept)], 1)


async def test_the_door_asks_and_tells_how_far_it_is(db: Database, redis: Any) -> None:
    async with house(db, redis) as doors:
        asked = await doors.ask("POST", "/api/v1/queue/rebuild")
        assert (asked.status, asked.json["epoch"]) == (
            200,
            (await doors.ask("GET", "/api/v1/queue/rebuild")).json["epoch"],
        )
        poor = await doors.make_key("messages:send")
        assert (await doors.ask("POST", "/api/v1/queue/rebuild", key=poor)).status == 403


async def record_of(here: Stage, item: str) -> bytes:
    """What the lane holds of an item."""
    lane = lane_of("sales")
    found = await here.redis.hget(items("anclora", here.queue.shard_of(lane), lane), item)
    assert found is not None
    return found if isinstance(found, bytes) else found.encode()


async def test_damage_inside_a_value_harms_no_message_and_goes_with_redis_memory(
    here: Stage, provider: ScriptedProvider
) -> None:
    """Bytes inside a value changed and Redis loaded them: another person stands in the record of an item."""
    ids = [str(await here.accept(text, to=person)) for text, person in zip("ab", PEOPLE, strict=False)]
    lane, whole = lane_of("sales"), await record_of(here, ids[0])
    damaged = whole[:-3] + b"999"
    await here.redis.hset(items("anclora", here.queue.shard_of(lane), lane), ids[0], damaged)
    await ask_for_rebuild(here.db, actor="test")
    await here.reconciler.run_once()
    assert await record_of(here, ids[0]) == damaged  # what is there already stays as it is
    await lose_redis(here)
    assert await record_of(here, ids[0]) == whole
    await send_round(await here.dispatcher())
    assert sorted(provider.out) == ["a", "b"]
