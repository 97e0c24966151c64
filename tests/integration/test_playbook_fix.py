"""Safe actions: done when still needed and approved, within their rails, verified, taken back, and written down."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from messages_harness import ScriptedProvider, Stage, send_round, stage
from numbers_harness import town
from playbook_harness import check_of, parts_over

from anclora.audit import recent
from anclora.kit.ids import new_id
from anclora.messages.dead_letters import count_dead
from anclora.messages.retries import Retries
from anclora.playbook import Checklist, Playbook
from anclora.playbook.actions import requeue as requeue_module
from anclora.playbook.actions.requeue import RequeueDead
from anclora.playbook.fix import carry_out, plan
from anclora.providers.contract import Refused, Scope
from anclora.providers.sandbox.script import Number
from anclora.storage.database import Database
from anclora.tallies.verify import verify

NUMBERS = check_of(Checklist.MORNING, "numbers")
DEAD = check_of(Checklist.MORNING, "dead_letters")
FULL = Refused(scope=Scope.MESSAGE, code="media_fetch", text="the file is not there")


def over(here: Stage, db: Database, redis: Any) -> Playbook:
    return Playbook(parts_over(db, redis, here.clock, providers=here.providers))


async def dead(here: Stage, text: str, **draft: Any) -> UUID:
    """A message given up after its only try."""
    message_id = await here.accept(text, **draft)
    await here.finish(await here.attempt(message_id), FULL)
    assert await here.state(message_id) == "dead"
    return message_id


async def trail(db: Database) -> list[str]:
    return [entry.action for entry in reversed(await recent(db)) if entry.actor == "cli:ana"]


async def test_a_closed_number_is_connected_and_a_logged_out_one_is_left_to_a_person(
    db: Database, redis: Any, tmp_path: Path
) -> None:
    async with town(db, redis, tmp_path, number=Number(name="sales", state="close")) as here:
        book = over(here.here, db, redis)
        found = await plan(book, NUMBERS)
        assert (list(found.steps), found.refused) == (["sales: disconnected -> reconnect"], None)
        assert here.provider.asked == []  # a plan does nothing
        fixed = await carry_out(book, Checklist.MORNING, NUMBERS, actor="cli:ana")
        assert (fixed.result, fixed.detail) == ("fixed", "1 mended")
        assert here.provider.asked == ["connect"]
        await here.becomes("open")
        assert await trail(db) == ["playbook.fix_begun", "instance.restart", "playbook.fix_ended"]
        assert (await carry_out(book, Checklist.MORNING, NUMBERS, actor="cli:ana")).result == "not_needed"
        assert (await plan(book, NUMBERS)).refused == "it is ok now"
        await here.control("state", {"state": "close", "reason": 401})
        await here.becomes_logged_out()
        assert "safely" in str((await plan(book, NUMBERS)).refused)


@pytest.fixture
def provider() -> ScriptedProvider:
    return ScriptedProvider()


async def test_what_was_given_up_lately_goes_again_and_what_is_in_doubt_does_not(
    db: Database, redis: Any, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requeue_module, "_VERIFY_SECONDS", 0.3)
    async with stage(db, redis, provider) as here:
        here.retries = Retries({"message": {"tries": 1}})
        old, doubtful = await dead(here, "old"), await here.doubt("doubt")
        await db.execute("update dead_letters set died_at = now() - interval '25 hours'")
        await here.pass_seconds(905)
        await here.resolver.run_once()
        lately = [await dead(here, f"lately {each}", to=f"+3460011123{each}") for each in range(2)]
        book = over(here, db, redis)
        assert list((await plan(book, DEAD)).steps) == ["sales: 2 -> queue"]
        fixed = await carry_out(book, Checklist.MORNING, DEAD, actor="cli:ana")
        assert (fixed.result, fixed.detail) == ("fixed", "2 mended")
        assert [await here.state(each) for each in (*lately, old, doubtful)] == ["queued", "queued", "dead", "dead"]
        assert await trail(db) == ["playbook.fix_begun", "dead_letter.requeue", "playbook.fix_ended"]


async def test_what_does_not_help_is_taken_back_and_two_failures_stop_it(
    db: Database, redis: Any, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: Any) -> str:
        return "1 of 2 failed again"

    monkeypatch.setattr(RequeueDead, "verify", refused)
    async with stage(db, redis, provider) as here:
        here.retries = Retries({"message": {"tries": 1}})
        lost = [await dead(here, f"lost {each}", to=f"+3460011124{each}") for each in range(2)]
        book, before = over(here, db, redis), await count_dead(db)
        fixed = await carry_out(book, Checklist.MORNING, DEAD, actor="cli:ana")
        assert fixed.result == "failed"
        assert fixed.detail == "1 of 2 failed again; 2 were put back among the dead letters"
        assert [await here.state(each) for each in lost] == ["dead", "dead"]
        assert await count_dead(db) == before
        verified = await verify(db)
        assert verified.differences == 0
        await send_round(await here.dispatcher())  # the lanes may have heard of it; the ledger decides
        assert provider.out == []
        assert (await carry_out(book, Checklist.MORNING, DEAD, actor="cli:ana")).result == "failed"
        stopped = await carry_out(book, Checklist.MORNING, DEAD, actor="cli:ana")
        assert (stopped.result, "in a row" in stopped.detail) == ("refused", True)
        assert "in a row" in str((await plan(book, DEAD)).refused)


async def test_three_in_an_hour_are_enough_whoever_asks(db: Database, redis: Any, provider: ScriptedProvider) -> None:
    async with stage(db, redis, provider) as here:
        here.retries = Retries({"message": {"tries": 1}})
        lost, book = await dead(here, "lost"), over(here, db, redis)
        for _ in range(3):
            await db.execute(
                "insert into playbook_fixes (id, action, checklist, check_id, actor, began_at, ended_at, result) "
                "values (%(id)s, 'requeue_dead', 'morning', 'dead_letters', 'cli:ben', now(), now(), 'fixed')",
                id=new_id(),
            )
        refused = await carry_out(book, Checklist.MORNING, DEAD, actor="cli:ana")
        assert (refused.result, "3 times" in refused.detail) == ("refused", True)
        assert await here.state(lost) == "dead"
        assert await trail(db) == []
