"""Doubt over a real socket: what a server's look-up shows, and hides, decides what becomes of a message."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from api_harness import HandClock
from messages_harness import Stage, send_round, stage

from anclora.kit.settings import load_settings
from anclora.messages.sweep import OutboxSweep
from anclora.providers.registry import EVOLUTION, build
from anclora.providers.sandbox import Script, read_witness, running_sandbox
from anclora.providers.sandbox.script import Fault, Number, Receipts
from anclora.storage.database import Database

SEND_SECONDS = 2.0  # the control gets its answer in this time on a busy machine too
PROOF_SECONDS = 30 + 5 + SEND_SECONDS + 30 + 1
DEADLINE_SECONDS = 900


@contextlib.asynccontextmanager
async def scene(db: Database, redis: Any, witness: Path, kind: str, **fault: Any) -> AsyncGenerator[Stage, None]:
    """A server that fails the message "doubtful" once, and tells nothing by itself."""
    script = Script(
        instances=(Number(name="sales"),),
        faults=(Fault(kind=kind, text="doubtful", **fault),),
        receipts=Receipts(never_share=1.0),
    )
    async with running_sandbox(script, witness) as sandbox:
        given = {
            "evolution_api_url": sandbox.url,
            "evolution_api_key": sandbox.api_key,
            "send_timeout_seconds": SEND_SECONDS,
        }
        providers = build(load_settings(**given), HandClock())
        async with stage(db, redis, providers[EVOLUTION], **given) as here:
            yield here
        await providers.close()


async def sent_into_doubt(here: Stage) -> UUID:
    """The doubtful message, and another that went out beside it: the control."""
    doubtful = await here.accept("doubtful")
    control = await here.accept("control", to="+34600999888")
    await send_round(await here.dispatcher())
    assert (await here.state(doubtful), await here.state(control)) == ("unknown", "sent")
    return doubtful


async def after(here: Stage, message_id: UUID, seconds: float) -> str:
    await here.pass_seconds(seconds)
    await here.resolver.run_once()
    return await here.state(message_id)


def times_out(witness: Path) -> int:
    return [sighting.text for sighting in read_witness(witness)].count("doubtful")


@pytest.mark.parametrize("kind", ["timeout_after_send", "reset_after_send", "connection_closed_400_sent"])
async def test_what_went_out_is_found_and_not_sent_again(db: Database, redis: Any, tmp_path: Path, kind: str) -> None:
    witness = tmp_path / "witness"
    async with scene(db, redis, witness, kind) as here:
        message_id = await sent_into_doubt(here)
        assert await after(here, message_id, PROOF_SECONDS) == "sent"
        [seen] = [sighting for sighting in read_witness(witness) if sighting.text == "doubtful"]
        assert (await here.row(message_id))["provider_id"] == seen.id


async def test_what_did_not_go_out_is_proved_absent_and_sent_once(db: Database, redis: Any, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    async with scene(db, redis, witness, "timeout_before_send") as here:
        message_id = await sent_into_doubt(here)
        assert await after(here, message_id, PROOF_SECONDS) == "queued"
        assert times_out(witness) == 0
        await here.pass_seconds(6)
        await OutboxSweep(here.db, here.queue, here.settings).run_once()
        await send_round(await here.dispatcher())
        assert (await here.state(message_id), times_out(witness)) == ("sent", 1)


async def test_what_the_server_hides_is_left_to_a_person(db: Database, redis: Any, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    async with scene(db, redis, witness, "prisma_400_sent", record=False) as here:
        message_id = await sent_into_doubt(here)
        assert await after(here, message_id, PROOF_SECONDS) == "unknown"
        assert await after(here, message_id, DEADLINE_SECONDS) == "dead"
        assert ((await here.row(message_id))["reason_code"], times_out(witness)) == ("unknown_outcome", 1)


async def test_with_the_server_gone_nothing_is_proved(db: Database, redis: Any, tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        here = await stack.enter_async_context(scene(db, redis, tmp_path / "witness", "timeout_before_send"))
        message_id = await sent_into_doubt(here)
        gone = build(load_settings(evolution_api_url="http://127.0.0.1:1", evolution_api_key="k"), here.clock)
        stack.push_async_callback(gone.close)
        here.providers.update(gone)
        assert await after(here, message_id, PROOF_SECONDS) == "unknown"
