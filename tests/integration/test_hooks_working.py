"""A process with the role `work` passes on and posts by itself, and knows what is wanted from its first round on."""

from typing import Any

from hooks_harness import HookStage, Subscriber, hook_stage, listening

from anclora.events import WANTED, EventType
from anclora.hooks import HookDraft
from anclora.hooks.subscriptions import create
from anclora.kit.settings import load_settings
from anclora.runtime import open_runtime
from anclora.storage.database import Database
from anclora.workers import Role, working
from tests.waiting import eventually


async def test_a_worker_delivers(db: Database, database_url: str, redis: Any, redis_url: str) -> None:
    settings = load_settings(database_url=database_url, redis_url=redis_url, hooks_allow="127.0.0.0/8")
    async with listening(Subscriber()) as subscriber, hook_stage(db) as elsewhere:
        await subscribe(elsewhere, subscriber)
        async with open_runtime(settings) as runtime, working(runtime, {Role.WORK}):
            assert EventType.MESSAGE_READ in WANTED.types
            event = await elsewhere.happen("message:1")

            async def taken() -> bool:
                return [each["id"] for each in subscriber.taken] == [str(event)]

            await eventually(taken)
    assert not WANTED.types


async def subscribe(stage: HookStage, subscriber: Subscriber) -> None:
    draft = HookDraft(url=subscriber.url, types=["message.*"])
    await create(stage.db, draft, stage.settings, clock=stage.clock, actor="test")
