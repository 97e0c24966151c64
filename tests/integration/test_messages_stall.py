"""What the provider took and nobody acknowledged is marked, counted for its number, looked up, and never resent."""

from uuid import UUID

import pytest
from messages_harness import TIMEOUT, ScriptedProvider, Stage, own_event

from anclora.kit.metrics import REGISTRY
from anclora.messages.explain import explain
from anclora.messages.model import MessageClass
from anclora.messages.stall import StallWatch
from anclora.providers.contract import ReceiptEvent, Sent

AFTER_SECONDS = 120


def started(here: Stage) -> StallWatch:
    """The loop of a process that just started, which looks back an hour."""
    return StallWatch(here.db, here.providers, here.book, here.settings, here.clock)


@pytest.fixture
def watch(here: Stage) -> StallWatch:
    return started(here)


async def sent(here: Stage, provider_id: str = "P1", text: str = "hola") -> UUID:
    """A message the provider took."""
    message_id = await here.accept(text)
    await here.finish(await here.attempt(message_id), Sent(provider_id=provider_id))
    return message_id


def counted() -> float | None:
    """What the gauge of the number says."""
    return REGISTRY.get_sample_value("anclora_stalled_messages", {"instance_name": "sales"})


async def test_without_a_word_in_time_it_is_marked_counted_and_explained(here: Stage) -> None:
    message_id = await sent(here)
    await here.pass_seconds(AFTER_SECONDS - 30)
    await started(here).run_once()
    assert (await here.row(message_id))["stalled_at"] is None
    await here.pass_seconds(35)
    await started(here).run_once()
    row = await here.row(message_id)
    assert (row["state"], row["stalled_at"] is not None, counted()) == ("sent", True, 1)
    told = await explain(here.db, here.queue, message_id, now=here.clock.now(), zone="Europe/Madrid", bodies=True)
    assert told.rule == "acknowledgement"
    assert "stalled" in [entry.what for entry in told.timeline]


@pytest.mark.parametrize("rank", [1, 2, 3])
async def test_a_word_in_time_or_late_leaves_no_mark(here: Stage, watch: StallWatch, rank: int) -> None:
    early, late = await sent(here, "P1", "one"), await sent(here, "P2", "two")
    await here.hear(ReceiptEvent(provider_id="P1", rank=rank))
    await here.pass_seconds(AFTER_SECONDS + 5)
    await watch.run_once()
    assert (await here.row(early))["stalled_at"] is None
    assert (await here.row(late))["stalled_at"] is not None
    await here.hear(ReceiptEvent(provider_id="P2", rank=rank))
    await watch.run_once()
    assert (await here.row(late))["stalled_at"] is None
    assert counted() == 0


async def test_our_own_event_is_no_word_of_whatsapp(here: Stage, watch: StallWatch) -> None:
    message_id = await sent(here)
    await here.hear(own_event("hola", "P1"))
    await here.pass_seconds(AFTER_SECONDS + 5)
    await watch.run_once()
    assert (await here.row(message_id))["stalled_at"] is not None


async def test_the_look_up_brings_the_word_that_was_lost(
    here: Stage, watch: StallWatch, provider: ScriptedProvider
) -> None:
    message_id = await sent(here)
    provider.receipts["P1"] = ReceiptEvent(provider_id="P1", rank=2)
    await here.pass_seconds(AFTER_SECONDS + 5)
    await watch.run_once()
    row = await here.row(message_id)
    assert (row["state"], row["stalled_at"]) == ("delivered", None)


async def test_a_class_may_choose_to_be_sent_again_in_doubt(here: Stage) -> None:
    await here.db.execute("update classes set unknown = 'resend' where class = 'marketing'")
    held, again = await here.doubt("one"), await here.doubt("two", kind=MessageClass.MARKETING)
    await here.pass_seconds(905)
    await here.resolver.run_once()
    assert (await here.state(held), await here.state(again)) == ("dead", "queued")
    assert (await here.row(again))["reason_code"] == "resent_in_doubt"
    await here.finish(await here.attempt(again), TIMEOUT)
    assert await here.state(again) == "unknown"
