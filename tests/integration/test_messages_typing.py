"""People see us write before a message that asks for it, and nobody else waits for that."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from api_harness import PHONE
from messages_harness import DIGITS, ScriptedProvider, Stage, metric, send_round, stage

from anclora.kit.errors import UnavailableError
from anclora.providers.contract import Content, Outcome
from anclora.storage.database import Database

SOMEBODY_ELSE = "+34600111333"


class TypingProvider(ScriptedProvider):
    """Says in `done` what it was asked, in order; typing takes its time, as at Evolution API."""

    def __init__(self, **can: Any) -> None:
        super().__init__(typing="anybody", **can)
        self.done: list[str] = []
        self.below: list[str | None] = []
        self.fails = False
        self.stays_open = False

    async def typing(self, instance: str, recipient: str, seconds: float, *, below: str | None = None) -> None:
        self.done.append(f"typing {recipient} {seconds:g}")
        self.below.append(below)
        if self.fails:
            raise UnavailableError("The number is not connected.")
        if self.stays_open:
            await asyncio.Event().wait()

    async def send(self, instance: str, recipient: str, content: Content, *, reference: str) -> Outcome:
        outcome = await super().send(instance, recipient, content, reference=reference)
        self.done.append(f"sent {self.out[-1]}")
        return outcome


@pytest.fixture
def provider() -> TypingProvider:
    return TypingProvider()


@pytest.fixture
async def here(db: Database, redis: Any, provider: TypingProvider) -> AsyncGenerator[Stage, None]:
    async with stage(db, redis, provider, connections=1) as made:
        yield made


async def test_a_person_sees_us_write_and_then_gets_the_message(here: Stage, provider: TypingProvider) -> None:
    shown = metric("anclora_typing_shown_total", result="shown")
    message_id = await here.accept("hola", typing_ms=150)
    await send_round(await here.dispatcher())
    assert provider.done == [f"typing {DIGITS} 0.15", "sent hola"]
    assert (await here.state(message_id), shown(), provider.below) == ("sent", 1, [None])


async def test_it_stands_below_the_message_that_is_answered(here: Stage, provider: TypingProvider) -> None:
    await here.accept("hola", typing_ms=50, reply_to="3EB0THEIRS")
    await send_round(await here.dispatcher())
    assert provider.below == ["3EB0THEIRS"]


async def test_no_other_message_waits_for_it(here: Stage, provider: TypingProvider) -> None:
    provider.stays_open = True
    dispatcher = await here.dispatcher()
    slow = [await here.accept(f"slow {n}", to=f"+3460011{n:04d}", typing_ms=3_000) for n in range(3)]
    await dispatcher.run_once()
    quick = await here.accept("quick", to=SOMEBODY_ELSE)
    await send_round(dispatcher)
    assert provider.done[3] == "sent quick"
    assert sorted(provider.out) == ["quick", "slow 0", "slow 1", "slow 2"]
    assert {await here.state(each) for each in [*slow, quick]} == {"sent"}


async def test_what_cannot_be_shown_stops_no_message(here: Stage, provider: TypingProvider) -> None:
    failed = metric("anclora_typing_shown_total", result="failed")
    provider.fails = True
    message_id = await here.accept("hola", typing_ms=20)
    await send_round(await here.dispatcher())
    assert (await here.state(message_id), failed()) == ("sent", 1)


async def test_beyond_its_bound_messages_go_without_it(here: Stage, provider: TypingProvider) -> None:
    skipped = metric("anclora_typing_shown_total", result="skipped")
    provider.stays_open = True
    for n in range(60):
        await here.accept(f"{n}", to=f"+3460011{n:04d}", typing_ms=3_000)
    dispatcher = await here.dispatcher()
    while len(provider.out) < 60:
        await send_round(dispatcher)
    assert skipped() == 10
    assert sum(line.startswith("typing") for line in provider.done) == 50


async def test_a_short_lease_bounds_the_time(db: Database, redis: Any, provider: TypingProvider) -> None:
    async with stage(db, redis, provider, lease_seconds=1.0, lease_margin_seconds=0.4) as here:
        message_id = await here.accept("hola", typing_ms=10_000)
        await send_round(await here.dispatcher())
        assert await here.state(message_id) == "sent"
        assert provider.done[0].startswith(f"typing {DIGITS} 0.33")


async def test_a_stop_gives_back_what_waits_for_it(here: Stage, provider: TypingProvider) -> None:
    message_id = await here.accept("hola", to=PHONE, typing_ms=10_000)
    dispatcher = await here.dispatcher()
    await dispatcher.run_once()
    dispatcher.stop()
    await dispatcher.drain(5.0)
    assert (provider.out, await here.state(message_id)) == ([], "queued")
