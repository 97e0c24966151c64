"""One phone, two spellings: WhatsApp answers about another one than was asked for, and the evidence is found anyway.

Brazil with or without the ninth digit, Mexico with or without the 1, Argentina with or without the 9; both ways.
"""

import contextlib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from api_harness import HandClock
from messages_harness import Stage, send_round, stage

from anclora.kit.settings import load_settings
from anclora.providers.contract import OwnMessageEvent, fingerprint_of
from anclora.providers.registry import EVOLUTION, build
from anclora.providers.sandbox import Script, running_sandbox
from anclora.providers.sandbox.script import Fault, Number, Receipts
from anclora.storage.database import Database

PAIRS = [("5511988887766", "551188887766"), ("5215512345678", "525512345678"), ("5491123456789", "541123456789")]
BOTH_WAYS = [*PAIRS, *((known, asked) for asked, known in PAIRS)]
SEND_SECONDS = 1.0
PROOF_SECONDS = 30 + 5 + SEND_SECONDS + 30 + 1


@contextlib.asynccontextmanager
async def in_doubt(db: Database, redis: Any, witness: Path, asked: str, known: str) -> AsyncGenerator[Stage, None]:
    """A message to `asked` went out to `known`, and the answer never came."""
    script = Script(
        instances=(Number(name="sales"),),
        faults=(Fault(kind="timeout_after_send"),),
        aliases={asked: known},
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


async def sent_to(here: Stage, text: str, asked: str) -> UUID:
    """A message to a spelling the door would mend, as an older row or another door may have it."""
    message_id = await here.accept(text)
    await here.set(message_id, recipient=asked)
    for _ in range(2):  # the lane lets go of what ended before
        await send_round(await here.dispatcher())
    return message_id


@pytest.mark.parametrize(("asked", "known"), BOTH_WAYS)
async def test_the_look_up_and_the_event_find_the_other_spelling(
    db: Database, redis: Any, tmp_path: Path, asked: str, known: str
) -> None:
    async with in_doubt(db, redis, tmp_path / "witness", asked, known) as here:
        by_look_up = await sent_to(here, "look", asked)
        assert await here.state(by_look_up) == "unknown"
        await here.pass_seconds(PROOF_SECONDS)
        await here.resolver.run_once()
        assert await here.state(by_look_up) == "sent"
        by_event = await sent_to(here, "event", asked)
        told = OwnMessageEvent(
            provider_id="P1",
            recipient=known,
            fingerprint=fingerprint_of("text", "event"),
            at=datetime.now(UTC),
            by_api=True,
        )
        await here.hear(told)
        await here.resolver.run_once()
        assert ((await here.row(by_event))["provider_id"], await here.state(by_event)) == ("P1", "sent")
