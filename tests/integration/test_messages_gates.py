"""What operators stop stays stopped, whatever Redis forgets; what they let go leaves in its old order, untried."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from messages_harness import ScriptedProvider, Stage, send_round

from anclora.instances.pacing import PacingChange, change_pacing
from anclora.kit.clock import business_date
from anclora.kit.errors import InvalidError, NotFoundError
from anclora.messages.cancel import cancel
from anclora.messages.expire import Expiry
from anclora.messages.gates import GateChoice, pause, read_gates, resume, set_quiet
from anclora.messages.model import MessageClass
from anclora.messages.pacing import PaceKeeper
from anclora.messages.readmit import Readmission
from anclora.messages.sweep import LaneSweep, OutboxSweep

CAMPAIGN = UUID(int=7)
PEOPLE = [f"+3460011122{n}" for n in range(10)]


def choice(**chosen: Any) -> GateChoice:
    """A choice with its class under its own name."""
    return GateChoice(**({"kind": MessageClass(chosen.pop("class"))} if "class" in chosen else {}), **chosen)


async def close(here: Stage, **chosen: Any) -> None:
    """Somebody closes a gate, and the lanes are told."""
    assert await pause(here.db, choice(**chosen), actor="test")
    await tell(here)


async def reopen(here: Stage, **chosen: Any) -> None:
    """Somebody opens a gate; lanes and held messages hear of it."""
    assert await resume(here.db, choice(**chosen), actor="test")
    await tell(here)
    await readmit(here)


async def tell(here: Stage) -> None:
    await PaceKeeper(here.db, here.queue, here.settings, here.clock).run_once()


async def readmit(here: Stage) -> None:
    while await Readmission(here.db, here.queue).run_once():
        continue


async def send_all(here: Stage) -> None:
    """Everything that may go, goes; once more than the lanes say there is something."""
    waiting = 1
    while waiting:
        waiting = (await here.queue.stats()).waiting
        dispatcher = await here.dispatcher()
        await dispatcher.quiet.run_once()
        await send_round(dispatcher)


@pytest.mark.parametrize(
    ("chosen", "out"),
    [
        ({"everything": True}, []),
        ({"instance": "sales"}, []),
        ({"priority": "low"}, ["reply", "utility"]),
        ({"priority": "low", "instance": "sales"}, ["reply", "utility"]),
        ({"priority": "high"}, ["utility", "marketing"]),
    ],
)
async def test_a_lane_gate_stays_closed_over_a_lost_redis_and_lets_go_when_opened(
    here: Stage, provider: ScriptedProvider, chosen: dict[str, Any], out: list[str]
) -> None:
    for person, kind in zip(PEOPLE, MessageClass, strict=False):
        await here.accept(kind.value, to=person, kind=kind)
    await close(here, **chosen)
    await here.redis.flushall()
    await here.reconciler.run_once()
    await send_all(here)
    assert provider.out == out
    await reopen(here, **chosen)
    await send_all(here)
    assert sorted(provider.out) == ["marketing", "reply", "utility"]


async def test_a_paused_number_stays_so_when_its_refusal_is_over(here: Stage, provider: ScriptedProvider) -> None:
    await here.accept()
    await close(here, instance="sales")
    await here.queue.pause("send:sales", for_seconds=5, probe=True)
    await here.pass_seconds(6)
    await send_all(here)
    assert provider.out == []
    await reopen(here, instance="sales")
    await send_all(here)
    assert provider.out == ["hola"]


@pytest.mark.parametrize(
    ("chosen", "held", "reason"),
    [
        ({"class": "marketing"}, "m", "class:marketing"),
        ({"campaign_id": CAMPAIGN}, "c", f"campaign:{CAMPAIGN}"),
        ({"tag": "black-friday"}, "t", "tag:black-friday"),
    ],
)
async def test_an_item_gate_holds_what_it_means_and_nothing_else(
    here: Stage, provider: ScriptedProvider, chosen: dict[str, Any], held: str, reason: str
) -> None:
    ids = {
        "m": await here.accept("m", kind=MessageClass.MARKETING),
        "c": await here.accept("c", campaign_id=CAMPAIGN),
        "t": await here.accept("t", tags=["x", "black-friday"]),
        "later": await here.accept("later", kind=MessageClass.UTILITY),
    }
    before = await here.row(ids[held])
    await close(here, **chosen)
    await send_all(here)
    assert sorted(provider.out) == sorted(set(ids) - {held})  # no longer a head: what came later went
    row = await here.row(ids[held])
    assert (row["state"], row["hold_reason"], row["hold_until"]) == ("queued", reason, None)
    kept = ("attempt", "tries", "ordinal", "blocks_until", "state_at", "next_attempt_at")
    assert {name: row[name] for name in kept} == {name: before[name] for name in kept}
    assert (await here.queue.stats()).lanes == {}  # and it left the lane
    await readmit(here)
    assert (await here.row(ids[held]))["hold_reason"] == reason
    await reopen(here, **chosen)
    assert (await here.row(ids[held]))["hold_reason"] is None
    await send_all(here)
    assert provider.out[-1] == held
    assert await here.count("outbox") == 0


@pytest.mark.parametrize("gate", ["pause", "night"])
async def test_a_held_message_ends_at_its_expiry_and_not_when_its_gate_opens(
    here: Stage, provider: ScriptedProvider, gate: str
) -> None:
    if gate == "pause":
        await close(here, **{"class": "marketing"})
    else:
        await set_quiet(here.db, MessageClass.MARKETING, around(here, "Europe/Madrid", hours=3), actor="test")
    until = here.clock.now() + timedelta(minutes=10)
    message_id = await here.accept("m", kind=MessageClass.MARKETING, expires_at=until)
    await here.accept("waits", kind=MessageClass.MARKETING, to=PEOPLE[0])
    await send_all(here)
    assert (await here.row(message_id))["hold_reason"] is not None
    await here.pass_seconds(540)
    assert not await Expiry(here.db, here.queue, here.settings).run_once()
    assert await here.state(message_id) == "queued"
    await here.pass_seconds(61)
    await Expiry(here.db, here.queue, here.settings).run_once()
    row = await here.row(message_id)
    assert (row["state"], row["reason_code"], row["hold_reason"]) == ("expired", "expired", None)
    await readmit(here)
    await send_all(here)
    assert provider.out == []
    assert (await here.queue.stats()).lanes == {}


async def test_held_ones_come_back_in_order_after_a_rebuild_too(here: Stage, provider: ScriptedProvider) -> None:
    for n in range(5):
        await here.accept(f"m{n}", kind=MessageClass.MARKETING)
    await close(here, **{"class": "marketing"})
    await send_all(here)
    await send_all(here)
    assert await held(here) == 5
    await here.redis.flushall()
    await here.reconciler.run_once()
    assert (await here.queue.stats()).lanes == {}
    await reopen(here, **{"class": "marketing"})
    await send_all(here)
    await send_all(here)
    assert provider.out == [f"m{n}" for n in range(5)]


async def held(here: Stage) -> int:
    row = await here.db.fetch_one("select count(*)::integer as n from messages where hold_reason is not null")
    return int(row["n"]) if row else 0


async def test_what_is_held_costs_a_slow_number_nothing(here: Stage, provider: ScriptedProvider) -> None:
    today = business_date(here.clock.now(), here.settings.timezone)
    change = PacingChange(per_minute=1, per_day=3, new_recipients_per_day=2, kept_share=0.0)
    await change_pacing(here.db, "sales", change, actor="test", default="sandbox", today=today)
    for person in PEOPLE[:6]:
        await here.accept("m", to=person, tags=["struck"])
    await here.accept("goes", to=PEOPLE[9])
    await close(here, tag="struck")
    await send_all(here)
    assert (provider.out, await held(here)) == (["goes"], 6)


async def test_one_canceled_while_held_does_not_come_back(here: Stage, provider: ScriptedProvider) -> None:
    message_id = await here.accept(tags=["x"])
    await close(here, tag="x")
    await send_all(here)
    await cancel(here.db, message_id, actor="test")
    await reopen(here, tag="x")
    await send_all(here)
    assert (provider.out, await held(here), await here.state(message_id)) == ([], 0, "canceled")


async def test_a_worker_that_dies_before_the_lane_hears_of_a_hold_changes_nothing(
    here: Stage, provider: ScriptedProvider
) -> None:
    message_id = await here.accept(tags=["x"])
    await close(here, tag="x")
    await here.queue.claim(range(here.settings.shards), 1, consumer="send:")
    assert (await here.intend(message_id)).held
    await here.pass_seconds(here.settings.lease_seconds + 1)
    await LaneSweep(here.queue, here.settings).run_once()
    await send_all(here)
    assert (provider.out, await held(here), (await here.queue.stats()).lanes) == ([], 1, {})


async def test_a_gate_that_opens_before_the_lane_hears_of_the_hold_loses_nobody(
    here: Stage, provider: ScriptedProvider
) -> None:
    message_id = await here.accept(tags=["x"])
    await close(here, tag="x")
    [taken] = (await here.queue.claim(range(here.settings.shards), 1, consumer="send:")).items
    assert (await here.intend(message_id)).held
    await reopen(here, tag="x")
    assert await here.count("outbox") == 1  # the lane still had it in flight: the sweep comes again
    await here.queue.release([(taken, None, False)])
    await here.pass_seconds(here.settings.outbox_after_seconds + 1)
    await OutboxSweep(here.db, here.queue, here.settings).run_once()
    await send_all(here)
    assert (provider.out, await here.count("outbox")) == (["hola"], 0)


async def test_a_second_gate_takes_over(here: Stage, provider: ScriptedProvider) -> None:
    message_id = await here.accept(tags=["x"], campaign_id=CAMPAIGN)
    await close(here, tag="x")
    await close(here, campaign_id=CAMPAIGN)
    await send_all(here)
    await reopen(here, tag="x")
    await send_all(here)
    assert (await here.row(message_id))["hold_reason"] == f"campaign:{CAMPAIGN}"
    assert provider.out == []


async def test_the_night_of_a_class_is_kept_and_ends(here: Stage, provider: ScriptedProvider) -> None:
    hours = around(here, "Europe/Madrid", hours=3)
    await set_quiet(here.db, MessageClass.MARKETING, hours, actor="test")
    marketing = await here.accept("m", to="+34911223344", kind=MessageClass.MARKETING)
    await here.accept("far", to="+61291234567", kind=MessageClass.MARKETING)  # Sydney is elsewhere in its day
    await here.accept("u", to="+34911223344")
    await send_all(here)
    assert sorted(provider.out) == ["far", "u"]
    row = await here.row(marketing)
    assert row["hold_reason"] == f"quiet:marketing:{hours}"
    assert timedelta(hours=1) < row["hold_until"] - datetime.now(UTC) < timedelta(hours=5)  # the clocks may change
    await readmit(here)
    assert await held(here) == 1
    await here.set(marketing, hold_until=datetime.now(UTC))
    here.clock.ahead = row["hold_until"] - datetime.now(UTC)
    await readmit(here)
    await send_all(here)
    assert provider.out[-1] == "m"


def around(here: Stage, zone: str, *, hours: int) -> str:
    """Hours of a zone that began an hour ago and last so much longer."""
    local = here.clock.now().astimezone(ZoneInfo(zone))
    return f"{local - timedelta(hours=1):%H:%M}-{local + timedelta(hours=hours):%H:%M}"


async def test_changed_quiet_hours_let_go_what_the_old_ones_held(here: Stage, provider: ScriptedProvider) -> None:
    await set_quiet(here.db, MessageClass.UTILITY, around(here, "Europe/Madrid", hours=9), actor="test")
    await here.accept(to="+34911223344")
    await send_all(here)
    assert (provider.out, await held(here)) == ([], 1)
    assert await set_quiet(here.db, MessageClass.UTILITY, None, actor="test") == {}
    await readmit(here)
    await send_all(here)
    assert provider.out == ["hola"]


async def test_the_zone_of_a_contact_wins_over_its_number(here: Stage, provider: ScriptedProvider) -> None:
    await set_quiet(here.db, MessageClass.UTILITY, around(here, "Asia/Tokyo", hours=2), actor="test")
    await here.accept("waits", to="+34911223344")
    await here.accept("goes", to="+81312345678")
    for phone, zone in (("34911223344", "Asia/Tokyo"), ("81312345678", "Europe/Madrid")):
        await here.db.execute("update contacts set zone = %(zone)s where phone = %(phone)s", zone=zone, phone=phone)
    await send_all(here)
    assert provider.out == ["goes"]


async def test_closing_and_opening_is_idempotent_and_audited(here: Stage) -> None:
    assert await pause(here.db, GateChoice(tag="x", why="wrong price"), actor="ana")
    assert not await pause(here.db, GateChoice(tag="x", why="again"), actor="bob")
    [gate] = await read_gates(here.db)
    assert (gate.what, gate.value, gate.why, gate.actor) == ("tag", "x", "wrong price", "ana")
    assert await resume(here.db, GateChoice(tag="x"), actor="ana")
    assert not await resume(here.db, GateChoice(tag="x"), actor="ana")
    await set_quiet(here.db, MessageClass.MARKETING, "21:00-09:00", actor="ana")
    await set_quiet(here.db, MessageClass.MARKETING, "21:00-09:00", actor="ana")
    trail = await here.db.fetch_all("select action, subject from audit order by id")
    assert [(entry["action"], entry["subject"]) for entry in trail] == [
        ("queue.pause", "tag:x"),
        ("queue.resume", "tag:x"),
        ("queue.quiet_hours", "class:marketing"),
    ]


@pytest.mark.parametrize(
    "chosen",
    [{}, {"tag": "x", "everything": True}, {"class": "reply", "priority": "low"}, {"instance": "sales", "tag": "x"}],
)
async def test_nothing_or_two_things_close_no_gate(here: Stage, chosen: dict[str, Any]) -> None:
    with pytest.raises(InvalidError, match="Choose one thing"):
        await pause(here.db, choice(**chosen), actor="test")
    assert await read_gates(here.db) == []


async def test_an_unknown_number_and_a_quiet_reply_are_refused(here: Stage) -> None:
    with pytest.raises(NotFoundError):
        await pause(here.db, GateChoice(instance="nobody"), actor="test")
    with pytest.raises(InvalidError, match="reply"):
        await set_quiet(here.db, MessageClass.REPLY, "21:00-09:00", actor="test")
