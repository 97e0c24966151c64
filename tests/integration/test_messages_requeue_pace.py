"""Ten thousand dead letters sent again leave at their number's pace, in bounded slices, each once."""

from typing import Any

import pytest
from messages_harness import Stage, stage

from anclora.instances.pacing import PacingChange, change_pacing
from anclora.kit.clock import business_date
from anclora.kit.ids import new_id
from anclora.messages.dead_letters import AT_ONCE, Choice, count_dead, requeue
from anclora.messages.feed import LANE_PREFIX, lane_of
from anclora.messages.pacing import PaceKeeper
from anclora.messages.sweep import OutboxSweep
from anclora.queue.keys import clock_offset
from anclora.storage.database import Database

DEAD = 10_000
PER_SECOND = 200
STEP_MS = 250
EVERY = range(16)


async def buried(here: Stage) -> None:
    """Dead letters to as many people, as ten thousand refusals would have left them."""
    one = await here.accept(fed=False)
    columns = "account, instance, contact_id, content, kind, class, priority"
    await here.db.execute(
        f"insert into messages (id, {columns}, recipient, state, ordinal, attempt, tries)"  # noqa: S608 - of the line above
        f" select i, {columns}, '346' || lpad(n::text, 8, '0'), 'dead', nextval('message_ordinal'), 8, 8"
        " from messages, unnest(%(ids)s::uuid[]) with ordinality as r (i, n) where id = %(one)s",
        ids=[new_id() for _ in range(DEAD)],
        one=one,
    )
    await here.db.execute("delete from messages where id = %(one)s", one=one)
    await here.db.execute("delete from outbox")
    await here.db.execute(
        "insert into dead_letters (message_id, instance, reason_code)"
        " select id, instance, 'tries_exhausted' from messages"
    )


async def paced(here: Stage) -> None:
    today = business_date(here.clock.now(), here.settings.timezone)
    change = PacingChange(per_minute=PER_SECOND * 60)
    await change_pacing(here.db, "sales", change, actor="test", default="sandbox", today=today)
    await PaceKeeper(here.db, here.queue, here.settings, here.clock).run_once()


@pytest.mark.timeout(180)
async def test_ten_thousand_requeued_leave_at_the_lanes_pace(db: Database, redis: Any) -> None:
    async with stage(db, redis, outbox_after_seconds=0.01) as here:
        await buried(here)
        await paced(here)
        slices: list[int] = []
        while count := await requeue(here.db, Choice(everything=True), actor="ana"):
            slices.append(count)
        assert slices == [AT_ONCE] * (DEAD // AT_ONCE)
        assert await count_dead(here.db) == {}
        assert await here.count("outbox") == len(slices)
        audited = await here.db.fetch_one(
            "select sum((detail ->> 'count')::int)::int as n, count(*)::int as m from audit"
        )
        assert audited is not None
        assert (audited["n"], audited["m"]) == (DEAD, len(slices) + 1)  # and the pacing
        while await here.count("outbox"):
            await OutboxSweep(here.db, here.queue, here.settings).run_once()
        moments: list[int] = []
        gone: set[str] = set()
        ahead_ms, clock = 0, clock_offset("anclora", here.queue.shard_of(lane_of("sales")))
        while len(gone) < DEAD:
            items = (await here.queue.claim(EVERY, 500, consumer=LANE_PREFIX, horizon_ms=STEP_MS)).items
            await here.queue.complete(items)
            gone |= {item.id for item in items}
            moments += [item.go_at_ms for item in items]
            ahead_ms += STEP_MS
            await redis.set(clock, ahead_ms)
        assert len(moments) == DEAD  # each once
        assert moments == sorted(moments)
        fullest = min(later - first for first, later in zip(moments, moments[PER_SECOND:], strict=False))
        assert fullest >= 1_000 - 2  # no second holds more than the rate, to the millisecond
