"""A limit that a status tells of stops what an answer with the same code would have stopped."""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from messages_harness import DIGITS, Stage, stage

from anclora.inbound.apply import Applier
from anclora.inbound.receive import Inbound
from anclora.kit.settings import load_settings
from anclora.messages.late_refusals import resting
from anclora.providers.cloud import webhook
from anclora.providers.contract import ReceiptEvent, Refused, Scope, Sent
from anclora.providers.registry import Providers, build
from anclora.storage.database import Database

OTHER = "34600111333"
CLOUD: dict[str, Any] = {
    "cloud_account_id": "209",
    "cloud_token": "t",
    "cloud_app_secret": "s",
    "cloud_verify_token": "v",
    "cloud_graph_url": "http://127.0.0.1:1",
}


@pytest.fixture
async def here(db: Database, redis: Any) -> AsyncGenerator[Stage, None]:
    async with stage(db, redis) as running:
        yield running


@pytest.fixture
async def providers(here: Stage) -> AsyncGenerator[Providers, None]:
    built = build(load_settings(**CLOUD), here.clock)
    yield built
    await built.close()


def failed(code: int, provider_id: str = "P1", recipient: str = DIGITS) -> bytes:
    status = {"id": provider_id, "status": "failed", "recipient_id": recipient, "errors": [{"code": code}]}
    value = {"metadata": {"phone_number_id": "sales"}, "statuses": [status]}
    entry = {"id": "209", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": webhook.OBJECT, "entry": [entry]}).encode()


async def hear(here: Stage, providers: Providers, body: bytes) -> None:
    inbound = Inbound(here.db, providers, Applier(here.db))
    await inbound.accept_shared("cloud", body)
    await inbound.close()


async def rests(here: Stage) -> list[tuple[str, str, str, str]]:
    rows = await here.db.fetch_all(
        "select instance, recipient, class, reason from rests where until > now() order by 1, 2, 3"
    )
    return [(row["instance"], row["recipient"], row["class"], row["reason"]) for row in rows]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (131049, [("sales", DIGITS, "marketing", "marketing_limit")]),
        (131056, [("sales", DIGITS, "", "pair_rate_limit")]),
        (131048, [("sales", "", "marketing", "spam_rate_limit")]),
        (130429, [("sales", "", "", "rate_limit")]),
        (131026, []),  # this person only, and for good: nothing else is stopped
        (131047, []),
        (131000, []),
        (999_999, []),
    ],
)
async def test_what_rests_is_what_the_code_is_about(
    here: Stage, providers: Providers, code: int, wanted: list[tuple[str, str, str, str]]
) -> None:
    message_id = await here.accept("first")
    await here.finish(await here.attempt(message_id), Sent(provider_id="P1"))
    await hear(here, providers, failed(code))
    assert await here.state(message_id) == "failed"
    assert await rests(here) == wanted


async def test_an_intent_keeps_to_it_and_others_go_on(here: Stage, providers: Providers) -> None:
    message_id = await here.accept("first")
    await here.finish(await here.attempt(message_id), Sent(provider_id="P1"))
    await hear(here, providers, failed(131056))
    again, beside = await here.accept("again"), await here.accept("beside", to=f"+{OTHER}")
    await here.attempt(beside)
    assert await here.state(beside) == "sending"
    assert await here.state(again) == "queued"
    assert list((await here.intend(again)).send) == []
    row = await here.row(again)
    assert (row["state"], row["hold_reason"]) == ("queued", "rest:pair_rate_limit")


async def test_an_account_rests_with_all_its_numbers_and_an_old_status_stops_nothing(here: Stage) -> None:
    blocked = Refused(scope=Scope.ACCOUNT, code="account_blocked", text="")
    event = ReceiptEvent(provider_id="P", rank=0, refusal=blocked, recipient=DIGITS)
    await here.db.execute(
        "insert into instances (name, provider, state, secret) select 'second', provider, 'open', 'x' from instances"
        " where name = 'sales'"
    )
    now = datetime.now(UTC)
    await here.db.commit_each(resting([("sales", now - timedelta(days=2), event)]))
    assert await rests(here) == []
    await here.db.commit_each(resting([("sales", now, event), ("sales", now, event)]))
    assert [each[0] for each in await rests(here)] == ["sales", "second"]
