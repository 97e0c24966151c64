"""Edit, delete, read, typing and the number check: our provider against the sandbox that is held to the recordings."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest

from anclora.kit.clock import SystemClock
from anclora.kit.errors import InvalidError, NotFoundError, UnavailableError
from anclora.providers.contract import Location, Refused, Sent, Target, Text
from anclora.providers.evolution import EvolutionProvider
from anclora.providers.sandbox import Sandbox, Script, running_sandbox
from anclora.providers.sandbox.script import Number, Pick, Receipts

TO, NOBODY = "34600111222", "34600111333"


@contextlib.asynccontextmanager
async def playing(folder: Path) -> AsyncGenerator[tuple[EvolutionProvider, Sandbox], None]:
    script = Script(
        instances=(Number(name="sales"), Number(name="bridge", integration="EVOLUTION")),
        not_on_whatsapp=Pick(numbers=frozenset({NOBODY})),
        aliases={"5511977770001": "551177770001"},
        receipts=Receipts(never_share=1.0),
    )
    async with running_sandbox(script, folder / "witness") as sandbox:
        provider = EvolutionProvider(sandbox.url, sandbox.api_key, clock=SystemClock())
        try:
            yield provider, sandbox
        finally:
            await provider.close()


async def sent(provider: EvolutionProvider, content: Text | Location) -> Target:
    outcome = await provider.send("sales", TO, content, reference="r")
    assert isinstance(outcome, Sent)
    return Target(provider_id=outcome.provider_id, from_me=True)


async def test_an_edit_changes_what_the_server_shows(tmp_path: Path) -> None:
    async with playing(tmp_path) as (provider, sandbox):
        target = await sent(provider, Text(text="a las diez"))
        assert await provider.edit("sales", TO, target, "a las once") == Sent(provider_id=target.provider_id)
        row = sandbox.world.instances["sales"].store.get(target.provider_id)
        assert row is not None
        assert msgspec.json.decode(row.message) == {"conversation": "a las once"}


async def test_what_has_no_words_or_is_unknown_is_refused_for_good(tmp_path: Path) -> None:
    async with playing(tmp_path) as (provider, _):
        place = await sent(provider, Location(latitude=1, longitude=2))
        for target in (place, Target(provider_id="NOPE")):
            outcome = await provider.edit("sales", TO, target, "x")
            assert isinstance(outcome, Refused)
            assert (outcome.code, outcome.permanent) == ("not_changeable", True)


async def test_a_deletion_may_be_asked_twice(tmp_path: Path) -> None:
    async with playing(tmp_path) as (provider, sandbox):
        target = await sent(provider, Text(text="hola"))
        for _ in range(2):
            assert await provider.delete("sales", TO, target) == Sent(provider_id=target.provider_id)
        assert sandbox.world.instances["sales"].deleted == {target.provider_id}


async def test_signs_come_through(tmp_path: Path) -> None:
    async with playing(tmp_path) as (provider, sandbox):
        await provider.mark_read("sales", TO, ["3A01", "3A02"])
        assert sandbox.world.instances["sales"].read == {"3A01", "3A02"}
        await provider.typing("sales", TO, 0.01)
        with pytest.raises(InvalidError):
            await provider.typing("sales", NOBODY, 0.01)


async def test_numbers_are_told_apart_and_resolved(tmp_path: Path) -> None:
    async with playing(tmp_path) as (provider, _):
        found = await provider.check_numbers("sales", [TO, NOBODY, "5511977770001"])
        assert found == {TO: TO, NOBODY: None, "5511977770001": "551177770001"}


async def test_a_closed_number_can_do_nothing_and_says_so(tmp_path: Path) -> None:
    async with playing(tmp_path) as (provider, sandbox):
        target = await sent(provider, Text(text="hola"))
        sandbox.world.close_for_good(sandbox.world.instances["sales"], 401)
        outcome = await provider.delete("sales", TO, target)
        assert isinstance(outcome, Refused)
        assert (outcome.code, outcome.permanent) == ("connection_closed", False)
        with pytest.raises(UnavailableError) as caught:
            await provider.check_numbers("sales", [TO])
        assert caught.value.code == "not_connected"
        with pytest.raises(UnavailableError):
            await provider.mark_read("sales", TO, ["3A01"])


async def test_other_channels_and_other_names(tmp_path: Path) -> None:
    async with playing(tmp_path) as (provider, _):
        outcome = await provider.edit("bridge", TO, Target(provider_id="X"), "x")
        assert isinstance(outcome, Refused)
        with pytest.raises(InvalidError):
            await provider.check_numbers("bridge", [TO])
        with pytest.raises(NotFoundError):
            await provider.check_numbers("nowhere", [TO])
