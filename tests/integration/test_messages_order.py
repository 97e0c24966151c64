"""The ledger refuses a message while an earlier one of its number, to its person, in its priority is open."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from messages_harness import DIGITS, TIMEOUT, ScriptedProvider, Stage, send_round

from anclora.contacts import opt_in, opt_out
from anclora.messages.feed import LaneItem, enqueue
from anclora.messages.intent import Intents
from anclora.messages.model import MessageClass
from anclora.providers.contract import Refused, RemoteInstance, Scope, Sent

BUSY = Refused(scope=Scope.MESSAGE, code="busy", text="Try again later.")
HEAD_BLOCK_SECONDS = {MessageClass.REPLY: 120, MessageClass.UTILITY: 600}


@pytest.fixture
def provider() -> ScriptedProvider:
    return ScriptedProvider(RemoteInstance(name="sales", state="open"), RemoteInstance(name="support", state="open"))


async def accept(here: Stage, text: str = "hola", **draft: Any) -> UUID:
    draft.setdefault("instance", "sales")
    return await here.accept(text, **draft)


def going(intents: Intents) -> list[UUID]:
    return [intent.id for intent in intents.send]


@pytest.mark.parametrize("state", ["queued", "sending", "unknown"])
async def test_an_earlier_open_message_holds_the_later_one_back(here: Stage, state: str) -> None:
    first, second = await accept(here), await accept(here)
    await here.set(first, state=state)
    asked = here.clock.now()
    intents = await here.intend(second)
    [(item, until, keeps_place)] = intents.release
    assert (going(intents), item.id, keeps_place) == ([], str(second), True)
    assert asked < until <= here.clock.now() + timedelta(seconds=1)
    assert (await here.row(second))["attempt"] == 0


@pytest.mark.parametrize("state", ["sent", "delivered", "failed", "dead", "canceled", "expired", "blocked"])
async def test_an_ended_message_holds_nobody_back(here: Stage, state: str) -> None:
    first, second = await accept(here), await accept(here)
    await here.set(first, state=state)
    assert going(await here.intend(second)) == [second]


async def test_of_a_person_only_the_earliest_goes_of_many_at_once(here: Stage) -> None:
    ids = [await accept(here) for _ in range(5)]
    assert going(await here.intend(*reversed(ids))) == [ids[0]]


@pytest.mark.parametrize("kind", [MessageClass.REPLY, MessageClass.UTILITY])
@pytest.mark.parametrize("outcome", [BUSY, TIMEOUT], ids=["refused", "unknown"])
async def test_a_failing_head_holds_the_later_one_back_for_its_head_block_only(
    here: Stage, kind: MessageClass, outcome: Any
) -> None:
    first, second = await accept(here, kind=kind), await accept(here, kind=kind)
    await here.finish(await here.attempt(first), outcome)
    await here.pass_seconds(HEAD_BLOCK_SECONDS[kind] - 30)
    assert going(await here.intend(second)) == []
    await here.pass_seconds(31)
    assert going(await here.intend(second)) == [second]


async def test_the_head_block_runs_from_the_first_failure_on(here: Stage) -> None:
    first, second = await accept(here), await accept(here)
    for _ in range(4):
        await here.set(first, next_attempt_at=here.clock.now())
        await here.finish(await here.attempt(first), BUSY)
        await here.pass_seconds(151)
    assert (await here.state(first), going(await here.intend(second))) == ("queued", [second])


async def test_marketing_never_holds_back(here: Stage) -> None:
    marketing = MessageClass.MARKETING
    first, second = await accept(here, kind=marketing), await accept(here, kind=marketing)
    assert going(await here.intend(second)) == []
    await here.finish(await here.attempt(first), BUSY)
    assert going(await here.intend(second)) == [second]


async def test_a_head_that_lost_its_place_still_holds_back_while_it_is_being_sent(here: Stage) -> None:
    first, second = await accept(here), await accept(here)
    await here.finish(await here.attempt(first), BUSY)
    await here.pass_seconds(601)
    await here.attempt(first)
    assert going(await here.intend(second)) == []


async def test_a_held_message_holds_nobody_back(here: Stage) -> None:
    first, second = await accept(here), await accept(here)
    await here.set(first, hold_reason="quiet hours", hold_until=here.clock.now() + timedelta(hours=1))
    assert going(await here.intend(second)) == [second]


@pytest.mark.parametrize(
    "other", [{"priority": "high"}, {"priority": "critical"}, {"to": "+34600111333"}, {"instance": "support"}], ids=str
)
async def test_another_priority_person_or_number_is_not_held_back(here: Stage, other: dict[str, str]) -> None:
    first = await accept(here)
    await here.attempt(first)
    second = await accept(here, **other)
    assert going(await here.intend(second)) == [second]


async def test_a_lower_priority_is_not_held_back_by_a_higher_one(here: Stage) -> None:
    await here.set(await accept(here, priority="high"), state="unknown")
    later = await accept(here, priority="low")
    assert going(await here.intend(later)) == [later]


async def test_a_retry_keeps_its_place_before_what_came_later(here: Stage, provider: ScriptedProvider) -> None:
    provider.script["one"] += [BUSY, Sent(provider_id="P1")]
    for text in ("one", "two", "three"):
        await accept(here, text)
    await send_round(await here.dispatcher())
    await here.pass_seconds(30)
    dispatcher = await here.dispatcher()
    for _ in range(3):
        await send_round(dispatcher)
    assert provider.out == ["one", "one", "two", "three"]


async def test_the_order_of_a_bulk_is_the_order_of_sending(here: Stage, provider: ScriptedProvider) -> None:
    for number in range(8):
        await accept(here, f"#{number}", fed=False)
    await here.feeder.run_once()
    dispatcher = await here.dispatcher()
    for _ in range(8):
        await send_round(dispatcher)
    assert provider.out == [f"#{number}" for number in range(8)]


async def test_a_committed_opt_out_wins_and_frees_the_way(here: Stage) -> None:
    first, other = await accept(here), await accept(here, to="+34600111333")
    await opt_out(here.db, DIGITS, actor="ana")
    intents = await here.intend(first, other)
    assert (going(intents), [item.id for item in intents.complete]) == ([other], [str(first)])
    row = await here.row(first)
    assert (row["state"], row["reason_code"], row["attempt"]) == ("blocked", "opted_out", 0)
    await opt_in(here.db, DIGITS, actor="ana")
    later = await accept(here)
    assert going(await here.intend(later)) == [later]


@pytest.mark.parametrize(
    ("seconds", "state", "reason"),
    [(601, "expired", "expired"), (86_401, "dead", "too_old")],
    ids=["expired", "too old"],
)
async def test_late_is_worse_than_never(here: Stage, seconds: int, state: str, reason: str) -> None:
    until = here.clock.now() + timedelta(minutes=10) if state == "expired" else None
    message_id = await accept(here, expires_at=until)
    await here.pass_seconds(seconds)
    intents = await here.intend(message_id)
    row = await here.row(message_id)
    assert (going(intents), len(intents.complete)) == ([], 1)
    assert (row["state"], row["reason_code"], row["attempt"]) == (state, reason, 0)


async def test_what_is_not_due_goes_back_until_it_is(here: Stage) -> None:
    message_id = await accept(here)
    await here.finish(await here.attempt(message_id), BUSY)
    intents = await here.intend(message_id)
    [(_, until, keeps_place)] = intents.release
    assert (going(intents), until, keeps_place) == ([], (await here.row(message_id))["next_attempt_at"], True)


@pytest.mark.parametrize("state", ["sending", "unknown"])
async def test_what_is_open_goes_back_for_a_lease(here: Stage, state: str) -> None:
    message_id = await accept(here)
    await here.set(message_id, state=state)
    before = here.clock.now()
    [(_, until, _)] = (await here.intend(message_id)).release
    lease = timedelta(seconds=here.settings.lease_seconds)
    assert before + lease <= until <= here.clock.now() + lease


async def test_a_doubt_that_blocks_nobody_blocks_nobody_in_the_lane_either(
    here: Stage, provider: ScriptedProvider
) -> None:
    marketing = MessageClass.MARKETING
    doubtful = await accept(here, "doubtful", kind=marketing)
    await accept(here, "later", kind=marketing)
    # Its worker died, and the lease in the lane ran out first.
    await here.set(doubtful, state="unknown", blocks_until=here.clock.now() - timedelta(seconds=1))
    dispatcher = await here.dispatcher()
    for _ in range(2):
        await send_round(dispatcher)
    assert provider.out == ["later"]


async def test_an_id_the_ledger_does_not_know_leaves_the_lane(here: Stage) -> None:
    known, strange = await accept(here), UUID(int=7)
    intents = await here.intend(known, strange)
    assert (going(intents), [item.id for item in intents.complete]) == ([known], [str(strange)])


async def test_what_reaches_the_lane_late_still_goes_first(here: Stage, provider: ScriptedProvider) -> None:
    await accept(here, "first", fed=False)
    second = await here.row(await accept(here, "second", fed=False))
    await enqueue(here.queue, [LaneItem(str(second["id"]), "sales", DIGITS, second["priority"], second["ordinal"])])
    dispatcher = await here.dispatcher()
    await send_round(dispatcher)
    assert provider.out == []
    await here.feeder.run_once()
    await here.pass_seconds(2)
    for _ in range(2):
        await send_round(dispatcher)
    assert provider.out == ["first", "second"]
