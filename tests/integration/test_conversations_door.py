"""The whole way through the doors: a webhook by HTTP, a conversation, an answer by HTTP, and how long it took."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from api_harness import PHONE, House, house
from conversations_harness import AT, Talks, said
from messages_harness import DIGITS, Stage, send_round

from anclora.kit.settings import load_settings
from anclora.providers.registry import build

PATH = "/api/v1/conversations"


@pytest.fixture
async def talks(here: Stage) -> AsyncGenerator[Talks, None]:
    providers = build(load_settings(evolution_api_url="http://127.0.0.1:1", evolution_api_key="k"), here.clock)
    yield Talks(here, providers)
    await providers.close()


@pytest.fixture
async def doors(talks: Talks, redis: Any) -> AsyncGenerator[House, None]:
    async with house(talks.db, redis, inbound=talks.inbound, submit=talks.here.submit) as running:
        await running.deps.book.refresh()
        yield running


async def webhook(doors: House, body: bytes) -> int:
    secret = doors.deps.book.get("sales").secret
    answer = await doors.ask("POST", "/webhooks/evolution/sales", data=body, key=None, X_Anclora_Secret=secret)
    return answer.status


async def test_a_word_by_webhook_an_answer_by_api_and_the_time_between(doors: House, talks: Talks) -> None:
    body = said({"conversation": "¿sigue libre?"}, "3A01", at=AT)
    assert [await webhook(doors, body), await webhook(doors, body)] == [200, 200]
    await talks.inbound.close()
    await talks.follow()
    [one] = (await doors.ask("GET", f"{PATH}?state=active")).json["conversations"]
    assert (one["phone"], one["first_response_seconds"]) == (DIGITS, None)
    sent = await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": "sí", "class": "reply"})
    await talks.here.feeder.settle()
    await send_round(await talks.here.dispatcher())
    await talks.look()
    shown = (await doors.ask("GET", f"{PATH}/{one['id']}")).json
    message = (await doors.ask("GET", f"/api/v1/messages/{sent.json['id']}")).json
    found = shown["conversation"]
    assert (found["first_response_at"], found["first_response_id"]) == (message["sent_at"], message["id"])
    assert found["first_response_seconds"] > 299
    assert [each["text"] for each in shown["timeline"] if each["text"]] == ["¿sigue libre?", "sí"]
    assert shown["timeline"][-1]["reason"] == "sent"
