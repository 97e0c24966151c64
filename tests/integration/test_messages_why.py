"""Each rule that can limit a message is named when it does: on a real ledger and real lanes, and without Redis."""

import re
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from messages_harness import ScriptedProvider, Stage, send_round, stage

from anclora.instances.pacing import PacingChange, change_pacing
from anclora.kit.clock import business_date
from anclora.kit.errors import UnavailableError
from anclora.messages.explain import explain
from anclora.messages.gates import GateChoice, pause, set_quiet
from anclora.messages.model import Explanation, MessageClass
from anclora.messages.pacing import PaceKeeper
from anclora.providers.contract import RemoteInstance
from anclora.queue import Peek
from anclora.storage.database import Database

OTHER = "+34600111333"
CAMPAIGN = UUID(int=7)


@pytest.fixture
async def here(db: Database, redis: Any) -> AsyncGenerator[Stage, None]:
    async with stage(db, redis, ScriptedProvider()) as running:
        yield running


async def why(here: Stage, message_id: UUID, lanes: Any = None) -> Explanation:
    """The explanation; every one is a whole sentence."""
    told = await explain(
        here.db, lanes or here.queue, message_id, now=here.clock.now(), zone="Europe/Madrid", bodies=True
    )
    assert re.fullmatch(r"\S[^\n]*[^.\s]\.", told.text), told.text
    return told


async def limit(here: Stage, **values: Any) -> None:
    """The number's limits from now on."""
    today = business_date(here.clock.now(), here.settings.timezone)
    await change_pacing(here.db, "sales", PacingChange(**values), actor="test", default="sandbox", today=today)
    await PaceKeeper(here.db, here.queue, here.settings, here.clock).run_once()


async def sent_one(here: Stage, *, to: str = OTHER) -> None:
    """One message has just gone out."""
    await here.accept("first", to=to)
    await send_round(await here.dispatcher())


@pytest.mark.parametrize(
    ("chosen", "rule", "text"),
    [
        (GateChoice(everything=True, why="fire drill"), "paused", r"Everything is stopped since .*: fire drill\."),
        (GateChoice(instance="sales"), "paused", r"sales is stopped since [\d:]{8} UTC\."),
        (GateChoice(priority="low"), "paused", r"The priority low is stopped since .*"),
        (GateChoice(priority="low", instance="sales"), "paused", r"The priority low is stopped on sales since .*"),
        (GateChoice(kind=MessageClass.MARKETING), "paused", r"The class marketing is stopped since .*"),
        (GateChoice(campaign_id=CAMPAIGN), "paused", r"Its campaign is stopped since .*"),
        (
            GateChoice(tag="black-friday", why="wrong price."),
            "strike",
            r"Its tag black-friday is struck .*: wrong price\.",
        ),
    ],
)
async def test_what_a_person_stopped_is_told_before_and_after_it_is_held(
    here: Stage, chosen: GateChoice, rule: str, text: str
) -> None:
    message_id = await here.accept(kind=MessageClass.MARKETING, campaign_id=CAMPAIGN, tags=["black-friday"])
    await pause(here.db, chosen, actor="test")
    for _ in range(2):
        told = await why(here, message_id)
        assert (told.rule, told.until, told.estimated_at) == (rule, None, None)
        assert re.fullmatch(text, told.text), told.text
        await PaceKeeper(here.db, here.queue, here.settings, here.clock).run_once()
        await send_round(await here.dispatcher())
    assert await here.state(message_id) == "queued"


async def test_a_number_that_refused_rests_and_its_lane_says_so_alone(here: Stage) -> None:
    message_id = await here.accept()
    await here.queue.pause("send:sales", for_seconds=60)
    told = await why(here, message_id)
    assert (told.rule, told.source) == ("paused", "lanes")
    assert told.until is not None
    assert timedelta(seconds=20) < told.until - here.clock.now() <= timedelta(seconds=60)


async def test_pacing_says_the_next_slot_and_an_estimate(here: Stage) -> None:
    await limit(here, per_minute=1)
    await sent_one(here)
    first, second = await here.accept("one"), await here.accept("two", to="+34600111444")
    told = await why(here, first)
    assert (told.rule, told.estimated_position) == ("rate", 1)
    assert "one message every 60 s" in told.text
    assert told.until is not None
    assert told.estimated_at == told.until
    assert timedelta(seconds=20) < told.until - here.clock.now() <= timedelta(seconds=61)
    later = await why(here, second)
    assert (later.rule, later.estimated_position) == ("rate", 2)
    assert later.estimated_at is not None
    assert timedelta(seconds=70) < later.estimated_at - here.clock.now() <= timedelta(seconds=121)


async def test_a_free_slot_that_others_take_first_is_pacing_too(here: Stage) -> None:
    await limit(here, per_minute=1)
    first, second = await here.accept("one"), await here.accept("two", to=OTHER)
    assert ((await why(here, first)).rule, (await why(here, second)).rule) == ("worker", "rate")


async def test_the_rest_between_two_messages_to_one_person(here: Stage) -> None:
    await limit(here, gap_seconds=100)
    await sent_one(here)
    told = await why(here, await here.accept(to=OTHER))
    assert told.rule == "pair_gap"
    assert told.until is not None
    assert timedelta(seconds=40) < told.until - here.clock.now() <= timedelta(seconds=100)
    assert (await why(here, await here.accept())).rule == "worker"


@pytest.mark.parametrize(
    ("values", "rule"), [({"per_day": 1}, "daily_cap"), ({"new_recipients_per_day": 1}, "new_recipient_cap")]
)
async def test_the_caps_of_a_day(here: Stage, values: dict[str, Any], rule: str) -> None:
    await limit(here, kept_share=0.0, **values)
    await sent_one(here)
    message_id = await here.accept()
    for _ in range(2):
        told = await why(here, message_id)
        assert told.rule == rule
        assert told.until is not None
        assert timedelta(hours=23) < told.until - here.clock.now() < timedelta(hours=25)
        await send_round(await here.dispatcher())  # a claim finds no room for it


async def test_quiet_hours_say_until_when(here: Stage) -> None:
    now = here.clock.now()
    hours = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=2):%H:%M}"
    await set_quiet(here.db, MessageClass.UTILITY, hours, actor="test")
    message_id = await here.accept(to="+2348031234567")
    await here.db.execute("update contacts set zone = 'UTC'")
    told = await why(here, message_id)
    assert (told.rule, told.estimated_at) == ("quiet_hours", told.until)
    assert told.text.startswith(f"utility keeps quiet {hours} where the recipient is: it may go at ")
    assert (await why(here, await here.accept(kind=MessageClass.REPLY))).rule == "worker"


async def test_a_more_urgent_message_to_the_same_person_is_named(here: Stage) -> None:
    waits = await here.accept()
    urgent = await here.accept(kind=MessageClass.REPLY)
    told = await why(here, waits)
    assert (told.rule, str(urgent) in told.text, told.estimated_position) == ("order", True, 2)


@pytest.mark.parametrize(
    ("state", "word"), [("close", "disconnected"), ("logged_out", "logged out"), ("missing", "missing")]
)
async def test_a_disconnected_number(here: Stage, state: str, word: str) -> None:
    message_id = await here.accept()
    await here.db.execute("update instances set state = %(state)s", state=state)
    told = await why(here, message_id)
    assert told.rule == "disconnected"
    assert told.text.startswith(f"sales is {word} since ")


async def test_what_has_not_reached_its_lane_and_what_a_worker_has(here: Stage) -> None:
    message_id = await here.accept(fed=False)
    assert (await why(here, message_id)).rule == "lane"
    await here.feeder.run_once()
    await here.queue.claim(range(here.settings.shards), 1, consumer="send:")
    assert (await why(here, message_id)).text == "A worker has it in hand."


async def test_without_redis_the_ledger_answers_and_says_so(here: Stage) -> None:
    class Away:
        async def peek(self, lane: str, item_id: str, priority: int, place: int) -> Peek:
            raise UnavailableError("refused")

    message_id = await here.accept()
    told = await why(here, message_id, Away())
    assert (told.rule, told.source) == ("worker", "ledger")
    assert "Redis is away" in told.text
    await pause(here.db, GateChoice(tag="x"), actor="test")
    struck = await why(here, await here.accept(tags=["x"]), Away())
    assert (struck.rule, "Redis is away" in struck.text) == ("strike", True)


async def test_a_number_with_its_hands_full(db: Database, redis: Any) -> None:
    provider = ScriptedProvider(RemoteInstance(name="sales", state="open", owner=None))
    async with stage(db, redis, provider) as here:
        await limit(here, at_once=1)
        await here.accept("one", to=OTHER)
        await here.queue.claim(range(here.settings.shards), 1, consumer="send:")
        told = await why(here, await here.accept("two"))
        assert (told.rule, told.text) == ("worker", "sales has as many requests open as it may.")
