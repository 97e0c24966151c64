"""A process with the role `work` makes conversations of what is heard, by itself, and an integrator hears of it."""

from typing import Any

from conversations_harness import AT, said
from hooks_harness import Subscriber, listening

from anclora.conversations import read
from anclora.hooks import HookDraft
from anclora.hooks.subscriptions import create
from anclora.inbound.apply import apply
from anclora.inbound.model import deliver
from anclora.kit.settings import load_settings
from anclora.runtime import open_runtime
from anclora.storage.database import Database
from anclora.workers import Role, working
from tests.waiting import eventually


async def test_a_worker_opens_and_tells(db: Database, database_url: str, redis: Any, redis_url: str) -> None:
    settings = load_settings(
        database_url=database_url,
        redis_url=redis_url,
        hooks_allow="127.0.0.0/8",
        evolution_api_url="http://127.0.0.1:1",
        evolution_api_key="k",
    )
    async with listening(Subscriber()) as subscriber, open_runtime(settings) as runtime:
        draft = HookDraft(url=subscriber.url, types=["conversation.*"])
        await create(db, draft, settings, clock=runtime.clock, actor="test")
        async with working(runtime, {Role.WORK}):
            body = said({"conversation": "hola"}, "3A01", at=AT)
            await apply(db, [(AT, deliver("sales", body, runtime.providers["evolution"].parse_webhook(body)))])

            async def taken() -> bool:
                return [each["type"] for each in subscriber.taken] == ["conversation.opened"]

            await eventually(taken)
    [one] = await read.find(db)
    [event] = subscriber.taken
    assert (event["subject"], event["data"]["state"]) == (f"conversation:{one.id}", "open")
    assert (event["instance"], event["data"]["phone"]) == ("sales", one.phone)
