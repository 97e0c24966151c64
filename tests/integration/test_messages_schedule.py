"""A scheduled message waits without a place in the order; a canceled one never leaves."""

import asyncio
from datetime import timedelta

import pytest
from messages_harness import ScriptedProvider, Stage, send_round
from redis.asyncio import Redis

from anclora.audit import recent
from anclora.kit.errors import ConflictError, NotFoundError, UnavailableError
from anclora.kit.ids import new_id
from anclora.messages.cancel import cancel
from anclora.messages.sweep import OutboxSweep, Promoter
from anclora.queue import Queue
from tests.waiting import eventually


def promoter(here: Stage) -> Promoter:
    return Promoter(here.db, here.queue, here.settings)


async def test_a_scheduled_message_has_no_place_until_its_time_comes(here: Stage, provider: ScriptedProvider) -> None:
    later = await here.accept(send_at=here.clock.now() + timedelta(hours=1))
    await promoter(here).run_once()
    await send_round(await here.dispatcher())
    waiting = await here.row(later)
    assert (waiting["state"], waiting["ordinal"], waiting["eligible_at"], provider.out) == ("scheduled", None, None, [])

    await here.pass_seconds(3_601)
    await promoter(here).run_once()
    due = await here.row(later)
    assert (due["state"], due["ordinal"] is None, due["eligible_at"] is None) == ("queued", False, False)
    assert await here.count("outbox") == 0
    await send_round(await here.dispatcher())
    assert (await here.state(later), provider.out) == ("sent", ["hola"])


async def test_the_order_of_scheduled_messages_is_that_of_their_times(here: Stage, provider: ScriptedProvider) -> None:
    now = here.clock.now()
    await here.accept("second", send_at=now + timedelta(minutes=20))
    await here.accept("first", send_at=now + timedelta(minutes=10))
    await here.accept("accepted meanwhile")
    await here.pass_seconds(1_800)
    await promoter(here).run_once()
    dispatcher = await here.dispatcher()
    for _ in range(3):
        await send_round(dispatcher)
    assert provider.out == ["accepted meanwhile", "first", "second"]


async def test_a_time_on_the_wall_is_that_of_its_zone(here: Stage) -> None:
    local = (here.clock.now() + timedelta(days=1)).replace(tzinfo=None, microsecond=0)
    madrid = await here.row(await here.accept(send_at=local, send_zone="Europe/Madrid"))
    tokyo = await here.row(await here.accept(send_at=local, send_zone="Asia/Tokyo"))
    assert madrid["send_at"] - tokyo["send_at"] in (timedelta(hours=8), timedelta(hours=7))


async def test_two_promoters_promote_each_message_once(here: Stage) -> None:
    ids = [await here.accept(f"#{n}", send_at=here.clock.now() + timedelta(minutes=1)) for n in range(20)]
    await here.pass_seconds(61)
    away = Redis.from_url("redis://127.0.0.1:1")
    lost = Queue(away, lease_seconds=30)  # so that the outbox keeps what they promoted
    both = [Promoter(here.db, lost, here.settings).run_once() for _ in range(2)]
    await asyncio.gather(*both, return_exceptions=True)
    rows = await here.db.fetch_all("select unnest(message_ids) as id from outbox")
    ordinals = await here.db.fetch_all("select distinct ordinal from messages where ordinal is not null")
    assert sorted(row["id"] for row in rows) == sorted(ids)
    assert len(ordinals) == 20
    await away.aclose()


async def test_what_is_promoted_while_redis_is_away_goes_out_by_the_outbox(
    here: Stage, provider: ScriptedProvider
) -> None:
    later = await here.accept(send_at=here.clock.now() + timedelta(minutes=1))
    await here.pass_seconds(61)
    away = Redis.from_url("redis://127.0.0.1:1")
    with pytest.raises(UnavailableError):
        await Promoter(here.db, Queue(away, lease_seconds=30), here.settings).run_once()
    await away.aclose()
    assert await here.state(later) == "queued"
    await here.pass_seconds(6)
    await OutboxSweep(here.db, here.queue, here.settings).run_once()
    await send_round(await here.dispatcher())
    assert (provider.out, await here.count("outbox")) == (["hola"], 0)


async def test_a_canceled_message_stays_and_its_lane_lets_go_of_it(here: Stage, provider: ScriptedProvider) -> None:
    canceled, next_one = await here.accept("no"), await here.accept("yes")
    shown = await cancel(here.db, canceled, actor="ana")
    assert (shown.state, shown.reason_code) == ("canceled", "canceled")
    dispatcher = await here.dispatcher()
    for _ in range(2):
        await send_round(dispatcher)
    assert (provider.out, await here.state(next_one)) == (["yes"], "sent")
    assert (await here.queue.stats()).lanes == {}
    [entry] = await recent(here.db)
    assert (entry.actor, entry.action, entry.subject) == ("ana", "message.cancel", str(canceled))


async def test_a_canceled_schedule_is_never_promoted(here: Stage, provider: ScriptedProvider) -> None:
    later = await here.accept(send_at=here.clock.now() + timedelta(minutes=1))
    await cancel(here.db, later, actor="ana")
    await here.pass_seconds(120)
    await promoter(here).run_once()
    await send_round(await here.dispatcher())
    assert (await here.state(later), provider.out, await here.count("outbox")) == ("canceled", [], 0)


@pytest.mark.parametrize("state", ["sending", "unknown", "sent", "read", "failed", "dead", "expired", "blocked"])
async def test_what_left_or_ended_cannot_be_canceled(here: Stage, state: str) -> None:
    message_id = await here.accept()
    await here.set(message_id, state=state)
    with pytest.raises(ConflictError) as refused:
        await cancel(here.db, message_id, actor="ana")
    assert (refused.value.code, refused.value.extra) == ("not_cancelable", {"state": state})
    assert (await here.state(message_id), await recent(here.db)) == (state, [])


async def test_a_message_nobody_knows_cannot_be_canceled(here: Stage) -> None:
    with pytest.raises(NotFoundError):
        await cancel(here.db, new_id(), actor="ana")


async def test_of_cancel_and_intent_exactly_one_wins(here: Stage) -> None:
    ids = [await here.accept(f"#{n}", to=f"+346001112{n:02d}", fed=False) for n in range(30)]
    sending = asyncio.create_task(here.intend(*ids))
    cancels = await asyncio.gather(*(cancel(here.db, i, actor="ana") for i in ids), return_exceptions=True)
    intents = await sending
    going = {intent.id for intent in intents.send}
    stopped = {i for i, answer in zip(ids, cancels, strict=True) if not isinstance(answer, BaseException)}
    assert all(isinstance(answer, ConflictError) for answer in cancels if isinstance(answer, BaseException))
    assert not going & stopped
    assert going | stopped == set(ids)
    assert {i for i in ids if await here.state(i) == "canceled"} == stopped


async def test_cancel_waits_for_an_open_intent_and_loses(here: Stage) -> None:
    message_id = await here.accept()
    async with here.db.transaction() as conn:
        await conn.execute("update messages set state = 'sending' where id = %s", [message_id])
        losing = asyncio.create_task(cancel(here.db, message_id, actor="ana"))
        await eventually(here.somebody_waits_for_a_lock)
    with pytest.raises(ConflictError):
        await losing
