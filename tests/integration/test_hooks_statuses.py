"""What becomes of messages is told in the statement that makes it so, once, and only while somebody subscribes."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hooks_harness import HookStage, hook_stage
from messages_harness import Stage, send_round

from anclora.events import WANTED, WantedKeeper
from anclora.hooks import EventPrune
from anclora.kit.ids import moment_of
from anclora.messages.told import QUERIES, telling
from anclora.providers.contract import ReceiptEvent, Refused, Scope, Sent

NAMES = ("store_results", "apply_receipts", "intend", "give_up_doubt", "expire")


@pytest.fixture(autouse=True)
async def hooks(here: Stage) -> AsyncGenerator[HookStage, None]:
    async with hook_stage(here.db) as running:
        yield running
    WANTED.forget()


async def keep_up(here: Stage) -> None:
    await WantedKeeper(here.db).run_once()


async def told(here: Stage, message_id: UUID) -> list[dict[str, Any]]:
    rows = await here.db.fetch_all(
        "select id, type, instance, data from events where subject = %(s)s order by ordinal", s=f"message:{message_id}"
    )
    return [dict(row) for row in rows]


def receipt(row: dict[str, Any], rank: int) -> ReceiptEvent:
    return ReceiptEvent(provider_id=row["provider_id"], rank=rank)


async def test_while_nobody_subscribes_the_statements_are_the_plain_ones(here: Stage) -> None:
    await keep_up(here)
    for name in NAMES:
        assert telling(name) == (QUERIES[name], {})
    message = await here.accept()
    await send_round(await here.dispatcher())
    await here.hear(receipt(await here.row(message), 3))
    assert await here.state(message) == "read"
    assert (await here.count("events"), await here.count("events_unread")) == (0, 0)


async def test_only_the_statements_that_can_tell_it_change(here: Stage, hooks: HookStage) -> None:
    await hooks.subscribe("message.dead", "instance.*")
    await keep_up(here)
    assert [telling(name)[1] for name in NAMES] == [
        {"told": ["message.dead"]},
        {},
        {"told": ["message.dead"]},
        {"told": ["message.dead"]},
        {},
    ]
    assert telling("apply_receipts")[0] == QUERIES["apply_receipts"]


async def test_a_life_is_told_step_by_step(here: Stage, hooks: HookStage) -> None:
    await hooks.subscribe("message.*")
    await keep_up(here)
    message = await here.accept(client_ref="order-7", tags=["vip"])
    await send_round(await here.dispatcher())
    row = await here.row(message)
    for rank in (1, 2, 2, 3, 2, 4):
        await here.hear(receipt(row, rank))
    events = await told(here, message)
    assert [event["type"] for event in events] == [
        f"message.{state}" for state in ("sent", "delivered", "read", "played")
    ]
    assert events[0]["instance"] == "sales"
    assert events[1]["data"] == {
        "id": str(message),
        "to": row["recipient"],
        "instance": "sales",
        "class": "utility",
        "client_ref": "order-7",
        "campaign_id": None,
        "tags": ["vip"],
        "state": "delivered",
        "provider_id": row["provider_id"],
        "reason_code": None,
        "reason_text": None,
    }
    assert abs((moment_of(events[0]["id"]) - here.clock.now()).total_seconds()) < 60
    assert events[0]["id"].version == 7


async def test_of_what_nobody_wants_nothing_is_kept(here: Stage, hooks: HookStage) -> None:
    await hooks.subscribe("message.read")
    await keep_up(here)
    message = await here.accept()
    await send_round(await here.dispatcher())
    for rank in (2, 3):
        await here.hear(receipt(await here.row(message), rank))
    assert [event["type"] for event in await told(here, message)] == ["message.read"]


async def test_a_receipt_before_the_result_is_told_of_once(here: Stage, hooks: HookStage) -> None:
    await hooks.subscribe("message.*")
    await keep_up(here)
    message = await here.accept()
    intent = await here.attempt(message)
    await here.hear(ReceiptEvent(provider_id="P9", rank=2))
    await here.finish(intent, Sent(provider_id="P9"))
    assert [event["type"] for event in await told(here, message)] == ["message.delivered"]


async def test_failures_are_told_with_their_reason(here: Stage, hooks: HookStage) -> None:
    await hooks.subscribe("message.*")
    await keep_up(here)
    refused = await here.accept()
    await here.finish(
        await here.attempt(refused),
        Refused(scope=Scope.MESSAGE, code="not_on_whatsapp", text="This number is not on WhatsApp.", permanent=True),
    )
    nacked = await here.accept("second", to="+34600111333")
    await here.finish(await here.attempt(nacked), Sent(provider_id="P7"))
    await here.hear(ReceiptEvent(provider_id="P7", rank=0, text="no"))
    [one] = await told(here, refused)
    assert (one["type"], one["data"]["reason_code"]) == ("message.failed", "not_on_whatsapp")
    types = [(event["type"], event["data"]["reason_text"]) for event in await told(here, nacked)]
    assert types == [("message.sent", None), ("message.failed", "no")]


async def test_every_way_to_be_given_up_is_told(here: Stage, hooks: HookStage) -> None:
    await hooks.subscribe("message.dead")
    await keep_up(here)
    old = await here.accept()
    await here.db.execute("update messages set eligible_at = now() - interval '3 days' where id = %(id)s", id=old)
    await here.intend(old)
    doubtful = await here.doubt("in doubt", to="+34600111333")
    await here.set(doubtful, unknown_at=here.clock.now().replace(year=2025))
    await here.resolver.run_once()
    for message, reason in ((old, "too_old"), (doubtful, "unknown_outcome")):
        assert await here.state(message) == "dead"
        [event] = await told(here, message)
        assert (event["type"], event["data"]["reason_code"]) == ("message.dead", reason)


async def test_what_was_told_reaches_the_endpoint(here: Stage, hooks: HookStage) -> None:
    await hooks.subscribe("message.*")
    await keep_up(here)
    message = await here.accept()
    await send_round(await here.dispatcher())
    await here.hear(receipt(await here.row(message), 2))
    await hooks.deliver_all()
    assert [(event["type"], event["data"]["id"]) for event in hooks.subscriber.taken] == [
        ("message.sent", str(message)),
        ("message.delivered", str(message)),
    ]
    assert "hola" not in msgspec.json.encode(hooks.subscriber.taken).decode()


async def test_days_that_are_over_go_with_their_log(here: Stage, hooks: HookStage) -> None:
    hook = await hooks.subscribe()
    await hooks.happen("message:1")
    await hooks.deliver()
    prune = EventPrune(here.db, here.settings, hooks.clock)
    await prune.run_once()
    assert (await hooks.states(hook.id)).total() == 1
    hooks.clock.pass_seconds((here.settings.event_days + 3) * 86_400)
    await prune.run_once()
    for table in ("events", "hook_deliveries", "hook_requests"):
        assert await here.count(table) == 0
