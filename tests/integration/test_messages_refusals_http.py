"""429 with Retry-After over a real socket: the number rests as asked, within reason, and nothing is lost or paid."""

import contextlib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from api_harness import HandClock
from messages_harness import Stage, send_round, stage

from anclora.kit.settings import load_settings
from anclora.messages import dispatch
from anclora.messages.retries import DEFAULTS, RetryChange, change_retry
from anclora.providers.registry import EVOLUTION, build
from anclora.providers.sandbox import Script, read_witness, running_sandbox
from anclora.providers.sandbox.script import Fault, Number
from anclora.storage.database import Database

CAP, BASE = DEFAULTS["lane"].cap_seconds, 20.0  # longer than what follows takes, on any machine


@contextlib.asynccontextmanager
async def refusing(db: Database, redis: Any, witness: Path, wish: str | None) -> AsyncGenerator[Stage, None]:
    """A number whose proxy says 429 once, with this Retry-After."""
    fault = Fault(kind="too_many_429", text="first", retry_after=wish)
    script = Script(instances=(Number(name="sales"), Number(name="support")), faults=(fault,))
    async with running_sandbox(script, witness) as sandbox:
        given = {"evolution_api_url": sandbox.url, "evolution_api_key": sandbox.api_key}
        providers = build(load_settings(**given), HandClock())
        async with stage(db, redis, providers[EVOLUTION], **given) as here:
            await change_retry(db, "lane", RetryChange(base_seconds=BASE), actor="test")
            yield here
        await providers.close()


def gone(witness: Path) -> list[str]:
    return [sighting.text for sighting in read_witness(witness)]


async def rest_seconds(here: Stage) -> float:
    """How long the ledger says the number rests; both moments are the statement's."""
    row = await here.db.fetch_one(
        "select extract(epoch from i.paused_until - a.finished_at)::float8 as seconds, a.code"
        " from instances i join attempts a on a.instance = i.name where i.name = 'sales'"
    )
    assert row is not None
    assert row["code"] == "too_many_requests"
    return float(row["seconds"])


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [("42", 42), ("99999999999", CAP), ("0", BASE), ("-7", BASE), ("soon", BASE), ("1e9", BASE), (None, BASE)],
)
async def test_the_number_rests_as_asked_within_reason(
    db: Database, redis: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wish: str | None, seconds: float
) -> None:
    monkeypatch.setattr(dispatch, "_IDLE_SECONDS", 0.01)
    async with refusing(db, redis, tmp_path / "witness", wish) as here:
        first = await here.accept("first", instance="sales")
        await send_round(await here.dispatcher())
        await here.accept("behind", instance="sales", to="+34600999888")
        await here.accept("another number", instance="support", to="+34600999888")
        for _ in range(2):
            await send_round(await here.dispatcher())
        assert await rest_seconds(here) == seconds
        assert gone(tmp_path / "witness") == ["another number"]
        row = await here.row(first)
        assert (row["state"], row["tries"], row["attempt"]) == ("queued", 0, 1)
        await here.pass_seconds(seconds + 1)
        for _ in range(3):
            await send_round(await here.dispatcher())
        assert gone(tmp_path / "witness") == ["another number", "first", "behind"]


@pytest.mark.parametrize(("ahead", "least", "most"), [(300, 200, 300), (-300, BASE, BASE), (10**9, CAP, CAP)])
async def test_a_date_is_a_wish_too(
    db: Database, redis: Any, tmp_path: Path, ahead: int, least: float, most: float
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    async with refusing(db, redis, tmp_path / "witness", date) as here:
        await here.accept("first", instance="sales")
        await send_round(await here.dispatcher())
        assert least <= await rest_seconds(here) <= most
