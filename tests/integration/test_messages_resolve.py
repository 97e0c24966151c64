"""Doubt is ended by an event of our own, by the look-up, by the proof that it was not sent. Else a person decides."""

from typing import Any
from uuid import UUID

import pytest
from messages_harness import DIGITS, TIMEOUT, ScriptedProvider, Stage, metric, own_event, send_round, shown
from msgspec.structs import replace

from anclora.messages.sweep import OutboxSweep
from anclora.providers.contract import Media, ReceiptEvent, Sent

OTHER = "34600999888"
PROOF_SECONDS = 30 + 5 + 60 + 30  # lease, time-outs, grace
DEADLINE_SECONDS = 900


@pytest.fixture
def provider() -> ScriptedProvider:
    return ScriptedProvider(hidden_by=frozenset({"not_stored"}))


async def after(here: Stage, message_id: UUID, seconds: float = 0.0) -> str:
    """Let time pass, look for evidence once, and say where the message stands."""
    await here.pass_seconds(seconds)
    await here.resolver.run_once()
    return await here.state(message_id)


async def test_our_own_event_ends_the_doubt_at_once(here: Stage) -> None:
    resolved = metric("anclora_unknown_resolved_total", how="event")
    message_id = await here.doubt()
    await here.hear(own_event("hola", "P1"))
    assert await after(here, message_id) == "sent"
    row = await here.row(message_id)
    assert (row["provider_id"], row["unknown_at"], row["reason_code"], row["reason_text"]) == ("P1", None, None, None)
    assert resolved() == 1


async def test_an_event_that_came_before_the_doubt_counts_too(here: Stage) -> None:
    message_id = await here.accept()
    intent = await here.attempt(message_id)
    await here.hear(own_event("hola", "P1"))
    await here.finish(intent, TIMEOUT)
    assert await after(here, message_id) == "sent"


@pytest.mark.parametrize(("rank", "state"), [(1, "sent"), (2, "delivered"), (3, "read"), (4, "played")])
@pytest.mark.parametrize("receipt_first", [True, False])
async def test_status_events_raise_what_the_event_proved(
    here: Stage, rank: int, state: str, *, receipt_first: bool
) -> None:
    message_id = await here.doubt()
    receipt, own = ReceiptEvent(provider_id="P1", rank=rank), own_event("hola", "P1")
    if receipt_first:
        await here.hear(receipt)
        assert await after(here, message_id) == "unknown"  # nobody knows yet whose id it is
        await here.hear(own)
    else:
        await here.hear(own, receipt)
    assert await after(here, message_id) == state


async def test_a_receipt_after_the_doubt_ended_goes_on_raising(here: Stage) -> None:
    message_id = await here.doubt()
    await here.hear(own_event("hola", "P1"))
    assert await after(here, message_id) == "sent"
    await here.hear(ReceiptEvent(provider_id="P1", rank=3))
    assert await here.state(message_id) == "read"


async def test_a_provider_error_on_what_the_event_proved_fails_it(here: Stage) -> None:
    message_id = await here.doubt()
    await here.hear(own_event("hola", "P1"), ReceiptEvent(provider_id="P1", rank=0, text="463"))
    assert await after(here, message_id) == "failed"
    assert (await here.row(message_id))["reason_text"] == "463"


NO_EVIDENCE = {
    "other words": own_event("adiós", "P1"),
    "another person": own_event("hola", "P1", to=OTHER),
    "typed on the phone": own_event("hola", "P1", by_api=False),
}


@pytest.mark.parametrize("event", NO_EVIDENCE.values(), ids=NO_EVIDENCE)
async def test_somebody_elses_event_proves_nothing(here: Stage, event: Any) -> None:
    message_id = await here.doubt()
    await here.hear(replace(event, at=here.clock.now()))
    assert await after(here, message_id) == "unknown"


@pytest.mark.parametrize("together", [True, False])
async def test_our_own_event_wins_over_the_same_id_told_as_a_phones(here: Stage, *, together: bool) -> None:
    message_id = await here.doubt()
    events = own_event("hola", "P1"), own_event("hola", "P1", by_api=False)
    if together:
        await here.hear(*events)
    else:
        for event in reversed(events):
            await here.hear(event)
    assert await after(here, message_id) == "sent"


async def test_an_event_from_long_before_the_intent_proves_nothing(here: Stage) -> None:
    await here.hear(own_event("hola", "P1"))
    await here.pass_seconds(125)
    assert await after(here, await here.doubt()) == "unknown"


async def test_one_event_is_evidence_for_one_message(here: Stage) -> None:
    first, second = await here.doubt(), await here.doubt(to="+34600999888")
    await here.set(second, recipient=DIGITS)
    await here.hear(own_event("hola", "P1"))
    await here.resolver.run_once()
    assert sorted([await here.state(first), await here.state(second)]) == ["sent", "unknown"]


async def test_an_event_that_may_be_a_twins_who_is_being_sent_is_left_alone(here: Stage) -> None:
    doubtful = await here.doubt()
    twin = await here.accept(priority="high")
    intent = await here.attempt(twin)
    await here.hear(own_event("hola", "P1"))
    assert await after(here, doubtful) == "unknown"
    await here.finish(intent, Sent(provider_id="P1"))
    assert (await after(here, doubtful), await here.state(twin)) == ("unknown", "sent")


async def test_without_words_only_a_sole_candidate_counts(here: Stage) -> None:
    ids: list[UUID] = []
    for _ in range(2):
        draft: Any = {"type": "image", "text": None, "media": Media(url="https://a.example/b.jpg")}
        ids.append(await here.doubt(**draft))
        await here.set(ids[-1], blocks_until=here.clock.now())
    for provider_id in ("P1", "P2"):
        await here.hear(own_event("", provider_id))
    await here.resolver.run_once()
    assert [await here.state(i) for i in ids] == ["unknown", "unknown"]


async def test_the_look_up_proves_it_sent(here: Stage, provider: ScriptedProvider) -> None:
    resolved = metric("anclora_unknown_resolved_total", how="look_up")
    message_id = await here.doubt()
    provider.found = [shown("hola", "P1", ago_seconds=PROOF_SECONDS)]
    assert await after(here, message_id, PROOF_SECONDS + 1) == "sent"
    assert ((await here.row(message_id))["provider_id"], resolved()) == ("P1", 1)


async def test_a_look_up_meets_the_receipts_that_came_before_it(here: Stage, provider: ScriptedProvider) -> None:
    message_id = await here.doubt()
    await here.hear(ReceiptEvent(provider_id="P1", rank=2))
    provider.found = [shown("hola", "P1")]
    assert await after(here, message_id, PROOF_SECONDS + 1) == "delivered"


async def test_the_look_up_of_an_id_that_is_anothers_proves_nothing(here: Stage, provider: ScriptedProvider) -> None:
    twin = await here.accept()
    await here.finish(await here.attempt(twin), Sent(provider_id="P1"))
    message_id = await here.doubt()
    provider.found = [shown("hola", "P1"), shown("control", "P9", to=OTHER)]
    assert await after(here, message_id, PROOF_SECONDS + 1) == "queued"


async def test_words_typed_on_the_phone_are_not_taken_for_ours(here: Stage, provider: ScriptedProvider) -> None:
    message_id = await here.doubt()
    await here.hear(own_event("hola", "P1", by_api=False))
    provider.found = [shown("hola", "P1")]
    assert await after(here, message_id, PROOF_SECONDS + 1) == "queued"


async def test_proved_not_sent_it_goes_out_again_in_its_old_place(here: Stage, provider: ScriptedProvider) -> None:
    message_id = await here.doubt("lost")
    ordinal = (await here.row(message_id))["ordinal"]
    provider.found = [shown("control", "P9", to=OTHER)]
    assert await after(here, message_id, PROOF_SECONDS + 1) == "queued"
    row = await here.row(message_id)
    assert (row["ordinal"], row["tries"], row["reason_code"]) == (ordinal, 1, "proved_not_sent")
    await here.pass_seconds(6)
    await OutboxSweep(here.db, here.queue, here.settings).run_once()
    await send_round(await here.dispatcher())
    assert (await here.state(message_id), provider.out) == ("sent", ["lost"])
    assert await here.notes(message_id) == ["unknown", "sent"]


async def test_absence_is_no_proof_before_the_grace_is_over(here: Stage, provider: ScriptedProvider) -> None:
    message_id = await here.doubt()
    provider.found = [shown("control", "P9", to=OTHER)]
    assert await after(here, message_id, PROOF_SECONDS - 15) == "unknown"
    assert await after(here, message_id, 16) == "queued"


async def test_absence_is_no_proof_while_webhooks_wait_to_be_applied(here: Stage, provider: ScriptedProvider) -> None:
    message_id = await here.doubt()
    provider.found = [shown("control", "P9", to=OTHER)]
    await here.db.execute(
        "insert into inbound_unapplied (created_at, event_ids) values (now() - interval '2 seconds', '{}')"
    )
    assert await after(here, message_id, PROOF_SECONDS + 1) == "unknown"
    await here.db.execute("delete from inbound_unapplied")
    assert await after(here, message_id, 11) == "queued"


async def test_absence_is_no_proof_without_a_control(here: Stage) -> None:
    message_id = await here.doubt()
    assert await after(here, message_id, PROOF_SECONDS + 1) == "unknown"


async def test_another_message_to_the_same_person_is_a_control(here: Stage, provider: ScriptedProvider) -> None:
    message_id = await here.doubt()
    provider.found = [shown("other words", "P9")]
    assert await after(here, message_id, PROOF_SECONDS + 1) == "queued"


async def test_a_control_from_before_the_window_proves_nothing(here: Stage, provider: ScriptedProvider) -> None:
    message_id = await here.doubt()
    provider.found = [shown("control", "P9", to=OTHER, ago_seconds=PROOF_SECONDS + 130)]
    assert await after(here, message_id, PROOF_SECONDS + 1) == "unknown"


async def test_a_look_up_that_does_not_answer_proves_nothing_and_is_asked_again(
    here: Stage, provider: ScriptedProvider
) -> None:
    message_id = await here.doubt()
    provider.found, provider.silent = [shown("control", "P9", to=OTHER)], True
    assert await after(here, message_id, PROOF_SECONDS + 1) == "unknown"
    provider.silent = False
    assert await after(here, message_id, 5) == "unknown"  # not more often than every ten seconds
    assert await after(here, message_id, 6) == "queued"


async def test_where_the_look_up_may_hide_it_absence_is_no_proof(here: Stage, provider: ScriptedProvider) -> None:
    message_id = await here.doubt(code="not_stored")
    provider.found = [shown("control", "P9", to=OTHER)]
    assert await after(here, message_id, PROOF_SECONDS + 1) == "unknown"
    provider.found.append(shown("hola", "P1"))
    assert await after(here, message_id, 11) == "sent"  # presence is one all the same


async def test_without_evidence_a_person_decides_after_the_deadline(here: Stage) -> None:
    resolved = metric("anclora_unknown_resolved_total", how="deadline")
    message_id = await here.doubt()
    assert await after(here, message_id, DEADLINE_SECONDS - 15) == "unknown"
    assert await after(here, message_id, 16) == "dead"
    assert ((await here.row(message_id))["reason_code"], resolved()) == ("unknown_outcome", 1)


async def test_a_number_without_its_provider_ends_in_the_hands_of_a_person(here: Stage) -> None:
    message_id = await here.doubt()
    here.providers.clear()
    assert await after(here, message_id, 1) == "unknown"
    assert await after(here, message_id, DEADLINE_SECONDS) == "dead"


@pytest.mark.parametrize("how", ["result", "event", "event and receipt"])
async def test_late_evidence_brings_the_dead_back(here: Stage, how: str) -> None:
    message_id = await here.accept()
    intent = await here.attempt(message_id)
    await here.finish(intent, TIMEOUT)
    assert await after(here, message_id, DEADLINE_SECONDS + 1) == "dead"
    if how == "result":
        await here.finish(intent, Sent(provider_id="P1"))
    else:
        await here.hear(own_event("hola", "P1"))
    if how == "event and receipt":
        await here.hear(ReceiptEvent(provider_id="P1", rank=3))
    assert await after(here, message_id) == ("read" if how == "event and receipt" else "sent")
    row = await here.row(message_id)
    assert (row["reason_code"], row["unknown_at"]) == (None, None)


@pytest.mark.parametrize("event", NO_EVIDENCE.values(), ids=NO_EVIDENCE)
async def test_somebody_elses_event_leaves_the_dead_alone(here: Stage, event: Any) -> None:
    message_id = await here.doubt()
    assert await after(here, message_id, DEADLINE_SECONDS + 1) == "dead"
    await here.hear(replace(event, at=here.clock.now()))
    assert await after(here, message_id) == "dead"


async def test_a_doubt_that_ended_is_dropped_by_its_lane(here: Stage, provider: ScriptedProvider) -> None:
    provider.script["hola"].append(TIMEOUT)
    message_id = await here.accept()
    await send_round(await here.dispatcher())
    assert (await here.state(message_id), len((await here.queue.stats()).lanes)) == ("unknown", 1)
    await here.hear(own_event("hola", "P1"))
    assert await after(here, message_id) == "sent"
    await send_round(await here.dispatcher())
    assert (provider.out, (await here.queue.stats()).lanes) == (["hola"], {})
