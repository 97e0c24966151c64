"""Where a provider returns our reference it decides; where absence proves nothing, nothing is sent again for it."""

from typing import Any
from uuid import UUID

import pytest
from messages_harness import TIMEOUT, ScriptedProvider, Stage, own_event, send_round, shown, stage
from msgspec.structs import replace

from anclora.messages.classes import ClassChange, change_class
from anclora.messages.model import MessageClass
from anclora.messages.sweep import OutboxSweep
from anclora.providers.contract import ReceiptEvent
from anclora.storage.database import Database

PROOF_SECONDS = 30 + 5 + 60 + 30 + 1
DEADLINE_SECONDS = 901


async def after(here: Stage, message_id: UUID, seconds: float = 0.0) -> str:
    await here.pass_seconds(seconds)
    await here.resolver.run_once()
    return await here.state(message_id)


async def test_the_reference_goes_out_with_every_try_and_is_the_messages_id(db: Database, redis: Any) -> None:
    provider = ScriptedProvider(client_reference="echo")
    async with stage(db, redis, provider) as here:
        message_id = await here.accept()
        await send_round(await here.dispatcher())
        assert provider.references == [str(message_id)]


@pytest.mark.parametrize("how", ["own", "receipt"])
async def test_an_echoed_reference_ends_the_doubt_and_equal_words_do_not(db: Database, redis: Any, how: str) -> None:
    async with stage(db, redis, ScriptedProvider(client_reference="echo")) as here:
        message_id = await here.doubt()
        twin = await here.accept(priority="high")
        await here.attempt(twin)  # the same words to the same person, being sent: no matter
        await here.hear(own_event("hola", "P1"))
        assert await after(here, message_id) == "unknown"
        if how == "own":
            await here.hear(replace(own_event("hola", "P2"), reference=str(message_id)))
        else:
            await here.hear(ReceiptEvent(provider_id="P2", rank=2, reference=str(message_id)))
        assert await after(here, message_id) == ("sent" if how == "own" else "delivered")
        assert (await here.row(message_id))["provider_id"] == "P2"


async def test_a_late_reference_brings_the_dead_back(db: Database, redis: Any) -> None:
    async with stage(db, redis, ScriptedProvider(client_reference="echo")) as here:
        message_id = await here.doubt()
        assert await after(here, message_id, DEADLINE_SECONDS) == "dead"
        await here.hear(ReceiptEvent(provider_id="P2", rank=3, reference=str(message_id)))
        assert await after(here, message_id) == "read"


async def test_the_look_up_is_matched_by_reference_too(db: Database, redis: Any) -> None:
    provider = ScriptedProvider(client_reference="echo")
    async with stage(db, redis, provider) as here:
        message_id = await here.doubt()
        provider.found = [shown("hola", "P1"), replace(shown("other words", "P2"), reference=str(message_id))]
        assert await after(here, message_id, PROOF_SECONDS) == "sent"
        assert (await here.row(message_id))["provider_id"] == "P2"


async def test_where_the_id_is_our_reference_the_status_look_up_tells(db: Database, redis: Any) -> None:
    provider = ScriptedProvider(client_reference="id", find_messages=False)
    async with stage(db, redis, provider) as here:
        message_id, other = await here.doubt(), await here.doubt("other", to="+34600999888")
        provider.receipts[str(message_id)] = ReceiptEvent(provider_id=str(message_id), rank=2)
        assert await after(here, message_id, PROOF_SECONDS) == "delivered"
        assert await here.state(other) == "unknown"
        assert (await here.row(message_id))["provider_id"] == str(message_id)


@pytest.mark.parametrize("can", [{"absence_proves": False}, {"find_messages": False}])
async def test_where_absence_proves_nothing_a_person_decides(db: Database, redis: Any, can: dict[str, Any]) -> None:
    provider = ScriptedProvider(client_reference="echo", **can)
    async with stage(db, redis, provider) as here:
        message_id = await here.doubt()
        provider.found = [shown("control", "P9", to="34600999888")]
        assert await after(here, message_id, PROOF_SECONDS) == "unknown"
        assert await after(here, message_id, DEADLINE_SECONDS) == "dead"
        assert provider.out == []


async def test_what_the_look_up_found_is_as_far_as_its_status_says(db: Database, redis: Any) -> None:
    """The receipts were lost: `findStatusMessage` still knows them."""
    provider = ScriptedProvider()
    async with stage(db, redis, provider) as here:
        message_id = await here.doubt()
        provider.found = [shown("hola", "P1")]
        provider.receipts["P1"] = ReceiptEvent(provider_id="P1", rank=3)
        assert await after(here, message_id, PROOF_SECONDS) == "read"


async def test_a_class_that_would_rather_have_it_twice_is_sent_again_after_the_deadline(
    db: Database, redis: Any
) -> None:
    provider = ScriptedProvider(find_messages=False)
    async with stage(db, redis, provider) as here:
        await change_class(db, MessageClass.REPLY, ClassChange(unknown="resend"), actor="test")
        held = await here.doubt("held")
        again = await here.doubt("again", to="+34600999888", kind=MessageClass.REPLY)
        assert await after(here, again, DEADLINE_SECONDS - 10) == "unknown"
        assert await after(here, again, 20) == "queued"
        assert await here.state(held) == "dead"
        await here.pass_seconds(6)
        await OutboxSweep(here.db, here.queue, here.settings).run_once()
        await send_round(await here.dispatcher())
        assert provider.out == ["again"]


async def test_every_doubt_is_looked_at_however_many_there_are(db: Database, redis: Any) -> None:
    """A hundred that nothing ends do not stand in the way of the one that an event proves."""
    async with stage(db, redis) as here:
        ids = [await here.accept(f"#{n}", to=f"+34600112{n:03d}", fed=False) for n in range(110)]
        for intent in (await here.intend(*ids)).send:
            await here.finish(intent, TIMEOUT)
        last = ids[-1]
        await here.hear(own_event("#109", "P1", to="34600112109"))
        for _ in range(2):
            await here.resolver.run_once()
        assert await here.state(last) == "sent"
        row = await here.db.fetch_one("select count(*)::integer as n from messages where state = 'unknown'")
        assert row == {"n": 109}
