"""Endpoints get every event with the same id, in order per subject, signed, and are left alone when they are down."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from hooks_harness import DELIVERED, READ, SENT, HookStage, Subscriber, hook_stage, listening, verified

from anclora.hooks import Courier, HookChange
from anclora.hooks.pause import pause, resume
from anclora.hooks.replay import Replay, replay
from anclora.hooks.subscriptions import change, rotate
from anclora.storage.database import Database

HOUR = 3_600.0


@pytest.fixture
async def here(db: Database) -> AsyncGenerator[HookStage, None]:
    async with hook_stage(db, hooks_pause_after_seconds=HOUR / 2) as running:
        yield running


async def test_events_come_in_one_signed_array(here: HookStage) -> None:
    hook = await here.subscribe()
    ids = [await here.happen(f"message:{n}") for n in range(3)]
    await here.deliver()
    [heard] = here.subscriber.heard
    assert [event["id"] for event in heard.events] == [str(each) for each in ids]
    assert set(heard.events[0]) == {"id", "type", "timestamp", "subject", "instance", "data"}
    assert verified(heard, hook.secret)
    assert heard.headers["content-type"] == "application/json"
    assert await here.states(hook.id) == {"delivered": 3}


async def test_a_batch_of_one_is_an_object_named_by_its_event(here: HookStage) -> None:
    hook = await here.subscribe(batch_size=1)
    event = await here.happen("message:1")
    await here.deliver()
    [heard] = here.subscriber.heard
    assert heard.body.startswith(b"{")
    assert heard.headers["webhook-id"] == str(event)
    assert verified(heard, hook.secret)


async def test_after_a_change_of_secret_both_are_good_for_a_day(here: HookStage) -> None:
    hook = await here.subscribe()
    fresh = await rotate(here.db, hook.id, clock=here.clock, actor="test")
    for last in (True, False):
        await here.happen("message:1")
        await here.deliver()
        heard = here.subscriber.heard[-1]
        assert (verified(heard, fresh.secret), verified(heard, hook.secret)) == (True, last)
        here.clock.pass_seconds(24 * HOUR + 1)


async def test_an_event_waits_for_company_only_so_long(here: HookStage) -> None:
    await here.subscribe(batch_size=3, linger_seconds=10.0)
    await here.happen("message:1")
    await here.deliver()
    assert here.subscriber.heard == []
    await here.happen("message:2")
    await here.happen("message:3")
    await here.deliver()
    assert [len(each.events) for each in here.subscriber.heard] == [3]
    await here.happen("message:4")
    await here.deliver()
    here.clock.pass_seconds(10)
    await here.deliver()
    assert [len(each.events) for each in here.subscriber.heard] == [3, 1]


async def test_a_subscriber_down_for_an_hour_gets_everything_once_and_in_order(here: HookStage) -> None:
    hook = await here.subscribe("message.*", batch_size=10)
    ids = [await here.happen(f"message:{n % 8}") for n in range(8)]
    await here.deliver_all()
    assert await here.states(hook.id) == {"delivered": 8}
    here.subscriber.says = lambda _heard: 503
    for _ in range(60):
        ids += [await here.happen(f"message:{len(ids) % 8}", kind) for kind in (SENT, DELIVERED, READ)]
        await here.pass_time(60, every_seconds=20)
    down = await here.hook(hook.id)
    assert (down.paused_by, "answered 503" in (down.paused_why or "")) == ("failures", True)
    assert len(here.subscriber.heard) < 30  # not hammered
    trail = await here.db.fetch_all("select detail from audit where actor = 'hooks' and action = 'hook.pause'")
    assert [row["detail"]["by"] for row in trail] == ["failures"]
    notices = await here.db.fetch_all("select type from events where subject = %(s)s", s=f"hook:{hook.id}")
    assert [row["type"] for row in notices] == ["hook.paused"]

    here.subscriber.says = lambda _heard: 200
    await here.pass_time(60)
    assert len(here.subscriber.taken) == 8  # it stays paused until somebody says so
    await resume(here.db, hook.id, clock=here.clock, actor="test")
    await here.deliver_all()
    assert {event["id"] for event in here.subscriber.taken} == {str(each) for each in ids}
    assert here.subscriber.once_and_in_order()
    since = here.clock.now() - timedelta(hours=2)
    assert await replay(here.db, hook.id, Replay(since=since), clock=here.clock, actor="test") == 0
    await here.deliver_all()
    assert len(here.subscriber.taken) == len(ids)

    assert await replay(here.db, hook.id, Replay(event_id=ids[5]), clock=here.clock, actor="test") == 1
    await here.deliver_all()
    assert [event["id"] for event in here.subscriber.taken][len(ids) :] == [str(ids[5])]


async def test_one_it_cannot_digest_is_set_aside_and_holds_back_its_subject_only(here: HookStage) -> None:
    hook = await here.subscribe(batch_size=8)
    poison = await here.happen("message:3")
    for n in range(40):
        await here.happen(f"message:{n % 8}")
    here.subscriber.says = lambda heard: 500 if any(e["id"] == str(poison) for e in heard.events) else 200
    await here.pass_time(400)
    others = [event for event in here.subscriber.taken if event["subject"] != "message:3"]
    assert (len(others), len(here.subscriber.taken)) == (35, 35)
    assert here.subscriber.once_and_in_order()
    assert (await here.hook(hook.id)).paused_at is None
    await here.pass_time(25 * HOUR, every_seconds=600)
    assert await here.states(hook.id) == {"delivered": 40, "failed": 1}
    assert here.subscriber.once_and_in_order()
    tries = [each for each in here.subscriber.heard if each.status == 500]
    assert 12 <= len(tries) <= 30
    assert (await here.hook(hook.id)).paused_at is None  # it was well all the time
    here.subscriber.says = lambda _heard: 200
    day = Replay(since=here.clock.now() - timedelta(hours=30))
    assert await replay(here.db, hook.id, day, clock=here.clock, actor="test") == 1
    await here.deliver_all()
    assert here.subscriber.taken[-1]["id"] == str(poison)


async def test_who_says_gone_is_paused_at_once_and_loses_nothing(here: HookStage) -> None:
    hook = await here.subscribe("message.*")
    await here.happen("message:1")
    here.subscriber.says = lambda _heard: 410
    await here.deliver()
    assert (await here.hook(hook.id)).paused_by == "gone"
    await here.pass_time(60)
    assert len(here.subscriber.heard) == 1
    assert await here.states(hook.id) == {"waiting": 1}


async def test_a_retry_after_is_kept_to(here: HookStage) -> None:
    await here.subscribe()
    await here.happen("message:1")
    here.subscriber.says = lambda _heard: 429
    here.subscriber.headers = {"Retry-After": "120"}
    await here.deliver()
    here.subscriber.says = lambda _heard: 200
    await here.pass_time(115, every_seconds=23)  # few turns: while they are taken, time goes by too
    assert len(here.subscriber.heard) == 1
    await here.pass_time(10)
    assert len(here.subscriber.taken) == 1


async def test_a_redirect_is_not_followed(here: HookStage) -> None:
    hook = await here.subscribe()
    await here.happen("message:1")
    here.subscriber.says = lambda _heard: 307
    here.subscriber.headers = {"Location": here.subscriber.url + "/else"}
    await here.deliver()
    assert len(here.subscriber.heard) == 1
    assert "redirects" in ((await here.hook(hook.id)).last_error or "")


async def test_an_endpoint_without_an_answer_in_time_fails(db: Database) -> None:
    async with hook_stage(db, hooks_timeout_seconds=0.2) as here:
        asleep = asyncio.Event()
        hook = await here.subscribe()

        async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asleep.wait()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await here.db.execute("update hooks set url = %(url)s", url=f"http://127.0.0.1:{port}/")
            await here.happen("message:1")
            await here.deliver()
            assert (await here.hook(hook.id)).last_error == "no whole answer in time"
            asleep.set()


async def test_two_processes_never_post_to_one_endpoint_at_once(here: HookStage) -> None:
    await here.subscribe(batch_size=1)
    for _ in range(6):
        await here.happen("message:1")
    here.subscriber.says = lambda _heard: 200
    other = Courier(here.db, here.post, here.settings, here.clock)
    while await here.fan_out.run_once():
        continue
    for _ in range(8):
        await asyncio.gather(here.courier.run_once(), other.run_once())
        await asyncio.gather(here.courier.settle(), other.settle())
    assert [event["data"]["n"] for event in here.subscriber.taken] == [1, 2, 3, 4, 5, 6]


async def test_whoever_dies_while_posting_leaves_it_to_the_next(here: HookStage) -> None:
    hook = await here.subscribe()
    event = await here.happen("message:1")
    await here.fan_out.run_once()
    await here.db.execute(
        "update hooks set busy_until = %(until)s, turn = turn + 1", until=here.clock.now() + timedelta(seconds=30)
    )
    await here.pass_time(20)
    assert here.subscriber.heard == []
    await here.pass_time(15)
    assert [each["id"] for each in here.subscriber.taken] == [str(event)]
    assert await here.states(hook.id) == {"delivered": 1}


async def test_an_old_turn_says_nothing_about_the_endpoint(here: HookStage) -> None:
    hook = await here.subscribe()
    await here.happen("message:1")

    here.subscriber.says = lambda _heard: 500
    await here.fan_out.run_once()
    await here.courier.run_once()  # claimed; the request is on its way
    await here.db.execute("update hooks set turn = turn + 1")
    await here.courier.settle()
    assert (await here.hook(hook.id)).failures == 0


async def test_paused_by_hand_it_hears_nothing_and_then_everything(here: HookStage) -> None:
    hook = await here.subscribe()
    await pause(here.db, hook.id, "moving house", clock=here.clock, actor="test")
    ids = [await here.happen("message:1") for _ in range(3)]
    await here.pass_time(30)
    assert here.subscriber.heard == []
    await resume(here.db, hook.id, clock=here.clock, actor="test")
    await here.deliver_all()
    assert [event["id"] for event in here.subscriber.taken] == [str(each) for each in ids]


async def test_a_slow_endpoint_holds_up_no_other(here: HookStage) -> None:
    gate = asyncio.Event()

    async def held(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.close()

    server = await asyncio.start_server(held, "127.0.0.1", 0)
    async with server:
        await here.subscribe(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await here.happen("message:1")
        await here.fan_out.run_once()
        await here.courier.run_once()  # posts to the slow one, which does not answer
        quick = await here.subscribe()
        await here.happen("message:2")
        await here.fan_out.run_once()
        other = asyncio.create_task(here.courier.run())
        async with asyncio.timeout(30):
            while not (await here.states(quick.id))["delivered"]:
                await asyncio.wait({other}, timeout=0.05)
        gate.set()
        here.courier.stop()
        await other


async def test_requests_side_by_side_share_no_subject(here: HookStage) -> None:
    await here.subscribe(batch_size=2)
    for n in range(24):
        await here.happen(f"message:{n % 6}")
    await here.deliver_all()
    assert len(here.subscriber.taken) == 24
    assert here.subscriber.once_and_in_order()


async def test_a_new_address_gets_what_waits(here: HookStage) -> None:
    hook = await here.subscribe()
    await here.happen("message:1")
    here.subscriber.says = lambda _heard: 500
    await here.deliver()
    async with listening(Subscriber()) as fresh:
        await change(here.db, hook.id, HookChange(url=fresh.url), here.settings, clock=here.clock, actor="test")
        await here.pass_time(60)
        assert len(fresh.taken) == 1
