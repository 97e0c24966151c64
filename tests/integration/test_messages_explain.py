"""Why is it not out yet: one rule that limits it, a sentence that says so, and everything that happened to it."""

import re
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from messages_harness import DIGITS, TIMEOUT, Stage, own_event, stage

from anclora.contacts import opt_out
from anclora.kit.errors import NotFoundError
from anclora.kit.ids import new_id
from anclora.messages.cancel import cancel
from anclora.messages.explain import explain
from anclora.messages.model import Explanation
from anclora.providers.contract import Refused, Scope, Sent
from anclora.storage.database import Database

FOR_NOW = Refused(scope=Scope.MESSAGE, code="busy", text="Try again later.")
FOR_GOOD = Refused(scope=Scope.MESSAGE, code="not_on_whatsapp", text="Not on WhatsApp.", permanent=True)
LANE = Refused(scope=Scope.LANE, code="connection_closed", text="Connection Closed", retry_after_seconds=60.0)


@pytest.fixture
async def here(db: Database, redis: Any) -> AsyncGenerator[Stage, None]:
    async with stage(db, redis) as running:
        yield running


async def why(here: Stage, message_id: UUID) -> Explanation:
    """The explanation; every one is a whole sentence."""
    explanation = await explain(
        here.db, here.queue, message_id, now=here.clock.now(), zone="Europe/Madrid", bodies=True
    )
    assert re.fullmatch(r"\S[^\n]*[^.\s]\.", explanation.text), explanation.text
    return explanation


async def test_a_due_message_waits_for_a_worker(here: Stage) -> None:
    message_id = await here.accept()
    answer = await why(here, message_id)
    assert (answer.rule, answer.estimated_position) == ("worker", 1)
    assert answer.text == "It is due and waits only for a free worker."
    assert [entry.what for entry in answer.timeline] == ["accepted"]


async def test_a_message_behind_another_names_it(here: Stage) -> None:
    first, second = await here.accept("one"), await here.accept("two")
    answer = await why(here, second)
    assert (answer.rule, answer.estimated_position) == ("order", 2)
    assert str(first) in answer.text
    assert (await why(here, first)).rule == "worker"


async def test_a_resting_number_is_the_reason_and_says_until_when(here: Stage) -> None:
    message_id = await here.accept()
    await here.finish(await here.attempt(message_id), LANE)
    answer = await why(here, message_id)
    assert answer.rule == "paused"
    assert re.search(r"^sales rests until \d\d:\d\d:\d\d UTC: connection_closed\.$", answer.text)
    await here.pass_seconds(61)
    assert (await why(here, message_id)).rule == "worker"


async def test_a_refused_message_says_when_it_tries_again_and_why(here: Stage) -> None:
    message_id = await here.accept()
    await here.finish(await here.attempt(message_id), FOR_NOW)
    answer = await why(here, message_id)
    assert (answer.rule, answer.next_attempt_at is None) == ("retry", False)
    assert answer.text.endswith(": Try again later.")
    assert [entry.what for entry in answer.timeline] == ["accepted", "attempt 1", "refused"]


async def test_a_scheduled_message_says_its_time(here: Stage) -> None:
    at = here.clock.now().replace(microsecond=0) + timedelta(hours=2)
    answer = await why(here, await here.accept(send_at=at))
    assert (answer.rule, answer.next_attempt_at, answer.estimated_position) == ("schedule", at, None)
    assert f"{at:%Y-%m-%d %H:%M:%S} UTC" in answer.text


async def test_a_held_message_says_what_holds_it(here: Stage) -> None:
    message_id = await here.accept()
    await here.set(message_id, hold_reason="quiet hours", hold_until=here.clock.now() + timedelta(hours=1))
    answer = await why(here, message_id)
    assert (answer.rule, answer.text) == ("hold", "It is held: quiet hours.")


async def test_an_open_request_and_a_doubt_say_what_they_are(here: Stage) -> None:
    message_id = await here.accept()
    intent = await here.attempt(message_id)
    assert (await why(here, message_id)).text == "It is being sent now."
    await here.finish(intent, TIMEOUT)
    answer = await why(here, message_id)
    assert (answer.rule, answer.next_attempt_at, answer.estimated_position) == ("doubt", None, None)
    assert "nothing is sent again blindly" in answer.text


async def ended(here: Stage, how: str) -> UUID:
    """A message that came to this end on the product's own way."""
    message_id = await here.accept(expires_at=here.clock.now() + timedelta(minutes=5))
    if how == "canceled":
        await cancel(here.db, message_id, actor="ana")
    elif how in ("failed", "sent", "read"):
        outcome = FOR_GOOD if how == "failed" else Sent(provider_id="P1")
        await here.finish(await here.attempt(message_id), outcome)
        if how == "read":
            await here.set(message_id, state="read", read_at=here.clock.now())
    elif how == "dead":
        await here.finish(await here.attempt(message_id), TIMEOUT)
        await here.pass_seconds(901)
        await here.resolver.run_once()
    elif how == "blocked":
        await opt_out(here.db, DIGITS, actor="ana")
        await here.intend(message_id)
    elif how == "expired":
        await here.pass_seconds(301)
        await here.intend(message_id)
    return message_id


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("sent", "It is sent."),
        ("read", "It is read."),
        ("failed", "It is failed: Not on WhatsApp."),
        ("dead", "It is dead: Nothing shows whether it went out. Look at the chat, then requeue or discard it."),
        ("canceled", "It is canceled: it was canceled before it left."),
        ("blocked", "It is blocked: the recipient does not want to be written to."),
        ("expired", "It is expired: its expires_at passed before it could go."),
    ],
)
async def test_what_has_ended_is_limited_by_nothing_and_says_how(here: Stage, how: str, text: str) -> None:
    message_id = await ended(here, how)
    answer = await why(here, message_id)
    assert (answer.state, answer.rule, answer.text) == (how, "none", text)
    assert (answer.next_attempt_at, answer.estimated_position) == (None, None)
    assert how in [entry.what for entry in answer.timeline]


async def test_the_timeline_is_in_order_and_tells_every_attempt(here: Stage) -> None:
    message_id = await here.accept()
    await here.finish(await here.attempt(message_id), FOR_NOW)
    await here.pass_seconds(10)
    await here.finish(await here.attempt(message_id), TIMEOUT)
    await here.pass_seconds(10)
    await here.hear(own_event("hola", "P1"))
    await here.resolver.run_once()
    timeline = (await why(here, message_id)).timeline
    whats = [entry.what for entry in timeline]
    assert whats == ["accepted", "attempt 1", "refused", "attempt 2", "unknown", "sent", "doubt ended"]
    assert [entry.at for entry in timeline] == sorted(entry.at for entry in timeline)
    assert timeline[2].detail == "busy Try again later."


async def test_the_timeline_says_when_a_failing_message_lost_its_place(here: Stage) -> None:
    message_id = await here.accept()
    await here.finish(await here.attempt(message_id), FOR_NOW)
    assert "lost its place" not in [entry.what for entry in (await why(here, message_id)).timeline]
    await here.pass_seconds(601)  # the head block of a utility message is ten minutes
    lost = [entry.detail for entry in (await why(here, message_id)).timeline if entry.what == "lost its place"]
    assert lost == ["later messages may go before it"]


async def test_a_message_nobody_knows_has_no_explanation(here: Stage) -> None:
    with pytest.raises(NotFoundError):
        await explain(here.db, here.queue, new_id(), now=here.clock.now(), zone="Europe/Madrid", bodies=True)
