"""Between the answer and the applying a process may die: what it stored is applied all the same, by whoever sweeps."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from messages_harness import Stage, metric

from anclora.inbound import apply as applying
from anclora.inbound.apply import Applier
from anclora.inbound.receive import Inbound
from anclora.inbound.sweep import InboundSweep
from anclora.kit.errors import UnavailableError
from anclora.kit.settings import load_settings
from anclora.providers.contract import Sent
from anclora.providers.registry import Providers, build

AFTER = 5.0


@pytest.fixture
async def evolution(here: Stage) -> AsyncGenerator[Providers, None]:
    providers = build(load_settings(evolution_api_url="http://127.0.0.1:1", evolution_api_key="k"), here.clock)
    yield providers
    await providers.close()


@pytest.fixture
def sweep(here: Stage, evolution: Providers) -> InboundSweep:
    return InboundSweep(here.db, evolution, here.settings)


@pytest.fixture
def dying(here: Stage, evolution: Providers) -> Inbound:
    """Stores, and applies nothing: its process dies right after the answer."""
    return Inbound(here.db, evolution, Applier(here.db))


def body(event: str, data: Any) -> bytes:
    return json.dumps({"event": event, "instance": "sales", "data": data}).encode()


def receipt(provider_id: str, word: str = "READ") -> bytes:
    return body("messages.update", {"keyId": provider_id, "status": word, "fromMe": True})


async def sent_message(here: Stage, provider_id: str) -> Any:
    message_id = await here.accept(f"#{provider_id}", to=f"+34600111{provider_id[1:]:0>3}")
    await here.finish(await here.attempt(message_id), Sent(provider_id=provider_id))
    return message_id


async def unapplied(here: Stage) -> int:
    return await here.count("inbound_unapplied")


async def grow_old(here: Stage, seconds: float = AFTER + 1) -> None:
    await here.db.execute(
        "update inbound_unapplied set created_at = created_at - make_interval(secs => %(s)s)", s=seconds
    )


async def test_what_was_stored_and_not_applied_is_applied_by_the_sweep(
    here: Stage, dying: Inbound, sweep: InboundSweep
) -> None:
    swept = metric("anclora_inbound_swept_total")
    ids = [await sent_message(here, f"P{n}") for n in range(3)]
    await asyncio.gather(*(dying.accept("sales", "evolution", receipt(f"P{n}")) for n in range(3)))
    await sweep.run_once()
    assert [await here.state(i) for i in ids] == ["sent"] * 3  # whoever stored it may still be at it
    await grow_old(here)
    await sweep.run_once()
    assert [await here.state(i) for i in ids] == ["read"] * 3
    assert (await unapplied(here), swept()) == (0, 3)
    row = await here.row(ids[0])
    assert datetime.now(UTC) - row["read_at"] > timedelta(seconds=AFTER)  # when it arrived, not when it was applied


async def test_applied_twice_is_applied_once(here: Stage, dying: Inbound, sweep: InboundSweep) -> None:
    message_id = await sent_message(here, "P1")
    await dying.accept("sales", "evolution", receipt("P1"))
    await grow_old(here)
    await asyncio.gather(sweep.run_once(), dying.close())
    assert (await here.state(message_id), await unapplied(here)) == ("read", 0)


async def test_what_says_nothing_to_us_is_stored_and_waits_for_nobody(here: Stage, dying: Inbound) -> None:
    await dying.accept("sales", "evolution", body("planets.aligned", {}))
    assert (await here.count("inbound_events"), await unapplied(here)) == (1, 0)


async def test_one_that_cannot_be_read_any_more_is_marked_and_the_others_go_on(
    here: Stage, dying: Inbound, sweep: InboundSweep
) -> None:
    message_id = await sent_message(here, "P1")
    await dying.accept("gone", "evolution", receipt("P9"))
    await dying.accept("sales", "evolution", receipt("P1"))
    await grow_old(here)
    await sweep.run_once()
    assert (await here.state(message_id), await unapplied(here)) == ("read", 0)
    rows = await here.db.fetch_all("select instance, error from inbound_events where error is not null")
    assert rows == [{"instance": "gone", "error": "not_found"}]


async def test_an_old_word_of_a_connection_says_nothing_any_more(
    here: Stage, dying: Inbound, sweep: InboundSweep
) -> None:
    await dying.accept("sales", "evolution", body("connection.update", {"state": "close", "statusReason": 428}))
    await grow_old(here)
    await here.db.execute("update instances set state = 'open', state_at = now() where name = 'sales'")
    await sweep.run_once()
    assert await here.db.fetch_one("select state from instances where name = 'sales'") == {"state": "open"}


async def test_without_a_ledger_to_apply_to_it_is_left_to_the_sweep(
    here: Stage, evolution: Providers, sweep: InboundSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = await sent_message(here, "P1")
    applier = Applier(here.db)
    inbound = Inbound(here.db, evolution, applier)

    async def away(*_: object, **__: object) -> None:
        raise UnavailableError("away")

    with monkeypatch.context() as broken:
        broken.setattr(applying, "apply", away)
        await inbound.accept("sales", "evolution", receipt("P1"))
        await inbound.close()
    assert (await here.state(message_id), await unapplied(here)) == ("sent", 1)
    await grow_old(here)
    await sweep.run_once()
    assert (await here.state(message_id), await unapplied(here)) == ("read", 0)


async def test_beyond_its_bound_the_short_way_leaves_it_to_the_sweep(
    here: Stage, dying: Inbound, sweep: InboundSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "_BOUND", 2)
    ids = [await sent_message(here, f"P{n}") for n in range(4)]
    for n in range(4):
        await dying.accept("sales", "evolution", receipt(f"P{n}"))
    await dying.close()
    assert sorted([await here.state(i) for i in ids]) == ["read", "read", "sent", "sent"]
    await grow_old(here)
    await sweep.run_once()
    assert [await here.state(i) for i in ids] == ["read"] * 4


async def test_many_commits_are_swept_in_rounds(here: Stage, dying: Inbound, sweep: InboundSweep) -> None:
    ids = [await sent_message(here, f"P{n}") for n in range(25)]
    for n in range(25):
        await dying.accept("sales", "evolution", receipt(f"P{n}"))
    assert await unapplied(here) == 25
    await grow_old(here)
    assert await sweep.run_once() is True  # there is more
    assert await sweep.run_once() is False
    assert {await here.state(i) for i in ids} == {"read"}


async def test_the_loop_applies_what_is_handed_over(here: Stage, evolution: Providers) -> None:
    message_id = await sent_message(here, "P1")
    applier = Applier(here.db)
    inbound = Inbound(here.db, evolution, applier)
    await inbound.accept("sales", "evolution", receipt("P1"))
    assert await applier.run_once() is False
    assert (await here.state(message_id), await unapplied(here)) == ("read", 0)
    assert await applier.run_once() is False  # nothing to do
    await inbound.close()
