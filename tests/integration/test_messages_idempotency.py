"""The same key never makes a second message: one by one, side by side, in one commit and in two processes."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest
from messages_harness import PHONE, Stage, metric, stage

from anclora.kit.errors import ConflictError
from anclora.messages.feed import Feeder
from anclora.messages.model import Draft
from anclora.messages.submit import Accepted, Submit, Submitted
from anclora.messages.sweep import Housekeeping
from anclora.storage.database import Database


@pytest.fixture
async def here(db: Database, redis: Any) -> AsyncGenerator[Stage, None]:
    async with stage(db, redis) as running:
        yield running


def draft(text: str = "hola", **more: Any) -> Draft:
    return Draft(to=PHONE, text=text, **more)


def ids(answer: Submitted | BaseException) -> list[UUID]:
    assert isinstance(answer, Submitted), answer
    return [result.id for result in answer.results if isinstance(result, Accepted)]


async def test_many_at_once_with_one_key_are_one_message(here: Stage) -> None:
    answers = await asyncio.gather(*(here.submit.submit("main", [draft()], key="k") for _ in range(25)))
    assert len({tuple(ids(answer)) for answer in answers}) == 1
    assert [answer.replayed for answer in answers].count(False) == 1
    assert await here.count("messages") == 1


async def test_two_processes_with_one_key_are_one_message(here: Stage) -> None:
    processes = [
        Submit(here.db, Feeder(here.db, here.queue), here.providers, here.book, here.settings, here.clock)
        for _ in range(4)
    ]
    for number in range(10):
        answers = await asyncio.gather(*(each.submit("main", [draft()], key=f"k{number}") for each in processes))
        assert len({tuple(ids(answer)) for answer in answers}) == 1
    assert await here.count("messages") == 10


async def test_two_bodies_at_once_with_one_key_are_one_message_and_one_conflict(here: Stage) -> None:
    answers = await asyncio.gather(
        here.submit.submit("main", [draft("one")], key="k"),
        here.submit.submit("main", [draft("two")], key="k"),
        return_exceptions=True,
    )
    conflicts = [answer for answer in answers if isinstance(answer, ConflictError)]
    assert [error.code for error in conflicts] == ["idempotency_conflict"]
    assert await here.count("messages") == 1


async def test_a_conflict_fails_nobody_else_of_its_commit(here: Stage) -> None:
    await here.submit.submit("main", [draft("first")], key="taken")
    accepted = metric("anclora_messages_accepted_total")
    answers = await asyncio.gather(
        *(here.submit.submit("main", [draft(f"#{n}")], key=f"k{n}") for n in range(10)),
        here.submit.submit("main", [draft("second")], key="taken"),
        *(here.submit.submit("main", [draft(f"plain {n}")]) for n in range(10)),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [type(error) for error in refused] == [ConflictError]
    assert (accepted(), await here.count("messages")) == (20, 21)


async def test_the_key_of_a_refused_request_is_free_again(here: Stage) -> None:
    await here.submit.submit("main", [draft("first", client_ref="r")])
    with pytest.raises(ConflictError):
        await here.submit.submit("main", [draft("second", client_ref="r")], key="k")
    answer = await here.submit.submit("main", [draft("third")], key="k")
    assert (answer.replayed, len(ids(answer))) == (False, 1)


async def test_a_client_ref_is_a_key_of_its_own(here: Stage) -> None:
    [first] = ids(await here.submit.submit("main", [draft("one", client_ref="r1")]))
    mixed = await here.submit.submit("main", [draft("two"), draft("one", client_ref="r1")], key="bulk")
    assert (mixed.replayed, ids(mixed)[1], await here.count("messages")) == (True, first, 2)
    again = await here.submit.submit("main", [draft("two"), draft("one", client_ref="r1")], key="bulk")
    assert (ids(again), again.replayed) == (ids(mixed), True)


async def test_a_client_ref_twice_in_one_request_is_one_message(here: Stage) -> None:
    same = await here.submit.submit("main", [draft("one", client_ref="r"), draft("one", client_ref="r")])
    assert (len(set(ids(same))), await here.count("messages")) == (1, 1)
    with pytest.raises(ConflictError):
        await here.submit.submit("main", [draft("a", client_ref="s"), draft("b", client_ref="s")])
    assert await here.count("messages") == 1


async def test_nobody_is_given_the_message_of_a_request_that_was_refused(here: Stage) -> None:
    await here.submit.submit("main", [draft("first")], key="taken")
    refused, served = await asyncio.gather(
        here.submit.submit("main", [draft("shared", client_ref="r")], key="taken"),
        here.submit.submit("main", [draft("shared", client_ref="r")], key="free"),
        return_exceptions=True,
    )
    assert isinstance(refused, ConflictError)
    [message_id] = ids(served)
    assert await here.state(message_id) == "queued"
    assert await here.count("messages") == 2


async def test_accounts_have_keys_of_their_own(here: Stage) -> None:
    await here.db.execute("insert into accounts (name) values ('other')")
    [mine] = ids(await here.submit.submit("main", [draft()], key="k"))
    [theirs] = ids(await here.submit.submit("other", [draft("different")], key="k"))
    assert mine != theirs


async def test_a_key_answers_for_seven_days(here: Stage) -> None:
    keeping = Housekeeping(here.db, here.settings, here.clock)
    [first] = ids(await here.submit.submit("main", [draft()], key="k"))
    await here.feeder.run_once()
    await here.pass_seconds(6.9 * 86_400)
    await keeping.run_once()
    assert ids(await here.submit.submit("main", [draft()], key="k")) == [first]
    await here.pass_seconds(0.2 * 86_400)
    await keeping.run_once()
    assert ids(await here.submit.submit("main", [draft()], key="k")) != [first]


async def test_a_row_postgres_refuses_fails_alone(here: Stage) -> None:
    await here.db.execute("alter table messages add constraint no_poison check (client_ref is distinct from 'poison')")
    answers = await asyncio.gather(
        *(here.submit.submit("main", [draft(f"#{n}", client_ref=f"r{n}")]) for n in range(7)),
        here.submit.submit("main", [draft("bad", client_ref="poison")], key="k"),
        *(here.submit.submit("main", [draft(f"#{n}")]) for n in range(7)),
        return_exceptions=True,
    )
    refused = [type(answer).__name__ for answer in answers if isinstance(answer, BaseException)]
    assert refused == ["CheckViolation"]
    assert await here.count("messages") == 14
    assert await here.count("idempotency") == 7
