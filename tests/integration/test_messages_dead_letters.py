"""What was given up waits for a person: found by reason, sent again in order, or discarded; and all is audited."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest
from api_harness import house
from messages_harness import ScriptedProvider, Stage, own_event, send_round, stage

from anclora.kit.errors import InvalidError
from anclora.messages.dead_letters import Choice, count_dead, discard, find_dead, requeue
from anclora.messages.retries import Retries
from anclora.messages.sweep import OutboxSweep
from anclora.providers.contract import Refused, Scope
from anclora.storage.database import Database

FULL = Refused(scope=Scope.MESSAGE, code="media_fetch", text="the file is not there")
ANY: dict[str, Any] = {"instance": None, "reason": None, "before": None, "limit": 50}


@pytest.fixture
def provider() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture
async def here(db: Database, redis: Any, provider: ScriptedProvider) -> AsyncGenerator[Stage, None]:
    async with stage(db, redis, provider, outbox_after_seconds=0.01) as running:
        running.retries = Retries({"message": {"tries": 1}})
        yield running


async def dead(here: Stage, text: str = "hola", **draft: Any) -> UUID:
    """A message whose only try was refused."""
    message_id = await here.accept(text, **draft)
    await here.finish(await here.attempt(message_id), FULL)
    assert await here.state(message_id) == "dead"
    return message_id


async def unproved(here: Stage, text: str = "hola") -> UUID:
    """A message nobody knows the fate of, past its deadline."""
    message_id = await here.doubt(text)
    await here.pass_seconds(905)
    await here.resolver.run_once()
    return message_id


async def test_each_way_to_die_is_listed_with_its_last_exchange(here: Stage) -> None:
    unknown, refused = await unproved(here), await dead(here, "two")
    old = await here.accept("three")
    await here.pass_seconds(86_500)
    await here.intend(old)
    letters = {letter.id: letter for letter in await find_dead(here.db, **ANY)}
    assert {i: letter.reason_code for i, letter in letters.items()} == {
        unknown: "unknown_outcome",
        refused: "tries_exhausted",
        old: "too_old",
    }
    last = letters[refused].last
    assert last is not None
    assert (last.outcome, last.code, last.text) == ("refused", "media_fetch", "the file is not there")
    assert letters[old].last is None
    assert await count_dead(here.db) == {"tries_exhausted": 1, "too_old": 1, "unknown_outcome": 1}
    only = await find_dead(here.db, instance=None, reason="too_old", before=None, limit=50)
    assert [letter.id for letter in only] == [old]


async def test_a_requeued_one_goes_behind_what_waits_and_may_be_tried_as_often_as_a_new_one(
    here: Stage, provider: ScriptedProvider
) -> None:
    first = await dead(here, "first")
    await send_round(await here.dispatcher())  # its lane lets it go
    await here.accept("second")
    assert await requeue(here.db, Choice(ids=[first]), actor="test") == 1
    row = await here.row(first)
    assert (row["state"], row["tries"], row["attempt"], row["reason_code"]) == ("queued", 0, 1, "requeued")
    await here.pass_seconds(1)
    await OutboxSweep(here.db, here.queue, here.settings).run_once()
    for _ in range(2):
        await send_round(await here.dispatcher())
    assert provider.out == ["second", "first"]
    assert await find_dead(here.db, **ANY) == []


async def test_all_that_fit_are_requeued_and_others_stay(here: Stage) -> None:
    several = [await dead(here, f"#{n}", to=f"+3460011122{n}") for n in range(3)]
    other = await unproved(here, "other")
    assert await requeue(here.db, Choice(reason="tries_exhausted"), actor="test") == 3
    assert {await here.state(each) for each in several} == {"queued"}
    assert await here.state(other) == "dead"
    assert await requeue(here.db, Choice(everything=True), actor="test") == 1
    assert await requeue(here.db, Choice(everything=True), actor="test") == 0


async def test_a_discarded_one_is_canceled_with_the_reason(here: Stage) -> None:
    message_id = await dead(here)
    assert await discard(here.db, Choice(ids=[message_id], why="the viewing is over"), actor="key:1") == 1
    row = await here.row(message_id)
    assert (row["state"], row["reason_code"], row["reason_text"]) == ("canceled", "discarded", "the viewing is over")
    entry = await here.db.fetch_one("select actor, action, detail from audit order by at desc limit 1")
    assert entry is not None
    assert (entry["actor"], entry["action"], entry["detail"]["count"]) == ("key:1", "dead_letter.discard", 1)
    assert await discard(here.db, Choice(ids=[message_id], why="again"), actor="key:1") == 0


async def test_late_evidence_takes_it_off_the_list(here: Stage) -> None:
    message_id = await unproved(here)
    await here.hear(own_event("hola", "P1"))
    await here.resolver.run_once()
    assert await here.state(message_id) == "sent"
    assert (await find_dead(here.db, **ANY), await count_dead(here.db)) == ([], {})


@pytest.mark.parametrize("choice", [Choice(), Choice(why="x"), Choice(ids=[UUID(int=n) for n in range(1_001)])])
async def test_nothing_chosen_or_too_much_changes_nothing(here: Stage, choice: Choice) -> None:
    message_id = await dead(here)
    with pytest.raises(InvalidError):
        await requeue(here.db, choice, actor="test")
    with pytest.raises(InvalidError):
        await discard(here.db, Choice(ids=[message_id]), actor="test")
    assert await here.state(message_id) == "dead"


async def test_the_doors_list_requeue_and_discard(db: Database, redis: Any) -> None:
    async with house(db, redis) as doors:
        assert (await doors.ask("GET", "/api/v1/dead-letters")).json == {"dead_letters": [], "counts": {}, "next": None}
        done = await doors.ask("POST", "/api/v1/dead-letters/requeue", json={"everything": True})
        assert (done.status, done.json) == (200, {"count": 0, "left": 0})
        refused = await doors.ask("POST", "/api/v1/dead-letters/discard", json={"everything": True})
        assert (refused.status, refused.json["code"]) == (422, "reason_needed")
        unchosen = await doors.ask("POST", "/api/v1/dead-letters/requeue", json={})
        assert (unchosen.status, unchosen.json["code"]) == (422, "nothing_chosen")
